"""The grid in a browser: forms to fill in, and a hand that types, pastes and looks."""

from typing import Any

import pytest
from playwright.async_api import Page

from hub.capture.models import Collection
from hub.forms import service as forms
from hub.geography.models import Division
from hub.kit.db import Database
from hub.registry.models import CodeList, PermissibleValue
from tests.browser.conftest import sign_in
from tests.capture.factories import FORM, PREVIOUS, create_collection
from tests.forms.factories import create_element, create_village_month
from tests.people import COUNTY, EAST, VILLAGES, People
from tests.store.factories import create_values, make_row

FIRST, SECOND, THIRD = VILLAGES[EAST]
MORE_VILLAGES = [f"{EAST}{number}" for number in range(210, 227)]
TERRAINS = {"1": "平原", "2": "丘陵", "3": "山区"}

READ_CELLS = """() => [...document.querySelectorAll('.grid tbody tr')].map(row =>
    [...row.cells].slice(1).map(cell => cell.firstChild && cell.firstChild.nodeName !== 'SMALL'
        && cell.firstChild.nodeName !== 'EM' ? cell.firstChild.textContent : ''))"""
# What a page's cells say besides findings, and which of them are marked as unchanged.
READ_DRAWN = """root => [...root.querySelectorAll('.grid tbody td')].map(cell =>
    [...cell.childNodes].filter(node => node.nodeName !== 'EM').map(node => node.textContent).join('|')
        + (cell.classList.contains('unchanged') ? ' =' : ''))"""
# As Excel puts it on the clipboard, and as the browser hands it to a page.
PASTE = """([plain, html]) => {
    const data = new DataTransfer();
    data.setData('text/plain', plain);
    if (html) data.setData('text/html', html);
    document.activeElement.dispatchEvent(
        new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    """Three villages; numbers, a text, a code list, one derived and one supplied element; a past in two of them."""
    async with database.transaction() as session:
        await create_village_month(session)
        domain: dict[str, Any] = {"datatype": "text", "maximum_length": 200}
        await create_element(session, "note", name_zh="备注", topic="说明", is_required=False, value_domain=domain)
        values = [
            PermissibleValue(value=value, meaning=meaning, position=number)
            for number, (value, meaning) in enumerate(TERRAINS.items())
        ]
        session.add(CodeList(identifier="terrain", version=1, name="地形", permissible_values=values))
        await session.flush()
        await create_element(
            session,
            "terrain",
            name_zh="地形",
            topic="说明",
            position=20,
            is_required=False,
            value_domain={"datatype": "code"},
            code_list="terrain",
            code_list_version=1,
        )
    async with database.transaction() as session:
        await forms.publish_version(session, people.subject("registrar"), FORM)
    async with database.transaction() as session:
        for village in (FIRST, SECOND):
            values = {"population": 200, "male": 110, "female": 90, "workers": 80}
            await create_values(session, make_row(division=village, **values), period=PREVIOUS)
    return await create_collection(database, people)


async def create_large_collection(database: Database, people: People, *, elements: int = 60) -> Collection:
    """A township's usual size: 20 villages, five sections."""
    async with database.transaction() as session:
        for code in MORE_VILLAGES:
            session.add(
                Division(
                    code=code,
                    name=f"{code[-3:]}村",
                    level="village",
                    parent_code=EAST,
                    lineage=["43", "4331", COUNTY, EAST, code],
                    code_system="NBS",
                    code_year=2023,
                )
            )
        for number in range(elements):
            topic = f"第{number // 12 + 1}节"
            await create_element(
                session, f"element_{number}", name_zh=f"指标{number + 1}", topic=topic, position=number
            )
    async with database.transaction() as session:
        await forms.publish_version(session, people.subject("registrar"), FORM)
    return await create_collection(database, people)


async def open_grid(page: Page, collection: Collection) -> None:
    await sign_in(page, "reporter_east")
    await page.goto(f"/collections/{collection.id}")
    await page.wait_for_selector("html[data-sheet=ready]")


async def texts(page: Page) -> list[list[str]]:
    """What the cells of all sections show, without what is written small under it."""
    found: list[list[str]] = await page.evaluate(READ_CELLS)
    return found


async def drawn_by_script(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(f"({READ_DRAWN})(document)")
    return found


async def drawn_by_server(page: Page) -> list[str]:
    """The same cells as they are before any script ran."""
    found: list[str] = await page.evaluate(
        f"""fetch(location.href, {{headers: {{Accept: 'text/html'}}}}).then(answer => answer.text())
            .then(html => ({READ_DRAWN})(new DOMParser().parseFromString(html, 'text/html')))"""
    )
    return found


async def here(page: Page) -> str:
    """The name of the selected cell, as a screen reader says it."""
    return await page.get_attribute("#cell-input", "aria-label") or ""


async def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        await page.keyboard.press(key)


async def paste(page: Page, plain: str, html: str = "") -> None:
    await page.evaluate(PASTE, [plain, html])
