"""`GET /changes`: what changed inside the grants since a cursor, at once or as soon as there is something."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from time import monotonic

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import cursors
from hub.exchange.cursors import Standing
from hub.exchange.endings import ending_headers
from hub.exchange.plan import current_versions
from hub.exchange.service import answer_headers
from hub.exchange.watching import ClockWatch
from hub.grants import service as grants
from hub.grants.errors import not_granted, nothing_granted
from hub.grants.service import ReadEntry
from hub.identity.subject import Subject
from hub.kit.db import Database
from hub.store import service as store
from hub.store.rows import ChangeGroup, ChangeSlice
from hub.store.scope import Outside, ReadScope, ScopeBox

ROUTE = "/changes"
LONGEST_WAIT_SECONDS = 25
# How often somebody who waits is asked whether they are still there.
_LOOK_UP_EVERY_SECONDS = 2.0


@dataclass(frozen=True)
class Patience:
    """How long the caller waits, who tells of news, and what raises when the caller has hung up."""

    seconds: float
    watch: ClockWatch
    check_caller: Callable[[], Awaitable[None]]
    # A place to work in, as every other request has one: those who wait need none until something happened.
    working: Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class _Seen:
    scope: ReadScope
    standing: Standing
    endings: Mapping[str, str]
    found: ChangeSlice


async def read_changes(
    database: Database, session: AsyncSession, subject: Subject, *, after: str | None, limit: int, patience: Patience
) -> tuple[bytes, dict[str, str]]:
    """What changed inside the grants since the cursor; without one: all there is, from the beginning.

    `next` always moves on. Raises `CursorExpired` when the cursor is no longer good. While it waits it
    holds no transaction and no connection: `session` connects with its first statement.
    """
    seen = await _look(database, subject, after, limit)
    ends_at = monotonic() + patience.seconds
    while not seen.found.groups and (left := ends_at - monotonic()) > 0:
        if await patience.watch.wait_beyond(seen.found.clocks, min(left, _LOOK_UP_EVERY_SECONDS)):
            async with patience.working():
                seen = await _look(database, subject, after, limit)
        else:
            await patience.check_caller()
    return await _answer(session, subject, seen)


async def _look(database: Database, subject: Subject, after: str | None, limit: int) -> _Seen:
    async with database.snapshot() as snapshot:
        scope, elements = await grants.read_reach(snapshot, subject)
        if not scope.boxes:
            raise nothing_granted(scope)
        generation, now = await store.read_standing(snapshot, scope)
        standing = Standing(subject.organization.code, generation, scope.fingerprint, {})
        clocks = await cursors.find_clocks(snapshot, after, standing) if after is not None else {}
        versions = current_versions(elements)
        endings = await ending_headers(snapshot, elements)
        found = await store.select_changes(snapshot, scope, clocks, limit, now=now, versions=versions)
    if found.withheld:
        raise not_granted([Outside("element_version_not_granted", name) for name in sorted(found.withheld)])
    return _Seen(scope, standing, endings, found)


async def _answer(session: AsyncSession, subject: Subject, seen: _Seen) -> tuple[bytes, dict[str, str]]:
    cursor = cursors.fresh_id()
    await cursors.keep(session, cursor, replace(seen.standing, clocks=seen.found.clocks))
    body = f'{{"items":[{seen.found.text}],"next":"{cursor}"}}'.encode()
    await _log(session, subject, seen.scope, seen.found, body)
    return body, {**answer_headers(seen.scope.boxes, str(cursor)), **seen.endings}


async def _log(session: AsyncSession, subject: Subject, scope: ReadScope, found: ChangeSlice, body: bytes) -> None:
    await grants.log_read(session, subject, _entries(found.groups))
    numbers = sorted({box.grant for box in scope.boxes if box.grant is not None})
    await audit.record(
        session,
        subject.actor,
        AuditAction.CHANGES_READ,
        "organization",
        subject.organization.code,
        purpose="；".join(sorted({box.purpose for box in scope.boxes if box.purpose})) or None,
        details={"grants": numbers, "rows": found.rows, "sha256": hashlib.sha256(body).hexdigest()},
    )


def _entries(groups: Sequence[ChangeGroup]) -> list[ReadEntry]:
    """One entry for each grant and object class that something was read under, with what was read."""
    read: dict[tuple[str | None, str], _Read] = {}
    for group in groups:
        for box in group.boxes:
            names = [name for name in group.elements if box.covers_element(name)]
            if names:
                of_grant = read.setdefault((box.grant, group.object_class), _Read(box))
                of_grant.elements.update(names)
                of_grant.divisions.update(group.divisions)
                of_grant.periods.add(group.period)
                of_grant.rows += group.rows
    return [
        ReadEntry(ROUTE, object_class, entry.box, entry.elements, entry.divisions, sorted(entry.periods), entry.rows)
        for (_grant, object_class), entry in read.items()
    ]


@dataclass
class _Read:
    box: ScopeBox
    elements: set[str] = field(default_factory=set)
    divisions: set[str] = field(default_factory=set)
    periods: set[str] = field(default_factory=set)
    rows: int = 0
