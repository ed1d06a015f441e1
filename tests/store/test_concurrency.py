"""Nothing is ever skipped (REL-R6): submissions that really commit at the same time, and readers between them."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hub.geography.models import Division
from hub.kit import json
from hub.kit.db import Database, set_scope
from hub.store import repository
from hub.store.errors import AreaBusy, ConcurrentWriting
from hub.store.models import RecordRevision
from tests.people import COUNTY, EAST, VILLAGES, WEST
from tests.store.factories import create_values, make_box, make_row, make_scope, read_changes

pytestmark = [pytest.mark.full_transaction, pytest.mark.usefixtures("people")]

NEIGHBOUR = "433125"
HERE, THERE = VILLAGES[EAST][0], VILLAGES[WEST][0]


def create_neighbour() -> Division:
    return Division(
        code=NEIGHBOUR,
        name="保靖县",
        level="county",
        parent_code="4331",
        lineage=["43", "4331", NEIGHBOUR],
        code_system="NBS",
        code_year=2023,
    )


class ClockReader:
    """Reads as the hub does: a vector of area clocks, clocks and rows from one snapshot."""

    def __init__(self) -> None:
        self.clocks: dict[str, int] = {}
        self.seen: list[tuple[str, str]] = []

    async def poll(self, database: Database) -> None:
        async with database.snapshot() as session:
            found = await read_changes(session, make_scope(make_box(divisions=["4331"])), self.clocks, 3)
        self.seen += [
            (change["division"], str(change["values"]["migrants"])) for change in json.loads(f"[{found.text}]")
        ]
        self.clocks = found.clocks


class TimeReader:
    """The negative control: remembers the newest time it saw, as so many feeds do."""

    def __init__(self) -> None:
        self.newest = datetime.min.replace(tzinfo=UTC)
        self.seen: list[tuple[str, str]] = []

    async def poll(self, database: Database) -> None:
        statement = select(RecordRevision).where(RecordRevision.submitted_at > self.newest)
        async with database.snapshot() as session:
            await set_scope(session, [COUNTY])
            rows = (await session.scalars(statement.order_by(RecordRevision.submitted_at))).all()
        self.seen += [(row.division, str(row.payload["migrants"])) for row in rows]
        self.newest = max((row.submitted_at for row in rows), default=self.newest)


@asynccontextmanager
async def submitted(database: Database, division: str, migrants: int, *, area: str = COUNTY) -> AsyncIterator[None]:
    """A submission that is written, and committed at the end of the block."""
    async with database.transaction() as session:
        await create_values(session, make_row(division=division, migrants=migrants), area=area)
        yield


async def test_a_late_commit_is_not_skipped_and_the_naive_cursor_skips_it(database: Database) -> None:
    async with database.transaction() as session:
        session.add(create_neighbour())
    clocks, naive = ClockReader(), TimeReader()
    async with submitted(database, HERE, 1):
        async with submitted(database, THERE, 2, area=NEIGHBOUR):
            pass
        await clocks.poll(database)
        await naive.poll(database)
    await clocks.poll(database)
    await naive.poll(database)
    assert clocks.seen == [(THERE, "2"), (HERE, "1")]
    assert naive.seen == [(THERE, "2")], "the negative control must miss what committed late"


async def test_a_second_submission_of_the_area_waits_for_the_first(database: Database) -> None:
    reader = ClockReader()
    async with submitted(database, HERE, 1):

        async def second() -> None:
            async with submitted(database, THERE, 2):
                pass

        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await reader.poll(database)
        assert reader.seen == []
    await waiting
    await reader.poll(database)
    assert reader.seen == [(HERE, "1"), (THERE, "2")]


async def test_nothing_is_skipped_or_repeated_under_load(database: Database) -> None:
    seed = random.randrange(10**6)  # noqa: S311 - a schedule, not a secret
    print(f"seed {seed}")  # noqa: T201 - replayable when it fails
    chance = random.Random(seed)  # noqa: S311
    villages = [*VILLAGES[EAST], *VILLAGES[WEST]]
    written: set[tuple[str, str]] = set()
    is_over = asyncio.Event()

    async def write(village: str) -> None:
        for migrants in range(1, 13):
            async with submitted(database, village, migrants):
                await asyncio.sleep(chance.random() * 0.01)
            written.add((village, str(migrants)))

    async def read(reader: ClockReader) -> None:
        while not is_over.is_set():
            await reader.poll(database)
            await asyncio.sleep(chance.random() * 0.01)

    readers = [ClockReader() for _ in range(3)]
    reading = [asyncio.create_task(read(reader)) for reader in readers]
    await asyncio.gather(*(write(village) for village in villages))
    is_over.set()
    await asyncio.gather(*reading)
    for reader in readers:
        before = -1
        while len(reader.seen) != before:
            before = len(reader.seen)
            await reader.poll(database)
        assert sorted(reader.seen) == sorted(written)


async def test_a_submitter_is_told_to_come_back_when_the_clock_is_held(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "LONGEST_WAIT", "100ms")
    async with submitted(database, HERE, 1):
        with pytest.raises(AreaBusy) as refused:
            async with submitted(database, THERE, 2):
                pass
    assert refused.value.headers["Retry-After"]


async def test_the_same_first_row_twice_at_once_is_a_conflict(database: Database) -> None:
    async def second() -> None:
        async with submitted(database, HERE, 2):
            pass

    async with submitted(database, HERE, 1):
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.1)
    with pytest.raises(ConcurrentWriting):
        await waiting
