"""The pages that the README shows, on the demo county as a newcomer finds it.

`HUB_SCREENSHOTS=docs/screenshots pytest tests/journey/test_screenshots.py` makes them anew; otherwise they go to a
folder that is thrown away, and the test says only that every page shown is there and well.
"""

import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import ARGUMENTS, DESKTOP, PHONE
from tests.journey.hub_process import Hub, running_hub

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
# Kept at import: the tests' own settings empty the environment of every HUB_ name.
KEPT = os.environ.get("HUB_SCREENSHOTS")
QUALITY = 70
SMALL = 150 * 1024
TOWNSHIP = "township-433124102"


@dataclass(frozen=True)
class Shot:
    name: str
    username: str
    path: str
    size: dict[str, int]


SHOTS = (
    Shot("tasks", TOWNSHIP, "/", DESKTOP),
    Shot("form", TOWNSHIP, "/collections/{task}", DESKTOP),
    Shot("form-on-a-phone", TOWNSHIP, "/collections/{task}", PHONE),
    Shot("cell", TOWNSHIP, "/collections/{submitted}/cells/433124102200/village_migrant_workers", DESKTOP),
    Shot("usage", TOWNSHIP, "/usage", DESKTOP),
    Shot("standing", "authority", "/collections/standing", DESKTOP),
    Shot("element", "authority", "/data-elements/village_migrant_workers", DESKTOP),
    Shot("catalogue", "hr", "/catalogue", DESKTOP),
)


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with running_hub() as running:
        yield running


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield opened
        await opened.close()


def task_of(hub: Hub, state: str) -> str:
    with hub.caller(TOWNSHIP) as api:
        found = api.get("/collections", params={"state": state}).json()["items"]
        return next(str(one["id"]) for one in found if one["form"] == "village-month")


async def open_page(chromium: Browser, hub: Hub, shot: Shot) -> Page:
    context = await chromium.new_context(base_url=hub.url, locale="zh-CN", viewport=shot.size)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto("/sign-in")
    await page.fill("#username", shot.username)
    await page.fill("#password", hub.demo["accounts"][0]["password"])
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    return page


async def test_every_page_that_is_shown_is_there(hub: Hub, chromium: Browser, tmp_path: Path) -> None:
    places = {"task": task_of(hub, "open"), "submitted": task_of(hub, "submitted")}
    with hub.caller(TOWNSHIP) as api:
        period = api.get(f"/collections/{places['submitted']}").json()["period"]
    for department in ("human-resources", "poverty-relief", "civil-affairs"):
        hub.connector(department, "--period", period)
    folder = ROOT / KEPT if KEPT else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    for shot in SHOTS:
        page = await open_page(chromium, hub, shot)
        answer = await page.goto(shot.path.format(**places))
        assert answer is not None
        assert answer.status == 200, shot
        await page.evaluate("document.fonts.ready")
        await page.evaluate("window.scrollTo(0, 0)")
        picture = await page.screenshot(path=folder / f"{shot.name}.jpg", type="jpeg", quality=QUALITY)
        assert len(picture) < SMALL, shot
        await page.context.close()


def test_the_readme_shows_each_of_them() -> None:
    shown = set(re.findall(r"docs/screenshots/([a-z-]+)\.jpg", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert shown == {shot.name for shot in SHOTS}
    assert shown == {picture.stem for picture in (ROOT / "docs" / "screenshots").glob("*.jpg")}
