"""REL-R16: the disk of the data folder fills up while a township works, and there is room again later."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from hub.kit.postgres import ADMIN, PostgresServer
from tests.journey.hub_process import Hub, running_hub

VOLUME_BYTES = 700 * 1024 * 1024
RECOVERY_SECONDS = 90
FIGURE = "village_migrant_workers"


@contextmanager
def small_volume() -> Iterator[Path]:
    """A disk of its own for the data folder."""
    folder = Path(tempfile.mkdtemp(prefix="hub-disk-"))
    mounted = subprocess.run(
        ["/usr/bin/mount", "-t", "tmpfs", "-o", f"size={VOLUME_BYTES},mode=0711", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"a small volume cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["/usr/bin/umount", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture(scope="module")
def volume() -> Iterator[Path]:
    with small_volume() as folder:
        yield folder


@pytest.fixture
def hub(volume: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    """The demo county on the small volume; the second start finds it there."""
    with running_hub(folder=volume, settings=request.param) as running:
        yield running


class Desk:
    """A township at work on its form."""

    def __init__(self, api: httpx.Client) -> None:
        self.api = api
        tasks = self.api.get("/collections", params={"state": "open"}).json()["items"]
        self.task = next(task["id"] for task in tasks if task["object_class"] == "village")
        self.typed = self.rows()

    def rows(self) -> list[dict[str, Any]]:
        draft = self.api.get(f"/collections/{self.task}/draft")
        assert draft.status_code == 200, draft.text
        return [{name: row[name] for name in ("division", "values", "missing")} for row in draft.json()["rows"]]

    def save(self, figure: int) -> httpx.Response:
        self.typed[0]["values"][FIGURE] = figure
        return self.api.put(f"/collections/{self.task}/draft", json={"rows": self.typed}, headers={"If-Match": "*"})

    def submit(self) -> httpx.Response:
        return self.api.post(f"/collections/{self.task}/submission", json={})

    @property
    def saved(self) -> int:
        return int(self.rows()[0]["values"][FIGURE])


def fill(volume: Path, *, leave: int) -> Path:
    ballast = volume / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while (free := free_bytes(volume)) > leave:
            try:
                file.write(bytes(min(free - leave, 1024 * 1024)))
            except OSError:
                break
    return ballast


def free_bytes(volume: Path) -> int:
    found = os.statvfs(volume)
    return found.f_bavail * found.f_frsize


def check_says_full(response: httpx.Response) -> None:
    assert response.status_code == 507, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "storage_full"
    assert "磁盘" in response.json()["detail"]
    assert int(response.headers["retry-after"]) > 0


def check_log(hub: Hub) -> None:
    """What a real process writes: a line of JSON for each call, with the route and never the query."""
    with hub.caller("township-433124102") as api:
        api.get("/data-elements", params={"q": "查询里的名字"})
    asked = asked_lines(hub, "/api/v1/data-elements")
    assert [(line["status"], line["caller_kind"]) for line in asked] == [(200, "person")]
    log = hub.said()
    lines = log_lines(log)
    assert {line["status"] for line in lines if line.get("status", 0) >= 500} == {507}
    assert not any(name in log for name in ("查询里的名字", "%E6%9F%A5"))


def asked_lines(hub: Hub, route: str) -> list[dict[str, Any]]:
    """The lines of calls to a route; a call's line is written after its answer has left, so it is waited for."""
    deadline = time.monotonic() + RECOVERY_SECONDS
    while True:
        log = hub.said()
        asked = [line for line in log_lines(log) if line.get("route") == route]
        if asked or time.monotonic() > deadline:
            return asked
        time.sleep(0.1)


def log_lines(log: str) -> list[dict[str, Any]]:
    """The lines that are whole: the last may still be being written."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]


def save_until_it_works(desk: Desk, figure: int) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while (response := desk.save(figure)).status_code != 200:
        assert response.status_code in {503, 507}, response.text
        assert time.monotonic() < deadline, response.text
        time.sleep(0.5)


@pytest.fixture
def desk(hub: Hub) -> Iterator[Desk]:
    with hub.caller("township-433124102") as api:
        yield Desk(api)


@pytest.mark.parametrize("hub", [{}], indirect=True)
def test_below_the_reserve_writes_are_refused_and_reading_goes_on(hub: Hub, desk: Desk, volume: Path) -> None:
    assert desk.save(101).status_code == 200
    ballast = fill(volume, leave=50 * 1024 * 1024)
    time.sleep(1.1)  # the room is looked at once a second
    check_says_full(desk.save(102))
    check_says_full(desk.submit())
    assert desk.saved == 101
    assert httpx.get(f"{hub.url}/readyz").status_code == 200
    metrics = httpx.get(f"{hub.url}/metrics").text
    assert 'hub_problems_total{code="storage_full",status="507"} 2.0' in metrics
    ballast.unlink()
    save_until_it_works(desk, 102)
    check_log(hub)
    assert desk.submit().status_code in {201, 422}  # 422: what is typed is judged again


@pytest.mark.parametrize("hub", [{"HUB_MINIMUM_FREE_BYTES": "0"}], indirect=True)
def test_without_a_reserve_the_database_meets_the_end_of_the_disk_and_comes_back(
    hub: Hub, desk: Desk, volume: Path
) -> None:
    acknowledged = 200
    assert desk.save(acknowledged).status_code == 200
    ballast = fill(volume, leave=0)
    refused = 0
    for figure in range(201, 261):
        response = desk.save(figure)
        if response.status_code == 200:
            acknowledged = figure
        else:
            check_says_full(response)
            refused += 1
    assert refused
    assert desk.saved == acknowledged
    _exhaust_the_log(hub)
    answered = desk.save(300)
    assert answered.status_code in {503, 507}, answered.text
    assert answered.json()["detail"]
    ballast.unlink()
    save_until_it_works(desk, 301)
    assert desk.saved == 301
    verified = hub.command("audit", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _exhaust_the_log(hub: Hub) -> None:
    """Ask for new segments of the write-ahead log until there is no room for one: PostgreSQL then goes down."""
    with PostgresServer.start(hub.folder / "data") as server:
        address = server.url(role=ADMIN, database="postgres").replace("+psycopg", "")
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                for _ in range(40):
                    connection.execute("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000))")
                    connection.execute("SELECT pg_switch_wal()")
        except psycopg.OperationalError:
            return
    pytest.fail("the log always found room")
