"""REL-R7: a connector is killed (kill -9) at a random byte of the hub's answers, or a moment later, again and again.

Whenever a run gets through, the department's table must equal the hub's values by hash, without a row too many. Each
round has its own random numbers, made of the seed and the round's number, so that a failure can be repeated:

    python -m tests.faults.connector_kills --kills 5000 --seed 7

Every run is a process of its own, forked from one that has everything imported; the hub is another process that counts
the bytes it sends and kills its caller when they are enough. Forking wants a process without threads, so that this is
a program to be started, not to be imported by a test.
"""

import argparse
import gc
import hashlib
import json
import logging
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import httpcore._sync.http11  # noqa: F401 - imported here, so that no forked process has to
import httpx
import polars as pl
import sqlalchemy as sa
from hub_connectors import gathering, runner
from hub_connectors.client import HubClient
from hub_connectors.connectors import CONNECTORS
from hub_connectors.database import Target
from hub_connectors.runner import Desk, Retries
from hub_connectors.settings import HubSettings
from hub_connectors.store import Position, Store, move_position
from pydantic import SecretStr

from connectors.tests.fake_hub import FakeHub

# The quickest of the reports to make: the kills are the point, not the columns.
CONNECTOR = CONNECTORS["human-resources"]
PERIOD, OTHER = "2026-Q3", "2026-Q2"
REPORT = CONNECTOR.report_for(PERIOD)
VILLAGES = 40
LONGEST_DELAY = 0.06  # a run's own work after the last byte takes about this long
MOST_KILLS = 5  # in a round: then a run may get through, so that there is something to compare
NEVER = -1
FORKING = multiprocessing.get_context("fork")


class KillPlan:
    """Shared by the hub's process and the connector's: whom to kill, after how many bytes, and how long after them."""

    def __init__(self) -> None:
        self.victim: Synchronized[int] = FORKING.Value("q", 0)
        self.bytes_left: Synchronized[int] = FORKING.Value("q", NEVER)
        self.delay: Synchronized[float] = FORKING.Value("d", 0.0)
        self.sent: Synchronized[int] = FORKING.Value("q", 0)

    def arm(self, after: int, delay: float) -> None:
        self.victim.value, self.bytes_left.value, self.delay.value = 0, after, delay

    def disarm(self) -> None:
        self.bytes_left.value = NEVER

    def spend(self, content: bytes) -> tuple[bytes, bool]:
        """What may still be sent, and whether the caller dies after it."""
        left = self.bytes_left.value
        self.sent.value += len(content)
        if left < 0 or left > len(content):
            self.bytes_left.value = left - len(content) if left > len(content) else left
            return content, False
        self.bytes_left.value = NEVER
        return content[:left], True

    def strike(self) -> None:
        time.sleep(self.delay.value)
        try:
            os.kill(self.victim.value, signal.SIGKILL)
        except ProcessLookupError:
            return  # it was quicker


@dataclass
class Hub:
    """The fake hub in a process of its own."""

    plan: KillPlan
    address: str = ""
    process: Any = None

    def start(self) -> None:
        ready, told = FORKING.Pipe(duplex=False)
        self.process = FORKING.Process(target=serve, args=(self.plan, told), daemon=True)
        self.process.start()
        self.address = f"http://127.0.0.1:{ready.recv()}"

    def stop(self) -> None:
        self.process.kill()
        self.process.join()

    def control(self, body: dict[str, Any]) -> dict[str, Any]:
        request = Request(f"{self.address}/control", data=json.dumps(body).encode())  # noqa: S310 - our own process
        with urlopen(request, timeout=30) as answer:  # noqa: S310
            return dict(json.load(answer))


def serve(plan: KillPlan, told: Any) -> None:
    townships = {f"43312410{number}": f"第{number}镇" for number in range(4)}
    villages = {f"{code}{200 + number}": f"{number}村" for code in townships for number in range(VILLAGES // 4)}
    hub = FakeHub(periods=(PERIOD, OTHER), page_limit=8, townships=townships, villages=villages)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path == "/control":
                self._send(200, {}, json.dumps(control(hub, json.loads(body))).encode())
                return
            request = httpx.Request(self.command, f"http://hub{self.path}", headers=dict(self.headers), content=body)
            response = hub(request)
            content, is_last = plan.spend(response.content)
            self._send(response.status_code, dict(response.headers), content)
            if is_last:
                plan.strike()

        do_GET = do_POST = answer  # noqa: N815 - the names http.server calls

        def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
                self.wfile.flush()
            except OSError:
                return  # the caller is dead already

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.send(server.server_port)
        server.serve_forever()


def control(hub: FakeHub, body: dict[str, Any]) -> dict[str, Any]:
    """Corrections for the hub, and in return what it holds and what it was last told: the truth to compare with."""
    for period, village, element, value in body["changes"]:
        hub.change(period, village, **{element: value})
    hub.requests.clear()
    values = {
        period: {
            village: [hub.values[period, village][element] for element in REPORT.mapping.elements]
            for village in hub.villages
        }
        for period in (PERIOD, OTHER)
    }
    return {"values": values, "told": {receipt["file"]: receipt["sha256"] for receipt in hub.receipts.values()}}


@dataclass
class Tally:
    seed: int
    kills: int = 0
    rounds: int = 0
    runs: int = 0
    resumed: int = 0
    faults: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.kills} kills in {self.runs} runs, {self.rounds} rounds, "
            f"{self.resumed} runs gone on from kept pages, {len(self.faults)} faults"
        )


@dataclass(frozen=True)
class Sink:
    """The department's side: its database and its folder."""

    folder: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'own.sqlite'}"

    def digest(self, period: str) -> str:
        """Of the department's table as it stands, row by row."""
        columns = ", ".join(f'"{column.name}"' for column in REPORT.mapping.columns)
        query = f'SELECT "行政区划代码", {columns} FROM {REPORT.mapping.table} WHERE "报告期" = ? ORDER BY 1'
        with closing(sqlite3.connect(self.folder / "own.sqlite")) as connection:
            return digest([list(row) for row in connection.execute(query, (period,))])

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.folder / "own.sqlite")) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def has_kept_pages(self) -> bool:
        return self.count("connector_pages") > 0


def digest(rows: list[list[Any]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def torment(kills: int, seed: int, *, is_naive: bool = False, rounds: int | None = None) -> Tally:
    """Rounds of corrections and runs; in each, runs are killed until one gets through, and then all is compared."""
    tally = Tally(seed)
    warm_up()
    with folder_in_memory() as folder, running() as hub:
        sink = Sink(folder)
        run_once(hub, sink, period=OTHER, wants_changes=False)
        lengths = {wants: measured(hub, sink, wants_changes=wants) for wants in (False, True)}
        while tally.kills < kills and (rounds is None or tally.rounds < rounds) and not tally.faults:
            play_round(hub, sink, tally, lengths, is_naive=is_naive)
        compare_files(hub, sink, tally)
    return tally


def warm_up() -> None:
    """What every run would load anew. No frame is computed here: a fork must not inherit polars' threads."""
    REPORT.schema.register_default_backends(pl.LazyFrame)
    sa.create_engine("sqlite://").dispose()
    gc.collect()
    gc.freeze()


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A killed process leaves the page cache as it is: waiting for a disk would prove nothing more."""
    memory = Path("/dev/shm")  # noqa: S108 - only where it is there, and a folder of its own
    with tempfile.TemporaryDirectory(prefix="connector-kills-", dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def running() -> Iterator[Hub]:
    hub = Hub(KillPlan())
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def play_round(hub: Hub, sink: Sink, tally: Tally, lengths: dict[bool, int], *, is_naive: bool) -> None:
    tally.rounds += 1
    chance = random.Random(f"{tally.seed}/{tally.rounds}")
    truth = hub.control({"changes": corrections(chance, tally.rounds)})
    wants_changes = is_naive or chance.random() < 0.6
    left, before = lengths[wants_changes], tally.kills
    while True:
        tally.runs += 1
        if sink.has_kept_pages():
            tally.resumed += 1
        delay = chance.choice((0.0, LONGEST_DELAY)) * chance.random()
        after = chance.randrange(left)
        killed = tally.kills - before
        hub.plan.arm(after if killed < MOST_KILLS else NEVER, delay)
        status = run_once(hub, sink, period=PERIOD, wants_changes=wants_changes, is_naive=is_naive)
        hub.plan.disarm()
        if status == 0:
            break
        if not os.WIFSIGNALED(status):
            tally.faults.append(f"round {tally.rounds}: a run failed by itself, status {status}")
            return
        tally.kills += 1
        left = max(left - after, lengths[wants_changes] // 3)  # kept pages are not asked for again
    compare(hub, sink, tally, truth["values"])


def compare(hub: Hub, sink: Sink, tally: Tally, values: dict[str, dict[str, list[Any]]]) -> None:
    """A run got through: the table is the hub's values by hash, no row too many, nothing left to do, the hub told."""
    for period in (PERIOD, OTHER):
        source = digest([[village, *held] for village, held in sorted(values[period].items())])
        if sink.digest(period) != source:
            tally.faults.append(f"round {tally.rounds}: the sink of {period} is not the source")
    rows = 2 * VILLAGES
    if (sink.count("hub_values"), sink.count(REPORT.mapping.table)) != (rows, rows):
        tally.faults.append(f"round {tally.rounds}: rows too many or too few")
    if sink.count("connector_deliveries"):
        tally.faults.append(f"round {tally.rounds}: a delivery was forgotten")
    told = hub.control({"changes": []})["told"]
    for path in (sink.folder / "files").glob(f"*{PERIOD}*"):
        if told.get(path.name) != hashlib.sha256(path.read_bytes()).hexdigest():
            tally.faults.append(f"round {tally.rounds}: the hub was not told of {path.name}")


def measured(hub: Hub, sink: Sink, *, wants_changes: bool) -> int:
    """How many bytes a run asks of the hub when nobody kills it: every one of them may be the last."""
    hub.control({"changes": corrections(random.Random(0), 0)})
    hub.plan.sent.value = 0
    run_once(hub, sink, period=PERIOD, wants_changes=wants_changes)
    return hub.plan.sent.value


def corrections(chance: random.Random, number: int) -> list[tuple[str, str, str, int]]:
    villages = [f"43312410{town}{200 + village}" for town in range(4) for village in range(VILLAGES // 4)]
    return [
        (chance.choice((PERIOD, OTHER)), chance.choice(villages), chance.choice(REPORT.mapping.elements), number + each)
        for each in range(chance.randrange(1, 20))
    ]


def compare_files(hub: Hub, sink: Sink, tally: Tally) -> None:
    """What the killed connector left is byte for byte what a new one writes, and nothing lies about beside it."""
    with folder_in_memory() as folder:
        anew = Sink(folder)
        run_once(hub, anew, period=PERIOD, wants_changes=False)
        left = {path.name: path.read_bytes() for path in (sink.folder / "files").glob(f"*{PERIOD}*")}
        if left != {path.name: path.read_bytes() for path in (anew.folder / "files").iterdir()}:
            tally.faults.append("the files are not those of a run that was never killed")
    aside = [path.name for path in (sink.folder / "files").iterdir() if path.name.startswith(".")]
    if aside:
        tally.faults.append(f"left aside: {aside}")


def run_once(hub: Hub, sink: Sink, *, period: str, wants_changes: bool, is_naive: bool = False) -> int:
    """The wait status of the connector's process."""
    child = os.fork()
    if child == 0:
        hub.plan.victim.value = os.getpid()
        os._exit(connect(hub.address, sink, period=period, wants_changes=wants_changes, is_naive=is_naive))
    return os.waitpid(child, 0)[1]


def connect(address: str, sink: Sink, *, period: str, wants_changes: bool, is_naive: bool) -> int:
    logging.disable()
    if is_naive:
        gathering.move_position = cursor_apart
    settings = HubSettings(hub_url=address, hub_client_id="client", hub_client_secret=SecretStr("s3cret"))
    try:
        plain = httpx.HTTPTransport(verify=False)  # plain HTTP: no certificates need loading
        with closing(Store(sink.url)) as store, HubClient(settings, agent="killed", transport=plain) as client:
            desk = Desk(CONNECTOR, store, Target(store.database), time.sleep, Retries())
            runner.run(desk, client, period=period, out=sink.folder / "files", wants_changes=wants_changes)
    except Exception as error:  # noqa: BLE001 - the parent is told by the status
        print(f"{type(error).__name__}: {error}")
        return 1
    return 0


def cursor_apart(connection: sa.Connection, name: str, before: Position | None, after: Position) -> None:
    """The negative control: the cursor in a transaction of its own, ahead of the data. A kill in between loses data."""
    with closing(Store(str(connection.engine.url))) as store, store.transaction() as alone:
        move_position(alone, name, before, after)
    if after.version % 3 == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def torment_elsewhere(kills: int, seed: int, workers: int) -> int:
    """The kills shared among processes, each with a hub, a department and a seed of its own; 0 when all went well."""
    shares = [kills // workers + (each < kills % workers) for each in range(workers)]
    program = [sys.executable, "-m", "tests.faults.connector_kills", "--workers", "1"]
    started = [
        subprocess.Popen([*program, "--kills", str(share), "--seed", str(seed + number)])
        for number, share in enumerate(shares)
    ]
    return max([abs(process.wait()) for process in started])


def main() -> None:
    parser = argparse.ArgumentParser(description="kill -9 a connector at random bytes of its pull (REL-R7)")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--naive", action="store_true", help="the negative control: 20 rounds that must fail")
    asked = parser.parse_args()
    if asked.workers > 1 and not asked.naive:
        raise SystemExit(torment_elsewhere(asked.kills, asked.seed, asked.workers))
    print(f"seed {asked.seed}", flush=True)
    started = time.monotonic()
    tally = torment(asked.kills, asked.seed, is_naive=asked.naive, rounds=20 if asked.naive else None)
    print(tally, f"{time.monotonic() - started:.0f} s", *tally.faults, sep="\n")
    raise SystemExit(bool(tally.faults))


if __name__ == "__main__":
    main()
