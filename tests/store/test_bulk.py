"""The bulk door writes what the township's door writes: one property test holds the two together."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit import json
from hub.kit.db import Database, set_scope
from hub.store import bulk, recording
from hub.store.bulk import BulkWriting, RowCounts, Writer, WriterRows
from hub.store.models import AreaClock, Record, RecordRevision
from hub.store.revisions import RowWrite
from hub.store.rows import Writing
from tests.people import COUNTY, EAST, VILLAGES, WEST

PERIOD = "2026-10"
VERSIONS = {"male": 1, "female": 1, "note": 2}
VILLAGE = VILLAGES[EAST][0]


def bulk_rows(rows: Sequence[tuple[int, RowWrite]]) -> tuple[list[WriterRows], list[str]]:
    """A document for each writer; the last value of each row is told as one that was computed."""
    answers: dict[str, int] = {}
    documents: dict[int, list[dict[str, Any]]] = {}
    answered: dict[int, list[int]] = {}
    for writer, row in rows:
        told = "{" + ",".join(sorted({*row.payload, *row.missing})) + "}"
        names = list(row.payload)
        one = {"division": row.division, "missing": dict(row.missing)}
        one["values"] = {name: row.payload[name] for name in names[:-1]}
        one["derived"] = {name: row.payload[name] for name in names[-1:]}
        documents.setdefault(writer, []).append(one | ({"entity": row.entity} if row.entity else {}))
        answered.setdefault(writer, []).append(answers.setdefault(told, len(answers) + 1))
    lines = [
        WriterRows(writer, json.dumps(documents[writer]), "{" + ",".join(map(str, answered[writer])) + "}")
        for writer in documents
    ]
    return lines, list(answers)


def writing(
    *rows: RowWrite, period: str = PERIOD, versions: Mapping[str, int] = VERSIONS, kept: Sequence[str] = ()
) -> BulkWriting:
    """Rows of both townships; each is a writer."""
    numbered = [(int(row.division.startswith(WEST)), row) for row in rows]
    return BulkWriting(COUNTY, "village", period, *bulk_rows(numbered), versions, kept)


async def write(session: AsyncSession, given: BulkWriting, reason: str | None = None) -> dict[int, bulk.BulkRecorded]:
    await set_scope(session, [COUNTY])
    counts = await bulk.compare(session, given)
    writers = {writer: Writer(f"township-{writer}", "import", reason) for writer in counts}
    return await bulk.record(session, given, counts, writers)


def row(division: str = VILLAGE, *, missing: Mapping[str, str] | None = None, **payload: Any) -> RowWrite:
    return RowWrite(division, payload, missing or {}, VERSIONS)


async def revisions(session: AsyncSession, period: str = PERIOD) -> list[RecordRevision]:
    found = select(RecordRevision).where(RecordRevision.period == period).order_by(RecordRevision.seq)
    return list((await session.scalars(found.execution_options(populate_existing=True))).all())


@pytest.mark.usefixtures("people")
class TestCompare:
    async def test_counts_new_changed_and_same_rows_of_each_writer(self, session: AsyncSession) -> None:
        east, west = VILLAGES[EAST], VILLAGES[WEST]
        await write(session, writing(row(east[0], male=1), row(east[1], male=1), row(west[0], male=1)))
        given = writing(row(east[0], male=2), row(east[1], male=1), row(east[2], male=1), row(west[0], male=1))
        counts = await bulk.compare(session, given)
        assert counts == {0: RowCounts(new=1, changed=1, same=1), 1: RowCounts(same=1)}

    async def test_writes_nothing(self, session: AsyncSession) -> None:
        await set_scope(session, [COUNTY])
        await bulk.compare(session, writing(row(male=1)))
        assert await revisions(session) == []
        assert await session.get(AreaClock, COUNTY) is None


@pytest.mark.usefixtures("people")
class TestRecord:
    async def test_numbers_the_rows_of_each_submission_in_one_order(self, session: AsyncSession) -> None:
        east, west = VILLAGES[EAST], VILLAGES[WEST]
        given = writing(*(row(village, male=1) for village in (*reversed(west), *reversed(east))))
        recorded = await write(session, given)
        assert recorded[0].number == f"{COUNTY}-0000000001"
        assert recorded[1].number == f"{COUNTY}-0000000004"
        kept = await revisions(session)
        assert [(one.seq, one.division) for one in kept] == list(enumerate((*east, *west), start=1))
        assert {one.submission for one in kept[:3]} == {recorded[0].number}
        assert (await session.get_one(AreaClock, COUNTY)).seq == 6

    async def test_only_what_differs_is_a_revision(self, session: AsyncSession) -> None:
        await write(session, writing(row(male=1, female=2, missing={"note": "none"})))
        recorded = await write(session, writing(row(male=3, female=2)), reason="更正")
        assert recorded[0].changed_rows == 1
        newest = (await revisions(session))[-1]
        assert (newest.revision, newest.kind, newest.changed, newest.reason) == (
            2,
            "correction",
            ["male", "note"],
            "更正",
        )
        held = (await session.scalars(select(Record))).one()
        assert (held.payload, held.missing, held.revision, held.seq) == ({"male": 3, "female": 2}, {}, 2, newest.seq)

    async def test_a_writer_that_changes_nothing_still_gets_a_number(self, session: AsyncSession) -> None:
        await write(session, writing(row(male=1)))
        again = await write(session, writing(row(male=1)))
        assert again[0].changed_rows == 0
        assert again[0].number == f"{COUNTY}-0000000002"
        assert len(await revisions(session)) == 1

    async def test_the_rows_of_writers_that_are_left_out_are_not_written(self, session: AsyncSession) -> None:
        await set_scope(session, [COUNTY])
        given = writing(row(VILLAGES[EAST][0], male=1), row(VILLAGES[WEST][0], male=1))
        counts = await bulk.compare(session, given)
        await bulk.record(session, given, counts, {1: Writer("township-1", "import")})
        assert [one.division for one in await revisions(session)] == [VILLAGES[WEST][0]]

    async def test_what_a_department_supplied_stays_under_its_version(self, session: AsyncSession) -> None:
        given = RowWrite(VILLAGE, {"male": 1, "pension": 7}, {}, {"male": 1, "pension": 3})
        await set_scope(session, [COUNTY])
        await recording.record_values(session, Writing(COUNTY, "village", PERIOD, [given], "x", "api"))
        await write(session, writing(row(male=2), kept=["pension"]))
        held = (await session.scalars(select(Record).execution_options(populate_existing=True))).one()
        assert held.payload == {"male": 2, "pension": 7}
        assert held.versions == VERSIONS | {"pension": 3}

    async def test_rows_outside_the_scope_are_refused(self, database: Database) -> None:
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            given = writing(row(VILLAGES[WEST][0], male=1))
            counts = await bulk.compare(session, given)
            with pytest.raises(DBAPIError, match="row-level security"):
                await bulk.record(session, given, counts, {1: Writer("x", "import")})
            await session.rollback()

    async def test_staged_rows_are_nobody_elses(self, database: Database) -> None:
        async with database.transaction() as session:
            await set_scope(session, [COUNTY])
            await bulk.compare(session, writing(row(male=1)))
            schema = await session.scalar(
                text(
                    "SELECT nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                    " WHERE relname = 'staged_rows' AND pg_table_is_visible(c.oid)"
                )
            )
        assert str(schema).startswith("pg_temp")


def told(one: RecordRevision) -> tuple[Any, ...]:
    return one.division, one.revision, one.kind, one.payload, one.missing, one.versions, one.changed, one.actor


values = st.dictionaries(
    st.sampled_from(["male", "female", "note"]),
    st.one_of(st.integers(0, 2), st.booleans(), st.decimals(0, 2, places=1), st.sampled_from(["", "a", '甲"\\\n'])),
)
missing = st.dictionaries(st.sampled_from(["male", "female", "note"]), st.sampled_from(["none", "refused"]))
rows = st.fixed_dictionaries({village: st.none() | st.tuples(values, missing) for village in VILLAGES[EAST]})


@pytest.mark.usefixtures("people")
class TestParity:
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(rows, min_size=1, max_size=3), st.lists(st.integers(1, 2), min_size=3, max_size=3))
    async def test_both_doors_write_the_same(
        self, database: Database, steps: list[dict[str, Any]], versions: list[int]
    ) -> None:
        """Whatever is written in whatever order: the same revisions, kinds and changed identifiers."""
        async with database.transaction() as session:
            await set_scope(session, [COUNTY])
            for number, step in enumerate(steps):
                version = dict.fromkeys(VERSIONS, versions[number])
                written = [
                    RowWrite(village, given[0], {k: v for k, v in given[1].items() if k not in given[0]}, version)
                    for village, given in step.items()
                    if given is not None
                ]
                if not written:
                    continue
                await write(session, writing(*written, versions=version, period="2026-10"))
                township = Writing(COUNTY, "village", "2026-11", written, "township-0", "import")
                await recording.record_values(session, township)
            one, other = await revisions(session, "2026-10"), await revisions(session, "2026-11")
            assert [told(revision) for revision in one] == [told(revision) for revision in other]
            await session.rollback()
