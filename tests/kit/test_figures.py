"""What /metrics tells is what is so."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hub.app import create_app
from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.kit import clock, jobs
from hub.kit.db import Database
from hub.kit.jobs import RecurringJob, running

pytestmark = pytest.mark.full_transaction


async def figures(database: Database) -> dict[str, float]:
    """Asked anew: a process asks the database no more than every few seconds."""
    transport = httpx.ASGITransport(create_app(database))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        response = await client.get("/metrics")
    assert response.status_code == 200
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


class TestDatabase:
    async def test_a_transaction_held_open_is_seen(self, database: Database) -> None:
        async with database.engine.connect() as holder:
            await holder.execute(text("SELECT 1"))
            await asyncio.sleep(0.3)
            held = await figures(database)
        free = await figures(database)
        assert held["hub_idle_in_transaction_seconds"] >= 0.25
        assert held["hub_oldest_transaction_seconds"] >= 0.25
        assert free["hub_idle_in_transaction_seconds"] < 0.25
        assert held["hub_database_up"] == 1
        assert held["hub_database_bytes"] > 1_000_000

    async def test_a_wait_for_a_lock_is_seen(self, database: Database) -> None:
        async with database.engine.connect() as holder, database.engine.connect() as waiter:
            await holder.execute(text("SELECT pg_advisory_xact_lock(4711)"))
            waiting = asyncio.create_task(waiter.execute(text("SELECT pg_advisory_xact_lock(4711)")))
            await asyncio.sleep(0.3)
            seen = await figures(database)
            await holder.rollback()
            await waiting
        assert seen["hub_lock_wait_seconds"] >= 0.2

    async def test_a_transaction_held_open_ends_by_itself(self, database: Database) -> None:
        async with database.engine.connect() as connection:
            shown = await connection.scalar(text("SHOW idle_in_transaction_session_timeout"))
        assert shown == "15s"

    async def test_is_told_to_be_away(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        def away() -> None:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))

        monkeypatch.setattr(database, "transaction", away)
        assert (await figures(database))["hub_database_up"] == 0

    async def test_is_not_asked_at_every_scrape(self, database: Database) -> None:
        asked = 0

        async def count(_session: object) -> None:
            nonlocal asked
            asked += 1

        app = create_app(database)
        app.state.figures._measures = (count,)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
            for _ in range(3):
                await client.get("/metrics")
        assert asked == 1


class TestLog:
    async def test_tells_what_waits_for_the_sealer_and_the_last_backup(self, database: Database) -> None:
        assert (await figures(database))["hub_backup_last_timestamp_seconds"] == 0
        with clock.travel(clock.now() - timedelta(minutes=5)):
            async with database.transaction() as session:
                await audit.record(session, audit.SYSTEM, AuditAction.DATABASE_BACKUP, "database", "433124")
        seen = await figures(database)
        assert seen["hub_audit_unsealed_events"] == 1
        assert 299 < seen["hub_audit_unsealed_seconds"] < 310
        assert 299 < clock.now().timestamp() - seen["hub_backup_last_timestamp_seconds"] < 310


class TestQueue:
    async def test_failed_jobs_are_counted(self, database: Database) -> None:
        seen = await figures(database)
        assert seen["hub_queue_jobs failed"] == 0


class TestJobs:
    async def test_failures_and_the_last_success_are_told(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fails(_database: Database) -> None:
            raise ValueError

        async def works(_database: Database) -> None:
            return

        async with running(database, [RecurringJob("bad", 60, fails), RecurringJob("good", 60, works)]):
            before = jobs.FAILURES.labels("good")._value.get()
            await asyncio.sleep(0.05)
        seen = await figures(database)
        assert seen["hub_job_failures_total bad"] == 1
        assert seen["hub_job_failures_total good"] == before == 0
        assert clock.now().timestamp() - seen["hub_job_last_success_timestamp_seconds good"] < 10


class TestProblems:
    async def test_each_code_counts_from_zero(self, database: Database) -> None:
        seen = await figures(database)
        assert seen["hub_problems_total area_busy 503"] >= 0
        assert seen["hub_problems_total storage_full 507"] >= 0
