"""Signing in again without leaving the page."""

import httpx
import pytest

from hub.app import create_app
from hub.kit.db import Database
from tests.people import PASSWORD, People

OWN = {"Origin": "http://hub"}


@pytest.fixture
async def browser(database: Database, people: People) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://hub", headers=OWN)


async def reopen(browser: httpx.AsyncClient, username: str = "reporter_east", **options: str) -> httpx.Response:
    body = {"username": username, "password": options.pop("password", PASSWORD)}
    return await browser.post("/account/session", json=body, headers=options)


async def test_the_page_gets_a_new_token_and_writes_with_it(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/account/session")).json()["code"] == "unauthenticated"
    answer = await reopen(browser)
    assert answer.status_code == 200, answer.text
    opened = answer.json()
    assert (opened["user"], (await browser.get("/account/session")).json()) == ("reporter_east", opened)
    body = {"old_password": PASSWORD, "new_password": "x", "new_password_again": "x"}
    refused = await browser.post("/account/large-type", data=body)
    assert refused.status_code == 403
    taken = await browser.post("/account/large-type", data=body, headers={"X-CSRF-Token": opened["csrf_token"]})
    assert taken.status_code == 303


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"password": "wrong"}, 401, "sign_in_refused"),
        ({"username": "nobody"}, 401, "sign_in_refused"),
        ({"Origin": "http://elsewhere"}, 403, "csrf_refused"),
    ],
)
async def test_refuses_others(browser: httpx.AsyncClient, options: dict[str, str], status: int, code: str) -> None:
    answer = await reopen(browser, **options)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "set-cookie" not in answer.headers


async def test_is_no_form_that_another_site_could_send(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/account/session", data={"username": "reporter_east", "password": PASSWORD})
    assert answer.status_code == 415
