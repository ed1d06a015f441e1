"""Each of the two walls narrows alone: the application's boxes and the transaction's, inside the database."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.kit import json
from hub.kit.spreadsheets import csv_text
from hub.store import scope as scopes
from hub.store import service
from hub.store.rows import ValueQuery
from hub.store.scope import ReadScope, ScopeBox
from tests.people import COUNTY, EAST, VILLAGES, WEST
from tests.store.factories import VILLAGE, create_values, make_box, make_row, make_scope

EVERYTHING = scopes.context_of([ScopeBox(None, frozenset({"43"}))])
WESTERN = VILLAGES[WEST][0]


@pytest.fixture(params=["both", "the database alone", "the application alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One wall at a time is taken down; what is read must be the same."""
    if request.param == "the database alone":
        monkeypatch.setattr(scopes, "asked_boxes", lambda _scope, _request: EVERYTHING)
    if request.param == "the application alone":
        monkeypatch.setattr(service, "_context", lambda _scope: EVERYTHING)
    return str(request.param)


pytestmark = pytest.mark.usefixtures("people", "walls")


async def read(
    session: AsyncSession, scope: ReadScope, *elements: str, periods: Sequence[str] = ("2026-10",), **changes: Any
) -> list[tuple[str, str, dict[str, Any]]]:
    query = ValueQuery("village", tuple(map(Period.parse, periods)), elements or None, **changes)
    page = await service.select_values(session, scope, query, after=None, limit=100)
    return [(row.period, row.division, row.values) for row in page.rows]


class TestValues:
    async def test_elements_by_place(self, session: AsyncSession) -> None:
        await create_values(
            session, *(make_row(division=code, migrants=1, poor=2, homes=3) for code in (VILLAGE, WESTERN))
        )
        scope = make_scope(
            make_box(elements=["migrants"], divisions=[EAST]), make_box(elements=["poor"], divisions=[WEST])
        )
        assert await read(session, scope, "migrants", "poor") == [
            ("2026-10", VILLAGE, {"migrants": 1}),
            ("2026-10", WESTERN, {"poor": 2}),
        ]
        assert await read(session, scope) == await read(session, scope, "migrants", "poor")

    async def test_elements_by_period(self, session: AsyncSession) -> None:
        for period in ("2026-10", "2026-11"):
            await create_values(session, make_row(migrants=1, poor=2), period=period)
        scope = make_scope(
            make_box(last_day=date(2026, 10, 31)), make_box(elements=["poor"], first_day=date(2026, 11, 1))
        )
        assert await read(session, scope, "migrants", "poor", periods=["2026-10", "2026-11"]) == [
            ("2026-10", VILLAGE, {"migrants": 1}),
            ("2026-11", VILLAGE, {"poor": 2}),
        ]

    @pytest.mark.parametrize(
        ("period", "last_day", "is_read"),
        [
            ("2026-Q4", date(2026, 12, 31), True),
            ("2026-Q4", date(2026, 12, 30), False),
            ("2026-S2", date(2026, 12, 31), True),
            ("2026-S2", date(2026, 11, 30), False),
            ("2026", date(2026, 12, 31), True),
            ("2026", date(2026, 12, 30), False),
            ("2028-02", date(2028, 2, 29), True),
            ("2028-02", date(2028, 2, 28), False),
        ],
    )
    async def test_a_period_needs_all_its_days(
        self, session: AsyncSession, period: str, last_day: date, *, is_read: bool
    ) -> None:
        await create_values(session, make_row(migrants=1), period=period)
        found = await read(session, make_scope(make_box(last_day=last_day)), "migrants", periods=[period])
        assert bool(found) is is_read
        changes = await service.select_changes(session, make_scope(make_box(last_day=last_day)), {}, 10)
        assert bool(changes.rows) is is_read

    async def test_a_place_reads_its_subtree_alone(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1), make_row(division=WESTERN, migrants=2))
        assert [row[1] for row in await read(session, make_scope(make_box(divisions=[WEST])), "migrants")] == [WESTERN]

    async def test_versions_nobody_consented_to(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, version=2), make_row(division=WESTERN, migrants=2, version=3))
        limited = make_box(elements={"migrants": 3})
        assert await read(session, make_scope(limited), "migrants") == [
            ("2026-10", VILLAGE, {"migrants": 1}),
            ("2026-10", WESTERN, {}),
        ]
        also_west = make_box(elements={"migrants": None}, divisions=[WEST])
        assert [row[2] for row in await read(session, make_scope(limited, also_west), "migrants")] == [
            {"migrants": 1},
            {"migrants": 2},
        ]

    async def test_as_it_stood(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, poor=2), make_row(division=WESTERN, migrants=3))
        scope = make_scope(make_box(divisions=[EAST]))
        instant = datetime(2199, 1, 1, tzinfo=UTC)
        assert await read(session, scope, "migrants", as_of=instant) == [("2026-10", VILLAGE, {"migrants": 1})]

    async def test_a_cell_without_a_value_is_named(self, session: AsyncSession) -> None:
        await create_values(session, make_row(poor=1))
        assert await read(session, make_scope(), "migrants") == [("2026-10", VILLAGE, {"migrants": None})]

    async def test_more_elements_than_a_function_has_arguments(self, session: AsyncSession) -> None:
        names = [f"element_{index:03}" for index in range(120)]
        await create_values(session, make_row(**dict.fromkeys(names, 7)))
        ((_period, _division, values),) = await read(session, make_scope(make_box(elements=names)), *names)
        assert values == dict.fromkeys(names, 7)


class TestChanges:
    async def test_only_what_changed_and_is_granted(self, session: AsyncSession) -> None:
        await create_values(
            session, make_row(migrants=1, poor=2, homes=3), make_row(division=WESTERN, migrants=1, poor=2)
        )
        scope = make_scope(
            make_box(elements=["migrants"], divisions=[EAST]), make_box(elements=["poor"], divisions=[WEST])
        )
        found = await service.select_changes(session, scope, {}, 10)
        assert [json.loads(change.item)["values"] for change in found.rows] == [{"migrants": 1}, {"poor": 2}]
        assert [change.boxes for change in found.rows] == [(scope.boxes[0],), (scope.boxes[1],)]

    async def test_names_versions_nobody_consented_to(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, poor=4, version=2))
        scope = make_scope(make_box(elements={"migrants": 2, "poor": None}))
        found = await service.select_changes(session, scope, {}, 10)
        assert ([json.loads(c.item)["values"] for c in found.rows], found.withheld) == ([{"poor": 4}], {"migrants": 2})


class TestHistory:
    async def test_only_what_is_granted(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, poor=2), make_row(division=WESTERN, migrants=1))
        scope = make_scope(make_box(divisions=[EAST]))
        query = ValueQuery("village", (Period.parse("2026-10"),))
        entries = await service.select_history(session, scope, query)
        assert [(entry.division, entry.element, entry.new) for entry in entries] == [(VILLAGE, "migrants", 1)]


class TestCsvCells:
    """The same definition as `hub.kit.spreadsheets`, in the database (REL-S6)."""

    @pytest.mark.parametrize(
        "typed",
        [
            "=1+1",
            "+86",
            "-5",
            "@SUM(A1)",
            "\t=x",
            "\r=x",
            "\n=x",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "龙潭",
            "a=b",
            "'x",
            " =1",
        ],
    )
    async def test_text_never_becomes_a_formula(self, session: AsyncSession, typed: str) -> None:
        cell = await session.scalar(text("SELECT csv_cell(to_jsonb(CAST(:typed AS text)), true)"), {"typed": typed})
        assert cell.strip('"') == csv_text(typed)

    @pytest.mark.parametrize(
        ("value", "cell"),
        [(-5, "-5"), (Decimal("-0.50"), "-0.50"), (True, "true"), (None, ""), ('say "a,b"', '"say ""a,b"""'), (0, "0")],
    )
    async def test_other_cells(self, session: AsyncSession, value: Any, cell: str) -> None:
        given = {"value": json.dumps(value)}
        assert await session.scalar(text("SELECT csv_cell(CAST(:value AS jsonb), true)"), given) == cell


class TestTheTablesThemselves:
    async def test_show_nothing_to_who_reads_for_a_scope(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1))
        await session.execute(text("SELECT set_config('hub.divisions', '', true)"))
        assert await read(session, make_scope(), "migrants")
        for table in ("records", "record_revisions"):
            assert await session.scalar(text(f"SELECT count(*) FROM {table}")) == 0

    @pytest.mark.parametrize("context", [None, "", "[]"])
    async def test_no_context_no_rows(self, session: AsyncSession, context: str | None) -> None:
        await create_values(session, make_row(migrants=1))
        if context is not None:
            await session.execute(text("SELECT set_config('hub.boxes', :context, true)"), {"context": context})
        question = {"object_class": "village", "periods": ["2026-10"], "elements": None, "boxes": EVERYTHING}
        question |= {"spans": {COUNTY: [0, 99]}, "limit": 10}
        for function in ("granted_values", "granted_changes", "granted_history"):
            statement = text(f"SELECT count(*) FROM {function}(CAST(:question AS jsonb))")
            assert await session.scalar(statement, {"question": json.dumps(question)}) == 0
        count = text("SELECT granted_count(CAST(:question AS jsonb))")
        assert await session.scalar(count, {"question": json.dumps(question)}) == 0

    @pytest.mark.parametrize("function", ["granted_rows('{}', 'x', '[]')", "narrowed('p', '[]')", "areas_of('{}')"])
    async def test_the_serving_role_calls_nothing_else(self, session: AsyncSession, function: str) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with session.begin_nested():
                await session.execute(text(f"SELECT {function}"))
