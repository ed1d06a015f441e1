"""REL-R1: what was acknowledged survives kill -9 of the server; nothing is applied twice or half."""

import asyncio
import os
import random
import signal
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults.stand import Nursery, Stand, is_alive, new_chance, new_nursery
from tests.faults.work import Program, Sender, Verdict, clerks, judge_clerks, judge_programs, keep_writing

KILLED_AFTER_SECONDS = (0.02, 0.35)
PATIENCE = 20


@dataclass(frozen=True)
class Outcome:
    kills: int
    verdict: Verdict
    ready_seconds: float

    def __str__(self) -> str:
        return f"{self.kills} kills, ready again after {self.ready_seconds:.2f} s (median); {self.verdict}"


async def kill_at_random(stand: Stand, kills: int) -> Outcome:
    """Six clerks correct their collections while the server is killed again and again."""
    chance = new_chance("server killed")
    async with new_nursery(stand) as nursery:
        working, is_over = clerks(stand, nursery.url), asyncio.Event()
        writing = [asyncio.create_task(keep_writing(clerk, is_over)) for clerk in working]
        for _kill in range(kills):
            await _live_a_little(nursery, chance)
        is_over.set()
        await nursery.start()
        await asyncio.gather(*writing)
    refused = [refusal for clerk in working for refusal in clerk.sender.refused]
    assert not refused, refused[:3]
    return Outcome(kills, judge_clerks(stand, working), statistics.median(nursery.starts))


async def _live_a_little(nursery: Nursery, chance: random.Random) -> None:
    """Counted in the server's own time, which it spends on the clients: a busy machine must not spare it the work."""
    pid = await nursery.start()
    began, allowed = _own_seconds(pid), chance.uniform(*KILLED_AFTER_SECONDS)
    deadline = time.monotonic() + PATIENCE * allowed
    while time.monotonic() < deadline and _own_seconds(pid) - began < allowed:
        await asyncio.sleep(0.004)
    os.kill(pid, signal.SIGKILL)


def _own_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def kill_at_reply(
    stand: Stand, writes: int, *, moment: str, has_key: bool = True, is_late: bool = False
) -> Verdict:
    """The server dies at its answer to each first try of a receipt: `before` it is sent, or `after`."""
    switches = {"HUB_FAULT_DIE": moment} | ({"HUB_FAULT_LATE_COMMIT": "5"} if is_late else {})
    async with new_nursery(stand, **switches) as nursery:
        name = f"program-{moment}-{has_key}-{is_late}"
        first = 1000 * (1 + 4 * (moment == "before") + 2 * has_key + is_late)  # each run has numbers of its own
        sender = Sender(nursery.url, stand.program_token, name, has_key=has_key, first=first)
        program, is_over = Program(stand.grant, sender), asyncio.Event()
        # A group: a server that does not come back ends the writing, which has patience without end.
        async with asyncio.TaskGroup() as living:
            living.create_task(_keep_alive(nursery, is_over))
            await keep_writing(program, asyncio.Event(), at_most=writes)
            is_over.set()
    return judge_programs(stand, [program])


async def _keep_alive(nursery: Nursery, is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        pid = await nursery.start(may_die=True)
        while not is_over.is_set() and is_alive(pid):
            await asyncio.sleep(0.01)
