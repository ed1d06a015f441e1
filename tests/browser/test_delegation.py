"""One village in other hands: a link from the desk, a telephone without an account, and back into the grid."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from hub.capture.models import Collection
from hub.kit import clock
from hub.kit.db import Database
from tests.browser.conftest import PHONE, check, press, sign_in
from tests.capture.factories import PREVIOUS, create_collection, create_published_form, row, rows, save, submit
from tests.exchange.factories import calling
from tests.people import EAST, VILLAGES, People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

FIRST, SECOND, _THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    """An open task with a period before it."""
    await create_published_form(database, people)
    before = await create_collection(database, people, period=PREVIOUS)
    async with calling(database, people, "reporter_east") as reporter:
        assert (await save(reporter, before, rows(workers=60))).status_code == 200
        assert (await submit(reporter, before)).status_code == 201
    return await create_collection(database, people, due_on=clock.today() + timedelta(days=9))


@pytest.fixture
async def telephone(browser: Browser, address: str) -> AsyncIterator[BrowserContext]:
    """A telephone without a session and without scripts."""
    opened = await browser.new_context(base_url=address, locale="zh-CN", viewport=PHONE, java_script_enabled=False)  # type: ignore[arg-type]
    opened.set_default_timeout(15_000)
    yield opened
    await opened.close()


def cell(element: str) -> str:
    return f"[id='v.{FIRST}.{element}']"


async def make_link(page: Page, collection: Collection) -> str:
    """At the desk, from the form to the slip of paper."""
    await page.goto(f"/collections/{collection.id}")
    await press(page, "text=请村里填报")
    await check(page)
    await press(page, "main button.primary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    await check(page)
    await page.select_option("#division", FIRST)
    await page.fill("#label", "村会计")
    await press(page, "main button.primary")
    await check(page)
    assert await page.evaluate("document.querySelector('.square svg').getBoundingClientRect().width") > 100
    return await page.input_value("#link")


async def see_dispute(page: Page, words: str) -> None:
    """At the cell itself, to the eye and to the ear, in the grid and on its cards."""
    disputed = page.locator("td.mark-conflict")
    await expect(disputed).to_contain_text(words)
    await disputed.click()
    await expect(page.locator("#cell-about")).to_contain_text(words)
    await check(page)
    wide = page.viewport_size
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await expect(page.locator("#cards")).to_contain_text(words)
    await check(page)
    await page.set_viewport_size(wide)  # type: ignore[arg-type]


async def test_a_village_fills_in_its_row_by_a_link(
    page: Page,
    telephone: BrowserContext,
    context: BrowserContext,
    database: Database,
    people: People,
    collection: Collection,
) -> None:
    await sign_in(page, "reporter_east")
    link = await make_link(page, collection)

    # The village, on a telephone of its own, without scripts.
    phone = await telephone.new_page()
    assert (await phone.goto(link)) is not None
    await expect(phone.locator("h1")).to_have_text("第1村民委员会")
    await expect(phone.locator("main")).to_contain_text("上期 60")
    assert await phone.get_attribute(cell("population"), "inputmode") == "numeric"
    for element, value in {"population": "200", "male": "110", "female": "91", "workers": "80"}.items():
        await phone.fill(cell(element), value)
    # Meanwhile the township types one of its cells.
    async with calling(database, people, "reporter_east") as reporter:
        body = {"rows": [{"division": FIRST, "values": {"workers": 81}}, row(SECOND)]}
        assert (await save(reporter, collection, body)).status_code == 200
    await press(phone, "button[value=hand_back]")
    await expect(phone.locator("#summary")).to_contain_text("还没有交回")
    await expect(phone.locator("main")).to_contain_text("乡镇填的：81")
    await phone.fill(cell("female"), "90")
    await press(phone, "button[value=hand_back]")
    await expect(phone.locator("[role=status]")).to_contain_text("已交回乡镇")
    assert await phone.input_value(cell("workers")) == "80"

    # The same page with scripts, for what looks at it.
    face = await context.new_page()
    await face.goto(link)
    await check(face)
    await face.goto(link + "x")
    await expect(face.locator("main")).to_contain_text("请联系乡镇")
    await check(face)
    await face.close()

    # Back at the desk: the merged cells stand in the grid, the disputed one above it with both values.
    await page.goto(f"/collections/{collection.id}")
    main = page.locator("main")
    await expect(main).to_contain_text("已发 1 个村，交回 1 个。")
    await expect(main).to_contain_text("第1村民委员会 外出务工人数：表里是“81”，村里填的是“80”")
    first = page.locator(".grid tbody tr", has_text="第1村民委员会").first
    await expect(first).to_contain_text("110")
    await expect(first).to_contain_text("90")
    await see_dispute(page, "村里填的是“80”，待核定")
    await press(page, "text=去核定")
    await check(page)
    await press(page, "button[value=village]")
    await expect(page.locator("[role=status]")).to_contain_text("已采用村里填的数")
    await expect(page.locator("main")).to_contain_text("已交回")
    await press(page, "button.danger")
    await check(page)
    await page.goto(f"/collections/{collection.id}/cells/{FIRST}/workers")
    await expect(page.locator(".cell-now")).to_contain_text("80")
    await expect(page.locator("main")).to_contain_text("由第1村民委员会的链接填入（村会计）")
    answer = await phone.goto(link)
    assert answer is not None
    assert answer.status == 404


async def test_what_the_end_of_a_link_overtakes_can_be_copied(
    page: Page, context: BrowserContext, collection: Collection
) -> None:
    await sign_in(page, "reporter_east")
    link = await make_link(page, collection)
    village = await context.new_page()
    await village.goto(link)
    await village.fill(cell("workers"), "80")
    await page.goto(f"/collections/{collection.id}/delegations")
    await press(page, "button.danger")
    await expect(page.locator("main")).to_contain_text("已作废")
    await press(village, ".bar button[value=save]")
    await expect(village.locator("#typed")).to_have_value("外出务工人数：80")
    assert await village.evaluate("document.activeElement.id") == "unsaved"
    await check(village)
