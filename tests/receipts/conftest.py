from dataclasses import dataclass

import httpx
import pytest

from hub.capture.models import Collection
from hub.kit.db import Database
from tests.capture.factories import create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling
from tests.people import People


@dataclass(frozen=True)
class Submitted:
    """A task that was submitted once, and the receipt's number."""

    collection: Collection
    number: str


@pytest.fixture
async def submitted(database: Database, people: People) -> Submitted:
    await create_published_form(database, people)
    collection = await create_collection(database, people)
    async with calling(database, people, "reporter_east") as reporter:
        typed = rows(workers=80)
        typed["rows"][0]["values"]["income"] = 1.50
        typed["rows"][1]["missing"] = {"income": "not_yet_known"}
        assert (await save(reporter, collection, typed)).status_code == 200
        answer = await submit(reporter, collection)
        assert answer.status_code == 201, answer.text
    return Submitted(collection, answer.json()["number"])


async def correct(reporter: httpx.AsyncClient, collection: Collection) -> str:
    assert (await save(reporter, collection, rows(workers=81))).status_code == 200
    answer = await submit(reporter, collection, reason="漏报 <一人>")
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number
