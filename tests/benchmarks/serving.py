"""Servers for the benchmarks: a real hub, and what is measured beside it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.journey.hub_process import BIN, free_port

START_SECONDS = 300  # beside other work on a busy machine
# A benchmark is one program that asks more than any department may.
UNBOUNDED = {"HUB_CLIENT_REQUESTS_PER_MINUTE": "1000000", "HUB_CLIENT_READS_PER_DAY": "100000000"}


@contextmanager
def serve_hub(data: Path, *, workers: int) -> Iterator[str]:
    port = free_port()
    settings = {"HUB_DATA_DIR": str(data), "HUB_PORT": str(port), "HUB_LOG_LEVEL": "warning", **UNBOUNDED}
    with served_by([str(BIN / "hub"), "serve", "--workers", str(workers)], settings, port, "/readyz") as url:
        yield url


@contextmanager
def serve_naive(name: str, database_url: str, *, workers: int) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", f"tests.benchmarks.naive_{name}", str(port), str(workers)]
    with served_by(command, {"NAIVE_DATABASE_URL": database_url}, port, "/openapi.json") as url:
        yield url


@contextmanager
def served_by(
    command: list[str], settings: dict[str, str], port: int, ready: str, *, stdout: int | None = None
) -> Iterator[str]:
    """The address, once its page `ready` answers; stopped as by a person at the keyboard."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, env=os.environ | settings, stdout=stdout)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _is_ready(url + ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.2)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
