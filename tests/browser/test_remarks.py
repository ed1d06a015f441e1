"""What is said beside figures, receipts and papers, in a real browser: by keyboard and pointer, on screen and on A4."""

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Download, Page, expect
from sqlalchemy import select

from hub.audit.chain import KEY_FILE, PublicKey
from hub.capture.models import Collection
from hub.geography.models import Division
from hub.kit.db import Database
from hub.receipts.verifying import Truth, judge, read_receipt_file
from hub.settings import settings
from tests.browser.conftest import check, press, sign_in
from tests.browser.test_journeys import enter, tab_to
from tests.capture.factories import create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling
from tests.grants.factories import create_grant
from tests.people import EAST, VILLAGES, People
from tests.remarks.factories import PDF

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

FIRST = VILLAGES[EAST][0]
PAGE_OF_A_PDF = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


@pytest.fixture
async def submitted(database: Database, people: People, collection: Collection) -> str:
    """The receipt's number."""
    async with calling(database, people, "reporter_east") as reporter:
        assert (await save(reporter, collection, rows(income=1.5))).status_code == 200
        answer = await submit(reporter, collection)
        assert answer.status_code == 201, answer.text
        number: str = answer.json()["number"]
        return number


def truth(content: bytes) -> Truth:
    return judge(read_receipt_file(content), PublicKey.find(settings().data_dir / KEY_FILE)).truth


def said_on_paper(path: Path) -> list[str]:
    """The text of each page of a PDF."""
    program = shutil.which("pdftotext") or "pdftotext"
    done = subprocess.run([program, "-layout", str(path), "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")[:-1]


async def kept(download: Download) -> bytes:
    return await asyncio.to_thread(Path(await download.path()).read_bytes)


async def test_a_scan_at_a_cell_is_attached_by_keyboard_and_opened(
    page: Page, collection: Collection, tmp_path: Path
) -> None:
    scan = tmp_path / "签字页.pdf"
    scan.write_bytes(PDF)
    base = f"/collections/{collection.id}/cells/{FIRST}/workers"
    page.on("filechooser", lambda _chooser: None)  # long before Enter: asked for just then, it may come too late
    await sign_in(page, "reporter_east")
    await page.goto(base)
    await check(page)
    await tab_to(page, "#cell-file")
    async with page.expect_file_chooser() as chosen:
        await page.keyboard.press("Enter")
    await (await chosen.value).set_files(scan)
    await page.keyboard.press("Tab")
    await enter(page)
    await expect(page.locator("[role=status]")).to_contain_text("签字页.pdf")
    await check(page)
    await tab_to(page, "#cell-text")
    await page.keyboard.type("两户搬迁，见附件")
    await page.keyboard.press("Tab")
    await enter(page)
    await page.fill("#cell-text", "")
    await press(page, "form[action$='/remarks'] button")
    assert await page.evaluate("document.activeElement.id") == "cell-summary"
    await check(page)

    await sign_in(page, "registrar")
    await page.goto(base)
    await expect(page.locator(".said")).to_contain_text("两户搬迁")
    async with page.expect_download() as opened:
        await page.click("a[download]")
    assert await kept(await opened.value) == PDF


async def test_a_thread_is_answered_and_a_flag_cleared(page: Page, collection: Collection) -> None:
    await sign_in(page, "registrar")
    await page.goto(f"/collections/{collection.id}/cells/{FIRST}/workers")
    await page.fill("#cell-reason", "比上期高，请再核")
    await press(page, "form[action$='/flags'] button")
    await check(page)
    await page.goto(f"/collections/{collection.id}/thread")
    await page.fill("#text", "请回复第1村的情况")
    await press(page, "main button.primary")
    await check(page)

    await sign_in(page, "reporter_east")
    await press(page, ".menu a[href='/flags']")
    await expect(page.locator("main")).to_contain_text("比上期高")
    await check(page)
    await page.goto(f"/collections/{collection.id}/thread")
    await expect(page.locator("main")).to_contain_text("请回复第1村的情况")
    await page.fill("#text", "已核实，属实")
    await press(page, "main button.primary")

    await sign_in(page, "registrar")
    await page.goto(f"/collections/{collection.id}/thread")
    await expect(page.locator("main")).to_contain_text("已核实，属实")
    await page.goto("/flags")
    await page.click("main summary")
    await check(page)
    await page.fill("details textarea", "乡镇已说明")
    await press(page, "details button")
    await expect(page.locator("main")).to_contain_text("没有待核实的数")
    await check(page)


async def test_a_receipt_is_kept_and_proves_itself(page: Page, submitted: str, tmp_path: Path) -> None:
    await sign_in(page, "reporter_east")
    await page.goto(f"/submissions/{submitted}")
    await check(page)
    async with page.expect_download() as downloaded:
        await page.click("a[href$='receipt.json']")
    content = await kept(await downloaded.value)
    assert truth(content) == "true"
    assert truth(content.replace(b'"workers":80', b'"workers":81', 1)) == "altered"
    saved = await page.content()  # as "save page" writes it: the document as the browser holds it, not as it was sent
    assert truth(saved.encode()) == "true"
    assert truth(saved.replace("<td>80</td>", "<td>81</td>", 1).encode()) == "altered"
    assert await page.evaluate("document.querySelector('.receipt-head img').naturalWidth") > 100
    paper = tmp_path / "receipt.pdf"
    await page.pdf(path=paper, prefer_css_page_size=True)
    (text,) = said_on_paper(paper)
    assert "填报人（签字）" in text
    assert "（盖章）" in text
    assert "下载回执文件" not in text


async def test_the_form_on_paper(page: Page, database: Database, people: People, tmp_path: Path) -> None:
    """Thirty villages need a second sheet: its heads stand there again, no text is cut, and the seal has its place."""
    await create_published_form(database, people)
    async with database.transaction() as session:
        east = (await session.scalars(select(Division).where(Division.code == EAST))).one()
        for number in range(300, 330):
            code = f"{EAST}{number}"
            session.add(
                Division(
                    code=code,
                    name=f"大河坪第{number}村民委员会",
                    level="village",
                    parent_code=EAST,
                    lineage=[*east.lineage, code],
                    code_system="NBS",
                    code_year=2023,
                )
            )
    collection = await create_collection(database, people)
    await sign_in(page, "reporter_east")
    await page.goto(f"/collections/{collection.id}/print?blank=1")
    await check(page)
    paper = tmp_path / "form.pdf"
    await page.pdf(path=paper, prefer_css_page_size=True)
    sheets = said_on_paper(paper)
    assert len(PAGE_OF_A_PDF.findall(paper.read_bytes())) == len(sheets) > 1
    with_villages = [sheet for sheet in sheets if "大河坪" in sheet]
    assert all(
        "单位" in sheet and ("户籍人口数" in sheet or "外出务工" in sheet or "收入" in sheet) for sheet in with_villages
    )
    assert "（盖章）" in sheets[-1]
    assert sum(sheet.count("大河坪第315村") for sheet in sheets) == 3
    await page.emulate_media(media="print")
    await page.set_viewport_size({"width": 1046, "height": 700})  # A4 across without its margins, in CSS pixels
    cut = await page.evaluate(
        "[...document.querySelectorAll('.paper-table th, .paper-table td')]"
        ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
    )
    assert cut == []


async def test_what_became_of_the_figures(
    page: Page,
    database: Database,
    people: People,
    collection: Collection,
    submitted: str,
) -> None:
    readers = {"human-resources": "client_human_resources", "poverty-relief": "client_poverty_relief"}
    readers["civil-affairs"] = "client_civil_affairs"
    for organization, client in readers.items():
        async with database.transaction() as session:
            granted = await create_grant(
                session, organization=organization, steward="data-authority", elements=("workers",)
            )
        async with calling(database, people, client, grants=(granted.number,)) as program:
            answer = await program.get("/api/v1/data-values", params={"elements": "workers", "period": "2026-10"})
            assert answer.status_code == 200, answer.text
    await sign_in(page, "reporter_east")
    await page.goto("/usage")
    main = page.locator("main")
    await expect(main).to_contain_text("花垣县民政局")
    await expect(main.locator("[data-served]")).to_have_text("3")
    await expect(main.locator("[data-avoided]")).to_have_text("2")
    await check(page)
    await page.goto("/usage?from=2020-01-01&to=2020-12-31")
    await expect(main).to_contain_text("没有")
    await check(page)
