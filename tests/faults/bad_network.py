"""REL-R4: a proxy that cuts at any byte, in both directions, delays and falls silent."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.stand import Stand, new_chance, new_nursery
from tests.faults.work import Client, Program, Sender, Verdict, clerks, judge_clerks, judge_programs, keep_writing
from tests.journey.hub_process import free_port

LONGEST_REQUEST, LONGEST_ANSWER = 900, 900
SILENT_SECONDS = 0.4
TIMEOUT_SECONDS = 2.0
DELAY_SECONDS = 0.05
# What happens to a connection, with its weight.
FATES = {"cut request": 3, "cut answer": 4, "silent": 1, "delayed": 1, "passed": 2}
CHUNK_BYTES = 65536


@dataclass
class CuttingProxy:
    """Between the clients and the hub. `cuts` counts connections that it ended."""

    target: int
    chance: random.Random
    port: int = field(default_factory=free_port)
    fates: Counter[str] = field(default_factory=Counter)
    is_kind: bool = False

    @property
    def cuts(self) -> int:
        return sum(self.fates[fate] for fate in ("cut request", "cut answer", "silent"))

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fate = "passed" if self.is_kind else self.chance.choices(list(FATES), list(FATES.values()))[0]
        self.fates[fate] += 1
        upstream: asyncio.StreamWriter | None = None
        with suppress(OSError):
            answers, upstream = await asyncio.open_connection("127.0.0.1", self.target)
            up = self.chance.randrange(LONGEST_REQUEST) if fate == "cut request" else None
            down = self.chance.randrange(LONGEST_ANSWER) if fate in {"cut answer", "silent"} else None
            wait = self.chance.random() * DELAY_SECONDS if fate == "delayed" else 0.0
            carrying = [
                asyncio.create_task(self._pump(reader, upstream, up, wait)),
                asyncio.create_task(self._pump(answers, writer, down, wait, is_silent=fate == "silent")),
            ]
            _ended, going = await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
            for task in going:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)
        for end in (writer, upstream):
            if end is not None:
                end.transport.abort()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        limit: int | None,
        wait: float,
        *,
        is_silent: bool = False,
    ) -> None:
        """Carry bytes until the end, or until as many as allowed: then the line is cut, or falls silent first."""
        carried = 0
        while data := await source.read(CHUNK_BYTES):
            await asyncio.sleep(wait)
            if limit is not None and carried + len(data) >= limit:
                sink.write(data[: limit - carried])
                await sink.drain()
                if is_silent:
                    await asyncio.sleep(SILENT_SECONDS)
                return
            sink.write(data)
            await sink.drain()
            carried += len(data)


@dataclass(frozen=True)
class Outcome:
    cuts: int
    submissions: Verdict
    receipts: Verdict
    different: int

    def __str__(self) -> str:
        return (
            f"{self.cuts} cuts; submissions: {self.submissions}; receipts: {self.receipts};"
            f" {self.different} answers differ when the same key is sent again"
        )


async def cut_at_random(stand: Stand, cuts: int, *, has_key: bool = True) -> Outcome:
    """Clerks and programs behind the proxy until it has cut often enough; then every key is sent once more."""
    chance = new_chance("bad network")
    async with new_nursery(stand) as nursery:
        await nursery.start()
        proxy = CuttingProxy(int(nursery.url.rsplit(":", 1)[1]), chance)
        server = await proxy.serve()
        # A connection for each request: each meets a fate of its own.
        url = f"http://127.0.0.1:{proxy.port}"
        working = clerks(stand, url, timeout=TIMEOUT_SECONDS, keeps_alive=False) if has_key else []
        programs = _programs(stand, proxy.port, has_key=has_key)
        is_over = asyncio.Event()
        everybody: list[Client] = [*working, *programs]
        writing = [asyncio.create_task(keep_writing(client, is_over)) for client in everybody]
        while proxy.cuts < cuts:
            await asyncio.sleep(0.01)
        is_over.set()
        await asyncio.gather(*writing)
        proxy.is_kind = True
        different = sum([await _count_different(client) for client in everybody]) if has_key else 0
        server.close()
    refused = [refusal for client in everybody for refusal in client.sender.refused]
    assert not refused, refused[:3]
    return Outcome(proxy.cuts, judge_clerks(stand, working), judge_programs(stand, programs), different)


def _programs(stand: Stand, port: int, *, has_key: bool) -> list[Program]:
    """Numbers far apart, so that each receipt is one program's."""
    return [
        Program(
            stand.grant,
            Sender(
                f"http://127.0.0.1:{port}",
                stand.program_token,
                f"program-{number}",
                has_key=has_key,
                timeout=TIMEOUT_SECONDS,
                first=number * 1_000_000,
                keeps_alive=False,
            ),
        )
        for number in (1, 2)
    ]


async def _count_different(client: Client) -> int:
    """Answers that are not byte for byte what was acknowledged."""
    different = 0
    client.sender.reconnect()
    for done in client.sender.acknowledged:
        answer = await client.again(done)
        different += (answer.status_code, answer.content) != (done.status, done.body)
    await client.sender.client.aclose()
    return different
