import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.kit.db import Database
from tests.people import PASSWORD, People

PERSON = {"username": "clerk-1", "display_name": "办事员", "organization": "human-resources", "roles": ["requester"]}


class TestCreatePerson:
    async def test_refuses_strangers(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/api/v1/people", json=PERSON)
        assert response.status_code == 401
        assert response.json()["code"] == "unauthenticated"
        assert "Bearer" in response.headers["www-authenticate"]

    @pytest.mark.subject("registrar")
    async def test_refuses_without_the_permission_and_leaves_a_trace(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        assert (await client.post("/api/v1/people", json=PERSON)).status_code == 403
        async with database.transaction() as session:
            event = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "access.refuse"))).one()
        assert (event.actor_name, event.outcome, event.details["status"]) == ("registrar", "refused", 403)

    @pytest.mark.subject("administrator")
    async def test_issues_a_first_password(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/api/v1/people", json=PERSON)
        assert response.status_code == 201, response.text
        assert len(response.json()["password"]) >= 10
        assert (await client.post("/api/v1/people", json=PERSON)).json()["code"] == "name_taken"

    @pytest.mark.subject("administrator")
    async def test_tells_every_fault_at_once(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/api/v1/people", json={"username": "X Y", "roles": ["king"], "extra": 1})
        assert response.status_code == 422
        pointers = {item["pointer"] for item in response.json()["errors"]}
        assert pointers == {"/username", "/display_name", "/organization", "/roles/0", "/extra"}

    @pytest.mark.subject("administrator")
    async def test_lists_by_pages_without_missing_anybody(self, client: httpx.AsyncClient) -> None:
        seen, after = [], None
        while True:
            page = (
                await client.get("/api/v1/people", params={"limit": 4} | ({"after": after} if after else {}))
            ).json()
            seen += [item["username"] for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert seen == sorted(set(seen))
        assert "reporter_east" in seen

    @pytest.mark.subject("administrator")
    async def test_refuses_a_cursor_of_somebody_elses_making(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/api/v1/people", params={"after": "nonsense"})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "query:/after"


class TestPassword:
    @pytest.mark.subject("administrator")
    async def test_reset_ends_the_persons_tokens(self, client: httpx.AsyncClient, people: People) -> None:
        clerk = await people.authorization("reporter_east")
        assert (await client.get("/api/v1/data-elements", headers=clerk)).status_code != 401
        assert (await client.post("/api/v1/people/reporter_east/password-reset")).status_code == 201
        assert (await client.post("/api/v1/account/password", json={}, headers=clerk)).status_code == 401

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize("new", ["short1A", "Password-2026", "reporter_east-9A", "alllowercase"])
    async def test_refuses_weak_ones(self, client: httpx.AsyncClient, new: str) -> None:
        body = {"old_password": PASSWORD, "new_password": new}
        response = await client.post("/api/v1/account/password", json=body)
        assert (response.status_code, response.json()["code"]) == (422, "password_not_accepted")

    @pytest.mark.subject("reporter_east")
    async def test_changes(self, client: httpx.AsyncClient) -> None:
        body = {"old_password": "wrong", "new_password": "Other-Horse-10"}
        response = await client.post("/api/v1/account/password", json=body)
        assert response.json()["errors"][0]["pointer"] == "/old_password"
        response = await client.post("/api/v1/account/password", json=body | {"old_password": PASSWORD})
        assert response.status_code == 204


class TestApiClients:
    @pytest.mark.subject("administrator")
    async def test_rotates_with_two_live_secrets(self, client: httpx.AsyncClient) -> None:
        made = await client.post(
            "/api/v1/api-clients", json={"client_id": "probe", "name": "探测", "organization": "civil-affairs"}
        )
        assert made.status_code == 201, made.text
        assert (await client.post("/api/v1/api-clients/probe/secrets")).status_code == 201
        assert (await client.post("/api/v1/api-clients/probe/secrets")).json()["code"] == "two_secrets_already"
        live = (await client.get("/api/v1/api-clients/probe/secrets")).json()["items"]
        assert (await client.delete(f"/api/v1/api-clients/probe/secrets/{live[0]['id']}")).status_code == 204
        assert (await client.post("/api/v1/api-clients/probe/secrets")).status_code == 201

    @pytest.mark.subject("administrator")
    async def test_names_a_network_that_is_none(self, client: httpx.AsyncClient) -> None:
        body = {
            "client_id": "probe",
            "name": "探测",
            "organization": "civil-affairs",
            "allowed_networks": ["10.0.0.0/8", "x"],
        }
        response = await client.post("/api/v1/api-clients", json=body)
        assert response.json()["errors"][0]["pointer"] == "/allowed_networks/1"
