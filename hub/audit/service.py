"""Writing, sealing and verifying the audit log."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import chain, repository
from hub.audit.actions import AuditAction
from hub.audit.models import AuditEventRow, AuditHead
from hub.kit import clock, json
from hub.kit.db import Database, uuid7
from hub.kit.i18n import gettext as _
from hub.kit.journal import append_line
from hub.kit.middleware import request_id

SEALED_AT_ONCE = 5000
VERIFIED_AT_ONCE = 2000
# Below every position, so that an event moved to a negative one is met as well.
MINIMUM_POSITION = -(2**63)

_CONTENT = (
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "organization",
    "action",
    "object_type",
    "object_id",
    "purpose",
    "outcome",
    "details",
    "request_id",
)


@dataclass(frozen=True)
class Actor:
    """Who did it: a person, a program, a link that somebody handed out, the system itself, or nobody we know."""

    kind: Literal["person", "client", "link", "system", "anonymous"]
    id: str
    name: str
    organization: str | None = None


SYSTEM = Actor("system", "system", "system")
ANONYMOUS = Actor("anonymous", "", "")


@dataclass(frozen=True)
class Event:
    """One thing done. `details` holds ids and counts, never values."""

    actor: Actor
    action: AuditAction
    object_type: str
    object_id: str
    details: Mapping[str, Any] = field(default_factory=dict)
    purpose: str | None = None
    outcome: Literal["done", "refused"] = "done"

    def to_row(self) -> dict[str, Any]:
        row = {
            "id": uuid7(),
            "at": clock.now(),
            "actor_kind": self.actor.kind,
            "actor_id": self.actor.id,
            "actor_name": self.actor.name,
            "organization": self.actor.organization,
            "action": self.action.value,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "purpose": self.purpose,
            "outcome": self.outcome,
            "details": dict(self.details),
            "request_id": request_id.get(),
        }
        return {**row, "sha256": chain.event_hash(row)}


async def record(
    session: AsyncSession,
    actor: Actor,
    action: AuditAction,
    object_type: str,
    object_id: str,
    *,
    purpose: str | None = None,
    outcome: Literal["done", "refused"] = "done",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write one event into the transaction it tells of. `details` holds ids and counts, never values."""
    event = Event(actor, action, object_type, object_id, details or {}, purpose, outcome)
    await repository.add_event(session, event.to_row())


async def record_all(session: AsyncSession, events: Sequence[Event]) -> None:
    """The events of an act on many things, in one go."""
    if events:
        await repository.add_events(session, [event.to_row() for event in events])


def _hash(event: AuditEventRow) -> bytes:
    return chain.event_hash({name: getattr(event, name) for name in _CONTENT})


class Sealer:
    """Chains committed events and signs the head; heads are also kept in a file beside the database."""

    def __init__(self, folder: Path) -> None:
        self._key = chain.SigningKey.load_or_create(folder)
        self._heads_file = folder / "audit-heads.jsonl"

    async def seal(self, database: Database) -> int:
        """Seal what has been committed; the number of events sealed. Safe beside other sealers."""
        async with database.transaction() as session:
            await repository.lock_sealing(session)
            position, link = await repository.get_last_link(session) or (0, chain.GENESIS)
            start = position
            while batch := await repository.list_unsealed(session, SEALED_AT_ONCE):
                links = []
                for event_id, event_sha256 in batch:
                    position += 1
                    link = chain.next_link(link, event_sha256)
                    links.append((event_id, position, link))
                await repository.set_links(session, links)
            if position > start:
                repository.add_head(session, self._head(position, link))
        if position > start:
            # After the commit: a head in the file that the database never had would be a false alarm.
            self._file_head(position, link)
        return position - start

    def _head(self, position: int, link: bytes) -> AuditHead:
        return AuditHead(
            position=position,
            chain_sha256=link,
            signed_at=clock.now(),
            key_id=self._key.id,
            signature=self._key.sign(position, link),
        )

    def _file_head(self, position: int, link: bytes) -> None:
        append_line(self._heads_file, json.dumps({"position": position, "chain_sha256": link.hex()}))

    async def verify(self, session: AsyncSession) -> "Verdict":
        """Walk the whole chain; the first thing that does not hold is named."""
        heads = {head.position: head for head in await repository.list_heads(session)}
        filed = self._filed_heads()
        walk = _Walk(frozenset(heads.keys() | filed.keys()))
        after = MINIMUM_POSITION
        while events := await repository.list_sealed(session, after=after, limit=VERIFIED_AT_ONCE):
            # Beside the event loop: a serving process answers its callers meanwhile.
            broken = await asyncio.to_thread(walk.over, events)
            if broken is not None:
                return Verdict(walk.position, broken)
            after = walk.position
        for event in await repository.list_unsealed_events(session):
            if _hash(event) != event.sha256:
                return Verdict(walk.position, Break(None, str(event.id), "altered before it was sealed"))
        return Verdict(walk.position, self._broken_head(heads, filed, walk.links))

    def _filed_heads(self) -> dict[int, bytes]:
        if not self._heads_file.exists():
            return {}
        with self._heads_file.open(encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return {line["position"]: bytes.fromhex(line["chain_sha256"]) for line in lines}

    def _broken_head(
        self, heads: Mapping[int, AuditHead], filed: Mapping[int, bytes], links: Mapping[int, bytes]
    ) -> "Break | None":
        for position, head in heads.items():
            if head.key_id != self._key.id:
                return Break(position, None, "its head was signed by another key")
            if not self._key.verifies(position, head.chain_sha256, head.signature):
                return Break(position, None, "its head's signature does not hold")
            if links.get(position) != head.chain_sha256:
                return Break(position, None, "the chain does not reach its signed head")
        for position, link in filed.items():
            if links.get(position) != link:
                return Break(position, None, "the chain does not reach the head that was filed beside the database")
        return None


@dataclass(frozen=True)
class Break:
    """The first place where the log does not hold."""

    position: int | None
    event_id: str | None
    reason: str


@dataclass(frozen=True)
class Verdict:
    """How many events hold, counted from the first, and what does not."""

    events: int
    broken: Break | None

    def for_people(self) -> str:
        if self.broken is None:
            return _("审计日志完整：{count} 条记录首尾相连，签名有效。").format(count=self.events)
        row = self.broken.event_id or "-"
        return _("审计日志被改动：第 {position} 条（{row}）：{reason}").format(
            position=self.broken.position or "-", row=row, reason=self.broken.reason
        )


class _Walk:
    """Along the chain from its beginning: how far it holds, and its links at the positions that have a head."""

    def __init__(self, wanted: Collection[int]) -> None:
        self._wanted = wanted
        self._link = chain.GENESIS
        self.position = 0
        self.links: dict[int, bytes] = {}

    def over(self, events: Sequence[AuditEventRow]) -> "Break | None":
        for event in events:
            broken = _broken(event, self.position + 1, self._link)
            if broken is not None:
                return broken
            self.position += 1
            self._link = chain.next_link(self._link, event.sha256)
            if self.position in self._wanted:
                self.links[self.position] = self._link
        return None


def _broken(event: AuditEventRow, position: int, link: bytes) -> Break | None:
    if event.position != position:
        return Break(position, None, f"missing: the next event in the log is number {event.position}")
    if _hash(event) != event.sha256:
        return Break(position, str(event.id), "altered: its content does not give its hash")
    if chain.next_link(link, event.sha256) != event.chain_sha256:
        return Break(position, str(event.id), "altered: its hash does not continue the chain")
    return None
