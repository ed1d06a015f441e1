"""A start as somebody meets it who interrupts it, starts twice, or has set something wrong."""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journey.hub_process import Hub, started_hub, wait_until_ready

PATIENCE = 60
INTERRUPTED = 130


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="hub-journey-"))
    made.chmod(0o711)  # PostgreSQL's own account must be able to pass
    yield made
    shutil.rmtree(made, ignore_errors=True)


def until_it_founds(hub: Hub) -> None:
    deadline = time.monotonic() + PATIENCE
    while "正在载入演示县" not in hub.said():
        assert hub.process.poll() is None, hub.said()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_the_database_is_gone(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while list(folder.rglob("postmaster.pid")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def divisions_served(hub: Hub) -> int:
    with hub.caller("authority") as authority:
        return len(authority.get("/divisions").json()["items"])


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT], ids=lambda word: word.name)
def test_a_start_that_is_stopped_takes_with_it_what_it_started(folder: Path, word: signal.Signals) -> None:
    hub = started_hub(folder)
    until_it_founds(hub)
    hub.process.send_signal(word)
    assert hub.process.wait(timeout=PATIENCE) in {0, INTERRUPTED}
    assert not list(folder.rglob("postmaster.pid"))
    assert "Traceback" not in hub.said()
    assert not (folder / "data" / "demo-accounts.json").exists()


def test_a_start_that_is_killed_leaves_nobody_and_the_next_one_finds_all_of_it_to_do(folder: Path) -> None:
    killed = started_hub(folder)
    until_it_founds(killed)
    killed.process.kill()
    killed.process.wait()
    until_the_database_is_gone(folder)
    hub = started_hub(folder)
    try:
        wait_until_ready(hub)
        assert "正在载入演示县" in hub.said()
        assert divisions_served(hub)
    finally:
        hub.process.send_signal(signal.SIGINT)
        assert hub.process.wait(timeout=PATIENCE) == 0


def test_two_starts_on_one_folder_at_once_serve_the_same_county(folder: Path) -> None:
    hubs = [started_hub(folder), started_hub(folder)]
    try:
        for hub in hubs:
            wait_until_ready(hub)
        told = [hub.said().partition("演示账号")[2].partition("http")[0] for hub in hubs]
        assert told[0] == told[1]
        assert len({divisions_served(hub) for hub in hubs}) == 1
    finally:
        for hub in hubs:
            hub.process.send_signal(signal.SIGINT)
        assert [hub.process.wait(timeout=PATIENCE) for hub in hubs] == [0, 0]
    assert not list(folder.rglob("postmaster.pid"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"HUB_COUNTY": "999999"}, "999999"), ({"HUB_PORT": "eighty"}, "HUB_PORT")],
    ids=["no such county", "no such port"],
)
def test_what_keeps_it_from_starting_is_said_once(folder: Path, settings: dict[str, str], said: str) -> None:
    hub = started_hub(folder, settings)
    assert hub.process.wait(timeout=PATIENCE) == 1
    assert hub.said().count(said) == 1, hub.said()
    assert "Traceback" not in hub.said()
    assert not list(folder.rglob("postmaster.pid"))
