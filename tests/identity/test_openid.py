"""Signing in through a provider: the whole way over real HTTP, and everything that must not get through."""

import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import httpx
import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import func, select

from hub.app import create_app
from hub.audit.models import AuditEventRow
from hub.identity.models import Person
from hub.kit import clock
from hub.kit.db import Database
from hub.settings import settings
from tests.identity.provider import CLIENT_ID, CLIENT_SECRET, TestProvider, query_of, serving
from tests.people import People
from tests.site.reading import HTML, Page, read

HOUR = 3600


@pytest.fixture(scope="module")
def served() -> Iterator[TestProvider]:
    with serving() as provider:
        yield provider


@pytest.fixture
def provider(served: TestProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestProvider]:
    served.forget()
    chosen = {"ISSUER": served.issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
    for name, value in chosen.items():
        monkeypatch.setitem(os.environ, f"HUB_OIDC_{name}", value)
    settings.cache_clear()
    yield served
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def browser(provider: TestProvider, database: Database, people: People) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=HTML) as opened:
        yield opened


async def go(browser: httpx.AsyncClient, *, next_path: str = "/") -> str:
    """To the provider, which lets the person in at once; the address it sends the browser back to."""
    left = await browser.get("/sign-in/openid", params={"next": next_path})
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient() as outside:
        back = await outside.get(left.headers["location"])
    assert back.status_code == 302
    return back.headers["location"]


async def reasons(database: Database) -> list[str]:
    async with database.transaction() as session:
        found = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "openid.refuse"))
        return [event.details["reason"] for event in found]


class TestSignIn:
    async def test_opens_a_session_where_the_person_wanted_to_go(
        self, browser: httpx.AsyncClient, provider: TestProvider, database: Database
    ) -> None:
        page = await read(browser, "/sign-in?next=/data-elements")
        assert "/sign-in/openid?next=/data-elements" in page.links
        answer = await browser.get(await go(browser, next_path="/data-elements"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/data-elements")
        assert "龙潭镇人民政府" in (await read(browser, "/")).within("header")
        (exchange,) = provider.exchanges
        assert exchange["authorization"].startswith("Basic ")
        assert "client_secret" not in exchange
        async with database.transaction() as session:
            opened = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "session.open"))).one()
            person = (await session.scalars(select(Person).where(Person.username == "reporter_east"))).one()
        assert opened.details == {"method": "openid", "second_factor": False}
        assert person.openid_subject == f"{provider.issuer} subject-of-reporter_east"
        assert person.last_sign_in_at is not None

    async def test_a_handed_over_password_binds_only_those_who_use_it(
        self, browser: httpx.AsyncClient, database: Database
    ) -> None:
        async with database.transaction() as session:
            person = (await session.scalars(select(Person).where(Person.username == "reporter_east"))).one()
            person.must_change_password = True
        await browser.get(await go(browser))
        await read(browser, "/data-elements")

    async def test_sends_what_the_provider_needs_and_no_more(self, browser: httpx.AsyncClient) -> None:
        left = await browser.get("/sign-in/openid")
        asked = query_of(left.headers["location"])
        assert asked["redirect_uri"] == "http://hub/sign-in/openid/return"
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 43
        assert len(asked["nonce"]) >= 43
        assert asked.keys() == {
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
        }
        assert "httponly" in left.headers["set-cookie"].lower()

    async def test_a_new_key_is_asked_for(
        self, browser: httpx.AsyncClient, provider: TestProvider, database: Database
    ) -> None:
        await browser.get(await go(browser))
        before = provider.key
        try:
            provider.key = RSAKey.generate_key(2048, {"kid": "one"})
            with clock.travel(clock.now() + timedelta(minutes=1)):
                answer = await browser.get(await go(browser))
            assert answer.status_code == 303, answer.text
        finally:
            provider.key = before

    async def test_signing_out_leads_to_the_providers_own_end(
        self, browser: httpx.AsyncClient, provider: TestProvider
    ) -> None:
        await browser.get(await go(browser))
        fields = (await read(browser, "/")).form("/sign-out").fields
        answer = await browser.post("/sign-out", data=fields)
        assert answer.headers["location"] == "/sign-in/ended"
        page = await read(browser, "/sign-in/ended")
        (link,) = [found for found in page.links if found.startswith(f"{provider.issuer}/logout")]
        assert query_of(link) == {"client_id": CLIENT_ID, "post_logout_redirect_uri": "http://hub/sign-in"}


class TestRefused:
    @pytest.mark.parametrize(
        ("claims", "reason"),
        [
            ({"nonce": "another"}, "nonce_wrong"),
            ({"nonce": None}, "nonce_wrong"),
            ({"exp": 1}, "expired"),
            ({"exp": None}, "expired"),
            ({"iat": 10**11}, "from_the_future"),
            ({"iss": "https://evil.example"}, "issuer_wrong"),
            ({"aud": "another"}, "audience_wrong"),
            ({"aud": [CLIENT_ID, "another"]}, "party_missing"),
            ({"azp": "another"}, "party_wrong"),
            ({"sub": ""}, "subject_missing"),
            ({"preferred_username": None}, "username_missing"),
            ({"preferred_username": "nobody_here"}, "person_unknown"),
            ({"preferred_username": ["reporter_east"]}, "username_missing"),
        ],
    )
    async def test_wrong_claims(
        self,
        browser: httpx.AsyncClient,
        provider: TestProvider,
        database: Database,
        claims: dict[str, object],
        reason: str,
    ) -> None:
        provider.claims = claims
        await self.is_refused(browser, await go(browser), database, reason)

    async def test_another_key(self, browser: httpx.AsyncClient, provider: TestProvider, database: Database) -> None:
        provider.sign_with = RSAKey.generate_key(2048, {"kid": "one"})
        await self.is_refused(browser, await go(browser), database, "signature_wrong")

    async def test_the_shared_secret(
        self, browser: httpx.AsyncClient, provider: TestProvider, database: Database
    ) -> None:
        provider.sign_with, provider.algorithm = provider.shared_secret(), "HS256"
        await self.is_refused(browser, await go(browser), database, "signature_wrong")

    async def test_a_disabled_person(self, browser: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            person = (await session.scalars(select(Person).where(Person.username == "reporter_east"))).one()
            person.disabled_at = clock.now()
        await self.is_refused(browser, await go(browser), database, "person_disabled")

    async def test_a_name_that_was_given_to_somebody_else(
        self, browser: httpx.AsyncClient, provider: TestProvider, database: Database
    ) -> None:
        assert (await browser.get(await go(browser))).status_code == 303
        provider.claims = {"sub": "somebody-new"}
        browser.cookies.clear()
        await self.is_refused(browser, await go(browser), database, "subject_differs")

    async def test_one_account_for_two_people(
        self, browser: httpx.AsyncClient, provider: TestProvider, database: Database
    ) -> None:
        assert (await browser.get(await go(browser))).status_code == 303
        provider.claims = {"preferred_username": "administrator"}
        browser.cookies.clear()
        await self.is_refused(browser, await go(browser), database, "subject_differs")

    async def test_an_answer_that_was_used(self, browser: httpx.AsyncClient, database: Database) -> None:
        back = await go(browser)
        kept = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 303
        browser.cookies.clear()
        browser.cookies.update(kept)
        await self.is_refused(browser, back, database, "state_unknown")

    async def test_an_answer_for_another_browser(self, browser: httpx.AsyncClient, database: Database) -> None:
        """Somebody who sends their own answer to a clerk would have the clerk work in a foreign account."""
        back = await go(browser)
        browser.cookies.clear()
        await self.is_refused(browser, back, database, "state_unknown")

    async def test_an_answer_that_comes_too_late(self, browser: httpx.AsyncClient, database: Database) -> None:
        back = await go(browser)
        with clock.travel(clock.now() + timedelta(minutes=11)):
            await self.is_refused(browser, back, database, "state_unknown")

    async def test_a_code_the_provider_does_not_know(self, browser: httpx.AsyncClient, database: Database) -> None:
        back = httpx.URL(await go(browser)).copy_set_param("code", "forged")
        await self.is_refused(browser, str(back), database, "code_refused")

    async def test_what_the_provider_refused(self, browser: httpx.AsyncClient, database: Database) -> None:
        back = httpx.URL(await go(browser)).copy_remove_param("code").copy_set_param("error", "access_denied")
        await self.is_refused(browser, str(back), database, "provider_refused")

    async def is_refused(self, browser: httpx.AsyncClient, back: str, database: Database, reason: str) -> None:
        async with database.transaction() as session:
            before = await session.scalar(select(func.count()).select_from(Person))
        answer = await browser.get(back)
        assert answer.status_code == 401
        assert Page(answer).within("title").startswith("有错误：")
        assert "hub-session" not in answer.headers.get("set-cookie", "")
        assert (await reasons(database))[-1] == reason
        assert (await browser.get("/data-elements")).status_code == 303
        async with database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(Person)) == before


class TestElsewhere:
    @pytest.mark.parametrize("next_path", ["https://evil.example/", "//evil.example", "/\\evil.example"])
    async def test_nobody_is_led_away(self, browser: httpx.AsyncClient, next_path: str) -> None:
        answer = await browser.get(await go(browser, next_path=next_path))
        assert answer.headers["location"] == "/"

    async def test_a_provider_that_is_down_is_said_in_chinese(
        self, provider: TestProvider, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(os.environ, "HUB_OIDC_ISSUER", "http://127.0.0.1:9")
        settings.cache_clear()
        transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=HTML) as browser:
            answer = await browser.get("/sign-in/openid")
        assert answer.status_code == 503
        assert "连不上统一身份认证服务" in answer.text

    async def test_without_a_provider_there_is_no_such_page(self, client: httpx.AsyncClient) -> None:
        for path in ("/sign-in/openid", "/sign-in/openid/return", "/sign-in/ended"):
            assert (await client.get(path, headers=HTML)).status_code == 404
        assert "openid" not in (await read(client, "/sign-in")).response.text
