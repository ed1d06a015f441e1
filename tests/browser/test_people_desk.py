"""The administrator's desk, and everybody's own account, in a real browser by keyboard and pointer."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import BrowserContext, Page
from sqlalchemy import select

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.identity import totp
from hub.identity.models import SecondFactor
from hub.identity.sealing import SealingKey
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.queue import defer
from hub.settings import settings
from tests.browser.conftest import PHONE, check, press, sign_in
from tests.oversight.test_traffic import create_calls
from tests.people import People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

PASSWORD_SHOWN = re.compile(r"\S+-[A-Z]\d+a")


async def fill_by_keyboard(page: Page, first: str, *keys: str) -> None:
    """From one field on with the keyboard alone; `Tab`, `Space` and `Enter` are pressed, all else is typed."""
    await page.focus(first)
    for key in keys:
        if key in {"Tab", "Space", "Enter", "ArrowDown"}:
            await page.keyboard.press(key)
        else:
            await page.keyboard.type(key)


async def test_a_person_is_made_given_roles_and_disabled(page: Page, people: People) -> None:
    await sign_in(page, "administrator")
    await page.goto("/people")
    await check(page)
    await press(page, "a.button.primary")
    await press(page, "main button.primary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    assert (await page.title()).startswith("有错误：")
    await check(page)
    await fill_by_keyboard(page, "#username", "wang.fang", "Tab", "王芳", "Tab")
    await page.select_option("#organization", "civil-affairs")
    await page.focus('input[value="steward"]')
    await page.keyboard.press("Space")
    async with page.expect_navigation():
        await page.focus("main button.primary")
        await page.keyboard.press("Enter")
    assert PASSWORD_SHOWN.search(await page.inner_text(".once"))
    await check(page)
    await press(page, ".once a.button")
    await check(page)
    await page.check('input[value="requester"]')
    await press(page, "form[action='/people/wang.fang'] button.primary")
    assert "已保存" in await page.inner_text("main")
    assert await page.is_checked('input[value="requester"]')
    await press(page, "form[action$='/disablement'] button")
    assert "停用" in await page.inner_text("h1")
    await page.goto("/people/administrator")
    await press(page, "form[action$='/disablement'] button")
    assert "唯一的系统管理员" in await page.inner_text(".summary")
    await check(page)
    await page.goto("/organizations")
    await check(page)
    await page.goto("/organizations/civil-affairs")
    await page.fill("#contact_name", "石磊")
    await press(page, "main button.primary")
    await check(page)
    await press(page, "form[action$='/closure'] button")
    assert "能登录的人员" in await page.inner_text(".summary")
    await page.goto("/organizations/new")
    await press(page, "main button.primary")
    await check(page)


async def test_a_program_gets_its_secret_and_shows_its_calls(page: Page, database: Database, people: People) -> None:
    await create_calls(database, 20, at=clock.now() - timedelta(days=2))
    await create_calls(database, 5, at=clock.now() - timedelta(hours=30), reader="human-resources")
    await sign_in(page, "administrator")
    await page.goto("/api-clients")
    await check(page)
    await page.goto("/api-clients/civil-affairs")
    assert "共 20 次" in await page.inner_text("main")
    await press(page, "form[action$='/secrets'] button")
    assert "hubs_" in await page.inner_text(".once")
    await check(page)
    await page.fill("#allowed_networks", "10.0.0.300")
    await press(page, "form[action='/api-clients/civil-affairs'] button.primary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    await check(page)
    await page.goto("/api-clients/new?organization=civil-affairs")
    await check(page)
    await page.goto("/traffic")
    assert await page.locator("svg.chart rect").count() == 2
    assert "20" in await page.inner_text("tfoot")
    await check(page)
    await page.select_option("#step", "hour")
    await press(page, ".filters button")
    assert "时间太长" in await page.inner_text(".summary")
    await check(page)


async def test_the_log_is_searched_checked_and_the_jobs_are_seen(
    page: Page, database: Database, people: People
) -> None:
    async with database.transaction() as session:
        for name in ("registrar", "steward_civil_affairs"):
            actor = people.subject(name).actor
            await audit.record(
                session, actor, AuditAction.FORM_PUBLISH, "form", "village-month", details={"version": 2}
            )
        await defer(session, "audit.verify", "00000000-0000-0000-0000-000000000000")
    await sign_in(page, "administrator")
    await page.goto("/audit-events")
    await check(page)
    await fill_by_keyboard(page, "#actor", "registrar")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert await page.locator("tbody tr").count() == 1
    await page.focus("tbody summary")
    await page.keyboard.press("Enter")
    assert "version" in await page.inner_text("tbody details")
    await check(page)
    async with page.expect_download() as download:
        await page.click("main a.button:has-text('导出')")
    assert (await download.value).suggested_filename.startswith("audit-")
    await press(page, "form[action='/audit-events/verification'] button")
    assert "核对中" in await page.inner_text("#chain")
    await page.goto("/jobs")
    await check(page)
    await press(page, "form[action$='/cancellation'] button")
    assert "已取消" in await page.inner_text("tbody")


async def test_a_second_factor_is_bound_asked_for_and_taken_off(page: Page, database: Database, people: People) -> None:
    await sign_in(page, "registrar")
    await page.goto("/account")
    await check(page)
    await page.goto("/account/second-factor")
    assert await page.evaluate("document.querySelector('.qr').naturalWidth") > 100
    await check(page)
    await page.fill("#confirm-code", "000000")
    await press(page, "main button.primary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    await check(page)
    secret = await secret_of(database, people)
    await page.fill("#confirm-code", totp.code_at(secret, int(clock.now().timestamp()) // totp.STEP_SECONDS))
    await press(page, "main button.primary")
    codes = await page.locator(".recovery-codes li").all_inner_texts()
    assert len(codes) == 10
    await check(page)
    await page.goto("/account/second-factor")
    await check(page)
    await press(page, "form[action='/sign-out'] button")
    await page.fill("#username", "registrar")
    await page.fill("#password", "Correct-Horse-9")
    await press(page, "main button.primary")
    assert await page.evaluate("document.activeElement.id") == "code"
    await check(page)
    await page.keyboard.type("123456")
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    await check(page)
    await page.fill("#code", codes[0])
    await press(page, "main button.primary")
    await page.goto("/account")
    assert "还有 9 个恢复码" in await page.inner_text("main")
    await page.goto("/account/second-factor")
    await page.fill("#password", "Correct-Horse-9")
    await page.fill("#remove-code", codes[1])
    await press(page, "form[action$='/removal'] button")
    assert "未绑定" in await page.inner_text("main")


async def secret_of(database: Database, people: People) -> bytes:
    person = people.persons["registrar"]
    async with database.transaction() as session:
        held = (await session.scalars(select(SecondFactor).where(SecondFactor.person_id == person.id))).one()
    return SealingKey.load_or_create(settings().data_dir).open(held.sealed_secret, owner=person.id.bytes)


async def test_larger_type_breaks_no_page(context: BrowserContext, page: Page, people: People) -> None:
    await sign_in(page, "administrator")
    before = await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")
    await press(page, "form[action='/account/large-type'] button")
    assert await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == before * 1.25
    for path in (
        "/",
        "/people",
        "/people/registrar",
        "/api-clients/civil-affairs",
        "/audit-events",
        "/jobs",
        "/account",
    ):
        await page.goto(path)
        for width in (PHONE["width"], 1366):
            await page.set_viewport_size({"width": width, "height": 800})
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} is {wide} px wider than {width} px"
    await press(page, "form[action='/account/large-type'] button")
    assert await page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") == before
