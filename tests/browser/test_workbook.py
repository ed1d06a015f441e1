"""The Excel door in a real browser: found by keyboard, usable on a phone and without scripts."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import BrowserContext, Page

from hub.capture.models import Collection
from hub.kit import clock
from hub.kit.db import Database
from tests.browser.conftest import check, sign_in
from tests.capture.factories import create_collection, create_published_form
from tests.people import People
from tests.workbooks.filling import LABOUR, PEOPLE, changed, typed

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people, due_on=clock.today() + timedelta(days=9))


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
async def test_down_and_up_again_without_javascript(context: BrowserContext, collection: Collection) -> None:
    page = await context.new_page()
    await sign_in(page, "reporter_east")
    await page.goto(f"/collections/{collection.id}/plain")
    await page.locator("details.by-workbook > summary").focus()
    await page.keyboard.press("Enter")
    async with page.expect_download() as downloading:
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
    download = await downloading.value
    assert download.suggested_filename.endswith("2026-10.xlsx")
    content = await asyncio.to_thread(Path(await download.path()).read_bytes)
    await send(page, changed(content, typed(PEOPLE, "C6", 200), typed(LABOUR, "C7", "二十")))
    assert "新填 1 格，改动 0 格，不变 0 格，不能采用 1 格" in await page.inner_text("[role=status]")
    async with page.expect_navigation():
        await page.locator("main form button.primary").focus()
        await page.keyboard.press("Enter")
    assert "工作簿已存入草稿" in await page.inner_text("main")
    await page.goto(f"/collections/{collection.id}/plain")
    assert await page.input_value('[name$=".population"] >> nth=0') == "200"


async def test_fits_a_phone_and_everybody(page: Page, collection: Collection) -> None:
    await sign_in(page, "reporter_east")
    await page.goto(f"/collections/{collection.id}/plain")
    await page.click("details.by-workbook > summary")
    await check(page)
    answer = await page.request.get(f"/collections/{collection.id}/workbook")
    content = await answer.body()
    await send(page, changed(content, typed(PEOPLE, "C6", 200), typed(LABOUR, "C7", "二十")))
    await check(page)
    await send(page, changed(content, typed(PEOPLE, "E4", "男性")))
    assert f"{PEOPLE} E4" in await page.inner_text("[role=alert]")
    await check(page)


async def send(page: Page, content: bytes) -> None:
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    await page.set_input_files("#file", {"name": "上报.xlsx", "mimeType": media_type, "buffer": content})
    async with page.expect_navigation():
        await page.locator('form[enctype="multipart/form-data"] button').focus()
        await page.keyboard.press("Enter")


async def test_a_file_let_go_of_anywhere_goes_into_its_field(page: Page, collection: Collection) -> None:
    """The browser would open it in the place of the form."""
    await sign_in(page, "reporter_east")
    await page.goto(f"/collections/{collection.id}")
    is_left_to_the_browser = await page.evaluate(
        """() => {
            const given = new DataTransfer();
            given.items.add(new File(["x"], "村月报表.xlsx"));
            const dropped = { dataTransfer: given, bubbles: true, cancelable: true };
            return document.querySelector("h1").dispatchEvent(new DragEvent("drop", dropped));
        }"""
    )
    assert is_left_to_the_browser is False
    assert await page.evaluate("document.querySelector('#file').files[0].name") == "村月报表.xlsx"
    assert await page.evaluate("document.activeElement.id") == "file"
