"""A small county on a database server of its own, and real serving processes on it."""

import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlalchemy import select

from hub.capture.models import Collection
from hub.identity.models import AccessToken
from hub.identity.secrets import digest
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.migration import upgrade
from hub.kit.postgres import ADMIN, APP, OWNER, PostgresServer
from hub.settings import share_folder
from tests.capture.factories import create_collection, create_published_form
from tests.grants.factories import create_grant
from tests.journey.hub_process import free_port
from tests.people import EAST, WEST, People

ROOT = Path(__file__).parents[2]
SEED_VARIABLE = "HUB_FAULT_SEED"
READY_SECONDS = 60
# Not one after the other, so that nothing is compared with the period before.
PERIODS = ("2026-01", "2026-04", "2026-07")
TOWNSHIPS = {EAST: "reporter_east", WEST: "reporter_west"}
PROGRAM = "client_poverty_relief"
ELEMENTS = ("workers", "income")


def new_chance(name: str) -> random.Random:
    """Printed, so that a failure can be played again: HUB_FAULT_SEED=…"""
    seed = int(os.environ.get(SEED_VARIABLE) or random.SystemRandom().randrange(10**9))
    print(f"{name}: {SEED_VARIABLE}={seed}", flush=True)
    return random.Random(seed)


def another(chance: random.Random) -> random.Random:
    """One for each of many that run beside each other: what one draws does not depend on the others' pace."""
    return random.Random(chance.random())


@dataclass(frozen=True)
class Task:
    """One collection of one township, and the token of the clerk who fills it."""

    id: str
    township: str
    period: str
    token: str


@dataclass
class Stand:
    server: PostgresServer
    folder: Path
    tasks: tuple[Task, ...]
    program_token: str
    grant: str

    @property
    def url(self) -> str:
        return self.server.url()

    @property
    def superuser_url(self) -> str:
        """Whoever connects with it sees all there is, past every wall."""
        return self.server.url(role=ADMIN).replace("+psycopg", "")

    @contextmanager
    def as_superuser(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            yield connection

    def ask(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with self.as_superuser() as connection:
            return connection.execute(query, parameters).fetchall()


@contextmanager
def new_stand(*, settings: Mapping[str, str] | None = None) -> Iterator[Stand]:
    """`settings` of PostgreSQL over the hub's own, which are durable."""
    folder = Path(tempfile.mkdtemp(prefix="hub-faults-"))
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    try:
        with PostgresServer.start(folder / "data", settings=settings) as server:
            upgrade(share_folder("migrations"), owner_url=server.url(role=OWNER), application_role=APP)
            yield asyncio.run(_settle(server, folder / "data"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _settle(server: PostgresServer, folder: Path) -> Stand:
    database = Database(server.url(), pool_size=2)
    people = await People.settle(database)
    await create_published_form(database, people)
    tasks = []
    for period in PERIODS:
        await create_collection(database, people, period=period)  # for every township
    async with database.transaction() as session:
        opened = (await session.scalars(select(Collection).order_by(Collection.township, Collection.period))).all()
    for collection in opened:
        reporter = TOWNSHIPS[collection.township]
        token = await _token(database, f"{reporter}-{collection.period}", person_id=people.persons[reporter].id)
        tasks.append(Task(str(collection.id), collection.township, collection.period, token))
    async with database.transaction() as session:
        grant = (await create_grant(session, elements=ELEMENTS)).number
    program = people.clients[PROGRAM]
    program_token = await _token(database, PROGRAM, api_client_id=program.id, grants=[grant])
    await database.close()
    return Stand(server, folder, tuple(tasks), program_token, grant)


async def _token(database: Database, name: str, **owner: Any) -> str:
    """Good for as long as the longest run takes."""
    token = f"token-{name}"
    async with database.transaction() as session:
        row = AccessToken(
            token_sha256=digest(token),
            issued_at=clock.now(),
            expires_at=clock.now() + timedelta(days=30),
            **{"grants": None, **owner},
        )
        session.add(row)
    return token


class Nursery:
    """Real serving processes, started in a moment and killed."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, log: Path) -> None:
        self._process = process
        self._log = log
        self.url = url
        self.starts: list[float] = []

    async def start(self, *, may_die: bool = False) -> int:
        """Kill what serves and start another; its pid, once it is ready.

        `may_die`: clients at work may kill it before it was seen to be ready.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        began = time.monotonic()
        self._process.stdin.write(b"start\n")
        answer = await self._process.stdout.readline()
        assert answer, self._log.read_text(encoding="utf-8")[-4000:]
        pid = int(answer)
        async with httpx.AsyncClient(timeout=2) as client:
            while not may_die or is_alive(pid):
                assert time.monotonic() < began + READY_SECONDS, self._log.read_text(encoding="utf-8")[-4000:]
                with suppress(httpx.TransportError):
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.005)
        self.starts.append(time.monotonic() - began)
        return pid


def is_alive(pid: int) -> bool:
    """A zombie is dead; it waits for the nursery to ask for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@asynccontextmanager
async def new_nursery(stand: Stand, **environment: str) -> AsyncIterator[Nursery]:
    port = free_port()
    log = (stand.folder / "serving.log").open("ab")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.nursery",
        str(port),
        stand.tasks[0].token,
        stand.tasks[0].id,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        | {"HUB_DATA_DIR": str(stand.folder), "HUB_LOG_LEVEL": "warning", "HUB_CLIENT_REQUESTS_PER_MINUTE": "0"}
        | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )
    try:
        yield Nursery(process, f"http://127.0.0.1:{port}", stand.folder / "serving.log")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 60)
        log.close()
