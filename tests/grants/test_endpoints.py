from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.grants.models import AccessGrant
from hub.kit.db import Database
from tests.grants.factories import MIGRANTS, POOR, create_element, create_grant, make_request
from tests.people import COUNTY, People

URL = "/api/v1/access-grants"


@pytest.fixture(autouse=True)
async def element(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)
        await create_element(session, identifier=POOR, steward="poverty-relief", source_organization="poverty-relief")


async def grant(database: Database, **changes: Any) -> str:
    async with database.transaction() as session:
        return (await create_grant(session, **changes)).number


async def actions(session: AsyncSession) -> list[str]:
    statement = select(AuditEventRow.action).where(AuditEventRow.object_type == "access_grant")
    return list((await session.scalars(statement.order_by(AuditEventRow.id))).all())


class TestRequestGrant:
    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(URL, json=make_request())).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_wrong_role(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(URL, json=make_request())).status_code == 403

    @pytest.mark.subject("steward_poverty_relief")
    async def test_files_a_request(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        response = await client.post(URL, json=make_request())
        assert response.status_code == 201, response.text
        answer = response.json()
        assert (answer["state"], answer["organization"], answer["steward"], answer["versions"]) == (
            "requested",
            "poverty-relief",
            "human-resources",
            {MIGRANTS: 1},
        )
        assert answer["number"].startswith("AG-")
        assert answer["periods"] == {"from": "2026-01", "to": None}
        assert await actions(session) == ["access_grant.request"]

    @pytest.mark.subject("client_poverty_relief")
    async def test_a_program_may_ask_too(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(URL, json=make_request())).status_code == 201

    @pytest.mark.subject("steward_poverty_relief")
    async def test_mixed_stewards_are_answered_by_the_authority(self, client: httpx.AsyncClient) -> None:
        answer = (await client.post(URL, json=make_request(elements=[MIGRANTS, POOR]))).json()
        assert answer["steward"] == "data-authority"

    @pytest.mark.subject("steward_poverty_relief")
    async def test_names_everything_that_is_missing_at_once(self, client: httpx.AsyncClient) -> None:
        response = await client.post(URL, json={"scenario": "  "})
        assert response.status_code == 422
        assert {(e["pointer"], e["code"]) for e in response.json()["errors"]} == {
            (f"/{name}", "missing")
            for name in ("elements", "divisions", "periods/from", "basis", "scenario", "scope", "method", "valid_until")
        }

    @pytest.mark.subject("steward_poverty_relief")
    async def test_names_everything_that_is_wrong_at_once(self, client: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier="draft_element", registration_status="candidate")
            await create_element(session, identifier="secret_element", sharing_type="not_shared")
        body = make_request(
            elements=["nothing", MIGRANTS, "draft_element", "secret_element"],
            divisions=[COUNTY, "999999"],
            periods={"from": "2026-13", "to": "x"},
            valid_until="2020-01-01",
        )
        response = await client.post(URL, json=body)
        assert [(e["pointer"], e["code"]) for e in response.json()["errors"]] == [
            ("/elements/0", "element_unknown"),
            ("/elements/2", "element_not_qualified"),
            ("/elements/3", "element_not_shared"),
            ("/divisions/1", "division_unknown"),
            ("/periods/from", "period_not_valid"),
            ("/periods/to", "period_not_valid"),
            ("/valid_until", "date_in_the_past"),
        ]

    @pytest.mark.subject("steward_human_resources")
    async def test_the_source_may_ask_for_what_is_not_shared(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier="secret_element", sharing_type="not_shared")
        assert (await client.post(URL, json=make_request(elements=["secret_element"]))).status_code == 201

    @pytest.mark.subject("steward_poverty_relief")
    @pytest.mark.parametrize(
        ("periods", "pointer"),
        [({"from": "2026-06", "to": "2026-01"}, "/periods/to"), ({"from": "2026", "to": "2026-06"}, "/periods/to")],
    )
    async def test_periods_that_cannot_be(self, client: httpx.AsyncClient, periods: Any, pointer: str) -> None:
        response = await client.post(URL, json=make_request(periods=periods))
        assert [e["pointer"] for e in response.json()["errors"]] == [pointer]

    @pytest.mark.subject("steward_poverty_relief")
    async def test_the_same_key_files_one_request(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        headers = {"Idempotency-Key": "one"}
        first = await client.post(URL, json=make_request(), headers=headers)
        second = await client.post(URL, json=make_request(), headers=headers)
        assert first.json() == second.json()
        assert len((await session.scalars(select(AccessGrant))).all()) == 1
        assert (await client.post(URL, json=make_request(scope="x"), headers=headers)).status_code == 409


class TestDecide:
    @pytest.mark.subject("steward_human_resources")
    async def test_the_steward_approves(
        self, client: httpx.AsyncClient, database: Database, session: AsyncSession
    ) -> None:
        number = await grant(database, state="requested")
        response = await client.post(f"{URL}/{number}/approval")
        assert response.status_code == 201, response.text
        assert (response.json()["state"], response.json()["decided_by"]) == ("active", "steward_human_resources")
        assert await actions(session) == ["access_grant.approve"]

    @pytest.mark.subject("steward_poverty_relief")
    async def test_nobody_answers_their_own(self, client: httpx.AsyncClient, database: Database) -> None:
        number = await grant(database, state="requested")
        response = await client.post(f"{URL}/{number}/approval")
        assert (response.status_code, response.json()["code"]) == (403, "own_request")

    @pytest.mark.subject("steward_civil_affairs")
    async def test_another_departments_is_not_there(self, client: httpx.AsyncClient, database: Database) -> None:
        number = await grant(database, state="requested")
        assert (await client.post(f"{URL}/{number}/approval")).status_code == 404
        assert (await client.get(f"{URL}/{number}")).status_code == 404

    @pytest.mark.subject("registrar")
    async def test_the_authority_answers_only_what_is_its_own(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        theirs = await grant(database, state="requested")
        response = await client.post(f"{URL}/{theirs}/approval")
        assert (response.status_code, response.json()["code"]) == (403, "not_the_steward")
        own = await grant(database, state="requested", steward="data-authority")
        assert (await client.post(f"{URL}/{own}/approval")).status_code == 201

    @pytest.mark.subject("registrar")
    async def test_the_authority_may_stop_any(self, client: httpx.AsyncClient, database: Database) -> None:
        number = await grant(database)
        response = await client.post(f"{URL}/{number}/suspension", json={"reason": "超范围使用"})
        assert (response.status_code, response.json()["state"]) == (201, "suspended")

    @pytest.mark.subject("steward_human_resources")
    @pytest.mark.parametrize(
        ("state", "decision", "status"),
        [
            ("requested", "refusal", 201),
            ("active", "suspension", 201),
            ("active", "revocation", 201),
            ("suspended", "approval", 201),
            ("suspended", "revocation", 201),
            ("requested", "revocation", 409),
            ("active", "approval", 409),
            ("refused", "approval", 409),
            ("revoked", "approval", 409),
            ("revoked", "suspension", 409),
        ],
    )
    async def test_states(
        self, client: httpx.AsyncClient, database: Database, state: str, decision: str, status: int
    ) -> None:
        number = await grant(database, state=state)
        body = {} if decision == "approval" else {"json": {"reason": "理由"}}
        response = await client.post(f"{URL}/{number}/{decision}", **body)
        assert response.status_code == status, response.text

    @pytest.mark.subject("steward_human_resources")
    @pytest.mark.parametrize("decision", ["refusal", "suspension", "revocation"])
    @pytest.mark.parametrize("body", [{}, {"reason": "  "}, {"reason": None}])
    async def test_a_reason_is_owed(
        self, client: httpx.AsyncClient, database: Database, decision: str, body: Any
    ) -> None:
        number = await grant(database)
        response = await client.post(f"{URL}/{number}/{decision}", json=body)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/reason")

    @pytest.mark.subject("steward_human_resources")
    async def test_approval_consents_to_the_definition_as_it_is_now(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        number = await grant(database, state="requested")
        async with database.transaction() as session:
            await create_element(session, version=2, is_breaking=True)
        assert (await client.post(f"{URL}/{number}/approval")).json()["versions"] == {MIGRANTS: 2}

    @pytest.mark.subject("steward_human_resources")
    async def test_too_late_to_approve(self, client: httpx.AsyncClient, database: Database) -> None:
        number = await grant(database, state="requested", valid_until=date(2026, 1, 1))
        assert (await client.post(f"{URL}/{number}/approval")).status_code == 409


class TestListGrants:
    @pytest.mark.subject("steward_human_resources")
    async def test_own_are_those_asked_and_those_to_answer(self, client: httpx.AsyncClient, database: Database) -> None:
        asked = await grant(database, organization="human-resources", steward="data-authority")
        to_answer = await grant(database)
        await grant(database, organization="civil-affairs", steward="poverty-relief")
        items = (await client.get(URL)).json()["items"]
        assert [item["number"] for item in items] == [asked, to_answer]

    @pytest.mark.subject("registrar")
    async def test_pages(self, client: httpx.AsyncClient, database: Database) -> None:
        numbers = [await grant(database) for _ in range(3)]
        first = (await client.get(URL, params={"limit": 2})).json()
        second = (await client.get(URL, params={"limit": 2, "after": first["next"]})).json()
        assert [item["number"] for item in first["items"] + second["items"]] == numbers
        assert second["next"] is None

    @pytest.mark.subject("registrar")
    async def test_by_state_and_past_its_date(self, client: httpx.AsyncClient, database: Database) -> None:
        await grant(database, state="requested")
        await grant(database, valid_until=date(2026, 1, 1))
        items = (await client.get(URL, params={"state": "active"})).json()["items"]
        assert [item["state"] for item in items] == ["expired"]

    @pytest.mark.subject("reporter_east")
    async def test_wrong_role(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL)).status_code == 403


class TestNarrowing:
    @pytest.mark.subject("steward_human_resources")
    async def test_agrees_to_fewer_elements_and_an_earlier_end(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        async with database.transaction() as session:
            asked = await create_grant(session, elements=(MIGRANTS, POOR), state="requested")
        url = f"/api/v1/access-grants/{asked.number}/approval"
        beyond = await client.post(url, json={"elements": ["village_other"], "valid_until": "2999-12-31"})
        assert beyond.status_code == 422
        assert [(item["pointer"], item["code"]) for item in beyond.json()["errors"]] == [
            ("/elements/0", "element_not_asked"),
            ("/valid_until", "date_beyond_request"),
        ]
        nothing = await client.post(url, json={"elements": []})
        assert [item["code"] for item in nothing.json()["errors"]] == ["missing"]
        answer = await client.post(url, json={"elements": [MIGRANTS], "valid_until": "2150-01-01", "reason": "够用"})
        assert answer.status_code == 201, answer.text
        told = answer.json()
        assert (told["elements"], told["versions"]) == ([MIGRANTS], {MIGRANTS: 1})
        assert (told["valid_until"], told["reason"], told["state"]) == ("2150-01-01", "够用", "active")
