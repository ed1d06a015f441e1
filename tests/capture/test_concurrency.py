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
