"""REL-R3: what was acknowledged survives kill -9 of the whole database server, in the middle of a burst."""

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hub.kit.postgres import PostgresServer
from tests.faults.stand import Stand, new_chance, new_nursery
from tests.faults.work import Clerk, Verdict, clerks, judge_clerks, keep_writing

BURST_SECONDS = (0.05, 0.5)
PATIENCE_SECONDS = 60
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Outcome:
    crashes: int
    verdict: Verdict
    seconds: float

    def __str__(self) -> str:
        return f"{self.crashes} crashes in {self.seconds:.0f} s; {self.verdict}"


@contextmanager
def reaping_orphans() -> Iterator[None]:
    """A killed postmaster stays in the process table until somebody asks for it, and a zombie blocks the next start.
    Process 1 of a container may take seconds; this process asks at once. Enter it before the server is started.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def kill_database(server: PostgresServer) -> None:
    """Postmaster and children, as when the power goes to all of it at once. `postmaster.pid` stays where it is."""
    postmaster = server.pid
    assert postmaster is not None
    children = _children_of(postmaster)
    for pid in (postmaster, *children):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in (postmaster, *children):
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _children_of(parent: int) -> list[int]:
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(status.parent.name))
    return found


async def crash_at_random(stand: Stand, crashes: int, *, is_late: bool = False) -> Outcome:
    """Six clerks correct their collections; each crash comes after at least one more acknowledgement.

    `is_late`, for the control: at once, on a hub that commits after it has answered.
    """
    chance = new_chance("database killed")
    began = time.monotonic()
    switches = {"HUB_FAULT_LATE_COMMIT": "1"} if is_late else {}
    async with new_nursery(stand, **switches) as nursery:
        await nursery.start()
        working, is_over = clerks(stand, nursery.url), asyncio.Event()
        writing = [asyncio.create_task(keep_writing(clerk, is_over)) for clerk in working]
        for _crash in range(crashes):
            await _acknowledged_once_more(working)
            await asyncio.sleep(0 if is_late else chance.uniform(*BURST_SECONDS))
            kill_database(stand.server)
            # As the hub's own job does within a second; asked here so that thirty crashes do not take thirty more.
            await asyncio.to_thread(stand.server.revive)
        is_over.set()
        await asyncio.gather(*writing)
    return Outcome(crashes, judge_clerks(stand, working), time.monotonic() - began)


async def _acknowledged_once_more(working: list[Clerk]) -> None:
    before, deadline = _count(working), time.monotonic() + PATIENCE_SECONDS
    while _count(working) == before:
        assert time.monotonic() < deadline, "nothing is acknowledged any more"
        await asyncio.sleep(0.005)


def _count(working: list[Clerk]) -> int:
    return sum(len(clerk.sender.acknowledged) for clerk in working)
