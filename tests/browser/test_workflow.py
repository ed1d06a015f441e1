"""The longer way in a browser: 2 cells of 250 returned, a leader's signature, who has submitted, an exception."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Page

from hub.forms import service as forms
from hub.geography.models import Division
from hub.kit import clock
from hub.kit.db import Database
from tests.browser.conftest import check, press, sign_in
from tests.browser.grids import here
from tests.capture.factories import FORM, PREVIOUS, create_collection, rows
from tests.capture.workflow import Town, create_town, ok
from tests.forms.factories import create_element
from tests.people import EAST, VILLAGES, People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

MORE_VILLAGES = [f"{EAST}{number}" for number in range(210, 232)]
PLACES = [*VILLAGES[EAST], *MORE_VILLAGES]
ELEMENTS = [f"count_{number}" for number in range(10)]
FIRST, SECOND = PLACES[0], PLACES[7]


async def create_large_town(database: Database, people: People) -> Town:
    """25 villages and ten elements: 250 cells."""
    async with database.transaction() as session:
        for number, code in enumerate(MORE_VILLAGES, start=4):
            lineage = [code[:length] for length in (2, 4, 6, 9, 12)]
            session.add(
                Division(
                    code=code,
                    name=f"第{number}村民委员会",
                    level="village",
                    parent_code=EAST,
                    lineage=lineage,
                    code_system="NBS",
                    code_year=2023,
                )
            )
        for number, identifier in enumerate(ELEMENTS):
            await create_element(session, identifier, name_zh=f"第{number + 1}项人数", position=number)
    async with database.transaction() as session:
        await forms.publish_version(session, people.subject("registrar"), FORM)
    due = clock.today() + timedelta(days=9)
    before = await create_collection(database, people, period=PREVIOUS, due_on=due)
    town = Town(database, people, before)
    ok(await town.save(typed()))
    ok(await town.submit())
    town.collection = await create_collection(database, people, review=True, due_on=due)
    return town


def typed(**changes: int) -> dict[str, Any]:
    return {"rows": [{"division": code, "values": dict.fromkeys(ELEMENTS, 100) | changes} for code in PLACES]}


async def send_two_cells_back(page: Page, path: str) -> None:
    await sign_in(page, "registrar")
    assert "1 份提交等待审核" in await page.inner_text("main")
    await press(page, "text=1 份提交等待审核")
    await check(page)
    await press(page, f'a[href="{path}"]')
    await page.check(f'input[value="{FIRST}.count_0"]')
    await page.check(f'input[value="{SECOND}.count_3"]')
    assert await page.locator(".review .notable").count() == len(PLACES)
    await check(page)
    await press(page, "button[value=choose]")
    await check(page)
    await press(page, "main button.primary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    await check(page)
    await page.fill("#reason", "两处与上月相差太大，请核实")
    await page.fill(f'[name="reason.{FIRST}.count_0"]', "多了一倍半")
    await press(page, "main button.primary")
    await check(page)


async def test_a_return_opens_two_cells_of_250(page: Page, database: Database, people: People) -> None:
    town = await create_large_town(database, people)
    path = f"/collections/{town.collection.id}"
    ok(await town.save(typed(count_0=260)))
    ok(await town.submit())
    await send_two_cells_back(page, path)

    await sign_in(page, "reporter_east")
    assert "退回原因：两处与上月相差太大，请核实（2 格可以修改）" in await page.inner_text("main table")
    await check(page)
    await page.goto(path)
    await page.wait_for_selector("html[data-sheet=ready]")
    assert "多了一倍半" in await page.inner_text("#returned")
    assert await page.locator(".grid td.locked-cell").count() == len(PLACES) * len(ELEMENTS) - 2
    await check(page)
    await page.click("#returned li:nth-child(2) a")
    assert await here(page) == "第8村民委员会 第4项人数（人）"
    await page.goto(f"{path}/plain")
    assert await page.locator("input[readonly]").count() == len(PLACES) * len(ELEMENTS) - 2
    await check(page)
    await page.fill(f'[name="v.{FIRST}.count_0"]', "106")
    await page.fill("#reason", "第一处填错，已更正；第二处属实")
    await press(page, ".bar button[value=submit]")
    await page.goto(path)
    await page.wait_for_selector("html[data-sheet=ready]")
    assert await page.locator("[data-command=submit]").count() == 0
    await check(page)
    await press(page, "text=撤回修改")
    assert await page.evaluate("document.activeElement.id") == "refusal"
    await check(page)

    await sign_in(page, "registrar_two")
    await page.goto(path)
    assert "第一处填错，已更正；第二处属实" in await page.inner_text("main")
    another = await page.context.new_page()
    await another.goto(path)
    await press(page, "text=审核通过")
    assert "已审核" in await page.inner_text(".facts")
    await press(another, "text=审核通过")
    assert await another.evaluate("document.activeElement.id") == "refusal"
    assert "可能刚刚有人办理过" in await another.inner_text("#refusal")
    await check(another)
    await another.close()
    await check(page)
    await page.fill("#reason", "发现问题")
    await press(page, "text=撤回审核 >> nth=-1")
    assert await town.state() == "in_review"


async def test_the_leader_signs(page: Page, database: Database, people: People) -> None:
    town = await create_town(database, people)
    path = f"/collections/{town.collection.id}"
    await sign_in(page, "leader_east")
    await press(page, "text=改为先签发再提交")
    await check(page)
    ok(await town.save(rows()))
    await sign_in(page, "reporter_east")
    await page.goto(f"{path}/plain")
    await press(page, ".bar button[value=submit]")
    assert "已送签发人签发" in await page.inner_text("main")
    await check(page)
    await page.goto("/")
    await check(page)
    await sign_in(page, "leader_east")
    await press(page, f'a[href="{path}"]')
    await check(page)
    await press(page, "text=退回填报人 >> nth=-1")
    assert await page.evaluate("document.activeElement.id") == "summary"
    await check(page)
    await page.fill("#reason", "请再核对")
    await press(page, "text=退回填报人 >> nth=-1")
    assert await town.state() == "open"
    await sign_in(page, "reporter_east")
    await page.goto(path)
    async with page.expect_navigation():
        await page.click(".bar [data-command=submit]")
    assert "已送签发人签发" in await page.inner_text("main")
    await sign_in(page, "leader_east")
    await page.goto(path)
    await press(page, "text=签发并提交")
    assert "leader_east" in await page.inner_text("main")
    assert await town.state() == "submitted"


async def test_who_has_not_submitted_and_an_exception(page: Page, database: Database, people: People) -> None:
    today = clock.today()
    days = {
        "opens_on": today - timedelta(days=30),
        "due_on": today - timedelta(days=9),
        "closes_on": today - timedelta(days=2),
    }
    town = await create_town(database, people, **days)
    with clock.travel(clock.now() - timedelta(days=20)):
        ok(await town.save(rows()))
        ok(await town.submit())
    await sign_in(page, "registrar")
    await page.goto("/collections/standing")
    assert await page.locator(".standing .error").all_inner_texts() == ["民乐镇\n已关闭，未交"]
    assert "逾期未交（1 个）：民乐镇" in await page.inner_text("main")
    await check(page)
    await press(page, ".standing .error")
    await press(page, "text=开例外 >> nth=-1")
    assert await page.evaluate("document.activeElement.id") == "summary"
    await check(page)
    await page.fill("#until", str(today + timedelta(days=3)))
    await page.fill("#exception_reason", "洪水断网")
    await press(page, "text=开例外 >> nth=-1")
    assert "生效中" in await page.inner_text("main")
    await check(page)
    await press(page, "text=提前结束")
    assert "提前结束" in await page.inner_text("main")
    await page.goto("/collections/new")
    await check(page)
    await sign_in(page, "reporter_west")
    await press(page, "main table a")
    await page.wait_for_selector("html[data-sheet=ready]")
    assert "关闭首次提交" in await page.inner_text("main")
    assert await page.locator("[data-command=submit]").count() == 0
    await check(page)
