"""Every page and state, seen by a real browser: accessible, fitting a phone, all from one host."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import BrowserContext, Page

from hub.capture.models import Collection
from hub.kit import clock
from hub.kit.db import Database
from tests.browser.conftest import check, press, sign_in
from tests.capture.factories import FORM, create_collection, create_published_form
from tests.grants.factories import create_grant
from tests.people import EAST, VILLAGES, People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

FIRST, SECOND, THIRD = VILLAGES[EAST]
ROW = {"population": "200", "male": "110", "female": "90", "workers": "80"}
# The rest of an English word in a Chinese page: names, codes and file names are not sentences.
ENGLISH = re.compile(r"\b(?:the|and|is|are|not|please|must|your|error|invalid|required|cannot)\b", re.IGNORECASE)


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people, due_on=clock.today() + timedelta(days=9))


@pytest.fixture
async def grant(database: Database, collection: Collection) -> str:
    """The address of a request that waits for the authority's answer."""
    async with database.transaction() as session:
        asked = await create_grant(
            session, organization="civil-affairs", steward="data-authority", elements=("male",), state="requested"
        )
    return f"/access-grants/{asked.number}"


async def fill(page: Page) -> None:
    for village in VILLAGES[EAST]:
        for name, value in ROW.items():
            await page.fill(f'[name="v.{village}.{name}"]', value)


async def is_chinese(page: Page) -> None:
    found = ENGLISH.findall(await page.inner_text("body"))
    assert found == [], page.url


async def see(page: Page, path: str | None = None, *, status: int = 200) -> None:
    if path is not None:
        response = await page.goto(path)
        assert response is not None
        assert response.status == status, path
    await is_chinese(page)
    await check(page)


class TestTownship:
    async def test_pages_are_for_everybody(self, page: Page, collection: Collection) -> None:
        await see(page, "/sign-in")
        await page.fill("#username", "reporter_east")
        await page.fill("#password", "wrong")
        await press(page, "button.primary")
        await see(page)
        await sign_in(page, "reporter_east")
        await see(page)
        for path in ("/account/password", "/data-elements", "/data-elements/workers", "/forms", "/usage"):
            await see(page, path)
        await see(page, "/nowhere", status=404)
        await see(page, f"/collections/{collection.id}/plain")
        await press(page, ".bar button[value=check]")
        await see(page)
        await fill(page)
        await page.fill(f'[name="v.{FIRST}.workers"]', "十二")
        await page.select_option(f'[name="m.{SECOND}.workers"]', "not_yet_known")
        await press(page, ".bar button[value=submit]")
        assert await page.evaluate("document.activeElement.id") == "summary"
        assert (await page.title()).startswith("有错误：")
        await see(page)
        await page.fill(f'[name="v.{FIRST}.workers"]', "12")
        await page.select_option(f'[name="m.{SECOND}.workers"]', "")
        await press(page, ".bar button[value=submit]")
        await see(page)
        await see(page, f"/collections/{collection.id}/plain")
        await see(page, f"/collections/{collection.id}/history")

    async def test_focus_is_never_hidden(self, page: Page, collection: Collection) -> None:
        """WCAG 2.2, 2.4.11: neither the sticky heads nor the bar lie over what has the focus."""
        await sign_in(page, "reporter_east")
        await page.goto(f"/collections/{collection.id}/plain")
        await page.set_viewport_size({"width": 1092, "height": 614})  # 1366 x 768 at 125 %
        await page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        hidden = await page.evaluate(
            """() => [...document.querySelectorAll('main input:not([type=hidden]), main select, .bar button')]
            .filter(one => {
                one.focus();
                const box = one.getBoundingClientRect();
                const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
                return seen !== one && !one.contains(seen);
            }).map(one => one.name || one.value)"""
        )
        assert hidden == []

    async def test_two_people_lose_nothing(self, context: BrowserContext, page: Page, collection: Collection) -> None:
        await sign_in(page, "reporter_east")
        other = await context.new_page()
        for one, value in ((page, "5"), (other, "6")):
            await one.goto(f"/collections/{collection.id}/plain")
            await one.fill(f'[name="v.{FIRST}.workers"]', value)
        await press(other, ".bar button[value=save]")
        await press(page, ".bar button[value=save]")
        assert "对方保存的：6" in await page.inner_text("main")
        assert await page.input_value(f'[name="v.{FIRST}.workers"]') == "5"
        await see(page)


class TestDesks:
    async def test_the_authoritys_are_for_everybody(self, page: Page, collection: Collection, grant: str) -> None:
        await sign_in(page, "registrar")
        await see(page)
        paths = (
            "/collections",
            "/collections/new",
            f"/collections/{collection.id}",
            "/data-elements?q=外出",
            "/data-elements/workers",
            f"/forms/{FORM}",
            "/access-grants",
            grant,
            "/usage",
        )
        for path in paths:
            await see(page, path)
        await page.goto("/collections/new")
        await press(page, "main button.primary")
        await see(page)
        await page.goto(grant)
        await press(page, "button[formaction$=refusal]")
        await see(page)

    async def test_a_departments_and_the_inspectors_are_for_everybody(
        self, page: Page, collection: Collection, grant: str
    ) -> None:
        await sign_in(page, "steward_civil_affairs")
        for path in ("/", "/access-grants", grant, "/access-grants/new"):
            await see(page, path)
        await see(page, "/collections", status=403)
        await page.goto("/access-grants/new")
        await press(page, "main button.primary")
        await see(page)
        await sign_in(page, "auditor")
        for path in ("/", "/collections", f"/collections/{collection.id}", "/usage"):
            await see(page, path)


class TestTryItPage:
    async def test_one_call_works(self, page: Page, people: People) -> None:
        """What swagger-ui itself draws is its makers' (its contrast is known); the rest is held to the rule."""
        await sign_in(page, "registrar")
        await page.goto("/api/v1/docs")
        await page.click("[id$=list_forms_api_v1_forms_get] .opblock-summary-control")
        await page.click(".try-out__btn")
        await page.click("button.execute")
        await page.wait_for_selector(".live-responses-table .response-col_status:has-text('200')")
        await check(page, but="#swagger")


@pytest.mark.parametrize("desk", ["phone"], indirect=True)
async def test_the_menu_of_a_phone_is_folded(page: Page, people: People) -> None:
    """Fourteen entries behind one button that a thumb can hit; without a script, and none is lost."""
    await sign_in(page, "administrator")
    folded = await page.evaluate("document.querySelector('header').offsetHeight")
    assert folded < 160
    entries = page.locator(".menu-fold a")
    assert not await entries.first.is_visible()
    await page.click(".menu-fold summary")
    heights = [(await entry.bounding_box() or {})["height"] for entry in await entries.all()]
    assert min(heights) >= 44
    assert await page.evaluate("document.querySelector('header').offsetHeight") == folded
    names = [await entry.inner_text() for entry in await entries.all()]
    assert names == await page.locator(".menu-spread a").evaluate_all("all => all.map(a => a.textContent)")
    await check(page)
    await press(page, ".menu-fold a:has-text('审计日志')")
    assert not await entries.first.is_visible()
