from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.kit import clock
from hub.kit.db import Database
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, create_element
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.store.factories import make_row

URL = "/api/v1/usage"
CLIENTS = {
    "human-resources": "client_human_resources",
    "poverty-relief": "client_poverty_relief",
    "civil-affairs": "client_civil_affairs",
}


@pytest.fixture(autouse=True)
async def element(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)


async def read_as(database: Database, people: People, organization: str, number: str, **query: Any) -> None:
    async with calling(database, people, CLIENTS[organization], grants=(number,)) as program:
        asked = {"elements": MIGRANTS, "period": "2026-10"} | query
        response = await program.get("/api/v1/data-values", params=asked)
    assert response.status_code == 200, response.text


class TestUsage:
    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL)).status_code == 401

    @pytest.mark.subject("steward_civil_affairs")
    async def test_wrong_role(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL)).status_code == 403

    @pytest.mark.subject("reporter_east")
    async def test_a_township_sees_its_readers_and_their_purposes(
        self, client: httpx.AsyncClient, database: Database, people: People, session: AsyncSession
    ) -> None:
        numbers = {}
        for organization in CLIENTS:
            numbers[organization] = await grant(database, organization=organization, scenario=f"{organization}的目的")
            await read_as(database, people, organization, numbers[organization])
        await read_as(database, people, "civil-affairs", numbers["civil-affairs"], division=VILLAGES[EAST][0])
        await read_as(database, people, "civil-affairs", numbers["civil-affairs"], division=WEST)
        response = await client.get(URL, params={"division": EAST})
        assert response.status_code == 200, response.text
        items = response.json()["items"]
        assert [(i["organization"], i["purpose"], i["reads"], i["grant"]) for i in items] == [
            (code, f"{code}的目的", 2 if code == "civil-affairs" else 1, numbers[code]) for code in sorted(CLIENTS)
        ]
        assert {(i["division"], i["element"]) for i in items} == {(EAST, MIGRANTS)}
        assert items[0]["organization_name"] == "花垣县民政局"
        assert items[0]["last_read_at"].endswith("Z")
        assert (await client.get(URL)).json()["items"] == items
        events = (await session.scalars(select(AuditEventRow.action))).all()
        assert events.count("usage.read") == 2

    @pytest.mark.subject("reporter_east")
    async def test_changes_count_where_they_fell(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        number = await grant(database)
        await submit(database, make_row(division=VILLAGES[WEST][0], **{MIGRANTS: 1}))
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            cursor = (await program.get("/api/v1/changes")).json()["next"]
            assert (await client.get(URL)).json()["items"] == []
            await submit(database, make_row(division=VILLAGES[EAST][0], **{MIGRANTS: 1}))
            await program.get("/api/v1/changes", params={"after": cursor})
        assert [item["reads"] for item in (await client.get(URL)).json()["items"]] == [1]

    @pytest.mark.subject("reporter_east")
    async def test_its_own_reading_is_no_use_by_others(self, client: httpx.AsyncClient) -> None:
        await client.get("/api/v1/data-values", params={"period": "2026-10"})
        assert (await client.get(URL)).json()["items"] == []

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize("division", [WEST, COUNTY, "999999"])
    async def test_another_place_is_not_there(self, client: httpx.AsyncClient, division: str) -> None:
        assert (await client.get(URL, params={"division": division})).status_code == 404

    @pytest.mark.subject("registrar")
    async def test_the_authority_sees_the_county_in_pages_and_by_day(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        for organization, day in (("civil-affairs", 3), ("poverty-relief", 4)):
            number = await grant(database, organization=organization)
            # 16:30 UTC is already the next day in China.
            with clock.travel(datetime(2026, 11, day, 16, 30, tzinfo=UTC)):
                await read_as(database, people, organization, number, division=WEST)
        first = (await client.get(URL, params={"limit": 1})).json()
        second = (await client.get(URL, params={"limit": 1, "after": first["next"]})).json()
        assert [i["organization"] for i in first["items"] + second["items"]] == ["civil-affairs", "poverty-relief"]
        assert second["next"] is None
        by_day = (await client.get(URL, params={"from": "2026-11-05", "to": "2026-11-05"})).json()["items"]
        assert [i["organization"] for i in by_day] == ["poverty-relief"]

    @pytest.mark.subject("registrar")
    async def test_invalid(self, client: httpx.AsyncClient) -> None:
        response = await client.get(URL, params={"from": "yesterday"})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "query:/from")


class TestUses:
    @pytest.mark.subject("reporter_east")
    async def test_grants_and_programs(self, client: httpx.AsyncClient, database: Database, people: People) -> None:
        number = await grant(database)
        await grant(database, state="revoked")
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            receipt = {"grant": number, "period": "2026-10", "rows": 1, "sha256": "a" * 64}
            assert (await program.post("/api/v1/receipts", json=receipt)).status_code == 201
        items = (await client.get(f"/api/v1/data-elements/{MIGRANTS}/uses")).json()["items"]
        assert [(item["kind"], item["id"], item["organization"]) for item in items] == [
            ("grant", number, "poverty-relief"),
            ("program", "poverty-relief", "poverty-relief"),
        ]
        assert items[1]["last_at"].endswith("Z")

    @pytest.mark.subject("reporter_east")
    async def test_unknown(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/data-elements/no_such/uses")).status_code == 404
