"""What clients do while the hub fails, and what the database must hold afterwards.

A client sends each write until it is acknowledged, with one Idempotency-Key for all its tries; every write
carries a number of its own, so that it is recognised wherever it ends up.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

import httpx

from tests.faults.stand import Stand, Task
from tests.people import VILLAGES

BACKOFF_SECONDS = 0.01
PEOPLE = {"population": 9000, "male": 4500, "female": 4500, "workers": 3000}
RETRIED = (429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Acknowledged:
    number: int
    key: str
    status: int
    body: bytes
    tries: int

    @property
    def answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.body)
        return answer


@dataclass
class Sender:
    """One client program: connections of its own, patience without end until it is told to stop."""

    url: str
    token: str
    name: str
    has_key: bool = True
    timeout: float = 10
    first: int = 1
    keeps_alive: bool = True
    acknowledged: list[Acknowledged] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @cached_property
    def client(self) -> httpx.AsyncClient:
        limits = httpx.Limits() if self.keeps_alive else httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", timeout=self.timeout, limits=limits)

    def reconnect(self) -> None:
        """A closed client is replaced by the next one asked for."""
        self.__dict__.pop("client", None)

    async def send(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> tuple[Any, int]:
        """The answer, and how many tries it took."""
        tries = 0
        while True:
            tries += 1
            sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
            try:
                answer = await self.client.request(method, path, json=body, headers=sent)
                if answer.status_code not in RETRIED:
                    return answer, tries
            except httpx.TransportError:
                pass
            await asyncio.sleep(BACKOFF_SECONDS)

    def headers(self, number: int) -> dict[str, str]:
        """`X-Write` is for the nursery alone: it tells a retry from another write, also without a key."""
        named = f"{self.name}-{number}"
        return {"X-Write": named, "Idempotency-Key": named} if self.has_key else {"X-Write": named}

    def note(self, number: int, answer: httpx.Response, tries: int) -> None:
        if answer.status_code == 201:
            self.acknowledged.append(
                Acknowledged(number, f"{self.name}-{number}", answer.status_code, answer.content, tries)
            )
        else:
            self.refused.append(f"{answer.status_code} {answer.text}")


class Client(Protocol):
    sender: Sender

    async def write(self, number: int) -> None: ...

    async def again(self, done: Acknowledged) -> httpx.Response:
        """The same write under the same key, once more."""


@dataclass
class Clerk:
    """Corrects one township's collection over and over."""

    task: Task
    sender: Sender

    async def save(self, number: int) -> None:
        rows = [{"division": village, "values": self.values(number)} for village in VILLAGES[self.task.township]]
        path = f"/collections/{self.task.id}/draft"
        saved, _tries = await self.sender.send("PUT", path, {"rows": rows}, {"If-Match": "*"})
        assert saved.status_code == 200, saved.text

    async def write(self, number: int) -> None:
        await self.save(number)
        path, headers = f"/collections/{self.task.id}/submission", self.sender.headers(number)
        answer, tries = await self.sender.send("POST", path, self.body(number), headers)
        self.sender.note(number, answer, tries)

    async def again(self, done: Acknowledged) -> httpx.Response:
        path = f"/collections/{self.task.id}/submission"
        answer, _tries = await self.sender.send("POST", path, self.body(done.number), {"Idempotency-Key": done.key})
        return answer

    @staticmethod
    def values(number: int) -> dict[str, Any]:
        return {**PEOPLE, "income": float(Decimal(number) / 100)}

    @staticmethod
    def body(number: int) -> dict[str, Any]:
        return {"reason": f"第{number}次更正"}


@dataclass
class Program:
    """Files delivery receipts; without a key, each arrival would be one more."""

    grant: str
    sender: Sender

    async def write(self, number: int) -> None:
        answer, tries = await self.sender.send("POST", "/receipts", self.body(number), self.sender.headers(number))
        self.sender.note(number, answer, tries)

    async def again(self, done: Acknowledged) -> httpx.Response:
        answer, _tries = await self.sender.send(
            "POST", "/receipts", self.body(done.number), {"Idempotency-Key": done.key}
        )
        return answer

    def body(self, number: int) -> dict[str, Any]:
        return {"grant": self.grant, "period": "2026-01", "rows": number, "sha256": f"{number:064x}"}


def clerks(stand: Stand, url: str, *, timeout: float = 10, keeps_alive: bool = True) -> list[Clerk]:
    return [
        Clerk(task, Sender(url, task.token, f"clerk-{task.id}", timeout=timeout, keeps_alive=keeps_alive))
        for task in stand.tasks
    ]


async def keep_writing(client: Client, is_over: asyncio.Event, *, at_most: int = 10**9) -> None:
    """Numbers of its own; the last write begun is seen through."""
    number = client.sender.first
    try:
        while not is_over.is_set() and number < client.sender.first + at_most:
            await client.write(number)
            number += 1
    finally:
        await client.sender.client.aclose()


@dataclass(frozen=True)
class Verdict:
    """0 lost, 0 double, 0 partial is what the hub promises (REL-R1)."""

    acknowledged: int
    retried: int
    lost: int
    double: int
    partial: int

    @property
    def is_good(self) -> bool:
        return (self.lost, self.double, self.partial) == (0, 0, 0)

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged, {self.retried} of them after more than one try:"
            f" {self.lost} lost, {self.double} double, {self.partial} partial"
        )


def judge_clerks(stand: Stand, working: list[Clerk]) -> Verdict:
    """Compare what was acknowledged with every trace a submission leaves."""
    done = [(clerk, entry) for clerk in working for entry in clerk.sender.acknowledged]
    kept = {
        number: (str(collection), content, changed)
        for collection, number, content, changed in stand.ask(
            "SELECT collection_id, number, content, changed_rows FROM submissions"
        )
    }
    times = Counter((collection, _number_of(content)) for collection, content, _changed in kept.values())
    lost = sum(entry.answer["number"] not in kept for _clerk, entry in done)
    wanted = {(clerk.task.id, entry.number) for clerk, entry in done}
    double = sum(count - 1 for count in times.values()) + len(set(times) - wanted)
    partial = _partial(stand, kept) + sum(
        times[(clerk.task.id, entry.number)] == 1 and _is_other(clerk, entry, kept) for clerk, entry in done
    )
    return Verdict(len(done), sum(entry.tries > 1 for _clerk, entry in done), lost, double, partial)


def _number_of(content: list[dict[str, Any]]) -> int:
    """The write's own number, from its first row."""
    return round(Decimal(str(content[0]["values"]["income"])) * 100)


def _is_other(clerk: Clerk, entry: Acknowledged, kept: dict[str, Any]) -> bool:
    """Whether the acknowledged number holds anything but what was sent, in any of its rows."""
    held = kept.get(entry.answer["number"])
    if held is None:
        return False
    collection, content, _changed = held
    return collection != clerk.task.id or {
        (row["division"], round(Decimal(str(row["values"]["income"])) * 100)) for row in content
    } != {(village, entry.number) for village in VILLAGES[clerk.task.township]}


def _partial(stand: Stand, kept: dict[str, Any]) -> int:
    """Submissions of which some trace is missing or too many: revisions, the audit event, the kept key."""
    revisions = dict(stand.ask("SELECT submission, count(*) FROM record_revisions GROUP BY 1"))
    events = dict(
        stand.ask("SELECT object_id, count(*) FROM audit_events WHERE action = 'submission.record' GROUP BY 1")
    )
    answers = dict(
        stand.ask("SELECT answer ->> 'number', count(*) FROM idempotency_keys WHERE status = 201 GROUP BY 1")
    )
    odd = sum(
        revisions.get(number) != changed or events.get(number) != 1 or answers.get(number) != 1
        for number, (_collection, _content, changed) in kept.items()
    )
    odd += len({*revisions, *events} - set(kept))
    # The clock stands where the numbers end, and none is missing: nothing half of a submission was ever committed.
    ((clock, numbered, newest),) = stand.ask(
        "SELECT (SELECT coalesce(sum(seq), 0) FROM area_clocks), count(*), coalesce(max(seq), 0) FROM record_revisions"
    )
    odd += int(clock != numbered) + int(clock != newest)
    # The records are what the newest revisions say.
    ((stale,),) = stand.ask(
        "SELECT count(*) FROM records JOIN record_revisions USING (area, object_class, period, division, entity)"
        " WHERE record_revisions.revision = (SELECT max(revision) FROM record_revisions AS newest"
        " WHERE (newest.area, newest.object_class, newest.period, newest.division, newest.entity) ="
        " (records.area, records.object_class, records.period, records.division, records.entity))"
        " AND (records.payload <> record_revisions.payload OR records.seq <> record_revisions.seq)"
    )
    return odd + int(stale)


def judge_programs(stand: Stand, working: list[Program]) -> Verdict:
    done = [entry for program in working for entry in program.sender.acknowledged]
    numbers = [entry.number for entry in done]
    kept = stand.ask(
        "SELECT id::text, rows FROM delivery_receipts WHERE rows BETWEEN %s AND %s",
        min(numbers, default=0),
        max(numbers, default=0),
    )
    known = {number for number, _rows in kept}
    events = dict(stand.ask("SELECT object_id, count(*) FROM audit_events WHERE action = 'receipt.record' GROUP BY 1"))
    return Verdict(
        len(done),
        sum(entry.tries > 1 for entry in done),
        lost=sum(entry.answer["id"] not in known for entry in done),
        double=len(kept) - len({rows for _number, rows in kept}),
        partial=sum(events.get(number) != 1 for number in known),
    )
