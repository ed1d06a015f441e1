"""A township's own desk: its draft, workbook and history, to whom docs/access-matrix.md gives them."""

import re
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hub.capture.models import Collection
from hub.kit.db import Database
from hub.store import scope as scopes
from tests.access.tables import read_table
from tests.access.test_values import EVERYTHING
from tests.capture.factories import create_collection, create_published_form, row, save, submit
from tests.exchange.factories import calling
from tests.people import EAST, VILLAGES, WEST, People

TABLE = read_table("Caller", "Task of")
PATHS = ("draft", "workbook", "history")
# A number for each village that occurs nowhere else: found in an answer, it was read.
TYPED = {village: 7100 + index for index, village in enumerate([*VILLAGES[EAST], *VILLAGES[WEST]])}


@pytest.fixture(params=["both walls", "the second wall alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the second wall alone":
        monkeypatch.setattr(scopes, "asked_boxes", lambda _scope, _request: EVERYTHING)


@pytest.fixture
async def tasks(database: Database, people: People) -> Mapping[str, Collection]:
    """Both townships have submitted."""
    await create_published_form(database, people)
    opened = {EAST: await create_collection(database, people)}
    async with database.transaction() as session:
        opened |= {found.township: found for found in await session.scalars(select(Collection))}
    for township, name in ((EAST, "reporter_east"), (WEST, "reporter_west")):
        async with calling(database, people, name) as reporter:
            typed = [
                row(village, population=TYPED[village], male=TYPED[village] - 90) for village in VILLAGES[township]
            ]
            assert (await save(reporter, opened[township], {"rows": typed})).status_code == 200
            answer = await submit(reporter, opened[township])
            assert answer.status_code == 201, answer.text
    return opened


def numbers_in(response: httpx.Response) -> set[int]:
    """As whole words: a time's fraction or a group of a UUID may hold the same digits by chance."""
    return {number for number in TYPED.values() if re.search(rf"(?<![\w.-]){number}(?![\w.-])", response.text)}


@pytest.mark.usefixtures("walls")
async def test_each_caller_is_answered_as_written(
    database: Database, people: People, tasks: Mapping[str, Collection]
) -> None:
    for line in TABLE:
        own = {TYPED[village] for village in VILLAGES[line["Task of"]]}
        async with calling(database, people, line["Caller"]) as caller:
            for path in PATHS:
                response = await caller.get(f"/api/v1/collections/{tasks[line['Task of']].id}/{path}")
                assert response.status_code == int(line[path]), (line, path, response.text[:300])
                if path != "workbook":  # its cells are packed; the number in a page's text would be chance
                    assert numbers_in(response) == (own if response.status_code == 200 else set()), (line, path)


async def test_a_history_is_told_field_by_field(
    database: Database, people: People, tasks: Mapping[str, Collection]
) -> None:
    async with calling(database, people, "reporter_east") as caller:
        village = VILLAGES[EAST][0]
        parameters = {"division": village, "element": "population"}
        answer = await caller.get(f"/api/v1/collections/{tasks[EAST].id}/history", params=parameters)
    (entry,) = answer.json()["items"]
    seen: dict[str, Any] = {name: entry[name] for name in ("division", "element", "old", "new", "door")}
    assert seen == {"division": village, "element": "population", "old": None, "new": TYPED[village], "door": "api"}
