"""The jobs page over the real queue and its worker."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from hub.app import create_app
from hub.kit.db import Database
from hub.kit.jobs import RecurringJob, list_turns, running, running_now
from hub.kit.queue import QueuedTask, defer, list_jobs, working
from tests.people import People
from tests.site.reading import Page, read, sign_in

pytestmark = pytest.mark.full_transaction

WAIT_SECONDS = 40


async def until(database: Database, is_so: Callable[[list[str]], bool]) -> list[str]:
    """The states of the jobs, newest first, once they are what is waited for. Those of other tests come after."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            async with database.transaction() as session:
                states = [job.status for job in await list_jobs(session, limit=10)]
            if is_so(states):
                return states
            await asyncio.sleep(0.05)


@pytest.fixture
async def desk(database: Database, people: People) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        await sign_in(client, "registrar")
        yield client


async def press(desk: httpx.AsyncClient, action: str) -> Page:
    fields = (await read(desk, "/jobs")).form(action).fields
    answer = await desk.post(action, data=fields)
    assert answer.status_code == 303, answer.text
    return await read(desk, answer.headers["location"])


async def the_job(database: Database) -> int:
    async with database.transaction() as session:
        return (await list_jobs(session, limit=1))[0].id


class TestCancel:
    async def test_a_waiting_job_never_begins(self, desk: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            await defer(session, "note", "a")
        job = await the_job(database)
        assert "排队" in (await read(desk, "/jobs")).within("tbody")
        page = await press(desk, f"/jobs/{job}/cancellation")
        assert "已取消" in page.within("tbody")
        done: list[str] = []

        async def note(_database: Database, key: str) -> None:
            done.append(key)

        async with working(database, [QueuedTask("note", note)]):
            page = await press(desk, f"/jobs/{job}/repetition")
            states = await until(database, lambda states: states[0] == "succeeded")
            assert states[:2] == ["succeeded", "cancelled"]
        assert done == ["a"]

    async def test_a_long_one_stops_at_work(self, desk: httpx.AsyncClient, database: Database) -> None:
        """P11's check."""
        ended: list[str] = []

        async def last_long(_database: Database, key: str) -> None:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                ended.append(key)
                raise

        async with database.transaction() as session:
            await defer(session, "long", "a")
        async with working(database, [QueuedTask("long", last_long)]):
            await until(database, lambda states: states[0] == "doing")
            job = await the_job(database)
            page = await press(desk, f"/jobs/{job}/cancellation")
            assert "正在取消" in page.within("tbody") or "已取消" in page.within("tbody")
            assert (await until(database, lambda states: states[0] != "doing"))[0] == "aborted"
        assert ended == ["a"]
        assert "已取消" in (await read(desk, "/jobs")).within("tbody")

    async def test_one_that_is_over_says_so(self, desk: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            await defer(session, "note", "a")
        job = await the_job(database)
        form = (await read(desk, "/jobs")).form(f"/jobs/{job}/cancellation").fields
        await desk.post(f"/jobs/{job}/cancellation", data=form)
        answer = await desk.post(f"/jobs/{job}/cancellation", data=form)
        assert "已经结束" in (await read(desk, answer.headers["location"])).text
        told = await desk.post(f"/api/v1/jobs/{job}/cancellation", headers={"x-csrf-token": form["csrf_token"]})
        assert (told.status_code, told.json()["code"]) == (409, "job_state_conflict")
        told = await desk.post("/api/v1/jobs/999999/cancellation", headers={"x-csrf-token": form["csrf_token"]})
        assert told.status_code == 404


class TestRecurring:
    async def test_shows_a_failure_and_runs_now(self, desk: httpx.AsyncClient, database: Database) -> None:
        turns = 0

        async def seal(_database: Database) -> None:
            nonlocal turns
            turns += 1
            if turns == 1:
                raise ValueError("张三 431224199001011234")

        job = RecurringJob("audit.seal", 3600, seal)
        async with running(database, [job]), working(database, [running_now([job])]):
            async with asyncio.timeout(WAIT_SECONDS):
                while not await self.turns(database):  # noqa: ASYNC110 - another task's commit has no event
                    await asyncio.sleep(0.05)
            page = await read(desk, "/jobs")
            assert "封存审计日志" in page.within("tbody")
            assert "ValueError" in page.within("tbody")
            assert "张三" not in page.text
            await press(desk, "/recurring-jobs/audit.seal/turn")
            await until(database, lambda states: states[:1] == ["succeeded"])
        assert turns == 2
        page = await read(desk, "/jobs")
        assert "ValueError" not in page.text

    async def turns(self, database: Database) -> bool:
        async with database.transaction() as session:
            return bool(await list_turns(session))

    async def test_one_that_does_not_exist_is_not_run(self, desk: httpx.AsyncClient) -> None:
        csrf = (await read(desk, "/jobs")).form("/sign-out").fields
        assert (await desk.post("/recurring-jobs/unknown/turn", data=csrf)).status_code == 404


class TestAccess:
    async def test_is_for_those_who_run_imports(self, desk: httpx.AsyncClient) -> None:
        desk.cookies.clear()
        await sign_in(desk, "reporter_east")
        assert (await desk.get("/jobs")).status_code == 403
