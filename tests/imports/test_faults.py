"""An import stopped in the middle: killed, cut off, out of room. Nothing is stored twice, and no county by half."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.errors import DiskFull
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from hub.audit.models import AuditEventRow
from hub.capture import bulk
from hub.capture.models import Submission
from hub.imports import repository, storing, work
from hub.imports.models import Import
from hub.imports.tasks import IMPORTING
from hub.kit import queue
from hub.kit.db import Database, set_scope
from hub.kit.postgres import PostgresServer
from hub.kit.queue import working
from hub.settings import settings
from hub.store.models import RecordRevision
from tests.capture.factories import create_collection, create_published_form
from tests.imports.factories import EVERY_VILLAGE, csv_file, post, row
from tests.imports.prefecture import FURTHER_VILLAGES, PREFECTURE, TOWNSHIPS, settle_prefecture
from tests.people import COUNTY, People

pytestmark = [pytest.mark.full_transaction, pytest.mark.subject("registrar")]

AREAS = {COUNTY, *TOWNSHIPS}
VILLAGES = (*FURTHER_VILLAGES, *EVERY_VILLAGE)
WAIT_SECONDS = 60

# A worker that stops for ever at the place that is named, once one county is stored, and says so.
WORKER = """
import asyncio, sys
from hub.imports import repository, storing
from hub.imports.tasks import IMPORTING
from hub.kit.db import Database
from hub.kit.queue import working

place, url = sys.argv[1:]
storing.AREAS_AT_ONCE = 1
try_area, add_area = storing._try_area, repository.add_area
stored = []

async def stop():
    print("here", flush=True)
    await asyncio.sleep(3600)

async def after_commit(*arguments):
    await try_area(*arguments)
    await stop()

async def before_commit(session, area):
    await add_area(session, area)
    if stored:
        await stop()
    stored.append(area)

if place == "after a commit":
    storing._try_area = after_commit
else:
    storing.repository.add_area = before_commit

async def main():
    database = Database(url)
    async with working(database, [IMPORTING]):
        await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
async def _prefecture(
    database: Database, people: People, monkeypatch: pytest.MonkeyPatch, owner_url: str
) -> AsyncIterator[None]:
    monkeypatch.setattr(settings(), "county", PREFECTURE)
    monkeypatch.setattr(queue, "HEARTBEAT_SECONDS", 0.5)
    monkeypatch.setattr(queue, "SILENT_SECONDS", 4.0)
    await settle_prefecture(database, people)
    await create_published_form(database, people)
    await create_collection(database, people)
    yield
    async with await psycopg.AsyncConnection.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        await connection.execute("TRUNCATE jobs.procrastinate_jobs, jobs.procrastinate_workers CASCADE")


async def received(client: httpx.AsyncClient) -> str:
    content = csv_file([row(village) for village in VILLAGES])
    answer = await post(client, content, period="2026-10", dry_run="false")
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def status(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    return (await client.get(f"/api/v1/imports/{import_id}")).json()


async def over(client: httpx.AsyncClient, import_id: str) -> dict[str, Any]:
    async with asyncio.timeout(WAIT_SECONDS):
        while (told := await status(client, import_id))["finished_at"] is None:  # noqa: ASYNC110 - another's work
            await asyncio.sleep(0.2)
    return told


async def assert_everything_once(database: Database) -> None:
    async with database.transaction() as session:
        await set_scope(session, [PREFECTURE])
        revisions = (await session.scalars(select(RecordRevision.division))).all()
        submitted = (await session.scalars(select(Submission.township))).all()
        events = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "import.store"))).all()
    assert sorted(revisions) == sorted(VILLAGES)
    assert len(submitted) == len(set(submitted)) == 4
    assert sorted(event.details["area"] for event in events) == sorted(AREAS)


def kill_at(place: str, url: str, environment: dict[str, str]) -> None:
    arguments = [sys.executable, "-c", WORKER, place, url]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline().strip() == "here"
        os.kill(worker.pid, signal.SIGKILL)


class TestKilled:
    @pytest.mark.parametrize("place", ["after a commit", "before a commit"])
    async def test_goes_on_where_it_stopped(
        self,
        client: httpx.AsyncClient,
        database: Database,
        postgres: PostgresServer,
        database_name: str,
        place: str,
    ) -> None:
        import_id = await received(client)
        environment = {**os.environ, "HUB_DATA_DIR": str(settings().data_dir), "HUB_COUNTY": PREFECTURE}
        await asyncio.to_thread(kill_at, place, postgres.url(database=database_name), environment)
        stopped = await status(client, import_id)
        assert (stopped["state"], len(stopped["progress"]["areas"])) == ("storing", 1)
        async with working(database, [IMPORTING]):
            done = await over(client, import_id)
        assert (done["state"], done["counts"]["new"], set(done["progress"]["areas"])) == ("done", 10, AREAS), done
        await assert_everything_once(database)

    async def test_an_import_that_never_gets_through_is_given_up_in_a_sentence(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        import_id = await received(client)
        async with database.transaction() as session:
            (await session.get_one(Import, import_id)).attempts = work.ATTEMPTS
        await work.work(database, import_id)
        told = await status(client, import_id)
        assert (told["state"], told["problems"][0]["code"]) == ("failed", "import_interrupted")


class TestDatabaseAway:
    async def test_is_tried_again_and_nothing_is_written_twice(
        self, client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch, owner_url: str
    ) -> None:
        import_id = await received(client)
        file_area, filed = bulk.file_area, []

        async def cut_off(session: Any, rows: Any) -> Any:
            if len(filed) == 1:
                await asyncio.to_thread(_cut_off_everybody, owner_url)
            filed.append(rows.area)
            return await file_area(session, rows)

        monkeypatch.setattr(storing, "AREAS_AT_ONCE", 1)
        monkeypatch.setattr(bulk, "file_area", cut_off)
        with pytest.raises(DBAPIError):
            await work.work(database, import_id)
        stopped = await status(client, import_id)
        assert (stopped["state"], len(stopped["progress"]["areas"])) == ("storing", 2)
        await work.work(database, import_id)
        assert (await status(client, import_id))["state"] == "done"
        await assert_everything_once(database)

    async def test_a_full_disk_is_a_sentence_and_no_half_county(
        self, client: httpx.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import_id = await received(client)

        async def full(*_arguments: Any) -> None:
            raise OperationalError("COMMIT", {}, DiskFull("could not extend file"))

        with monkeypatch.context() as patched:
            patched.setattr(storing, "AREAS_AT_ONCE", 1)
            patched.setattr(repository, "add_area", full)
            await work.work(database, import_id)
        told = await status(client, import_id)
        assert (told["state"], told["problems"][0]["code"]) == ("failed", "storage_full")
        async with database.transaction() as session:
            await set_scope(session, [PREFECTURE])
            assert await session.scalar(select(func.count()).select_from(RecordRevision)) == 0
        assert (await client.post(f"/api/v1/imports/{import_id}/submission", json={})).status_code == 202
        await work.work(database, import_id)
        assert (await status(client, import_id))["state"] == "done"
        await assert_everything_once(database)


def _cut_off_everybody(owner_url: str) -> None:
    """As a database server that is stopped: every connection of the application ends."""
    with psycopg.connect(owner_url.replace("+psycopg", "").replace("hub_owner", "hub_app"), autocommit=True) as own:
        own.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
        )
