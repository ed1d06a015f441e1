"""A real hub in a process of its own, started as the README says, and callers of it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

BIN = Path(sys.executable).parent
START_SECONDS = 180


@dataclass
class Hub:
    url: str
    folder: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    @property
    def demo(self) -> dict[str, Any]:
        return json.loads((self.folder / "data" / "demo-accounts.json").read_text(encoding="utf-8"))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `hub …` beside the server."""
        return subprocess.run(
            [str(BIN / "hub"), *arguments], env=self.environment, capture_output=True, text=True, check=False
        )

    def caller(self, username: str) -> httpx.Client:
        """A person's API client with a token from `hub token`."""
        issued = self.command("token", username)
        assert issued.returncode == 0, issued.stderr
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"authorization": f"Bearer {issued.stdout.strip()}"}, timeout=30
        )

    def program(self, client_id: str) -> httpx.Client:
        """A department's API client with a token for all its grants."""
        known = next(client for client in self.demo["clients"] if client["client_id"] == client_id)
        answer = httpx.post(
            f"{self.url}/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(known["client_id"], known["client_secret"]),
        )
        assert answer.status_code == 200, answer.text
        return httpx.Client(
            base_url=f"{self.url}/api/v1",
            headers={"authorization": f"Bearer {answer.json()['access_token']}"},
            timeout=30,
        )

    def connector(self, name: str, *arguments: str) -> dict[str, Any]:
        """Run `hub-connector run NAME …` as that department; its one line of JSON."""
        known = next(client for client in self.demo["clients"] if client["client_id"] == name)
        out = self.folder / name
        out.mkdir(exist_ok=True)
        environment = self.environment | {
            "HUB_URL": self.url,
            "HUB_CLIENT_ID": known["client_id"],
            "HUB_CLIENT_SECRET": known["client_secret"],
            "CONNECTOR_DATABASE_URL": f"sqlite:///{out / 'department.sqlite'}",
        }
        done = subprocess.run(
            [str(BIN / "hub-connector"), "run", name, "--out", str(out), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_hub(folder: Path | None = None, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Hub]:
    """`hub run`, ready, stopped as Ctrl-C would; without a folder on an empty one that is removed afterwards."""
    if folder is None:
        made = Path(tempfile.mkdtemp(prefix="hub-journey-"))
        made.chmod(0o711)  # PostgreSQL's own account must be able to pass
        try:
            with running_hub(made, settings) as hub:
                yield hub
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return
    hub = started_hub(folder, settings)
    try:
        wait_until_ready(hub)
        yield hub
    finally:
        hub.process.send_signal(signal.SIGINT)
        hub.process.wait(timeout=60)


def started_hub(folder: Path, settings: Mapping[str, str] = MappingProxyType({})) -> Hub:
    """`hub run`, loading; whoever starts it stops it."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")} | {
        "HUB_DATA_DIR": str(folder / "data"),
        "HUB_PORT": str(port),
        **settings,
    }
    with (folder / f"hub-{port}.log").open("wb") as log:
        process = subprocess.Popen([str(BIN / "hub"), "run"], env=environment, stdout=log, stderr=log)
    return Hub(f"http://127.0.0.1:{port}", folder, environment, process, Path(log.name))


def wait_until_ready(hub: Hub) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert hub.process.poll() is None, hub.said()
        try:
            # Patient: a question that comes while the hub loads is answered as soon as it serves.
            if httpx.get(f"{hub.url}/readyz", timeout=START_SECONDS).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError(hub.said())
