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
from hub.store.rows import TextForm, ValueQuery
from hub.store.scope import ReadScope, ScopeBox
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.store.factories import VILLAGE, create_values, make_box, make_row, make_scope, read_changes

EVERYTHING = scopes.context_of([ScopeBox(None, frozenset({"43"}))])
WESTERN = VILLAGES[WEST][0]
FORMS: tuple[TextForm, ...] = ("json", "ndjson", "csv", "table")


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
        changes = await read_changes(session, make_scope(make_box(last_day=last_day)), {}, 10)
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
        found = await read_changes(session, scope, {}, 10)
        assert [change["values"] for change in json.loads(f"[{found.text}]")] == [{"migrants": 1}, {"poor": 2}]
        boxes = {group.divisions: group.boxes for group in found.groups}
        assert boxes == {(VILLAGE,): (scope.boxes[0],), (WESTERN,): (scope.boxes[1],)}

    async def test_names_versions_nobody_consented_to(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, poor=4, version=2))
        scope = make_scope(make_box(elements={"migrants": 2, "poor": None}))
        found = await read_changes(session, scope, {}, 10)
        assert [change["values"] for change in json.loads(f"[{found.text}]")] == [{"poor": 4}]
        assert found.withheld == {"migrants": 2}


class TestHistory:
    async def test_only_what_is_granted(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, poor=2), make_row(division=WESTERN, migrants=1))
        scope = make_scope(make_box(divisions=[EAST]))
        query = ValueQuery("village", (Period.parse("2026-10"),))
        entries = await service.select_history(session, scope, query)
        assert [(entry.division, entry.element, entry.new) for entry in entries] == [(VILLAGE, "migrants", 1)]


class TestLines:
    """A page is written in one of two ways, for questions that one grant answers and for all others: both say the same.

    A scope that says the same thing twice is read in the second way; so is what is expected of versions and does not
    hold, row by row.
    """

    NAMES = ("migrants", "note", "poor", "rate")
    EXPECTED = (dict.fromkeys(NAMES, 1), dict.fromkeys(NAMES, 2), {})

    @pytest.fixture(autouse=True)
    async def rows(self, people: People, session: AsyncSession) -> None:
        await create_values(
            session,
            make_row(migrants=1, poor=2, rate=Decimal("1.10"), note='说"是",\n=1', homes=9),
            make_row(division=WESTERN, migrants=2, poor=3, rate=Decimal("-0.50"), version=2),
        )
        missing = {"poor": "not_yet_known"}
        await create_values(session, make_row(migrants=5, rate=Decimal("1.10"), missing=missing, homes=9))
        await create_values(session, make_row(division=VILLAGES[EAST][1], entity='户"1', migrants=7), period="2026-11")

    def scopes(self, **changes: Any) -> tuple[ReadScope, ReadScope]:
        box = make_box(elements=self.NAMES, **changes)
        return make_scope(box), make_scope(box, box)

    @pytest.mark.parametrize("expected", EXPECTED)
    @pytest.mark.parametrize("divisions", [[COUNTY], [WEST]])
    async def test_of_values_are_the_rows(
        self, session: AsyncSession, expected: dict[str, int], divisions: list[str]
    ) -> None:
        periods = (Period.parse("2026-10"), Period.parse("2026-11"))
        query = ValueQuery("village", periods, self.NAMES)
        told = []
        for scope in self.scopes(divisions=divisions):
            rows = (await service.select_values(session, scope, query, after=None, limit=100)).rows
            of_form = {
                form: (
                    await service.select_text(session, scope, query, form, after=None, limit=100, versions=expected)
                ).text
                for form in FORMS
            }
            items = json.loads(f"[{of_form['json']}]")
            assert [
                (item["period"], item["division"], item["entity"] or "", item["values"], item["missing"])
                for item in items
            ] == [(row.period, row.division, row.entity, row.values, row.missing) for row in rows]
            assert [(item["versions"], item["revision"], item["submission"]) for item in items] == [
                (row.versions, row.revision, row.submission) for row in rows
            ]
            assert [json.loads(line) for line in of_form["ndjson"].splitlines()] == items
            told.append((items, of_form["csv"], of_form["table"]))
        assert told[0] == told[1]

    @pytest.mark.parametrize("expected", EXPECTED)
    async def test_of_changes_say_the_same(self, session: AsyncSession, expected: dict[str, int]) -> None:
        told = []
        for scope in self.scopes():
            found = await read_changes(session, scope, {}, 100, versions=expected)
            groups = {(group.period, frozenset(group.elements), group.divisions, group.rows) for group in found.groups}
            told.append((json.loads(f"[{found.text}]"), groups, found.clocks))
        assert told[0] == told[1]
        (first, second, corrected, other) = told[0][0]
        assert (first["values"]["migrants"], second["versions"]["poor"], other["entity"]) == (1, 2, '户"1')
        assert (corrected["kind"], corrected["values"]) == ("correction", {"migrants": 5, "note": None, "poor": None})
        assert corrected["missing"] == {"poor": "not_yet_known"}

    async def test_end_at_the_limit_within_an_area(self, session: AsyncSession) -> None:
        for scope in self.scopes():
            found = await read_changes(session, scope, {}, 2)
            rest = await read_changes(session, scope, found.clocks, 2)
            assert (found.rows, found.clocks, rest.rows, rest.clocks) == (2, {COUNTY: 2}, 2, {COUNTY: 4})


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
        for function in ("granted_values", "granted_changes", "granted_change_lines", "granted_history"):
            statement = text(f"SELECT count(*) FROM {function}(CAST(:question AS jsonb))")
            assert await session.scalar(statement, {"question": json.dumps(question)}) == 0
        lines = text("SELECT count(*) FROM granted_lines(CAST(:question AS jsonb), 'json')")
        assert await session.scalar(lines, {"question": json.dumps(question | {"elements": ["migrants"]})}) == 0
        count = text("SELECT granted_count(CAST(:question AS jsonb))")
        assert await session.scalar(count, {"question": json.dumps(question)}) == 0

    @pytest.mark.parametrize(
        "function", ["granted_rows('{}', 'x', '[]')", "narrowed('p', '[]')", "areas_of('{}')", "joined('{x}')"]
    )
    async def test_the_serving_role_calls_nothing_else(self, session: AsyncSession, function: str) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with session.begin_nested():
                await session.execute(text(f"SELECT {function}"))
