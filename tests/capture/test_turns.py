"""Submissions of one county in turn: who waits for a turn holds no connection, and is told when it takes too long."""

import asyncio
from typing import Any

import httpx
import pytest

from hub.capture import turns
from hub.capture.models import Collection
from hub.kit.db import Database
from hub.kit.turns import Turns
from tests.capture.factories import create_collection, create_published_form, rows, save, submit
from tests.people import COUNTY, People
from tests.performance.asked import asked

ELSEWHERE = "433125"


def application(client: httpx.AsyncClient) -> Any:
    transport: Any = client._transport
    return transport.app


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


@pytest.mark.subject("reporter_east")
class TestSubmittingTurn:
    async def test_who_waits_asks_nothing_of_the_database(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        line: Turns = application(client).state.submitting
        held = [line.one(COUNTY) for _number in range(turns.AT_ONCE)]
        for turn in held:
            await turn.__aenter__()
        with asked() as statements:
            waiting = asyncio.create_task(submit(client, collection))
            for _try in range(1000):
                await asyncio.sleep(0.01)
                if line._lines[COUNTY].members > turns.AT_ONCE:
                    break
            known = len(statements)  # who calls was found out at the door
            await asyncio.sleep(0.05)
            assert len(statements) == known == 1
        for turn in held:
            await turn.__aexit__(None, None, None)
        assert (await waiting).status_code == 201
        assert line._lines == {}

    async def test_who_waits_too_long_is_told_to_come_back(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        line = application(client).state.submitting = Turns(at_once=1, longest_wait=0.01)
        async with line.one(COUNTY):
            refused = await submit(client, collection)
        assert (refused.status_code, refused.json()["code"]) == (503, "area_busy")
        assert int(refused.headers["retry-after"]) > 0
        assert (await submit(client, collection)).status_code == 201

    async def test_another_countys_line_is_another(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())
        line = application(client).state.submitting = Turns(at_once=1, longest_wait=0.01)
        async with line.one(ELSEWHERE):
            assert (await submit(client, collection)).status_code == 201

    @pytest.mark.full_transaction
    async def test_a_turn_lasts_until_the_commit(
        self, client: httpx.AsyncClient, collection: Collection, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await save(client, collection, rows())
        line: Turns = application(client).state.submitting
        at_commit: list[int] = []
        database_commit = database.engine.sync_engine.dialect.do_commit

        def commit(connection: Any) -> None:
            at_commit.append(len(line._lines))
            database_commit(connection)

        monkeypatch.setattr(database.engine.sync_engine.dialect, "do_commit", commit)
        assert (await submit(client, collection)).status_code == 201
        assert at_commit[-1] == 1
