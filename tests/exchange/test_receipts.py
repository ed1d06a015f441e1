from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.exchange.models import DeliveryReceipt
from hub.kit.db import Database
from tests.exchange.factories import calling, grant
from tests.grants.factories import create_element
from tests.people import People

URL = "/api/v1/receipts"


def make_receipt(number: str, **changes: Any) -> dict[str, Any]:
    return {"grant": number, "period": "2026-10", "rows": 228, "sha256": "a" * 64, "file": "月报.xlsx"} | changes


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)


class TestRecordReceipt:
    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(URL, json=make_receipt("x"))).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_wrong_role(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(URL, json=make_receipt("x"))).status_code == 403

    async def test_keeps_it_once(self, database: Database, people: People, session: AsyncSession) -> None:
        number = await grant(database)
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            headers = {"Idempotency-Key": "delivery-1"}
            first = await program.post(URL, json=make_receipt(number), headers=headers)
            second = await program.post(URL, json=make_receipt(number), headers=headers)
            other = await program.post(URL, json=make_receipt(number, rows=1), headers=headers)
        assert (first.status_code, second.json(), other.status_code) == (201, first.json(), 409), first.text
        held = (await session.scalars(select(DeliveryReceipt))).one()
        assert (held.area, held.organization, held.client, held.rows) == (
            "433124",
            "poverty-relief",
            "poverty-relief",
            228,
        )
        event = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "receipt.record"))).one()
        assert event.object_id == str(held.id)

    @pytest.mark.parametrize("theirs", [{"organization": "civil-affairs"}, {"state": "requested"}, {}])
    async def test_only_under_a_grant_of_ones_own_token(
        self, database: Database, people: People, theirs: dict[str, str]
    ) -> None:
        own, other = await grant(database), await grant(database, **theirs)
        async with calling(database, people, "client_poverty_relief", grants=(own,)) as program:
            response = await program.post(URL, json=make_receipt(other))
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/grant")

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"sha256": "xyz"}, "/sha256"),
            ({"sha256": "g" * 64}, "/sha256"),
            ({"rows": -1}, "/rows"),
            ({"rows": True}, "/rows"),
            ({"rows": "5"}, "/rows"),
            ({"period": "2026-13"}, "/period"),
            ({"more": 1}, "/more"),
        ],
    )
    async def test_invalid(self, database: Database, people: People, changes: dict[str, Any], pointer: str) -> None:
        number = await grant(database)
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            response = await program.post(URL, json=make_receipt(number, **changes))
        assert (response.status_code, [e["pointer"] for e in response.json()["errors"]]) == (422, [pointer])
