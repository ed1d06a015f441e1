"""The queue, on real connections: deferred with its transaction, done once, done again when its worker died."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager
from sqlalchemy import text

from hub.kit import queue
from hub.kit.db import TRUSTED_SECONDS, Database
from hub.kit.postgres import PostgresServer
from hub.kit.queue import QueuedTask, defer, working
from hub.settings import share_folder

pytestmark = pytest.mark.full_transaction

WAIT_SECONDS = 30

# A worker of its own process: it says that it has begun, then sleeps for ever.
SLEEPER = """
import asyncio, sys
from hub.kit.db import Database
from hub.kit.queue import QueuedTask, working

async def sleep(database, key):
    print(key, flush=True)
    await asyncio.sleep(3600)

async def main():
    database = Database(sys.argv[1], pool_size=1)
    async with working(database, [QueuedTask("note", sleep)]):
        await asyncio.sleep(3600)

asyncio.run(main())
"""


class Notes:
    """A task that writes down for which keys it ran, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.keys: list[str] = []
        self.failures = failures

    async def run(self, _database: Database, key: str) -> None:
        self.keys.append(key)
        if len(self.keys) <= self.failures:
            raise RuntimeError("not yet")

    @property
    def task(self) -> QueuedTask:
        return QueuedTask("note", self.run)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.05)


def _kill_at_work(address: str) -> None:
    """A process that dies while it does the job for "a"."""
    with subprocess.Popen([sys.executable, "-c", SLEEPER, address], stdout=subprocess.PIPE, text=True) as sleeper:
        assert sleeper.stdout is not None
        assert sleeper.stdout.readline().strip() == "a"
        os.kill(sleeper.pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
async def _empty_queue(owner_url: str, database: Database) -> AsyncIterator[None]:
    yield
    async with await psycopg.AsyncConnection.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        await connection.execute("TRUNCATE jobs.procrastinate_jobs, jobs.procrastinate_workers CASCADE")


class TestDefer:
    async def test_is_done_once_the_transaction_commits(self, database: Database) -> None:
        notes = Notes()
        async with working(database, [notes.task]):
            async with database.transaction() as session:
                await defer(session, "note", "a")
                await asyncio.sleep(0.3)
                assert notes.keys == []
            await _until(lambda: notes.keys == ["a"])

    async def test_is_never_done_when_it_does_not(self, database: Database) -> None:
        notes = Notes()
        async with database.transaction() as session:
            await defer(session, "note", "lost")
            await session.rollback()
        async with database.transaction() as session:
            await defer(session, "note", "kept")
        async with working(database, [notes.task]):
            await _until(lambda: bool(notes.keys))
            await asyncio.sleep(0.3)
        assert notes.keys == ["kept"]

    async def test_two_workers_do_a_job_once(self, database: Database) -> None:
        notes = Notes()
        async with working(database, [notes.task]), working(database, [notes.task]):
            async with database.transaction() as session:
                for number in range(10):
                    await defer(session, "note", str(number))
            await _until(lambda: len(notes.keys) >= 10)
            await asyncio.sleep(0.3)
        assert sorted(notes.keys) == [str(number) for number in range(10)]


class TestFailure:
    async def test_a_job_that_fails_is_tried_again(self, database: Database) -> None:
        notes = Notes(failures=1)
        async with database.transaction() as session:
            await defer(session, "note", "a")
        async with working(database, [notes.task]):
            await _until(lambda: notes.keys == ["a", "a"])

    async def test_a_killed_workers_job_is_done_by_another(
        self, database: Database, postgres: PostgresServer, database_name: str
    ) -> None:
        async with database.transaction() as session:
            await defer(session, "note", "a")
        address = postgres.url(database=database_name)
        await asyncio.to_thread(_kill_at_work, address)
        notes = Notes()
        async with working(database, [notes.task]):
            await _until(lambda: notes.keys == ["a"])

    async def test_the_worker_outlives_its_connections(self, database: Database, owner_url: str) -> None:
        notes = Notes()
        async with working(database, [notes.task]):
            async with database.transaction() as session:
                await defer(session, "note", "before")
            await _until(lambda: notes.keys == ["before"])
            async with await psycopg.AsyncConnection.connect(
                owner_url.replace("+psycopg", "").replace("hub_owner", "hub_app"), autocommit=True
            ) as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
                )
            # Until then the pool takes what answered a moment ago for alive, and the request that gets it fails.
            await asyncio.sleep(TRUSTED_SECONDS)
            async with database.transaction() as session:
                await defer(session, "note", "after")
            await _until(lambda: notes.keys == ["before", "after"])


class TestSchema:
    def test_is_the_installed_librarys(self) -> None:
        """A newer procrastinate may want another schema: then it is a migration of ours, not a surprise."""
        kept = (Path(share_folder("migrations")) / "procrastinate" / "3.10.sql").read_text(encoding="utf-8")
        assert kept.endswith(SchemaManager.get_schema())

    async def test_its_functions_never_leave_it(self, database: Database) -> None:
        async with database.transaction() as session:
            unset = await session.scalar(
                text(
                    "SELECT count(*) FROM pg_proc WHERE pronamespace = 'jobs'::regnamespace"
                    " AND NOT coalesce('search_path=jobs, pg_temp' = ANY (proconfig), false)"
                )
            )
        assert unset == 0


class TestEnding:
    async def test_a_cancellation_that_is_swallowed_is_said_again(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """asyncio.wait_for of Python 3.11 may lose one; a server process that was stopped then never ended."""
        swallowed = 0

        async def stubborn(*_arguments: object) -> None:
            nonlocal swallowed
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed += 1
            await asyncio.sleep(3600)

        monkeypatch.setattr(queue, "_work", stubborn)
        monkeypatch.setattr(queue, "GRACE_SECONDS", 0.01)
        async with asyncio.timeout(WAIT_SECONDS):
            async with working(database, [Notes().task]):
                await asyncio.sleep(0)
        assert swallowed == 1
