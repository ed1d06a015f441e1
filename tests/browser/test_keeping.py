"""Nothing typed is ever lost: kept on the device, sent when there is a line, merged with what others typed."""

from datetime import timedelta

import pytest
from playwright.async_api import Page
from sqlalchemy import select

from hub.capture.models import Collection, Draft
from hub.kit import clock
from hub.kit.db import Database, set_scope
from tests.browser.conftest import sign_in
from tests.capture.factories import create_collection, create_published_form
from tests.people import EAST, VILLAGES, People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

FIRST = VILLAGES[EAST][0]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people, due_on=clock.today() + timedelta(days=9))


async def open_form(page: Page, collection: Collection) -> None:
    await page.goto(f"/collections/{collection.id}")
    await page.wait_for_selector("[data-keeping=ready]", state="attached")


async def put(page: Page, row: int, column: int, text: str) -> None:
    """Type into a cell of the first section and leave it with Enter."""
    await page.click(f"#s0 .grid tbody tr:nth-child({row}) td:nth-of-type({column})", force=True)
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def words(page: Page, containing: str) -> None:
    await page.wait_for_function(
        "text => document.getElementById('bar-state').textContent.includes(text)", arg=containing
    )


async def held(database: Database) -> dict[tuple[str, str], object]:
    """What the hub has of the draft."""
    async with database.transaction() as session:
        await set_scope(session, [EAST])
        draft = (await session.scalars(select(Draft))).one_or_none()
    rows = [] if draft is None else draft.rows
    return {(row["division"], name): value for row in rows for name, value in row["values"].items()}


async def test_a_cell_arrives(page: Page, collection: Collection, database: Database) -> None:
    await sign_in(page, "reporter_east")
    await open_form(page, collection)
    await put(page, 1, 1, "12")
    await words(page, "已送达")
    assert await held(database) == {(FIRST, "population"): "12"}
