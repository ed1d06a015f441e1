"""A connection that is handed out is alive, and as a request's transaction wants it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import IsolationLevel
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.kit import db
from hub.kit.db import Database
from hub.kit.queue import defer, list_jobs
from tests.conftest import empty


@pytest.fixture
async def single(database: Database) -> AsyncIterator[Database]:
    """A database with one connection in its pool."""
    made = Database(database.engine.url.render_as_string(hide_password=False), pool_size=1)
    yield made
    await made.close()


async def server_process(database: Database) -> int:
    async with database.transaction() as session:
        found: int = await session.scalar(text("SELECT pg_backend_pid()"))
    return found


async def end(database: Database, server_process: int) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:process)"), {"process": server_process})


async def test_an_idle_connection_whose_server_ended_is_replaced(
    single: Database, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 0.0)
    first = await server_process(single)
    await end(database, first)
    assert await server_process(single) != first


async def test_a_connection_just_used_is_trusted_and_replaced_after_it_failed(
    single: Database, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 60.0)
    first = await server_process(single)
    await end(database, first)
    with pytest.raises(DBAPIError):
        await server_process(single)
    assert await server_process(single) != first


async def test_a_busy_connection_costs_no_question(single: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 60.0)
    dialect = single.engine.sync_engine.dialect
    asked: list[object] = []
    monkeypatch.setattr(dialect, "do_ping", asked.append)
    await server_process(single)
    await server_process(single)
    assert asked == []
    monkeypatch.setattr(db, "TRUSTED_SECONDS", 0.0)
    await server_process(single)
    assert len(asked) == 1


async def test_what_a_cut_off_user_left_set_is_taken_back(single: Database) -> None:
    """A task cancelled while its AUTOCOMMIT or READ ONLY was being set left it to whoever came next."""
    async with single.engine.connect() as connection:
        held: Any = (await connection.get_raw_connection()).driver_connection
    await held.set_autocommit(True)
    await held.set_read_only(True)
    await held.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    async with single.transaction() as session:
        found = await session.execute(
            text("SELECT current_setting('transaction_read_only'), current_setting('transaction_isolation')")
        )
        assert tuple(found.one()) == ("off", "read committed")
        assert not held.autocommit


class TestTestBed:
    async def test_a_tests_own_transaction_may_idle(self, database: Database) -> None:
        """Requests may not (tests/kit/test_figures.py); a test computes between them, on a busy machine for long."""
        async with database.transaction() as session:
            assert await session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "0"

    @pytest.mark.full_transaction
    async def test_no_job_outlives_its_test(self, database: Database, owner_url: str) -> None:
        async with database.transaction() as session:
            await defer(session, "note", "a")
        empty(owner_url)
        async with database.transaction() as session:
            assert await list_jobs(session, limit=10) == []
