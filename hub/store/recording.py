"""Keeping values once: every write is a revision, numbered by its area's clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit import clock
from hub.kit.db import widen_scope
from hub.kit.i18n import gettext as _
from hub.store import repository
from hub.store.errors import AreaBusy, ConcurrentWriting
from hub.store.models import Record
from hub.store.revisions import HeldRow, RowWrite, changed_identifiers, kind_of
from hub.store.rows import ChangedRow, Recorded, Writing

RETRY_AFTER_SECONDS = 5


async def record_values(session: AsyncSession, writing: Writing) -> Recorded:
    """Keep what differs from what is held, as new revisions; nothing is ever overwritten in the history.

    The area's clock is locked after everything else was read and compared, and `submitted_at` is
    taken under it, so that (area, seq) and the times of an area run in one order. Call it last in the
    transaction: until the commit, the area's other submitters wait. The calling room writes the audit
    event of its door.
    """
    await widen_scope(session, {row.division for row in writing.rows})
    changes = _compare(writing, await _held(session, writing))
    first = await _advance(session, writing.area, max(len(changes), 1)) - max(len(changes), 1) + 1
    number = f"{writing.area}-{first:010d}"
    submitted_at = clock.now()
    numbered = [
        (
            row,
            ChangedRow(
                row.division, row.entity, revision, seq, kind_of(revision, changed, row.payload), tuple(changed)
            ),
        )
        for seq, (row, revision, changed) in enumerate(changes, start=first)
    ]
    if numbered:
        states = [_state(writing, row, change, number, submitted_at) for row, change in numbered]
        try:
            await repository.add_revisions(session, [{**state, **_deed(writing, change)} for state, change in states])
        except IntegrityError as error:
            raise ConcurrentWriting(_("同一行刚刚由他人写入，请重新读取后再提交。")) from error
        await repository.put_records(session, [state for state, _change in states])
    return Recorded(number, submitted_at, tuple(change for _row, change in numbered))


async def _held(session: AsyncSession, writing: Writing) -> dict[tuple[str, str], HeldRow]:
    divisions = {row.division for row in writing.rows}
    held = await repository.list_held_for_update(session, writing.area, writing.object_class, writing.period, divisions)
    return {(record.division, record.entity): _held_row(record) for record in held}


def _held_row(record: Record) -> HeldRow:
    return HeldRow(
        record.payload, record.missing, record.versions, record.revision, record.submission, record.submitted_at
    )


def _compare(writing: Writing, held: Mapping[tuple[str, str], HeldRow]) -> list[tuple[RowWrite, int, list[str]]]:
    """The rows that are new or differ, each with its next revision and what changed, in a fixed order."""
    changes = []
    for row in sorted(writing.rows, key=lambda written: written.key):
        before = held.get(row.key)
        changed = changed_identifiers(before, row)
        if before is None or changed:
            changes.append((row, before.revision + 1 if before else 1, changed))
    return changes


async def _advance(session: AsyncSession, area: str, steps: int) -> int:
    try:
        return await repository.advance_clock(session, area, steps)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            detail = _("本县正有其他提交在写入，已填内容没有丢失，请稍后重试。")
            raise AreaBusy(detail, retry_after=RETRY_AFTER_SECONDS) from error
        raise


def _state(
    writing: Writing, row: RowWrite, change: ChangedRow, number: str, submitted_at: datetime
) -> tuple[dict[str, Any], ChangedRow]:
    payload = {identifier: value for identifier, value in row.payload.items() if value is not None}
    state = {
        "area": writing.area,
        "object_class": writing.object_class,
        "period": writing.period,
        "division": row.division,
        "entity": row.entity,
        "payload": payload,
        "missing": dict(row.missing),
        "versions": dict(row.versions),
        "revision": change.revision,
        "seq": change.seq,
        "submission": number,
        "submitted_at": submitted_at,
    }
    return state, change


def _deed(writing: Writing, change: ChangedRow) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "changed": list(change.changed),
        "actor": writing.actor,
        "door": writing.door,
        "reason": writing.reason,
    }
