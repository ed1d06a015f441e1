"""Really committed, really at once."""

import asyncio

import httpx
import pytest
from sqlalchemy import select

from hub.app import create_app
from hub.capture.models import Submission
from hub.kit.db import Database, set_scope
from hub.store.models import AreaClock, RecordRevision
from tests.capture.factories import create_collection, create_published_form, rows, save
from tests.capture.workflow import REASON, create_town, ok
from tests.exchange.factories import calling
from tests.people import COUNTY, People

AT_ONCE = 8


@pytest.mark.full_transaction
@pytest.mark.parametrize("has_key", [False, True])
async def test_of_many_who_submit_at_once_one_submits(database: Database, people: People, has_key: bool) -> None:
    await create_published_form(database, people)
    collection = await create_collection(database, people)
    headers = await people.authorization("reporter_east")
    key = {"Idempotency-Key": "one"} if has_key else {}
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        assert (await save(client, collection, rows())).status_code == 200
        path = f"/api/v1/collections/{collection.id}/submission"
        answers = await asyncio.gather(*(client.post(path, json={}, headers=key) for _one in range(AT_ONCE)))
    statuses = sorted(answer.status_code for answer in answers)
    if has_key:
        assert statuses == [201] * AT_ONCE
        assert all(answer.json() == answers[0].json() for answer in answers)
    else:
        assert statuses == [201, *[409] * (AT_ONCE - 1)]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"nothing_changed"}
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        assert len((await session.scalars(select(Submission))).all()) == 1
        assert len((await session.scalars(select(RecordRevision))).all()) == 3
        area_clock = await session.get(AreaClock, COUNTY)
    assert area_clock is not None
    assert area_clock.seq == 3


@pytest.mark.full_transaction
async def test_of_two_who_save_over_one_state_one_is_told(database: Database, people: People) -> None:
    await create_published_form(database, people)
    collection = await create_collection(database, people)
    path = f"/api/v1/collections/{collection.id}/draft"
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    headers = await people.authorization("reporter_east")
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        seen = (await client.get(path)).headers["etag"]
        answers = await asyncio.gather(
            *(client.put(path, json=rows(workers=number), headers={"If-Match": seen}) for number in range(AT_ONCE))
        )
        kept = (await client.get(path)).json()
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * (AT_ONCE - 1)]
    (winner,) = [answer for answer in answers if answer.status_code == 200]
    assert winner.json() == kept


RACES = {
    "two approve": ("in_review", [("registrar", "approval", {}), ("registrar_two", "approval", {})]),
    "approve and take back": ("in_review", [("registrar", "approval", {}), ("reporter_east", "take-back", REASON)]),
    "approve and return": ("in_review", [("registrar", "approval", {}), ("registrar_two", "return", REASON)]),
    "sign and take back": (
        "awaiting_sign_off",
        [("leader_east", "sign-off", {}), ("reporter_east", "take-back", REASON)],
    ),
}


@pytest.mark.full_transaction
@pytest.mark.parametrize("race", [*RACES])
async def test_of_two_who_decide_at_once_one_is_told(database: Database, people: People, race: str) -> None:
    state, calls = RACES[race]
    town = await create_town(database, people, review=state == "in_review")
    await town.bring(state)
    answers = await asyncio.gather(*(town.post(who, noun, body) for who, noun, body in calls))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([200, 409], [201, 409]), [answer.text for answer in answers]
    (loser,) = [answer for answer in answers if answer.status_code == 409]
    assert loser.json()["code"] == "collection_state"
    assert loser.json()["state"] == await town.state()


@pytest.mark.full_transaction
async def test_what_is_signed_is_what_was_sent(database: Database, people: People) -> None:
    """An edit that comes while it is being signed comes too late, or before it was sent."""
    town = await create_town(database, people)
    await town.sign_off()
    ok(await town.save(rows()))
    ok(await town.post("reporter_east", "sign-off-request"))
    signed, saved = await asyncio.gather(town.post("leader_east", "sign-off"), town.save(rows(workers=1)))
    receipt = ok(signed)
    assert saved.status_code in {200, 409}
    async with calling(database, people, "reporter_east") as client:
        values = ok(await client.get("/api/v1/data-values", params={"elements": "workers", "period": "2026-10"}))
    assert {(item["values"]["workers"], item["submission"]) for item in values["items"]} == {(80, receipt["number"])}
