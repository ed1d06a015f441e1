import base64
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.identity.models import AccessToken
from hub.identity.throttle import FREE_FAILURES
from hub.kit.db import Database
from tests.exchange.factories import grant
from tests.grants.factories import create_element
from tests.people import People

URL = "/oauth/token"
BODY = {"grant_type": "client_credentials", "client_id": "poverty-relief", "client_secret": "secret-poverty-relief"}


@pytest.fixture(autouse=True)
async def element(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


class TestIssueToken:
    async def test_binds_the_token_to_every_active_grant(
        self, client: httpx.AsyncClient, database: Database, session: AsyncSession
    ) -> None:
        numbers = [await grant(database), await grant(database)]
        await grant(database, state="revoked")
        await grant(database, organization="civil-affairs")
        response = await client.post(URL, data=BODY)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert (answer["token_type"], answer["scope"], answer["expires_in"]) == ("Bearer", " ".join(numbers), 1800)
        assert response.headers["cache-control"] == "no-store"
        held = (await session.scalars(select(AccessToken))).one()
        assert held.grants == numbers
        called = await client.get(
            "/api/v1/access-grants", headers={"Authorization": f"Bearer {answer['access_token']}"}
        )
        assert called.status_code == 200

    async def test_narrows_to_the_scope(self, client: httpx.AsyncClient, database: Database) -> None:
        first, _second = await grant(database), await grant(database)
        assert (await client.post(URL, data=BODY | {"scope": first})).json()["scope"] == first

    async def test_without_grants_there_is_a_token_that_reads_nothing(self, client: httpx.AsyncClient) -> None:
        response = await client.post(URL, data=BODY)
        assert (response.status_code, response.json()["scope"]) == (200, "")

    @pytest.mark.parametrize(
        "text", ["poverty-relief:secret-poverty-relief", "poverty%2Drelief:secret%2Dpoverty-relief"]
    )
    async def test_basic(self, client: httpx.AsyncClient, text: str) -> None:
        response = await client.post(URL, data={"grant_type": "client_credentials"}, headers=basic(text))
        assert response.status_code == 200, response.text

    @pytest.mark.parametrize(
        ("changes", "headers", "status", "error"),
        [
            ({"client_secret": "wrong"}, {}, 401, "invalid_client"),
            ({"client_id": "nobody"}, {}, 401, "invalid_client"),
            ({"client_secret": None}, {}, 401, "invalid_client"),
            ({"client_id": None, "client_secret": None}, basic("poverty-relief:wrong"), 401, "invalid_client"),
            ({}, basic("poverty-relief:secret-poverty-relief"), 400, "invalid_request"),
            ({"client_secret": None}, {"Authorization": "Basic !"}, 401, "invalid_client"),
            ({}, {"Authorization": "Bearer x"}, 401, "invalid_client"),
            ({"grant_type": None}, {}, 400, "invalid_request"),
            ({"grant_type": "password"}, {}, 400, "unsupported_grant_type"),
            ({"scope": "AG-2026-999999"}, {}, 400, "invalid_scope"),
        ],
    )
    async def test_errors_carry_rfc_6749s_word(
        self,
        client: httpx.AsyncClient,
        changes: dict[str, str | None],
        headers: dict[str, str],
        status: int,
        error: str,
    ) -> None:
        body = {name: value for name, value in (BODY | changes).items() if value is not None}
        response = await client.post(URL, data=body, headers=headers)
        assert (response.status_code, response.json()["error"]) == (status, error), response.text
        assert response.headers["content-type"] == "application/problem+json"
        if status == 401:
            assert response.headers["www-authenticate"].startswith("Basic")

    async def test_guessing_is_slowed_down(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        wrong = BODY | {"client_secret": "wrong"}
        statuses = [(await client.post(URL, data=wrong)).status_code for _ in range(FREE_FAILURES + 1)]
        assert statuses == [401] * FREE_FAILURES + [429]
        assert (await client.post(URL, data=BODY)).headers["retry-after"]
        events = (await session.scalars(select(AuditEventRow.action))).all()
        assert events.count("token.refuse") == FREE_FAILURES

    async def test_a_parameter_is_given_once(self, client: httpx.AsyncClient) -> None:
        twice = urlencode([*BODY.items(), ("client_secret", BODY["client_secret"])])
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        response = await client.post(URL, content=twice, headers=form)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request")

    async def test_what_is_refused_unread_carries_the_word_too(self, client: httpx.AsyncClient) -> None:
        answers = [
            await client.post(URL, json=BODY),
            await client.post(URL, data=BODY | {"scope": "x" * 20001}),
            await client.post(URL, data=BODY | {"scope": "x" * 5_000_000}),
            await client.get(URL),
        ]
        assert [answer.status_code for answer in answers] == [415, 422, 413, 405]
        assert {answer.json()["error"] for answer in answers} == {"invalid_request"}
