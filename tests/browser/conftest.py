"""A real server on the worker's database and a real browser in front of it."""

import asyncio
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from hub.app import create_app
from hub.kit.db import Database
from hub.kit.postgres import PostgresServer
from tests.people import PASSWORD

# Without the last four Chromium looks for its makers' hosts at every start.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP intra.test 127.0.0.1",
]
DESKTOP = {"width": 1366, "height": 768}
PHONE = {"width": 375, "height": 800}
# What Chromium 80, Firefox 78 or Safari 15 do not have (UX.md): esbuild makes old syntax of new, but brings no methods.
# The page where programmers try a call out is swagger-ui's, for browsers of today.
AS_OLD_AS_THE_TOWNSHIPS = """
if (location.pathname !== "/api/v1/docs") for (const [owner, names] of [
  [Element.prototype, ["replaceChildren", "checkVisibility"]],
  [Document.prototype, ["replaceChildren", "startViewTransition"]],
  [DocumentFragment.prototype, ["replaceChildren"]],
  [HTMLElement.prototype, ["showPopover", "hidePopover", "togglePopover", "popover", "inert"]],
  [HTMLFormElement.prototype, ["requestSubmit"]],
  [HTMLInputElement.prototype, ["showPicker"]],
  [SubmitEvent.prototype, ["submitter"]],
  [String.prototype, ["replaceAll", "at", "isWellFormed"]],
  [Array.prototype, ["at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"]],
  [Object, ["hasOwn", "groupBy"]],
  [Map, ["groupBy"]],
  [Promise, ["any", "withResolvers", "try"]],
  [AbortSignal, ["timeout", "any"]],
  [Crypto.prototype, ["randomUUID"]],
  [Intl, ["Segmenter", "ListFormat"]],
  [window, ["structuredClone", "WeakRef", "HTMLDialogElement", "scheduler", "EditContext"]],
]) for (const name of names) delete owner[name];
"""
AXE: dict[str, dict[str, object]] = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {"target-size": {"enabled": True}},
}


@dataclass(frozen=True)
class Desk:
    """Where a page is looked at: which name the hub has there, and how large the screen is."""

    host: str = "127.0.0.1"
    width: int = 1366
    height: int = 768
    scale: float = 1


# `@pytest.mark.parametrize("desk", ["office", "intranet"], indirect=True)` says on which of them a test runs.
# A browser trusts 127.0.0.1 as it trusts HTTPS; by any other name a plain-HTTP page has no service worker, no
# clipboard interface and no crypto.subtle, and that is how townships have it.
DESKS = {
    "office": Desk(),
    "intranet": Desk(host="intra.test"),
    "enlarged": Desk(width=1093, height=614, scale=1.25),  # 1366 x 768 at 125 %
    "phone": Desk(width=375, height=800),
}


@pytest.fixture(scope="session")
def address(postgres: PostgresServer, database_name: str) -> Iterator[str]:
    """The hub, served by uvicorn in a thread with an event loop and a database engine of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = create_app(Database(postgres.url(database=database_name)))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    thread = threading.Thread(target=asyncio.run, args=(server.serve([listening]),))
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest.fixture
def desk(request: pytest.FixtureRequest) -> Desk:
    return DESKS[getattr(request, "param", "office")]


@pytest.fixture
async def context(
    browser: Browser, address: str, desk: Desk, request: pytest.FixtureRequest
) -> AsyncIterator[BrowserContext]:
    """A fresh profile, in a browser as old as a township's.

    No request of any test leaves the host, no script fails, and nothing breaks the page's own policy.
    """
    address = address.replace("127.0.0.1", desk.host)
    options = getattr(request, "param", {})
    screen = {"viewport": {"width": desk.width, "height": desk.height}, "device_scale_factor": desk.scale}
    opened = await browser.new_context(base_url=address, locale="zh-CN", **{**screen, **options})
    opened.set_default_timeout(15_000)
    await opened.add_init_script(AS_OLD_AS_THE_TOWNSHIPS)
    foreign: list[str] = []
    complaints: list[str] = []
    opened.on("weberror", lambda failed: complaints.append(str(failed.error)))
    opened.on("request", lambda asked: None if asked.url.startswith((address, "data:")) else foreign.append(asked.url))
    opened.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    await opened.close()
    assert foreign == []
    assert complaints == []


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


async def sign_in(page: Page, username: str) -> None:
    await page.goto("/sign-in")
    await page.fill("#username", username)
    await page.fill("#password", PASSWORD)
    async with page.expect_navigation():
        await page.keyboard.press("Enter")


async def press(page: Page, selector: str) -> None:
    """Click what leads to another page, and wait for it."""
    async with page.expect_navigation():
        await page.click(selector)


async def check(page: Page, *, but: str | None = None) -> None:
    """Nothing in the way of anybody (axe, whatever the impact), and no sideways scrolling, at a desk and on a phone.

    axe takes a cell that happens to lie under the sticky bar for a small one, so the bar is let go first;
    that it never hides the focus has a test of its own.
    """
    await page.evaluate("document.querySelector('.bar')?.style.setProperty('position', 'static')")
    has_sheet = await page.locator(".sheet, .grid").count()
    own = page.viewport_size
    for size in (DESKTOP, PHONE):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{page.url} is {wide} px wider than {size['width']} px"
        # Tables that become cards are told apart from desks by the sheet of styles alone; the form is more than that.
        if size == DESKTOP or has_sheet:
            assert await _faults(page, but) == [], f"{page.url} at {size['width']} px"
    await page.set_viewport_size(own or DESKTOP)  # type: ignore[arg-type]


async def _faults(page: Page, but: str | None) -> list[object]:
    # A part drawn by its makers may hold a second <main>: that counts against the whole page, not against the part.
    rules = {**AXE["rules"], **({"landmark-no-duplicate-main": {"enabled": False}} if but else {})}
    found = await Axe().run(page, context={"exclude": [but]} if but else None, options={**AXE, "rules": rules})
    return [
        (fault["id"], fault["impact"], [node["target"] for node in fault["nodes"]][:3])
        for fault in found.response["violations"]
    ]
