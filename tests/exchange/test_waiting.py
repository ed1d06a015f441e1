"""`GET /changes?wait=`: many wait, nothing is held, nobody is overlooked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import ClientDisconnect

from hub.app import create_app
from hub.exchange import changes
from hub.exchange.changes import Patience
from hub.exchange.watching import ClockWatch
from hub.kit.db import Database
from hub.store import service as store
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import COUNTY, People
from tests.store.factories import make_row

pytestmark = pytest.mark.full_transaction

URL = "/api/v1/changes"


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)
        await create_element(session, identifier=POOR)


@asynccontextmanager
async def following(database: Database, people: People) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A program that has read everything, and its cursor."""
    number = await grant(database)
    await submit(database, make_row(**{MIGRANTS: 1}))
    async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
        yield program, (await program.get(URL)).json()["next"]


async def until(met: Any) -> None:
    async with asyncio.timeout(10):
        while not met():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)


def watch_of(program: httpx.AsyncClient) -> ClockWatch:
    watch: ClockWatch = program._transport.app.state.clock_watch  # type: ignore[attr-defined]
    return watch


class TestWait:
    async def test_is_answered_at_once_when_there_is_something(self, database: Database, people: People) -> None:
        async with following(database, people) as (program, _cursor):
            async with asyncio.timeout(10):
                page = (await program.get(URL, params={"wait": 25})).json()
        assert len(page["items"]) == 1

    async def test_is_answered_when_something_comes(self, database: Database, people: People) -> None:
        async with following(database, people) as (program, cursor):
            waiting = asyncio.create_task(program.get(URL, params={"after": cursor, "wait": 25}))
            await until(lambda: watch_of(program).waiting == 1)
            await submit(database, make_row(**{MIGRANTS: 2}))
            async with asyncio.timeout(10):
                page = (await waiting).json()
        assert [item["values"] for item in page["items"]] == [{MIGRANTS: 2}]

    async def test_ends_with_an_empty_page_that_moves_on(self, database: Database, people: People) -> None:
        async with following(database, people) as (program, cursor):
            page = (await program.get(URL, params={"after": cursor, "wait": 1})).json()
            assert page["items"] == []
            assert page["next"] != cursor
            await submit(database, make_row(**{MIGRANTS: 2}))
            assert len((await program.get(URL, params={"after": page["next"]})).json()["items"]) == 1

    async def test_goes_on_when_what_came_is_not_granted(self, database: Database, people: People) -> None:
        async with following(database, people) as (program, cursor):
            waiting = asyncio.create_task(program.get(URL, params={"after": cursor, "wait": 2}))
            await until(lambda: watch_of(program).waiting == 1)
            await submit(database, make_row(**{MIGRANTS: 1, POOR: 7}))
            assert (await waiting).json()["items"] == []

    @pytest.mark.parametrize("wait", [26, -1, "long"])
    async def test_refuses_to_wait_longer(self, database: Database, people: People, wait: Any) -> None:
        async with following(database, people) as (program, cursor):
            assert (await program.get(URL, params={"after": cursor, "wait": wait})).status_code == 422

    async def test_what_comes_just_before_the_wait_is_not_overlooked(
        self, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wait_beyond = ClockWatch.wait_beyond

        async def late(watch: ClockWatch, clocks: Mapping[str, int], seconds: float) -> bool:
            if watch.waiting == 0:
                await submit(database, make_row(**{MIGRANTS: 2}))
            return await wait_beyond(watch, clocks, seconds)

        async with following(database, people) as (program, cursor):
            monkeypatch.setattr(ClockWatch, "wait_beyond", late)
            async with asyncio.timeout(10):
                page = (await program.get(URL, params={"after": cursor, "wait": 25})).json()
        assert [item["values"] for item in page["items"]] == [{MIGRANTS: 2}]

    async def test_a_grant_that_ends_meanwhile_reads_nothing(self, database: Database, people: People) -> None:
        async with following(database, people) as (program, cursor):
            number = (await program.get(URL)).headers["hub-grant"]
            waiting = asyncio.create_task(program.get(URL, params={"after": cursor, "wait": 25}))
            await until(lambda: watch_of(program).waiting == 1)
            async with calling(database, people, "steward_human_resources") as steward:
                await steward.post(f"/api/v1/access-grants/{number}/revocation", json={"reason": "超范围使用"})
            await submit(database, make_row(**{MIGRANTS: 2}))
            async with asyncio.timeout(10):
                assert (await waiting).status_code == 403


class TestManyWaiters:
    async def test_hold_nothing_and_are_all_told(
        self, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Two hundred who wait cost as many looks at the clocks as one, and not one connection each."""
        looks, most_connections = 0, 0
        read_all_clocks = store.read_all_clocks

        async def counted(session: AsyncSession) -> dict[str, int]:
            nonlocal looks
            looks += 1
            return await read_all_clocks(session)

        monkeypatch.setattr(store, "read_all_clocks", counted)
        watch = ClockWatch(database, look_every=0.05)
        waiting = [asyncio.create_task(watch.wait_beyond({COUNTY: 0}, 20)) for _ in range(200)]
        for _ in range(20):
            await asyncio.sleep(0.02)
            most_connections = max(most_connections, database.engine.pool.checkedout())  # type: ignore[attr-defined]
        assert watch.waiting == 200
        assert most_connections <= 1
        assert 0 < looks < 30
        await submit(database, make_row(**{MIGRANTS: 1}))
        assert await asyncio.gather(*waiting) == [True] * 200
        assert watch.waiting == 0

    async def test_nobody_looks_when_nobody_waits(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        watch = ClockWatch(database, look_every=0.01)
        assert await watch.wait_beyond({COUNTY: 0}, 0.05) is False
        await asyncio.sleep(0.05)

        async def unexpected(_session: AsyncSession) -> dict[str, int]:
            pytest.fail("nobody waits")

        monkeypatch.setattr(store, "read_all_clocks", unexpected)
        await asyncio.sleep(0.05)

    async def test_go_on_after_the_database_was_away(
        self, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read_all_clocks, failures = store.read_all_clocks, iter(range(3))

        async def restarting(session: AsyncSession) -> dict[str, int]:
            if next(failures, None) is not None:
                raise OperationalError("SELECT", {}, ConnectionError("the server closed the connection"))
            return await read_all_clocks(session)

        monkeypatch.setattr(store, "read_all_clocks", restarting)
        await submit(database, make_row(**{MIGRANTS: 1}))
        assert await ClockWatch(database, look_every=0.01).wait_beyond({COUNTY: 0}, 10)

    async def test_another_areas_clock_wakes_nobody(self, database: Database, people: People) -> None:
        await submit(database, make_row(**{MIGRANTS: 1}))
        assert await ClockWatch(database, look_every=0.01).wait_beyond({"433125": 0}, 0.1) is False


async def test_who_hangs_up_while_waiting_leaves_nothing_behind(
    database: Database, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_LOOK_UP_EVERY_SECONDS", 0.05)
    number = await grant(database)
    app = create_app(database)
    watch = app.state.clock_watch

    async def has_hung_up() -> None:
        raise ClientDisconnect

    subject = people.subject("client_poverty_relief", grants=(number,))
    patience = Patience(25, watch, has_hung_up, app.state.places.one)
    async with database.transaction() as session:
        with pytest.raises(ClientDisconnect):
            await changes.read_changes(database, session, subject, after=None, limit=10, patience=patience)
    assert watch.waiting == 0
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
