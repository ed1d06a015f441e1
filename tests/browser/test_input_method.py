"""A real pinyin input method on a real screen: a simulated composition passed a grid that the real one failed (UX.md).

Debian's ibus with libpinyin, a virtual screen, a window manager that gives the focus, and keys from xdotool, which come
to the browser as a keyboard's do. Skipped only where no virtual screen can be started.
"""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from hub.capture.models import Collection
from tests.browser.conftest import ARGUMENTS
from tests.browser.grids import collection, open_grid

__all__ = ["collection"]

pytestmark = [pytest.mark.browser, pytest.mark.full_transaction]

PATIENCE = 60_000
# A grid that makes its input when the first key comes: what most of them do, and where the first letter is lost.
NAIVE = """<!doctype html><title>naive</title><div id="cell" tabindex="0">cell</div><script>
document.getElementById('cell').addEventListener('keydown', event => {
    const input = document.createElement('input');
    input.value = event.key.length === 1 ? event.key : '';
    event.target.textContent = '';
    event.target.append(input);
    input.focus();
    event.preventDefault();
}, {once: true});
</script>"""
CALM_LOOKS, MOST_LOOKS = 5, 60


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a desktop of its own: screen, session bus, window manager, input method."""
    environment = dict(os.environ) | {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GSETTINGS_BACKEND": "memory",
        "GTK_IM_MODULE": "ibus",
        "XMODIFIERS": "@im=ibus",
        "LANG": "C.UTF-8",
        "NO_AT_BRIDGE": "1",
    }
    tmp_path.chmod(0o700)
    with ExitStack() as running:

        def start(*command: str) -> subprocess.Popen[str]:
            """A program that says its address or its screen's number in its first line, or nothing at all."""
            program = subprocess.Popen(
                command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            running.callback(_stop, program)
            return program

        if shutil.which("Xvfb") is None:
            pytest.skip("no Xvfb on this machine: run tests/install-system-packages")
        number = _first_line(start("Xvfb", "-displayfd", "1", "-screen", "0", "1366x768x24", "-nolisten", "tcp"))
        if not number:
            pytest.skip("Xvfb cannot start here")
        environment["DISPLAY"] = f":{number}"
        bus = start("dbus-daemon", "--session", "--print-address", "--nofork", "--nopidfile")
        environment["DBUS_SESSION_BUS_ADDRESS"] = _first_line(bus)
        start("openbox")
        start("ibus-daemon", "--xim", "--panel", "disable", "--config", "default")
        yield environment


def _stop(program: subprocess.Popen[str]) -> None:
    """Its children hold its output open, so the end of that is not waited for."""
    program.terminate()
    try:
        program.wait(timeout=5)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
    if program.stdout:
        program.stdout.close()


def _first_line(program: subprocess.Popen[str]) -> str:
    return program.stdout.readline().strip() if program.stdout else ""


@pytest.fixture
async def typist(screen: dict[str, str], address: str) -> AsyncIterator[Page]:
    """A page in a window of its own, with the pinyin engine switched on."""
    await _switch_on(screen)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            headless=False,
            executable_path=shutil.which("chromium"),
            args=[*ARGUMENTS, "--ozone-platform=x11"],
            env=screen,
        )
        context = await browser.new_context(base_url=address, locale="zh-CN", no_viewport=True)
        context.set_default_timeout(PATIENCE)
        yield await context.new_page()
        await browser.close()


async def _switch_on(screen: dict[str, str]) -> None:
    """`ibus engine` fails until the daemon answers."""
    for _attempt in range(60):
        await _run(screen, "ibus", "engine", "libpinyin")
        if (await _run(screen, "ibus", "engine")).strip() == "libpinyin":
            return
        await asyncio.sleep(0.5)
    pytest.fail("the pinyin engine did not start")


async def _run(screen: dict[str, str], *command: str) -> str:
    program = await asyncio.create_subprocess_exec(
        *command, env=screen, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    return (await program.communicate())[0].decode()


async def _type_china(page: Page, screen: dict[str, str]) -> str:
    """`zhongguo` and a space at human speed, then what stands in the field when it has come to rest.

    While it composes, libpinyin shows what it would choose so far, so no text says that it is done.
    """
    await _run(screen, "xdotool", "type", "--delay", "60", "zhongguo")
    await _at_rest(page)
    await _run(screen, "xdotool", "key", "space")
    return await _at_rest(page)


async def _at_rest(page: Page) -> str:
    seen: list[str] = []
    while len(seen) < MOST_LOOKS:
        seen.append(await page.evaluate("document.activeElement.value || ''"))
        if len(seen) >= CALM_LOOKS and seen[-1] and len(set(seen[-CALM_LOOKS:])) == 1:
            return seen[-1]
        await page.wait_for_timeout(300)
    pytest.fail(f"nothing was typed, or it never came to rest: {seen[-CALM_LOOKS:]}")


async def _into_the_window(screen: dict[str, str]) -> None:
    """A new window begins in its address bar, which no page can leave."""
    await asyncio.sleep(3)  # the window manager has to have placed it
    await _run(screen, "xdotool", "mousemove", "1300", "420", "click", "1")
    await asyncio.sleep(0.5)


async def test_the_first_letter_is_kept(typist: Page, screen: dict[str, str], collection: Collection) -> None:
    await open_grid(typist, collection)
    await _into_the_window(screen)
    await typist.click("section:has-text('说明') .grid tbody td")
    assert await _type_china(typist, screen) == "中国"
    await _run(screen, "xdotool", "key", "Return")
    await typist.wait_for_selector("section:has-text('说明') .grid tbody td >> nth=0 >> text=中国")
    assert "第2村民委员会 备注" in (await typist.get_attribute("#cell-input", "aria-label") or "")


async def test_a_naive_grid_fails_here(typist: Page, screen: dict[str, str], address: str) -> None:
    """The control: without it nobody knows that the test above can fail."""
    await typist.route("**/naive", lambda route: route.fulfill(body=NAIVE, content_type="text/html"))
    await typist.goto("/naive")
    await _into_the_window(screen)
    await typist.click("#cell")
    await typist.wait_for_timeout(1500)
    typed = await _type_china(typist, screen)
    assert typed != "中国"
    assert typed.startswith("z")
