"""REL-R6: a feed of changes without a gap or a repeated position, whoever commits while it is read.

Sixteen writers in four counties hold their transactions for a while, one more holds its own to the end;
eight readers read in pages of any size and are killed in the middle of it. A ninth one does what so many
feeds do, and remembers the newest time it saw: it must miss rows, or nothing was tested.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from hub.geography.models import Division
from hub.kit.db import Database
from hub.store.errors import AreaBusy
from tests.faults.stand import Stand, another, new_chance
from tests.store.factories import create_values, make_box, make_row, make_scope, read_changes

PREFECTURE, COUNTIES, HELD_COUNTY = "4331", ("433125", "433126", "433127", "433130"), "433122"
WRITERS, READERS = 16, 8
ROWS_AT_ONCE = 100
LONGEST_HOLD, LONGEST_PAUSE, LATEST_KILL = 0.01, 0.2, 0.02
KILLED_SHARE = 0.1
PAGES = (150, 600, 2500)
BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
SCOPE = make_scope(make_box(divisions=[PREFECTURE], elements=("workers",)))

# One state of one row: period, division, revision.
Position = tuple[str, str, int]


@dataclass
class Reader:
    """Reads as the hub does, from a vector of area clocks; what it keeps moves on together with them."""

    database: Database
    chance: random.Random
    clocks: dict[str, int] = field(default_factory=dict)
    seen: set[Position] = field(default_factory=set)
    repeated: int = 0
    kills: int = 0

    async def poll(self) -> int:
        async with self.database.snapshot() as session:
            found = await read_changes(session, SCOPE, self.clocks, self.chance.choice(PAGES))
        changes = json.loads(f"[{found.text}]")
        positions = [(change["period"], change["division"], change["revision"]) for change in changes]
        self.repeated += len(self.seen.intersection(positions)) + len(positions) - len(set(positions))
        self.seen.update(positions)
        self.clocks = found.clocks
        return len(positions)

    async def poll_or_die(self) -> None:
        polling = asyncio.create_task(self.poll())
        if self.chance.random() < KILLED_SHARE:
            await asyncio.sleep(self.chance.random() * LATEST_KILL)
            self.kills += polling.cancel()
        await asyncio.wait([polling])
        if not polling.cancelled():
            polling.result()

    async def read(self, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await self.poll_or_die()
            await asyncio.sleep(self.chance.random() * LONGEST_PAUSE)
        while await self.poll():
            pass


@dataclass
class NaiveReader:
    """The negative control."""

    url: str
    newest: datetime = BEFORE_ALL
    seen: set[Position] = field(default_factory=set)

    async def read(self, is_over: asyncio.Event) -> None:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            while not is_over.is_set():
                await self._poll(connection)
                await asyncio.sleep(LATEST_KILL)
            await self._poll(connection)

    async def _poll(self, connection: psycopg.AsyncConnection[Any]) -> None:
        cursor = await connection.execute(
            "SELECT period, division, revision, submitted_at FROM record_revisions WHERE submitted_at > %s",
            [self.newest],
        )
        for *position, submitted_at in await cursor.fetchall():
            self.seen.add(tuple(position))
            self.newest = max(self.newest, submitted_at)


@dataclass(frozen=True)
class Outcome:
    rows: int
    missed: int
    repeated: int
    kills: int
    naive_missed: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.rows} rows, {READERS} readers killed {self.kills} times, in {self.seconds:.0f} s:"
            f" {self.missed} missed, {self.repeated} repeated; the naive reader missed {self.naive_missed}"
        )


def villages(county: str) -> list[str]:
    return [f"{county}100{number:03d}" for number in range(200, 200 + ROWS_AT_ONCE)]


def divisions() -> list[Division]:
    made = []
    for county in (*COUNTIES, HELD_COUNTY):
        lineage = ["43", PREFECTURE, county, f"{county}100"]
        places = [(county, "county", PREFECTURE, lineage[:3]), (f"{county}100", "township", county, lineage)]
        places += [(code, "village", f"{county}100", [*lineage, code]) for code in villages(county)]
        made += [
            Division(
                code=code, name=code, level=level, parent_code=parent, lineage=line, code_system="NBS", code_year=2023
            )
            for code, level, parent, line in places
        ]
    return made


async def read_while_writing(stand: Stand, rows: int) -> Outcome:
    chance, began = new_chance("feed"), time.monotonic()
    # The held transaction is idle for longer than the hub lets one be: the address says what counts.
    patient = make_url(stand.url).update_query_dict({"options": "-c idle_in_transaction_session_timeout=0"})
    database = Database(patient.render_as_string(hide_password=False), pool_size=WRITERS + READERS + 5)
    async with database.transaction() as session:
        for division in divisions():
            session.add(division)
            await session.flush()
    readers = [Reader(database, another(chance)) for _reader in range(READERS)]
    naive = NaiveReader(stand.superuser_url)
    is_over, may_commit = asyncio.Event(), asyncio.Event()
    each = -(-rows // (WRITERS * ROWS_AT_ONCE))
    async with asyncio.TaskGroup() as everybody:
        for reader in (*readers, naive):
            everybody.create_task(reader.read(is_over))
        holding = everybody.create_task(_hold(database, may_commit))
        async with asyncio.TaskGroup() as writing:
            for writer in range(WRITERS):
                writing.create_task(_write(database, writer, each, another(chance)))
        may_commit.set()
        await holding
        is_over.set()
    await database.close()
    return _judge(stand, readers, naive, time.monotonic() - began)


async def _write(database: Database, writer: int, times: int, chance: random.Random) -> None:
    """One township's month, corrected over and over; its county's clock is shared with three other writers."""
    county, period = COUNTIES[writer % len(COUNTIES)], f"2026-{1 + writer // len(COUNTIES):02d}"
    for number in range(1, times + 1):
        rows = [make_row(division=village, workers=number) for village in villages(county)]
        is_kept = False
        while not is_kept:
            with suppress(AreaBusy):  # come back, as it says
                async with database.transaction() as session:
                    await create_values(session, *rows, area=county, period=period)
                    await asyncio.sleep(chance.random() * LONGEST_HOLD)
                is_kept = True


async def _hold(database: Database, may_commit: asyncio.Event) -> None:
    """A submission of another county whose transaction stays open for as long as the others write."""
    rows = [make_row(division=village, workers=1) for village in villages(HELD_COUNTY)]
    async with database.transaction() as session:
        await create_values(session, *rows, area=HELD_COUNTY)
        await may_commit.wait()


def _judge(stand: Stand, readers: Sequence[Reader], naive: NaiveReader, seconds: float) -> Outcome:
    held: set[Position] = set(stand.ask("SELECT period, division, revision FROM record_revisions"))
    return Outcome(
        rows=len(held),
        missed=sum(len(held ^ reader.seen) for reader in readers),
        repeated=sum(reader.repeated for reader in readers),
        kills=sum(reader.kills for reader in readers),
        naive_missed=len(held - naive.seen),
        seconds=seconds,
    )
