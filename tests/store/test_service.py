from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period, PeriodRange
from hub.kit import clock, json
from hub.kit.db import set_scope
from hub.store import recording, service
from hub.store.errors import ClocksRanBack
from hub.store.models import Record, RecordRevision
from hub.store.rows import ChangeSlice, ValueQuery, Writing
from hub.store.scope import Place, ReadScope
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.store.factories import VILLAGE, create_values, make_box, make_row, make_scope, read_changes

pytestmark = pytest.mark.usefixtures("people")

OCTOBER = Period.parse("2026-10")
SECOND = VILLAGES[EAST][1]


def query(**changes: object) -> ValueQuery:
    given: dict[str, object] = {"object_class": "village", "periods": (OCTOBER,), "elements": ("migrants",)}
    return ValueQuery(**(given | changes))  # type: ignore[arg-type]


class TestRecordValues:
    async def test_first_rows_are_values_numbered_by_the_clock(self, session: AsyncSession) -> None:
        recorded = await create_values(session, make_row(migrants=213), make_row(division=SECOND, migrants=0))
        assert recorded.number == f"{COUNTY}-0000000001"
        assert [(row.division, row.seq, row.revision, row.kind) for row in recorded.changed] == [
            (VILLAGE, 1, 1, "value"),
            (SECOND, 2, 1, "value"),
        ]

    async def test_only_rows_that_differ_become_revisions(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=213), make_row(division=SECOND, migrants=5))
        again = await create_values(session, make_row(migrants=214), make_row(division=SECOND, migrants=5))
        assert [(row.division, row.revision, row.kind, row.changed) for row in again.changed] == [
            (VILLAGE, 2, "correction", ("migrants",))
        ]
        assert again.number == f"{COUNTY}-0000000003"

    async def test_same_content_gets_a_number_and_no_revision(self, session: AsyncSession) -> None:
        first = await create_values(session, make_row(migrants=213))
        second = await create_values(session, make_row(migrants=213))
        assert second.changed == ()
        assert second.number != first.number

    async def test_keeps_every_state_and_the_newest(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=213, poor=Decimal("1.50")))
        await create_values(session, make_row(migrants=None, poor=Decimal("1.50")), reason="核实有误")
        held = (await session.scalars(select(Record))).one()
        assert (held.payload, held.revision) == ({"poor": Decimal("1.50")}, 2)
        states = (await session.scalars(select(RecordRevision).order_by(RecordRevision.revision))).all()
        assert [(s.kind, s.changed, s.reason) for s in states] == [
            ("value", ["migrants", "poor"], None),
            ("withdrawal", ["migrants"], "核实有误"),
        ]

    async def test_areas_have_clocks_of_their_own(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1))
        other = await create_values(session, make_row(migrants=1), area="433125")
        assert other.number == "433125-0000000001"

    async def test_writes_only_inside_the_callers_scope(self, session: AsyncSession) -> None:
        writing = Writing(COUNTY, "village", "2026-10", [make_row(migrants=1)], actor="reporter_west", door="api")
        await set_scope(session, [WEST])
        with pytest.raises(DBAPIError, match="row-level security"):
            async with session.begin_nested():
                await recording.record_values(session, writing)


class TestRowLevelSecurity:
    async def test_rows_outside_the_transactions_divisions_do_not_exist(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1))
        for divisions, count in (([], 0), ([WEST], 0), ([EAST], 1), (["43"], 1)):
            await set_scope(session, divisions)
            assert await session.scalar(select(func.count()).select_from(Record)) == count
            assert await session.scalar(select(func.count()).select_from(RecordRevision)) == count


class TestSelectValues:
    async def test_reads_what_is_granted_and_nothing_else(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=213, poor=4))
        page = await service.select_values(session, make_scope(), query(elements=None), after=None, limit=10)
        (row,) = page.rows
        assert (row.division, row.values, row.versions, row.revision) == (
            VILLAGE,
            {"migrants": 213},
            {"migrants": 1},
            1,
        )
        assert page.next is None

    async def test_an_empty_scope_reads_nothing(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=213))
        assert (await service.select_values(session, ReadScope(()), query(), after=None, limit=10)).rows == ()

    async def test_says_why_there_is_no_value(self, session: AsyncSession) -> None:
        await create_values(session, make_row(missing={"migrants": "not_yet_known"}))
        page = await service.select_values(session, make_scope(), query(), after=None, limit=10)
        assert (page.rows[0].values, page.rows[0].missing) == ({"migrants": None}, {"migrants": "not_yet_known"})

    async def test_pages_neither_miss_nor_repeat_while_rows_arrive(self, session: AsyncSession) -> None:
        villages = [*VILLAGES[EAST], *VILLAGES[WEST]]
        await create_values(session, *(make_row(division=v, migrants=i) for i, v in enumerate(villages) if i != 1))
        seen: list[str] = []
        after = None
        while True:
            page = await service.select_values(session, make_scope(), query(), after=after, limit=2)
            seen += [row.division for row in page.rows]
            if page.next is None:
                break
            if after is None:
                await create_values(session, make_row(division=villages[1], migrants=1))
            after = page.next
        assert seen == [villages[0], *villages[2:]]

    @pytest.mark.parametrize("limit", [1, 2, 5, 7, 8, 100])
    async def test_a_page_of_many_small_periods_goes_on_to_its_limit(self, session: AsyncSession, limit: int) -> None:
        periods = [str(period) for period in PeriodRange.parse("2026-01..2026-08").periods()]
        for period in periods:
            await create_values(session, make_row(migrants=1), period=period)
        seen: list[str] = []
        after = None
        while True:
            page = await service.select_values(
                session, make_scope(), query(periods=tuple(map(Period.parse, periods))), after=after, limit=limit
            )
            assert len(page.rows) == min(limit, len(periods) - len(seen))
            seen += [row.period for row in page.rows]
            if page.next is None:
                break
            after = page.next
        assert seen == periods

    async def test_a_place_means_its_subtree(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1), make_row(division=VILLAGES[WEST][0], migrants=2))
        place = Place(WEST, frozenset({"43", "4331", COUNTY, WEST}))
        page = await service.select_values(session, make_scope(), query(place=place), after=None, limit=10)
        assert [row.division for row in page.rows] == [VILLAGES[WEST][0]]

    async def test_as_it_stood_at_an_instant(self, session: AsyncSession) -> None:
        first = datetime(2026, 11, 3, 1, tzinfo=UTC)
        with clock.travel(first):
            await create_values(session, make_row(migrants=213))
        with clock.travel(first + timedelta(days=2)):
            await create_values(session, make_row(migrants=220))
        values = []
        for instant in (first - timedelta(seconds=1), first, first + timedelta(days=1), first + timedelta(days=2)):
            page = await service.select_values(session, make_scope(), query(as_of=instant), after=None, limit=10)
            values.append([row.values["migrants"] for row in page.rows])
        assert values == [[], [213], [213], [220]]

    async def test_finds_versions_nobody_consented_to(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=213, version=3))
        scope = make_scope(make_box(elements={"migrants": 3}))
        assert await service.find_withheld_versions(session, scope, query()) == {"migrants": 3}
        scope = make_scope(make_box(elements={"migrants": 4}))
        assert await service.find_withheld_versions(session, scope, query()) == {}


def items(found: ChangeSlice) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = json.loads(f"[{found.text}]")
    assert sum(group.rows for group in found.groups) == len(changes)
    return changes


class TestSelectChanges:
    async def test_from_the_beginning_and_then_only_what_changed(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1), make_row(division=SECOND, migrants=2))
        first = await read_changes(session, make_scope(), {}, 100)
        assert [(c["kind"], c["division"]) for c in items(first)] == [("value", VILLAGE), ("value", SECOND)]
        await create_values(session, make_row(migrants=3), make_row(division=SECOND, migrants=2))
        second = await read_changes(session, make_scope(), first.clocks, 100)
        assert [(c["kind"], c["division"], c["values"]) for c in items(second)] == [
            ("correction", VILLAGE, {"migrants": 3})
        ]
        assert (await read_changes(session, make_scope(), second.clocks, 100)).groups == ()

    async def test_passes_over_what_is_not_granted_and_moves_on(self, session: AsyncSession) -> None:
        await create_values(session, make_row(poor=1))
        found = await read_changes(session, make_scope(), {}, 100)
        assert (found.text, found.rows, found.clocks) == ("", 0, {COUNTY: 1})

    async def test_pages_in_order(self, session: AsyncSession) -> None:
        villages = [*VILLAGES[EAST], *VILLAGES[WEST]]
        await create_values(session, *(make_row(division=v, migrants=1) for v in villages))
        seen, clocks = [], {}
        while True:
            found = await read_changes(session, make_scope(), clocks, 2)
            if not found.rows:
                break
            seen += [change["division"] for change in items(found)]
            clocks = found.clocks
        assert seen == villages

    async def test_a_page_is_empty_only_at_the_end(self, session: AsyncSession) -> None:
        """Rows that pass the statement's filter but no single box may not make a page look like the last."""
        scope = make_scope(
            make_box(elements=["migrants"], divisions=[WEST]), make_box(elements=["poor"], divisions=[EAST])
        )
        await create_values(session, *(make_row(division=v, migrants=1) for v in VILLAGES[EAST]))
        await create_values(session, make_row(division=VILLAGES[WEST][0], migrants=7))
        found = await read_changes(session, scope, {}, 1)
        assert [change["values"] for change in items(found)] == [{"migrants": 7}]

    async def test_a_withdrawal_is_one_for_whom_all_is_withdrawn(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, poor=2))
        await create_values(session, make_row(poor=3))
        scopes = {"migrants": "withdrawal", "poor": "correction"}
        for element, kind in scopes.items():
            found = await read_changes(session, make_scope(make_box(elements=[element])), {COUNTY: 1}, 10)
            assert [change["kind"] for change in items(found)] == [kind]

    async def test_names_versions_nobody_consented_to(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1, version=2))
        found = await read_changes(session, make_scope(make_box(elements={"migrants": 2})), {}, 10)
        assert (found.text, found.rows, found.withheld) == ("", 0, {"migrants": 2})

    async def test_refuses_a_reader_ahead_of_the_clock(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=1))
        with pytest.raises(ClocksRanBack):
            await read_changes(session, make_scope(), {COUNTY: 9}, 10)


class TestSelectHistory:
    async def test_who_when_old_new_door_reason(self, session: AsyncSession) -> None:
        await create_values(session, make_row(migrants=213))
        await create_values(session, make_row(missing={"migrants": "refused"}), reason="村民拒绝")
        entries = await service.select_history(session, make_scope(), query())
        assert [(e.revision, e.old, e.new, e.new_missing, e.actor, e.door, e.reason) for e in entries] == [
            (1, None, 213, None, "reporter_east", "api", None),
            (2, 213, None, "refused", "reporter_east", "api", "村民拒绝"),
        ]


async def test_clocks_of_a_township_are_its_countys(session: AsyncSession, people: People) -> None:
    await create_values(session, make_row(migrants=1))
    generation = await service.get_generation(session)
    for scope, clocks in (
        (make_scope(make_box(divisions=[VILLAGE])), {COUNTY: 1}),
        (make_scope(make_box(divisions=["43"])), {COUNTY: 1}),
        (make_scope(make_box(divisions=["44"])), {}),
        (ReadScope(()), {}),
    ):
        assert await service.read_standing(session, scope) == (generation, clocks)
