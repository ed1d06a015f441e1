"""The entry grid: Excel's keys and clipboard, what is said of each cell, and nothing that only a mouse can do."""

import re

import pytest
from playwright.async_api import Page

from hub.capture.models import Collection
from hub.kit.db import Database
from tests.browser.conftest import check
from tests.browser.grids import (
    collection,
    create_large_collection,
    drawn_by_script,
    drawn_by_server,
    here,
    keys,
    open_grid,
    paste,
    texts,
)
from tests.people import People

__all__ = ["collection"]

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

# As Excel gives them: what is on the clipboard, and what has to stand in the cells.
MATRIX = [
    ("0012", "0012"),
    ("433124199001011234", "433124199001011234"),
    ("1,234", "1,234"),
    ("1.50", "1.50"),
    ("-3", "-3"),
    ("２１３", "２１３"),
    (" 12 ", " 12 "),
    ('"第一行\n第二行"', "第一行\n第二行"),
    ('"他说""好"""', '他说"好"'),
    ("=1+1", "=1+1"),
    ("2026-03-31", "2026-03-31"),
    ("<b>甲&乙</b>", "<b>甲&乙</b>"),
]


async def state(page: Page) -> str:
    return await page.inner_text("#says")


class TestKeys:
    async def test_are_those_of_a_spreadsheet(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        assert await here(page) == "第1村民委员会 户籍人口数（人）"
        steps = [
            ("ArrowRight", "第1村民委员会 男（人）"),
            ("ArrowDown", "第2村民委员会 男（人）"),
            ("ArrowLeft", "第2村民委员会 户籍人口数（人）"),
            ("ArrowUp", "第1村民委员会 户籍人口数（人）"),
            ("Enter", "第2村民委员会 户籍人口数（人）"),
            ("Shift+Enter", "第1村民委员会 户籍人口数（人）"),
            ("Tab", "第1村民委员会 男（人）"),
            ("Shift+Tab", "第1村民委员会 户籍人口数（人）"),
            ("End", "第1村民委员会 在村人口数（人）"),
            ("Home", "第1村民委员会 户籍人口数（人）"),
            ("Control+End", "第3村民委员会 在村人口数（人）"),
            ("Control+Home", "第1村民委员会 户籍人口数（人）"),
            ("Control+ArrowDown", "第3村民委员会 户籍人口数（人）"),
            ("Control+ArrowUp", "第1村民委员会 户籍人口数（人）"),
        ]
        for key, place in steps:
            await keys(page, key)
            assert await here(page) == place, key

    async def test_typing_replaces_and_f2_edits(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "1", "2", "Enter", "ArrowUp", "3", "Enter")
        assert (await texts(page))[0][0] == "3"
        await keys(page, "ArrowUp", "F2", "4", "ArrowLeft", "5", "Enter")
        assert (await texts(page))[0][0] == "354"
        await keys(page, "ArrowUp", "9", "Escape")
        assert await page.input_value("#cell-input") == "354"
        await keys(page, "Delete", "ArrowRight")
        assert (await texts(page))[0][0] == ""
        await keys(page, "Control+z")
        assert (await texts(page))[0][0] == "354"
        await keys(page, "Control+z", "Control+z", "Control+z")
        assert (await texts(page))[0][0] == ""
        await keys(page, "Control+y", "Control+y", "Control+y")
        assert (await texts(page))[0][0] == "354"

    async def test_fill_down_select_and_clear_without_a_mouse(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "7", "Tab", "8", "Enter")
        await keys(page, "ArrowUp", "Home", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "Control+d")
        assert [row[:2] for row in (await texts(page))[:3]] == [["7", "8"]] * 3
        assert "已向下填充 4 格" in await state(page)
        await keys(page, "Delete")
        assert [row[:2] for row in (await texts(page))[:3]] == [["", ""]] * 3
        await keys(page, "Control+z")
        assert [row[:2] for row in (await texts(page))[:3]] == [["7", "8"]] * 3

    async def test_nobody_is_caught_in_the_grid(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "F6")
        assert await page.evaluate("document.activeElement.dataset.command") == "save"
        await keys(page, "F6")
        assert await page.evaluate("document.activeElement.id") == "cell-input"
        await keys(page, "Shift+F6")
        assert await page.evaluate("document.activeElement.closest('.tools') !== null")
        await page.focus(".grid-scroll >> nth=-1")
        await keys(page, "Control+End", "Tab")
        assert await page.evaluate("document.activeElement.id") != "cell-input"

    async def test_missing_is_a_word_by_key_and_by_list(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "Alt+n", "ArrowRight", "Alt+k", "ArrowRight", "Alt+m")
        assert await page.locator("#choices li").all_inner_texts() == ["无", "不适用", "尚不掌握", "拒绝提供"]
        await keys(page, "ArrowDown", "ArrowDown", "ArrowDown", "Enter")
        assert (await texts(page))[0][:3] == ["不适用", "尚不掌握", "拒绝提供"]
        await keys(page, "5", "Enter")
        assert (await texts(page))[0][2] == "5"

    async def test_codes_are_chosen_by_key_and_by_list(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        cells = page.locator("section:has-text('说明') .grid tbody td")
        cell = cells.nth(1)
        await cell.click()
        assert "地形" in await here(page)
        await keys(page, "2", "Enter", "Enter")
        assert await cell.inner_text() == "2 丘陵"
        await keys(page, "Alt+ArrowDown", "ArrowDown", "ArrowDown", "Enter", "ArrowDown")
        assert await cells.nth(3).inner_text() == "3 山区"


class TestPaste:
    @pytest.mark.parametrize("desk", ["office", "intranet"], indirect=True)
    async def test_is_exact(self, page: Page, collection: Collection) -> None:
        """Twelve spellings on both origins; a plain-HTTP page has no clipboard interface, only the event."""
        await open_grid(page, collection)
        await page.locator("section:has-text('说明') .grid tbody td").first.click()
        for pasted, held in MATRIX:
            await paste(page, f"{pasted}\r\n")
            assert await page.input_value("#cell-input") == held

    async def test_a_block_is_one_step_and_counts_what_it_left(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "ArrowRight")
        html = "<table><tr><td>110</td><td>90</td><td>9</td></tr><tr><td>1,10</td><td>91</td><td>9</td></tr></table>"
        await paste(page, "110\t90\t9\r\n1,10\t91\t9\r\n", html)
        rows = await texts(page)
        assert [row[1:3] for row in rows[:3]] == [["110", "90"], ["1,10", "91"], ["", ""]]
        assert await state(page) == "已粘贴 4 格。2 格不能修改，没有粘贴。"
        await keys(page, "Control+z")
        assert [row[1:3] for row in (await texts(page))[:3]] == [["", ""]] * 3
        await keys(page, "ArrowDown", "ArrowDown")
        await paste(page, "1\r\n2\r\n3\r\n")
        assert await state(page) == "已粘贴 1 格。2 格超出表格，没有粘贴。"

    async def test_what_is_copied_is_pasted_the_same(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await paste(page, "0012\t1,234\r\n")
        copied: list[str] = await page.evaluate(
            """() => {
            const data = new DataTransfer();
            document.activeElement.dispatchEvent(
                new ClipboardEvent('copy', {clipboardData: data, bubbles: true, cancelable: true}));
            return [data.getData('text/plain'), data.getData('text/html')];
        }"""
        )
        assert copied[0] == "0012\t1,234\r\n"
        await keys(page, "ArrowDown")
        await paste(page, *copied)
        assert (await texts(page))[1][:2] == ["0012", "1,234"]

    async def test_with_the_real_clipboard_and_a_mouse(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "7", "Tab", "8", "Enter")
        first = page.locator(".grid tbody td").nth(0)
        last = page.locator(".grid tbody td").nth(1)
        await first.hover()
        await page.mouse.down()
        await last.hover()
        await page.mouse.up()
        await keys(page, "Control+c")
        assert "已复制 2 格" in await state(page)
        await page.locator(".grid tbody tr").nth(2).locator("td").first.click()
        await keys(page, "Control+v")
        assert (await texts(page))[2][:2] == ["7", "8"]


class TestLooks:
    async def test_every_cell_says_whose_it_is(self, page: Page, collection: Collection) -> None:
        """What a screen reader hears: village, element, unit, value, and what is wrong."""
        await open_grid(page, collection)
        await page.keyboard.type("十二")
        await keys(page, "Enter")
        await page.click("[data-command=check]")
        await page.wait_for_selector("#summary:not([hidden])")
        heads = await page.evaluate(
            """() => [...document.querySelectorAll('.grid')].map(table =>
            [...table.tHead.rows[0].cells].slice(1).map(cell => cell.firstChild.textContent))"""
        )
        await page.focus(".tools button")
        for section, names in enumerate(heads):
            for row, village in enumerate(("第1村民委员会", "第2村民委员会", "第3村民委员会")):
                for column, name in enumerate(names):
                    where = f".grid-scroll >> nth={section} >> tbody tr >> nth={row} >> td >> nth={column}"
                    await page.click(where)
                    assert (await here(page)).startswith(f"{village} {name}")
        await page.click(".grid tbody td")
        field = page.get_by_role("textbox", name="第1村民委员会 户籍人口数（人）")
        assert await field.input_value() == "十二"
        assert await field.get_attribute("aria-invalid") == "true"
        about = await page.locator("#cell-about").inner_text()
        assert about.startswith("错误：必须是整数，现在是“十二”")
        assert about.endswith("上期 200")
        await page.wait_for_function(
            "() => document.getElementById('cell-heard').textContent.includes('十二 错误：必须是')"
        )

    async def test_errors_are_told_and_led_to(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await paste(page, "200\t110\t90\r\n200\t110\t90\r\n200\t100\t90\r\n")
        await page.click("[data-command=submit]")
        await page.wait_for_selector("#summary:not([hidden])")
        assert await page.evaluate("document.activeElement.id") == "summary"
        assert (await page.title()).startswith("有错误：")
        assert await page.inner_text("#summary-title") == "有 4 处需要修改"
        await check(page)
        await page.click("#summary a >> nth=0")
        assert "外出务工人数" in await here(page)
        await keys(page, "F8")
        assert "第2村民委员会 外出务工人数" in await here(page)
        await keys(page, "Shift+F8", "Shift+F8")
        assert await here(page) == "第3村民委员会 户籍人口数（人）"
        cell = page.locator(".grid tbody tr").nth(2).locator("td").first
        assert "has-error" in (await cell.get_attribute("class") or "")
        assert "✕" in await cell.inner_text()
        cut = """() => [...document.querySelectorAll('.grid td em, .grid td small')]
            .filter(said => said.scrollWidth > said.clientWidth + 1).length"""
        assert await page.evaluate(cut) == 0
        await keys(page, "1", "9", "0", "Enter")
        assert await page.inner_text("#summary-title") == "有 3 处需要修改"
        assert "has-error" not in (await cell.get_attribute("class") or "")

    async def test_what_was_typed_another_day_is_judged_where_it_stands(
        self, page: Page, collection: Collection
    ) -> None:
        """And nothing is said of what is merely still empty."""
        await open_grid(page, collection)
        await keys(page, "Enter", "1", "2", "x", "Enter")
        await page.wait_for_function("() => document.getElementById('bar-state').textContent.includes('已送达')")
        await page.reload()
        await page.wait_for_selector(".grid tbody tr:nth-child(2) td.has-error")
        assert "必须是整数" in await page.inner_text(".grid td.has-error")
        assert await page.locator(".grid td.has-error").count() == 1
        assert await page.inner_text("#findings-count") == "1 处错误，0 处提醒"

    async def test_the_whole_form_is_carried_over_corrected_and_submitted(
        self, page: Page, collection: Collection
    ) -> None:
        await open_grid(page, collection)
        assert await page.inner_text("#progress-text") == "已填 0/3 行，0%"
        await page.click("[data-command=carry-all]")
        assert "已将 8 格填为上期的数" in await state(page)
        first = page.locator(".grid tbody td").first
        assert (await first.get_attribute("class") or "").startswith("n unchanged")
        assert (await first.inner_text()).split() == ["200", "同上期"]
        assert (await page.inner_text(".grid tfoot td >> nth=0")).strip() == "400"
        assert "已填 2/3 行" in await page.inner_text("#progress-text")
        await keys(page, "Control+Home", "ArrowDown", "ArrowDown")
        await paste(page, "200\t110\t90\r\n")
        await page.click("section:has-text('劳动力') .grid tbody tr:nth-child(3) td")
        await keys(page, "5", "Enter")
        await page.click("section:has-text('劳动力') .grid tbody tr:nth-child(1) td")
        await keys(page, "1", "9", "9", "Enter")
        cell = page.locator("section:has-text('劳动力') .grid tbody td").first
        assert "+148.8%" in await cell.inner_text()
        painted = await drawn_by_script(page)
        await page.click("[data-command=submit]")
        await page.wait_for_selector("#summary .reasons input")
        await check(page)
        await page.fill("#summary .reasons input", "劳务输出")
        await page.click("[data-command=submit]")
        await page.wait_for_url(re.compile("/submissions/"))
        assert "劳务输出" in await page.inner_text("main")
        await page.goto(f"/collections/{collection.id}")
        assert painted == await drawn_by_server(page)
        assert sum(text.endswith("同上期 =") for text in painted) == 7

    async def test_help_for_keys_and_cells(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await keys(page, "Alt+h")
        assert await page.evaluate("document.activeElement.getAttribute('role')") == "dialog"
        await check(page)
        await keys(page, "Tab", "Tab", "Tab")
        assert await page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
        await keys(page, "Escape")
        assert await page.evaluate("document.activeElement.id") == "cell-input"
        await keys(page, "F1")
        await page.wait_for_selector("#cell-panel:has-text('population的口径')")
        await keys(page, "ArrowRight")
        await page.wait_for_selector("#cell-panel:has-text('male的口径')")
        await check(page)

    async def test_opens_with_what_stands_over_the_form_in_sight(
        self, page: Page, database: Database, people: People
    ) -> None:
        """The input has the focus and can be seen, and nothing was scrolled away for it."""
        await open_grid(page, await create_large_collection(database, people))
        assert await page.evaluate("document.activeElement.id") == "cell-input"
        assert await page.evaluate("scrollY") == 0
        below = await page.evaluate("document.activeElement.getBoundingClientRect().bottom")
        assert below < await page.evaluate("document.querySelector('.bar').getBoundingClientRect().top")
        await keys(page, "ArrowDown")
        assert await page.evaluate("scrollY") > 0

    async def test_is_for_everybody(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await check(page)
        await keys(page, "Alt+n", "ArrowRight", "1", "Enter")
        await check(page)


class TestLarge:
    @pytest.mark.parametrize("desk", ["enlarged"], indirect=True)
    async def test_heads_stay_and_never_hide_the_focus(self, page: Page, database: Database, people: People) -> None:
        """WCAG 2.2, 2.4.11, at 1366 x 768 and 125 %: wherever the keys lead, the input can be seen."""
        collection = await create_large_collection(database, people)
        await open_grid(page, collection)
        await page.locator(".grid-scroll").nth(1).focus()
        route = ["Control+End", "Control+Home", "End", *["ArrowDown"] * 19, *["ArrowLeft"] * 11, *["ArrowUp"] * 19]
        for number, key in enumerate(route):
            await keys(page, key)
            if number % 3 and key.startswith("Arrow"):
                continue
            assert await page.evaluate(
                """() => {
                const box = document.activeElement.getBoundingClientRect();
                const corners = [[box.left + 3, box.top + 3], [box.right - 3, box.bottom - 3]];
                return corners.every(([x, y]) => document.elementFromPoint(x, y) === document.activeElement);
            }"""
            ), f"{number} {key} {await here(page)}"
        await keys(page, "Control+End")
        boxes = await page.evaluate(
            """() => {
            const box = document.activeElement.closest('.grid-scroll');
            const table = box.querySelector('table');
            const at = one => { const {left, top} = one.getBoundingClientRect(); return [left, top]; };
            return [at(box), at(table.tHead.rows[0].cells[0]), at(table.tBodies[0].rows[19].cells[0]), box.scrollTop];
        }"""
        )
        assert boxes[3] > 0
        assert abs(boxes[0][1] - boxes[1][1]) <= 2
        assert abs(boxes[0][0] - boxes[2][0]) <= 2


class TestPhone:
    @pytest.mark.parametrize("desk", ["phone"], indirect=True)
    async def test_one_card_for_each_village(self, page: Page, collection: Collection) -> None:
        await open_grid(page, collection)
        await check(page)
        assert await page.locator("#cards h2").inner_text() == "第1村民委员会 1/3"
        field = page.get_by_label("户籍人口数 人")
        assert await field.get_attribute("inputmode") == "numeric"
        await field.fill("十二")
        await field.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "card-male"
        assert "必须是整数" in await page.inner_text(".card-field:has(#card-population)")
        await page.select_option("#card-female-missing", "not_yet_known")
        await page.locator(".card-turn button >> nth=1").click()
        assert await page.locator("#cards h2").inner_text() == "第2村民委员会 2/3"
        await page.get_by_label("男 同上期").click()
        assert await page.input_value("#card-male") == "110"
        await page.locator("#cards h2 ~ select").select_option("0")
        assert await page.input_value("#card-population") == "十二"
        assert await page.input_value("#card-female-missing") == "not_yet_known"
        await page.click("[data-command=check]")
        await page.wait_for_selector("#summary:not([hidden])")
        await check(page)
        await page.click("#summary a >> nth=1")
        assert await page.evaluate("document.activeElement.id") == "card-male"
        await page.goto(f"/collections/{collection.id}")
        await page.wait_for_selector("html[data-sheet=ready]")
        beside = await page.evaluate(
            """['.card-about', '.card-under'].map(part => document.querySelector('.card-field:not(.has-error) ' + part)
                .getBoundingClientRect())
                .reduce((about, under) => about.right <= under.left && about.top < under.bottom)"""
        )
        assert beside, "the last value stands in the line of its buttons"
