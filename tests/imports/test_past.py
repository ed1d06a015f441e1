"""What a bulk check looks back on is what a township's own check looks back on."""

from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.calendar.periods import Period
from hub.datatypes import ValueDomain
from hub.forms.content import FormContent
from hub.imports.checking import look_back_on
from hub.kit.db import Database, set_scope
from hub.store import recording
from hub.store.bulk_past import HeldRows
from hub.store.revisions import RowWrite
from hub.store.rows import Writing
from hub.store.scope import ReadScope, ScopeBox
from hub.validation import ElementSpec, FormSpec, LookBack, RuleSpec, recall
from hub.validation.lookback import held_value
from tests.people import COUNTY, EAST, VILLAGES, People

MONTH = Period.parse("2026-10")
ELEMENTS = (
    ElementSpec("workers", 1, "workers", ValueDomain("integer", minimum=0, maximum=50)),
    ElementSpec("income", 1, "income", ValueDomain("decimal", decimals=2)),
)
RULES = tuple(
    RuleSpec(f"{name}_{number}", 1, expression.format(name=name), "warning", "x")
    for name in ("workers", "income")
    for number, expression in enumerate(
        (
            "{name} <= previous({name})",
            "{name} <= year_ago({name})",
            "abs({name} - usual({name})) <= 3 * spread({name})",
        )
    )
)
FORM = FormContent("f", 1, "f", "village", "month", (), FormSpec("f", 1, ELEMENTS, RULES))
# 99 is outside the present domain: it was captured under another.
VALUES = st.fixed_dictionaries(
    {
        "workers": st.none() | st.integers(0, 9) | st.just(99),
        "income": st.none() | st.decimals(-5, 5, places=2),
    }
)
YEAR = st.lists(st.none() | VALUES, min_size=12, max_size=12)


def _months() -> list[Period]:
    months = [MONTH.previous()]
    while len(months) < 12:
        months.append(months[-1].previous())
    return months


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(YEAR)
async def test_statistics_and_periods_agree_with_recall(
    database: Database, people: People, year: list[dict[str, Any] | None]
) -> None:
    village, months = VILLAGES[EAST][0], _months()
    held = {str(month): values for month, values in zip(months, year, strict=True) if values is not None}
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        for period, values in held.items():
            row = RowWrite(village, values, {}, {"workers": 1, "income": 1})
            await recording.record_values(session, Writing(COUNTY, "village", period, [row], "x", "api"))
        scope = ReadScope((ScopeBox(None, frozenset({COUNTY})),))
        found = await look_back_on(session, scope, HeldRows([COUNTY], "village"), FORM, MONTH)
        await session.rollback()
    expected = recall(FORM.spec.plan.looked_back, MONTH, held)
    for look_back, elements in FORM.spec.plan.looked_back.items():
        told = {row["division"]: values for row, values in zip(*_rows(found, look_back), strict=True)}
        for element in elements:
            text = told.get(village, {}).get(element.identifier)
            value = held_value(text, look_back.domain(element.domain))
            wanted = expected[look_back].get(element.identifier)
            assert value == held_value(wanted, look_back.domain(element.domain)), (look_back, element.identifier)
            assert not isinstance(value, Decimal) or value.is_finite()


def _rows(found: dict[LookBack, Any], look_back: LookBack) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return found[look_back].keys.to_dicts(), found[look_back].values.to_dicts()
