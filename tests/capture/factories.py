"""An open period of the tests' village form, and what a township types into it."""

from typing import Any

import httpx
from sqlalchemy import select

from hub.capture import opening
from hub.capture.models import Collection
from hub.forms import service as forms
from hub.kit.db import Database
from tests.forms.factories import create_village_month
from tests.people import EAST, VILLAGES, People

PERIOD = "2026-10"
PREVIOUS = "2026-09"
FORM = "village-month"


async def create_published_form(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_village_month(session)
    async with database.transaction() as session:
        await forms.publish_version(session, people.subject("registrar"), FORM)


async def create_collection(
    database: Database, people: People, *, period: str = PERIOD, township: str = EAST, **options: Any
) -> Collection:
    """Opens the period for both townships; the collection of one of them."""
    async with database.transaction() as session:
        await opening.open_period(session, people.subject("registrar"), form=FORM, period=period, **options)
    async with database.transaction() as session:
        statement = select(Collection).where(Collection.township == township, Collection.period == period)
        return (await session.scalars(statement)).one()


def row(division: str, **values: Any) -> dict[str, Any]:
    """A row without a fault: 200 people, 80 of them working away."""
    return {"division": division, "values": {"population": 200, "male": 110, "female": 90, "workers": 80, **values}}


def rows(township: str = EAST, **values: Any) -> dict[str, Any]:
    return {"rows": [row(village, **values) for village in VILLAGES[township]]}


async def save(client: httpx.AsyncClient, collection: Collection, body: dict[str, Any]) -> httpx.Response:
    return await client.put(f"/api/v1/collections/{collection.id}/draft", json=body, headers={"If-Match": "*"})


async def submit(client: httpx.AsyncClient, collection: Collection, **body: Any) -> httpx.Response:
    return await client.post(f"/api/v1/collections/{collection.id}/submission", json=body)
