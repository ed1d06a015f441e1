"""The authority's desk of the registry, end to end: register, approve, preview, publish, import, compare."""

import io
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from hub.audit.service import SYSTEM
from hub.kit.db import Database
from hub.registry import service
from hub.registry.apply import apply_files
from hub.registry.files import read_folder
from hub.settings import share_folder
from tests.browser.conftest import check, press, sign_in
from tests.people import People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

ELEMENT = "village_returnees_from_abroad"
FORM = "village-month"
CHOSEN = {
    "object_class": "village",
    "period_type": "month",
    "facets_stock_or_flow": "stock",
    "facets_reference_time": "period_end",
    "value_domain_datatype": "integer",
    "value_domain_unit": "人",
    "source": "captured",
    "source_organization": "human-resources",
    "steward": "human-resources",
    "sharing_type": "unconditional",
    "topic": "劳动力与外出务工",
}
WRITTEN = {
    "identifier": ELEMENT,
    "names_zh": "境外返乡人数",
    "definition": "报告月末，本村户籍、在境外务工后已经返乡的人数。",
    "property": "returnees_from_abroad",
    "facets_population": "本村户籍人口",
    "value_domain_minimum": "0",
    "legal_basis": "《政务数据共享条例》第十九条",
}


@pytest.fixture
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await apply_files(session, SYSTEM, read_folder(share_folder("schemas")))


async def by_keyboard(page: Page, selector: str) -> None:
    """Press what has been reached, and wait for the page it leads to."""
    await page.focus(selector)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def choose(page: Page, name: str, value: str) -> None:
    await page.focus(f"#{name}")
    await page.select_option(f"#{name}", value)


@pytest.mark.usefixtures("registry")
class TestElement:
    async def test_goes_from_the_register_to_the_form(self, page: Page, database: Database) -> None:
        await sign_in(page, "registrar")
        await self.registers(page)
        await self.is_refused_to_its_author(page)
        await sign_in(page, "registrar_two")
        await self.is_approved(page)
        await self.is_previewed_and_published(page)

    async def registers(self, page: Page) -> None:
        await page.goto("/data-elements")
        await check(page)
        await by_keyboard(page, "text=登记数据元")
        await check(page)
        await page.fill("#value_domain_minimum", "零")
        await by_keyboard(page, ".bar button[value=save]")
        assert await page.evaluate("document.activeElement.id") == "summary"
        assert (await page.title()).startswith("有错误：")
        assert await page.input_value("#value_domain_minimum") == "零"
        await check(page)
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "identifier"
        for name, text in WRITTEN.items():
            await page.focus(f"#{name}")
            await page.keyboard.press("Control+A")
            await page.keyboard.insert_text(text)
        for name, value in CHOSEN.items():
            await choose(page, name, value)
        await by_keyboard(page, ".bar button[value=preview]")
        assert await page.locator(".summary").count() == 0, await page.inner_text(".summary")
        await expect(page.locator(".as-on-form")).to_contain_text("境外返乡人数")
        await check(page)
        await by_keyboard(page, ".bar button[value=save]")
        await expect(page.locator(".notice")).to_contain_text("等另一人核准")
        await check(page)

    async def is_refused_to_its_author(self, page: Page) -> None:
        await page.goto("/data-elements/waiting")
        await expect(page.locator("main")).to_contain_text("境外返乡人数")
        await check(page)
        await page.goto(f"/data-elements/{ELEMENT}")
        await choose(page, "status", "qualified")
        await by_keyboard(page, "text=确定")
        await expect(page.locator("main")).to_contain_text("不能核准自己提出的内容")

    async def is_approved(self, page: Page) -> None:
        await page.goto("/data-elements/waiting")
        await by_keyboard(page, "text=境外返乡人数")
        for status in ("recorded", "qualified"):
            await choose(page, "status", status)
            await page.focus("#note")
            await page.keyboard.insert_text("口径已核对")
            await by_keyboard(page, "text=确定")
        await expect(page.locator(".notice")).to_contain_text("合格")
        await check(page)

    async def is_previewed_and_published(self, page: Page) -> None:
        await page.goto("/forms")
        await by_keyboard(page, "text=村月报表")
        await by_keyboard(page, "text=预览乡镇看到的样子")
        await expect(page.locator(".previewed")).to_contain_text("境外返乡人数")
        await check(page)
        await by_keyboard(page, "text=发布第1版")
        await expect(page.locator(".notice")).to_contain_text("已发布")
        await page.goto(f"/forms/{FORM}/compare")
        await check(page)


@pytest.mark.usefixtures("registry")
class TestFiles:
    async def test_an_import_is_looked_at_before_it_is_carried_out(self, page: Page, tmp_path: Path) -> None:
        await sign_in(page, "registrar")
        await page.goto("/registry/files")
        await check(page)
        async with page.expect_download() as downloading:
            await page.click("text=下载登记册")
        exported = (await (await downloading.value).path()).read_bytes()
        edited = tmp_path / "edited.zip"
        edited.write_bytes(_edited(exported, "zh: 外出务工户数", "zh: 外出务工家庭数"))
        broken = tmp_path / "broken.yaml"
        broken.write_text("elements:\n  - identifier: x\n", encoding="utf-8")
        await page.set_input_files("#files", broken)
        await press(page, "text=上传核对")
        await expect(page.locator(".summary")).to_contain_text("第2行")
        await check(page)
        await page.set_input_files("#files", edited)
        await press(page, "text=上传核对")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await check(page)
        await by_keyboard(page, "text=按此导入")
        await expect(page.locator(".notice")).to_contain_text("已导入 1 项")
        await by_keyboard(page, "text=与上一版比较")
        await expect(page.locator("ins").first).to_contain_text("家庭")
        await check(page)


def _edited(archive: bytes, old: str, new: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            is_meant = name.endswith("elements/village-month.yaml")
            content = source.read(name)
            target.writestr(name, content.replace(old.encode(), new.encode()) if is_meant else content)
    return made.getvalue()


@pytest.mark.usefixtures("registry")
class TestPages:
    async def test_search_lists_and_rules_are_for_everybody(
        self, page: Page, database: Database, people: People
    ) -> None:
        await sign_in(page, "registrar")
        await page.goto("/data-elements")
        await page.focus("#q")
        await page.keyboard.type("wugong")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        await expect(page.locator("tbody th a").first).to_have_attribute(
            "href", "/data-elements/village_migrant_workers"
        )
        await page.click("text=更多条件")
        await check(page)
        async with database.transaction() as session:
            changes = {"name_zh": "外出务工总人数", "legal_basis": "《统计法》第十条"}
            await service.register_version(session, people.subject("registrar"), "village_migrant_workers", changes)
        rule = "/rules/" + (await _first_rule(database))
        for path in (
            "/data-elements?q=没有这样的",
            "/data-elements/village_migrant_workers",
            "/data-elements/village_migrant_workers/compare",
            "/data-elements/village_migrant_workers/versions/new",
            "/code-lists",
            "/code-lists/new",
            "/code-lists/poverty_cause",
            "/code-lists/poverty_cause/versions/new",
            "/code-lists/poverty_cause/compare",
            "/rules?object_class=village",
            rule,
        ):
            response = await page.goto(path)
            assert response is not None
            assert response.status == 200, path
            await check(page)


async def _first_rule(database: Database) -> str:
    async with database.transaction() as session:
        return (await service.search_rules(session, object_class="village", limit=1))[0].identifier
