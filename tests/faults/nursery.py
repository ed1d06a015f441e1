"""Serving processes that are ready in a moment, to be killed: forked from one that has everything loaded.

`python -m tests.faults.nursery PORT TOKEN TASK`: reads lines from standard input. `start` forks a server, whose pid it
prints, after reaping the one before; the end of the input ends all. The server is the hub's own, with its
jobs, on uvicorn; only its imports were done by another process.

Three switches for controls: `HUB_FAULT_DIE=before` or `after` kills the server when it answers the first try of
a write, just before or just after; `HUB_FAULT_LATE_COMMIT=0.5` makes a hub that answers first and commits half a
second later, as FastAPI's dependencies do unless told otherwise (hub/kit/transaction.py).
"""

import asyncio
import importlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kit import transaction

DIE, LATE_COMMIT = "HUB_FAULT_DIE", "HUB_FAULT_LATE_COMMIT"
WRITES = ("/submission", "/receipts")


class DieAtReply:
    def __init__(self, app: ASGIApp, moment: str) -> None:
        self._app = app
        self._is_after = moment == "after"
        self._dies_at = "http.response.body" if self._is_after else "http.response.start"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_or_die(message: Message) -> None:
            is_moment = message["type"] == self._dies_at and is_first_arrival(scope)
            if is_moment and not self._is_after:
                os.kill(os.getpid(), signal.SIGKILL)
            await send(message)
            if is_moment:
                os.kill(os.getpid(), signal.SIGKILL)

        await self._app(scope, receive, send_or_die)


def is_write(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith(WRITES)


def is_first_arrival(scope: Scope) -> bool:
    """Whether this write comes to its answer for the first time, whichever process it came to."""
    if not is_write(scope):
        return False
    number = dict(scope["headers"])[b"x-write"].decode()
    try:
        Path(os.environ["HUB_DATA_DIR"], f"arrived-{number}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def commit_late(seconds: float) -> None:
    """Before any route is imported: the trap that hub/kit/transaction.py avoids."""

    async def late_transaction(request: Request) -> AsyncIterator[AsyncSession]:
        async with transaction.database_of(request).transaction() as session:
            yield session
            await asyncio.sleep(seconds if is_write(request.scope) else 0)

    transaction.Transaction = Annotated[AsyncSession, Depends(late_transaction, scope="request")]


async def call(app: ASGIApp, token: str, *requests: tuple[str, str]) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        for method, path in requests:
            (await client.request(method, path)).raise_for_status()


async def warm(app: FastAPI, token: str, task: str) -> None:
    """Before any fork. No check is run here: polars' threads would not be in the children."""
    path = f"/api/v1/collections/{task}"
    await call(app, token, ("GET", "/readyz"), ("GET", "/api/v1/collections"), ("GET", path))
    await app.state.database.close()


async def stand_by(app: FastAPI, served: ASGIApp, port: int, token: str, task: str, go: int) -> None:
    """Be warm before being asked to serve, so that a kill meets clients at work and not a cold start."""
    path = f"/api/v1/collections/{task}"
    await call(app, token, ("GET", f"{path}/draft"), ("POST", f"{path}/validation"))
    os.read(go, 1)
    config = uvicorn.Config(served, host="127.0.0.1", port=port, log_config=None, access_log=False)
    await uvicorn.Server(config).serve()


@dataclass
class Child:
    pid: int
    go: int

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.go)


def fork(app: FastAPI, served: ASGIApp, port: int, token: str, task: str) -> Child:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(writing)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        asyncio.run(stand_by(app, served, port, token, task, reading))
        os._exit(0)
    os.close(reading)
    return Child(pid, writing)


def main() -> None:
    port, token, task = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    if late := os.environ.get(LATE_COMMIT):
        commit_late(float(late))
    app: FastAPI = importlib.import_module("hub.runtime").serving_app()
    moment = os.environ.get(DIE)
    served: ASGIApp = DieAtReply(app, moment) if moment else app
    asyncio.run(warm(app, token, task))
    serving, standing_by = None, fork(app, served, port, token, task)
    for line in sys.stdin:
        if line.strip() == "start":
            if serving is not None:
                serving.kill()
            serving, standing_by = standing_by, fork(app, served, port, token, task)
            os.write(serving.go, b"!")
            print(serving.pid, flush=True)
    for child in (serving, standing_by):
        if child is not None:
            child.kill()


if __name__ == "__main__":
    main()
