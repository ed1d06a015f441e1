"""The department's desk end to end: find in the catalogue, ask, be answered, look at the data, take it home."""

import io
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
import python_calamine
from playwright.async_api import Page

from hub.kit import clock
from hub.kit.db import Database
from hub.registry.search_index import index_missing
from tests.browser.conftest import check, press, sign_in
from tests.capture.factories import PERIOD, create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling, grant
from tests.people import EAST, VILLAGES, WEST, People

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]


@pytest.fixture
async def reported(database: Database, people: People) -> None:
    """The form is published, October is open, the eastern township has reported."""
    await create_published_form(database, people)
    await index_missing(database)
    collection = await create_collection(database, people)
    async with calling(database, people, "reporter_east") as township:
        assert (await save(township, collection, rows())).status_code == 200
        assert (await submit(township, collection)).status_code == 201


async def change_places(page: Page, username: str) -> None:
    await press(page, 'form[action="/sign-out"] button')
    await sign_in(page, username)


async def download(page: Page, word: str) -> bytes:
    async with page.expect_download() as started:
        await page.click(f".downloads a:has-text('{word}')")
    return _content(await (await started.value).path())


def _content(path: Path) -> bytes:
    return path.read_bytes()


async def ask(page: Page) -> None:
    """From the catalogue to a request: picks live through a search, faults come all at once, nothing is lost."""
    await press(page, 'nav a[href="/catalogue"]')
    await check(page)
    await page.fill("#q", "workers")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/catalogue?q=workers*")
    await page.check('[name="elements"][value="workers"]')
    await page.fill("#q", "population")
    await press(page, ".filters button")
    await page.check('[name="elements"][value="population"]')
    await press(page, ".basket .primary")
    assert await page.is_checked('[value="workers"]')
    assert await page.is_checked('[value="population"]')
    await check(page)
    await page.fill("#scenario", "防返贫监测帮扶")
    await press(page, "form.stack > .primary")
    assert await page.evaluate("document.activeElement.id") == "summary"
    assert (await page.title()).startswith("有错误：")
    assert {"#periods_from", "#basis", "#scope", "#valid_until"} <= {
        await link.get_attribute("href") or "" for link in await page.locator("#summary a").all()
    }
    assert await page.input_value("#scenario") == "防返贫监测帮扶"
    assert await page.is_checked('[value="workers"]')
    await check(page)
    await page.select_option("#periods_from", "2026-01")
    await page.fill("#basis", "《关于建立防止返贫监测和帮扶机制的指导意见》")
    await page.fill("#scope", "本局监测帮扶科")
    await page.fill("#method", "文件下载")
    await page.fill("#valid_until", str(clock.today() + timedelta(days=300)))
    await press(page, "form.stack > .primary")
    assert "申请已提交" in await page.inner_text("[role=status]")


async def answer(page: Page, number: str, until: str) -> None:
    """The authority looks at it, and agrees for thirty days only."""
    await press(page, 'nav a[href="/access-grants"]')
    assert "1 份申请等本单位办理" in await page.inner_text(".caution")
    await press(page, f'th a[href="/access-grants/{number}"]')
    assert "工作日" in await page.inner_text(".due")
    await check(page)
    await press(page, "button:has-text('不同意')")
    assert "请填写" in await page.inner_text("#summary")
    await check(page)
    await page.fill("#valid_until", until)
    await press(page, "button.primary:has-text('同意')")
    assert "已办理：同意" in await page.inner_text("[role=status]")


async def test_from_the_catalogue_to_three_files(page: Page, reported: None) -> None:
    await sign_in(page, "steward_poverty_relief")
    await ask(page)
    number = page.url.rpartition("/")[2]
    await change_places(page, "registrar")
    await answer(page, number, str(clock.today() + timedelta(days=30)))
    await change_places(page, "steward_poverty_relief")
    await press(page, 'nav a[href="/access-grants"]')
    assert "还有 30 天" in await page.inner_text("table")
    await check(page)
    await press(page, f'th a[href="/access-grants/{number}"]')
    await check(page)
    await press(page, "text=接口调用示例")
    assert number in await page.input_value("#python")
    await check(page)
    await page.go_back()
    await press(page, "text=预览和下载")
    await check(page)
    assert await page.input_value("#period") == PERIOD
    shown = [
        [cell.replace("\xa0", " ") for cell in await line.locator("td.number").all_inner_texts()]
        for line in await page.locator("tbody tr").all()
    ]
    files = {word: await download(page, word) for word in ("Excel", "CSV", "Parquet")}
    compare(shown, files)


def compare(shown: list[list[str]], files: dict[str, bytes]) -> None:
    """Cell by cell: the page, the workbook, the table of text and the typed one say the same."""
    parquet = pl.read_parquet(io.BytesIO(files["Parquet"]))
    text = pl.read_csv(io.BytesIO(files["CSV"]), infer_schema=False)
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(files["Excel"]))
    _heads, identifiers, *lines = book.get_sheet_by_name("数据").to_python()
    elements = [name for name in identifiers if name in {"workers", "population"}]
    assert len(elements) == 2
    typed = parquet.select("division", "period", *elements).rows()
    assert [row[0] for row in typed] == list(VILLAGES[EAST])
    assert typed == [
        (row[0], row[1], *map(int, row[2:])) for row in text.select("division", "period", *elements).rows()
    ]
    places = [identifiers.index(name) for name in ("division", "period", *elements)]
    assert typed == [tuple(line[place] for place in places) for line in lines]
    assert [list(map(str, row[2:])) for row in typed] == shown


async def test_a_grant_that_ended_says_so_and_is_asked_for_again(
    page: Page, reported: None, database: Database
) -> None:
    number = await grant(database, elements=["workers"], valid_until=clock.today() - timedelta(days=1))
    await sign_in(page, "steward_poverty_relief")
    answered = await page.goto(f"/access-grants/{number}/values?period={PERIOD}")
    assert answered is not None
    assert answered.status == 403
    assert "已到期" in await page.inner_text("#summary")
    await check(page)
    await page.goto(f"/access-grants/{number}")
    await check(page)
    await press(page, ".ended a")
    assert await page.is_checked('[value="workers"]')
    assert await page.input_value("#scenario") == "防返贫监测帮扶"


@pytest.mark.parametrize("context", [{"java_script_enabled": False}], indirect=True)
async def test_without_javascript_a_village_is_picked_by_name(page: Page, reported: None) -> None:
    await sign_in(page, "steward_poverty_relief")
    await page.goto("/access-grants/new?elements=workers")
    await page.uncheck('[name="divisions"][value="433124"]')
    await page.click(f'.place:has([value="{WEST}"]) summary')
    await page.check(f'[value="{VILLAGES[WEST][1]}"]')
    await press(page, "form.stack > .primary")
    assert await page.is_checked(f'[value="{VILLAGES[WEST][1]}"]')
    assert await page.is_visible(f'[value="{VILLAGES[WEST][1]}"]')


async def test_the_township_and_the_authority_have_their_pages(page: Page, reported: None) -> None:
    await sign_in(page, "reporter_east")
    await press(page, 'nav a[href="/my-figures"]')
    assert "第3村民委员会" in await page.inner_text("tbody")
    await check(page)
    await change_places(page, "registrar")
    await press(page, 'nav a[href="/imports"]')
    await check(page)
    await page.set_input_files("#file", {"name": "全县.csv", "mimeType": "text/csv", "buffer": b"division\n1\n"})
    await page.fill("#period", "十月")
    await press(page, "form.stack > .primary")
    assert "报告期“十月”" in await page.inner_text("#summary")
    await check(page)
    await page.set_input_files("#file", {"name": "全县.csv", "mimeType": "text/csv", "buffer": b"division\n1\n"})
    await page.fill("#period", PERIOD)
    await press(page, "form.stack > .primary")
    assert "正在处理" in await page.inner_text("main")
    await press(page, "text=停止自动更新")
    await check(page)
    await press(page, "button:has-text('取消导入')")
    assert "已取消" in await page.inner_text(".tag")
