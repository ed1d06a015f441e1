"""To an identity provider and back in a real browser: its policies let the redirects pass and nothing else."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from playwright.async_api import Browser

from hub.app import create_app
from hub.kit.db import Database
from hub.kit.postgres import PostgresServer
from hub.settings import settings
from tests.browser.conftest import check, press
from tests.identity.provider import CLIENT_ID, CLIENT_SECRET, TestProvider, query_of, serving
from tests.people import People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestProvider]:
    with serving() as served:
        chosen = {"ISSUER": served.issuer, "CLIENT_ID": CLIENT_ID, "CLIENT_SECRET": CLIENT_SECRET}
        for name, value in chosen.items():
            monkeypatch.setitem(os.environ, f"HUB_OIDC_{name}", value)
        settings.cache_clear()
        yield served
        monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def home(provider: TestProvider, postgres: PostgresServer, database_name: str) -> Iterator[str]:
    """A hub that knows the provider, on an address of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(Database(postgres.url(database=database_name)))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


async def test_a_person_comes_back_signed_in_and_leaves_both(
    browser: Browser, home: str, provider: TestProvider, people: People
) -> None:
    context = await browser.new_context(base_url=home, locale="zh-CN")
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page = await context.new_page()
    await page.goto("/data-elements")
    await check(page)
    await page.focus("a[href^='/sign-in/openid']")
    async with page.expect_navigation(url=f"{home}/data-elements"):
        await page.keyboard.press("Enter")
    assert "龙潭镇人民政府" in await page.inner_text("header")
    await press(page, "form[action='/sign-out'] button")
    assert page.url == f"{home}/sign-in/ended"
    await check(page)
    leaving = await page.get_attribute("main a.button", "href") or ""
    assert leaving.startswith(f"{provider.issuer}/logout?")
    assert query_of(leaving) == {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"{home}/sign-in"}
    provider.claims = {"preferred_username": "nobody_here"}
    await page.goto("/sign-in")
    await press(page, "a[href^='/sign-in/openid']")
    assert "没有对应的人员" in await page.inner_text(".summary")
    await check(page)
    await context.close()
    assert complaints == []
