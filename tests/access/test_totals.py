"""Sums, as values: role × element × division × period, as the hub is and on the second wall alone."""

import itertools
from collections.abc import Mapping

import httpx
import pytest

from hub.app import create_app
from hub.kit.db import Database
from hub.store import scope as scopes
from hub.store import totals
from tests.access.test_values import ASKED, EVERYTHING, PERIODS
from tests.access.world import AFTER, Caller, Question, asked_of, callers, create_world, faults, value_of
from tests.people import COUNTY, EAST, VILLAGES, WEST, People

URL = "/api/v1/data-totals"
TOWNSHIPS = (EAST, WEST)


@pytest.fixture(params=["both walls", "the database alone", "the application alone"])
def walls(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "the database alone":
        monkeypatch.setattr(scopes, "asked_boxes", lambda _scope, _request: EVERYTHING)
    if request.param == "the application alone":
        monkeypatch.setattr(totals, "_context", lambda _scope: EVERYTHING)


def sums(caller: Caller, question: Question) -> dict[tuple[str, str, str], int | None]:
    """What must be answered, by month, township and element."""
    expected = {}
    for month, township, element in itertools.product(question.months, TOWNSHIPS, asked_of(caller, question)):
        if township.startswith(question.place or "") and any(
            box.covers(element, township, month) for box in caller.boxes
        ):
            values = [value_of(element, village, month, AFTER) for village in VILLAGES[township]]
            numbers = [value for value in values if value is not None]
            expected[month, township, element] = sum(numbers) if numbers else None
    return expected


async def differences(client: httpx.AsyncClient, caller: Caller, question: Question) -> list[str]:
    response = await client.get(URL, params=question.parameters | {"by": "township"})
    told = f"{caller.name} [{caller.grants}] {question.parameters}: {response.text[:400]}"
    if not caller.may_ask:
        return [] if response.status_code == 403 and response.json()["code"] == "forbidden" else [told]
    if faults(caller, question):
        return [] if response.status_code == 403 and "total" not in response.text else [told]
    seen = {(item["period"], item["division"], item["element"]): item["total"] for item in response.json()["items"]}
    return [] if seen == sums(caller, question) else [f"{told} instead of {sums(caller, question)}"]


@pytest.mark.usefixtures("walls")
async def test_sums_hold_what_is_granted_and_no_more(database: Database, people: People) -> None:
    numbers: Mapping[str, str] = await create_world(database)
    wrong = []
    asked = 0
    app = create_app(database)
    for caller in callers():
        bound = tuple(numbers[letter] for letter in caller.grants.split())
        headers = await people.authorization(caller.name, grants=bound)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
            for elements, place, months in itertools.product(ASKED[:4:3], (None, COUNTY, EAST, WEST), PERIODS[1:]):
                wrong += await differences(client, caller, Question(elements, place, months))
                asked += 1
    assert wrong == []
    assert asked > 150
