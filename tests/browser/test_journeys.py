"""From signing in to the receipt: with the keyboard alone, and without JavaScript."""

import re

import pytest
from playwright.async_api import Page

from hub.capture.models import Collection
from hub.kit.db import Database
from tests.browser.conftest import press, sign_in
from tests.browser.test_pages import FIRST, ROW, fill
from tests.capture.factories import create_collection, create_published_form
from tests.people import EAST, PASSWORD, VILLAGES, People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

MOST_TABS = 120


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


async def tab_to(page: Page, what: str) -> None:
    """Tab on until the focus stands on what matches the selector."""
    for _press in range(MOST_TABS):
        await page.keyboard.press("Tab")
        if await page.evaluate("what => document.activeElement.matches(what)", what):
            return
    pytest.fail(f"{what} was not reached with the keyboard")


async def enter(page: Page) -> None:
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def test_with_the_keyboard_alone(page: Page, collection: Collection) -> None:
    await page.goto("/")
    assert await page.evaluate("document.activeElement.id") == "username"
    await page.keyboard.type("reporter_east")
    await tab_to(page, "#password")
    await page.keyboard.type(PASSWORD)
    await enter(page)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    await tab_to(page, f'a[href="/collections/{collection.id}"]')
    await enter(page)
    await page.wait_for_selector("html[data-sheet=ready]")
    assert await page.evaluate("document.activeElement.id") == "cell-input"
    for _village in VILLAGES[EAST]:
        for value in (ROW["population"], ROW["male"], ROW["female"], ""):
            await page.keyboard.type(value)
            await page.keyboard.press("Tab")
    for village in VILLAGES[EAST]:
        for value in ("八十" if village == FIRST else ROW["workers"], ""):
            await page.keyboard.type(value)
            await page.keyboard.press("Tab")
    await page.keyboard.press("F6")
    await tab_to(page, ".bar [data-command=submit]")
    await page.keyboard.press("Enter")
    await page.wait_for_function("() => document.activeElement.id === 'summary'")
    await tab_to(page, "#summary a")
    await page.keyboard.press("Enter")
    name = await page.get_attribute("#cell-input", "aria-label") or ""
    assert "外出务工人数" in name
    assert await page.input_value("#cell-input") == "八十"
    await page.keyboard.type("80")
    await page.keyboard.press("F6")
    await tab_to(page, ".bar [data-command=submit]")
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("/submissions/"))
    assert "提交回执" in await page.inner_text("h1")


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
async def test_without_javascript(page: Page, collection: Collection) -> None:
    await sign_in(page, "reporter_east")
    await press(page, f'a[href="/collections/{collection.id}"]')
    await press(page, f'a[href="/collections/{collection.id}/plain"]')
    await press(page, ".bar button[value=check]")
    assert "有 3 处需要修改" in await page.inner_text("#summary")
    await fill(page)
    await press(page, ".bar button[value=submit]")
    assert "提交回执" in await page.inner_text("h1")
    await press(page, f'a[href="/collections/{collection.id}"].button')
    await press(page, f'a[href="/collections/{collection.id}/plain"]')
    await page.fill(f'[name="v.{FIRST}.workers"]', "81")
    await page.fill("#reason", "漏报一人")
    await press(page, ".bar button[value=submit]")
    assert "漏报一人" in await page.inner_text("main")
    await press(page, 'form[action="/sign-out"] button')
    assert "您已退出登录" in await page.inner_text("[role=status]")
