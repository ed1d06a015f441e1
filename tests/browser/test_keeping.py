"""Nothing typed is ever lost: kept on the device, sent when there is a line, merged with what others typed."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Dialog, Page, Route, async_playwright
from sqlalchemy import func, select, update

from hub.capture.models import Collection, Draft, Submission
from hub.identity.models import Person, Session
from hub.kit import clock
from hub.kit.db import Database, set_scope
from tests.browser.conftest import ARGUMENTS, DESKS, Desk, check, sign_in
from tests.capture.factories import PREVIOUS, create_collection, create_published_form, row
from tests.people import COUNTY, EAST, PASSWORD, PASSWORD_HASH, VILLAGES, People
from tests.store.factories import create_values, make_row

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

FIRST, SECOND, THIRD = VILLAGES[EAST]
SECURE_AND_PLAIN = pytest.mark.parametrize("desk", ["office", "intranet"], indirect=True)
NAMES = {1: "population", 2: "male", 3: "female"}
STATE = "text => document.getElementById('bar-state').textContent.includes(text)"
NOTICE = "text => document.getElementById('keeping-notices').textContent.includes(text)"
READY = "() => ['ready', 'kept'].includes(document.documentElement.dataset.keeping)"
Cells = dict[tuple[str, str], object]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    """The form of three villages, and 王芳, who works at the same township."""
    await create_published_form(database, people)
    async with database.transaction() as session:
        person = Person(
            username="wang",
            display_name="王芳",
            password_hash=PASSWORD_HASH,
            must_change_password=False,
            organization_id=people.organizations[f"township-{EAST}"].id,
            roles=["reporter"],
        )
        session.add(person)
    return await create_collection(database, people, due_on=clock.today() + timedelta(days=9))


@pytest.fixture
async def form(page: Page, collection: Collection) -> Page:
    await sign_in(page, "reporter_east")
    return await open_form(page, collection)


@pytest.fixture
async def colleague(
    browser: Browser, context: BrowserContext, page: Page, collection: Collection
) -> AsyncIterator[Page]:
    """Another computer, with the same form open."""
    address = "http://" + page.url.split("/")[2] if "://" in page.url else None
    opened = await browser.new_context(base_url=address, locale="zh-CN")
    other = await opened.new_page()
    await sign_in(other, "wang")
    yield await open_form(other, collection)
    await opened.close()


async def open_form(page: Page, collection: Collection) -> Page:
    await page.goto(f"/collections/{collection.id}")
    await page.wait_for_function(READY)
    return page


async def put(page: Page, row: int, column: int, text: str) -> None:
    """Type into a cell of the first section and leave it with Enter. The input lies over the selected cell."""
    await page.click(f"#s0 .grid tbody tr:nth-child({row}) td:nth-of-type({column})", force=True)
    await page.keyboard.type(text)
    await page.keyboard.press("Enter")


async def shown(page: Page, row: int, column: int) -> str:
    found: str = await page.evaluate(
        """([row, column]) => document.querySelector(`#s0 .grid tbody tr:nth-child(${row})`).cells[column]
        .firstChild?.textContent ?? ''""",
        [row, column],
    )
    return found


async def mark(page: Page, row: int, column: int, name: str) -> None:
    await page.wait_for_selector(f"#s0 .grid tbody tr:nth-child({row}) td:nth-of-type({column}).mark-{name}")


async def says(page: Page, text: str) -> None:
    await page.wait_for_function(STATE, arg=text)


async def notes(page: Page, text: str) -> None:
    await page.wait_for_function(NOTICE, arg=text)


async def held(database: Database) -> Cells:
    """What the hub has of the draft."""
    async with database.transaction() as session:
        await set_scope(session, [EAST])
        draft = (await session.scalars(select(Draft))).one_or_none()
    rows = [] if draft is None else draft.rows
    return {(one["division"], name): value for one in rows for name, value in one["values"].items()}


async def submissions(database: Database) -> int:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return await session.scalar(select(func.count()).select_from(Submission)) or 0


def losing(number: int) -> tuple[Callable[[Route], Any], list[str]]:
    """The hub gets the request and does its work; the answer never comes back. `number` times."""
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if route.request.method != "POST" or len(lost) >= number:
            await route.continue_()
            return
        lost.append(route.request.post_data or "")
        await route.fetch()
        await route.abort("connectionreset")

    return lose, lost


class TestLine:
    async def test_each_cell_shows_whether_it_arrived_or_waits(
        self, form: Page, context: BrowserContext, database: Database
    ) -> None:
        """C03, and the state in words."""
        await put(form, 1, 1, "12")
        await mark(form, 1, 1, "saved")
        await says(form, "已送达")
        await context.set_offline(True)
        await put(form, 2, 1, "13")
        await mark(form, 2, 1, "waiting")
        await says(form, "网络断开 · 本机已存 · 排队 1")
        await check(form)
        await form.click("#keeping-details")
        assert "第2村民委员会 · 户籍人口数：13" in await form.inner_text("#keeping-pending-list")
        await check(form)
        await form.keyboard.press("Escape")
        await context.set_offline(False)
        await mark(form, 2, 1, "saved")
        assert await held(database) == {(FIRST, "population"): "12", (SECOND, "population"): "13"}

    @SECURE_AND_PLAIN
    async def test_five_cells_typed_without_a_line_arrive(
        self, form: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        """C04. On plain HTTP a page cannot be loaded without a line; what was typed waits until it is there again."""
        is_secure = await form.evaluate("isSecureContext")
        if is_secure:
            await form.wait_for_function("() => document.documentElement.dataset.keeping === 'kept'")
        await put(form, 3, 3, "1")
        await says(form, "已送达")
        await form.wait_for_timeout(300)
        await context.set_offline(True)
        typed = {(1, 1): "11", (1, 2): "5", (1, 3): "6", (2, 1): "21", (3, 1): "31"}
        for (line, column), text in typed.items():
            await put(form, line, column, text)
        await says(form, "排队 5")
        if is_secure:
            await form.reload()
            await form.wait_for_function(READY)
            await says(form, "排队 5")
            assert {place: await shown(form, *place) for place in typed} == typed
            assert await shown(form, 3, 3) == "1", "what had arrived is shown as well"
            await context.set_offline(False)
        else:
            await form.close()
            await context.set_offline(False)
            form = await open_form(await context.new_page(), collection)
        await says(form, "已送达")
        assert "本机存不了" not in await form.inner_text("#bar-state")
        villages = VILLAGES[EAST]
        expected: Cells = {(villages[line - 1], NAMES[column]): text for (line, column), text in typed.items()}
        assert await held(database) == {**expected, (THIRD, "female"): "1"}

    async def test_answers_that_are_lost_double_nothing(
        self, form: Page, colleague: Page, context: BrowserContext, database: Database
    ) -> None:
        """Three times the hub writes and its answer is lost; a colleague types over it knowingly: no conflict."""
        lose, lost = losing(3)
        await context.route("**/cells", lose)
        await put(form, 1, 1, "12")
        await says(form, "暂时送不出去")
        await colleague.bring_to_front()
        await colleague.reload()
        await colleague.wait_for_function(READY)
        await put(colleague, 1, 1, "99")
        await says(colleague, "已送达")
        await form.wait_for_selector("#s0 .grid tbody tr:nth-child(1) td:nth-of-type(1):has-text('99')")
        await says(form, "已送达")
        assert len(lost) == 3
        assert len({body.split('"key":')[1][:40] for body in lost}) == 1, "the same batch, under the same key"
        assert await held(database) == {(FIRST, "population"): "99"}

    async def test_own_typing_whose_answer_was_lost_is_no_conflict(
        self, form: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        """Typed, written, answer lost, typed again, browser gone: the later one counts, without a question."""
        lose, _lost = losing(99)
        await context.route("**/cells", lose)
        await put(form, 1, 1, "12")
        await says(form, "暂时送不出去")
        await put(form, 1, 1, "13")
        await form.wait_for_timeout(400)
        await form.close()
        await context.unroute("**/cells", lose)
        again = await open_form(await context.new_page(), collection)
        await mark(again, 1, 1, "saved")
        assert (await shown(again, 1, 1), await held(database)) == ("13", {(FIRST, "population"): "13"})


class TestDevice:
    async def test_a_browser_that_is_killed_loses_nothing_it_said_was_kept(
        self, address: str, collection: Collection, database: Database, tmp_path: Path
    ) -> None:
        """kill -9 at random moments; what the bar called kept is there afterwards, on the hub or from the device."""
        chosen = random.Random(4)  # noqa: S311 - moments, not secrets
        acknowledged: dict[tuple[int, int], str] = {}
        async with async_playwright() as playwright:
            for attempt in range(4):
                opened = await launch(playwright, tmp_path, address)
                page = await enter(opened, collection)
                for place, text in acknowledged.items():
                    assert await shown(page, *place) == text, (attempt, place)
                await opened.set_offline(attempt % 2 == 0)
                for number in range(chosen.randint(2, 5)):
                    place = (chosen.randint(1, 3), chosen.randint(1, 3))
                    text = f"{attempt + 1}{number}{place[0]}{place[1]}"
                    await put(page, *place, text)
                    await page.wait_for_function(
                        "() => /本机已存|已送达/.test(document.getElementById('bar-state').textContent)"
                    )
                    acknowledged[place] = text
                await asyncio.sleep(chosen.random())
                kill(tmp_path)
                await forget(opened)
            opened = await launch(playwright, tmp_path, address)
            page = await enter(opened, collection)
            await says(page, "已送达")
            await opened.close()
        villages = VILLAGES[EAST]
        assert await held(database) == {
            (villages[line - 1], NAMES[column]): text for (line, column), text in acknowledged.items()
        }

    async def test_a_device_that_only_pretends_to_keep_loses_what_waits(
        self, address: str, collection: Collection, tmp_path: Path
    ) -> None:
        """The control of the test above: it would see a loss."""
        async with async_playwright() as playwright:
            opened = await launch(playwright, tmp_path, address)
            await opened.add_init_script("IDBObjectStore.prototype.put = function () { return this.count(); }")
            page = await enter(opened, collection)
            await opened.set_offline(True)
            await put(page, 1, 1, "12")
            await says(page, "本机已存")
            kill(tmp_path)
            await forget(opened)
            opened = await launch(playwright, tmp_path, address)
            assert await shown(await enter(opened, collection), 1, 1) == ""
            await opened.close()

    async def test_a_device_that_keeps_nothing_is_named_and_the_hub_gets_it_all_the_same(
        self, page: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        await context.add_init_script("indexedDB.open = () => { throw new Error('private'); }")
        await sign_in(page, "reporter_east")
        await open_form(page, collection)
        await notes(page, "不能在本机保存草稿")
        await put(page, 1, 1, "12")
        await says(page, "本机存不了 · 已送达")
        await check(page)
        await context.route("**/cells", lambda route: route.abort())
        await put(page, 2, 1, "13")
        await says(page, "本机存不了 · 排队 1")
        asked: list[str] = []

        async def accept(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        page.on("dialog", accept)
        async with page.expect_event("close"):
            await page.close(run_before_unload=True)
        assert asked == ["beforeunload"]

    async def test_a_full_device_is_named_and_the_hub_gets_it_all_the_same(
        self, form: Page, database: Database
    ) -> None:
        await form.evaluate(
            """() => { IDBObjectStore.prototype.put = function () {
                this.transaction.abort(); throw new DOMException('full', 'QuotaExceededError'); }; }"""
        )
        await put(form, 1, 1, "12")
        await notes(form, "存储空间已满")
        await says(form, "本机存不了 · 已送达")
        assert await held(database) == {(FIRST, "population"): "12"}

    async def test_signing_out_of_a_shared_computer(
        self, form: Page, context: BrowserContext, collection: Collection
    ) -> None:
        """What has not arrived is asked about; wiped, nothing of it is on the device."""
        await put(form, 1, 1, "12")
        await says(form, "已送达")
        await context.route("**/cells", lambda route: route.abort())
        await put(form, 2, 1, "13")
        await says(form, "排队 1")
        await form.click("form[action='/sign-out'] button")
        await form.wait_for_selector("#leaving:not([hidden])")
        assert "1 处内容" in await form.inner_text("#leaving-text")
        await check(form)
        await form.click("#leaving-stay")
        assert await stored(form) == 2
        await form.click("form[action='/sign-out'] button")
        async with form.expect_navigation():
            await form.click("#leaving-wipe")
        assert await stored(form) == 0
        assert await form.evaluate("'caches' in window ? caches.has('pages') : false") is False
        await context.unroute("**/cells")
        await sign_in(form, "reporter_east")
        await open_form(form, collection)
        assert await shown(form, 2, 1) == ""
        async with form.expect_navigation():  # nothing waits: nobody is asked
            await form.click("form[action='/sign-out'] button")
        assert await stored(form) == 0


class TestReasons:
    async def test_the_reason_for_a_warning_is_kept_with_the_draft(
        self, page: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        """UX row 22: typed without a line, the page loaded anew, and it is there; another person finds it too."""
        async with database.transaction() as session:
            values: dict[str, Any] = {"population": 200, "male": 110, "female": 90, "workers": 10}
            await create_values(session, make_row(division=FIRST, **values), period=PREVIOUS)
        await sign_in(page, "reporter_east")
        await open_form(page, collection)
        await fill(page)
        await page.click(".bar [data-command=check]")
        await page.wait_for_selector("#summary .reasons input")
        await context.route("**/cells", lambda route: route.abort())
        await page.fill("#summary .reasons input", "新厂招工")
        await page.wait_for_timeout(300)
        await page.close()
        await context.unroute("**/cells")
        for name in ("reporter_east", "wang"):
            again = await context.new_page()
            await sign_in(again, name)
            await open_form(again, collection)
            await says(again, "已送达")
            await again.click(".bar [data-command=check]")
            await again.wait_for_selector("#summary .reasons input")
            assert await again.input_value("#summary .reasons input") == "新厂招工"
            await again.close()


class TestSession:
    @SECURE_AND_PLAIN
    async def test_an_expired_session_is_entered_again_in_place(
        self, form: Page, desk: Desk, database: Database
    ) -> None:
        await expire(database)
        await put(form, 1, 1, "12")
        await form.wait_for_selector("#keeping-reentry:not([hidden])")
        assert await form.evaluate("document.activeElement.id") == "keeping-password"
        await form.fill("#keeping-password", "wrong")
        await form.keyboard.press("Enter")
        await form.wait_for_selector("#keeping-reentry .faults:not([hidden])")
        if desk == DESKS["office"]:
            await check(form)
        await form.fill("#keeping-password", PASSWORD)
        await form.keyboard.press("Enter")
        await form.wait_for_selector("#keeping-reentry", state="hidden")
        await says(form, "已送达")
        assert await held(database) == {(FIRST, "population"): "12"}
        await put(form, 2, 1, "13")
        await mark(form, 2, 1, "saved")

    async def test_drafts_of_two_people_are_never_mixed(
        self, form: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        """Somebody else signs in where a session ended: nothing of the first goes out under the second's name."""
        await expire(database)
        await put(form, 1, 1, "12")
        await form.wait_for_selector("#keeping-reentry:not([hidden])")
        await form.fill("#keeping-username", "wang")
        await form.fill("#keeping-password", PASSWORD)
        await form.keyboard.press("Enter")
        await notes(form, "现在登录的是 王芳")
        await check(form)
        await put(form, 2, 1, "13")
        other = await open_form(await context.new_page(), collection)
        assert (await shown(other, 1, 1), await held(database)) == ("", {})
        await put(other, 3, 1, "31")
        await says(other, "已送达")
        await form.bring_to_front()
        await form.click("[data-name=stop] button")
        await form.fill("#keeping-password", PASSWORD)
        await form.keyboard.press("Enter")
        await says(form, "已送达")
        assert await held(database) == {
            (FIRST, "population"): "12",
            (SECOND, "population"): "13",
            (THIRD, "population"): "31",
        }


class TestOthers:
    @SECURE_AND_PLAIN
    async def test_two_tabs_are_warned_and_stay_in_step(
        self, form: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        other = await open_form(await context.new_page(), collection)
        for one in (form, other):
            await notes(one, "另一个标签页")
        await context.set_offline(True)
        await put(other, 1, 1, "12")
        await form.wait_for_selector("#s0 .grid tbody tr:nth-child(1) td:nth-of-type(1):has-text('12')")
        await mark(form, 1, 1, "waiting")
        await put(form, 1, 1, "14")
        await other.wait_for_selector("#s0 .grid tbody tr:nth-child(1) td:nth-of-type(1):has-text('14')")
        await context.set_offline(False)
        for one in (form, other):
            await mark(one, 1, 1, "saved")
        assert await held(database) == {(FIRST, "population"): "14"}
        await other.close()
        await form.wait_for_function("() => !document.querySelector('[data-name=tabs]')")

    async def test_one_cell_of_two_people_is_shown_with_both_values(
        self, form: Page, colleague: Page, context: BrowserContext, database: Database
    ) -> None:
        """C14. Then each of the two ways to decide."""
        await context.set_offline(True)
        await put(form, 1, 1, "5")
        await put(form, 1, 2, "7")
        await put(colleague, 1, 1, "6")
        await put(colleague, 1, 2, "8")
        await put(colleague, 3, 1, "31")
        await says(colleague, "已送达")
        await context.set_offline(False)
        await mark(form, 1, 1, "conflict")
        assert await shown(form, 1, 1) == "5"
        assert await shown(form, 3, 1) == "31", "what only the colleague typed is there without a question"
        told = await form.inner_text("[data-name=conflicts]")
        for word in ("第1村民委员会 · 户籍人口数", "5", "6", "王芳", "用我填的", "用对方的"):
            assert word in told
        assert await held(database) == {
            (FIRST, "population"): "6",
            (FIRST, "male"): "8",
            (THIRD, "population"): "31",
        }
        await check(form)
        await form.click("[data-name=conflicts] li:nth-child(1) .keeping-mine button")
        await form.click("[data-name=conflicts] li .keeping-theirs button")
        await says(form, "已送达")
        assert (await shown(form, 1, 1), await shown(form, 1, 2)) == ("5", "8")
        assert await held(database) == {
            (FIRST, "population"): "5",
            (FIRST, "male"): "8",
            (THIRD, "population"): "31",
        }

    async def test_a_page_from_before_a_submission_is_told(
        self, form: Page, colleague: Page, collection: Collection, database: Database
    ) -> None:
        """It sends nothing; what was typed there may begin a correction when the person says so."""
        await form.context.set_offline(True)
        await put(form, 1, 1, "150")
        await fill(colleague)
        await submit(colleague)
        await colleague.wait_for_url("**/submissions/**")
        await form.context.set_offline(False)
        await notes(form, "已经提交")
        await notes(form, "还有 1 格没有送出")
        await check(form)
        assert await held(database) == {}
        async with form.expect_navigation():
            await form.click("[data-name=stop] a.primary")
        await form.wait_for_function(READY)
        await notes(form, "本机存着 1 格在提交之前没有送出的修改")
        assert await shown(form, 1, 1) == "200"
        await form.click("text=填入表中，作为更正")
        await says(form, "已送达")
        assert (await shown(form, 1, 1), (await held(database))[FIRST, "population"]) == ("150", "150")


class TestOutbox:
    async def test_a_submission_waits_for_the_line_and_its_receipt_comes(
        self, form: Page, context: BrowserContext, database: Database
    ) -> None:
        """Pressed without a line; then twice an answer is lost: there is one submission, and the receipt is shown."""
        await fill(form)
        await says(form, "已送达")
        lose, lost = losing(2)
        await context.route("**/submission", lose)
        await context.set_offline(True)
        await submit(form)
        await notes(form, "网络恢复后自动提交")
        await check(form)
        await context.set_offline(False)
        await form.wait_for_url("**/submissions/**")
        assert (len(lost), await submissions(database)) == (2, 1)

    async def test_findings_come_back_to_what_was_pressed_before_a_reload(
        self, form: Page, context: BrowserContext, collection: Collection, database: Database
    ) -> None:
        await put(form, 1, 1, "12")
        await says(form, "已送达")
        await context.route("**/submission", lambda route: route.abort())
        await submit(form)
        await notes(form, "网络恢复后自动提交")
        await form.close()
        await context.unroute("**/submission")
        again = await open_form(await context.new_page(), collection)
        await again.wait_for_selector("#summary:not([hidden])")
        assert "需要修改" in await again.inner_text("#summary")
        assert await submissions(database) == 0
        assert await again.locator("[data-name=submit]").count() == 0


async def expire(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(update(Session).values(ended_at=clock.now()))


async def fill(page: Page) -> None:
    """Every required cell, as `row` has them."""
    for line in (1, 2, 3):
        for column, name in NAMES.items():
            await put(page, line, column, str(row(FIRST)["values"][name]))
        await page.click(f"#s1 .grid tbody tr:nth-child({line}) td:nth-of-type(1)", force=True)
        await page.keyboard.type("80")
        await page.keyboard.press("Enter")


async def submit(page: Page) -> None:
    await page.click(".bar [data-command=submit]")


async def stored(page: Page) -> int:
    """How many cells the device holds, of whomever."""
    found: int = await page.evaluate(
        """() => new Promise(resolve => { const asked = indexedDB.open('collect-once-hub', 1);
            asked.onsuccess = () => { const cells = asked.result.transaction('cells').objectStore('cells').count();
                cells.onsuccess = () => { asked.result.close(); resolve(cells.result); }; }; })"""
    )
    return found


async def launch(playwright: Any, profile: Path, address: str) -> BrowserContext:
    opened: BrowserContext = await playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=shutil.which("chromium"),
        args=ARGUMENTS,
        base_url=address,
        locale="zh-CN",
    )
    opened.set_default_timeout(15_000)
    return opened


async def enter(opened: BrowserContext, collection: Collection) -> Page:
    """A session ends with its browser: whoever lost it signs in anew."""
    page = opened.pages[0] if opened.pages else await opened.new_page()
    await sign_in(page, "reporter_east")
    return await open_form(page, collection)


def kill(profile: Path) -> None:
    """Every process of the browser that works on this profile, without a word of warning."""
    for folder in Path("/proc").iterdir():
        # Processes come and go while one looks.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if folder.name.isdecimal() and str(profile).encode() in (folder / "cmdline").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


async def forget(opened: BrowserContext) -> None:
    """It is dead, whatever its driver calls that."""
    with contextlib.suppress(Exception):
        await opened.close()
