"""Keeping values once: every write is a revision, numbered by its area's clock."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit import clock, json
from hub.kit.i18n import gettext as _
from hub.kit.json import Written
from hub.kit.statements import together
from hub.store import repository
from hub.store.errors import AreaBusy, ConcurrentWriting
from hub.store.revisions import HeldRow, RowWrite, changed_identifiers, kind_of
from hub.store.rows import ChangedRow, Recorded, Writing

RETRY_AFTER_SECONDS = 5


async def record_values(session: AsyncSession, writing: Writing) -> Recorded:
    """`recording_values` where nothing else is written with the rows."""
    async with recording_values(session, writing) as recorded:
        return recorded


@asynccontextmanager
async def recording_values(session: AsyncSession, writing: Writing) -> AsyncIterator[Recorded]:
    """Keep what differs from what is held, as new revisions; nothing is ever overwritten in the history.

    The caller has set a scope that covers the rows. The area's clock is locked after everything else was
    read, compared and written out as text, and `submitted_at` is taken under it, so that (area, seq) and
    the times of an area run in one order. Until the commit, the area's other submitters wait: so nothing comes
    after this in the transaction, and what the block writes beside the rows (statements of `hub.kit.statements`
    alone) goes to the database with them in one go. The calling room writes the audit event of its door there.
    """
    held = await _held(session, writing)
    changes = _compare(_with_kept(writing, held), held)
    drafted = _drafted(writing, changes)
    steps = max(len(changes), 1)
    first = await advance_area(session, writing.area, steps) - steps + 1
    number = writing.number or number_of(writing.area, first)
    submitted_at = clock.now()
    for seq, revision in enumerate(drafted, start=first):
        revision |= {"seq": seq, "submission": number, "submitted_at": submitted_at}
    changed = tuple(
        ChangedRow(one["division"], one["entity"], one["revision"], one["seq"], one["kind"], tuple(names))
        for one, (_row, _revision, names) in zip(drafted, changes, strict=True)
    )
    try:
        async with together(session):
            if drafted:
                await repository.add_revisions(session, drafted)
            yield Recorded(number, submitted_at, changed)
    except IntegrityError as error:
        raise ConcurrentWriting(_("同一行刚刚由他人写入，请重新读取后再提交。")) from error


def number_of(area: str, seq: int) -> str:
    """A submission is numbered by the first step of its area's clock that it took."""
    return f"{area}-{seq:010d}"


def _with_kept(writing: Writing, held: Mapping[tuple[str, str], HeldRow]) -> Sequence[RowWrite]:
    """The rows with what is to stay of those that are held, under the versions it is held under."""
    if not writing.kept:
        return writing.rows
    kept = frozenset(writing.kept)
    return [_keeping(row, held[row.key], kept) if row.key in held else row for row in writing.rows]


def _keeping(row: RowWrite, held: HeldRow, kept: frozenset[str]) -> RowWrite:
    return replace(
        row,
        payload={**row.payload, **{name: value for name, value in held.payload.items() if name in kept}},
        missing={**row.missing, **{name: reason for name, reason in held.missing.items() if name in kept}},
        versions={**row.versions, **{name: version for name, version in held.versions.items() if name in kept}},
    )


async def _held(session: AsyncSession, writing: Writing) -> dict[tuple[str, str], HeldRow]:
    divisions = {row.division for row in writing.rows}
    held = await repository.list_held_for_update(session, writing.area, writing.object_class, writing.period, divisions)
    return {
        (row.division, row.entity): HeldRow(
            row.payload, row.missing, row.versions, row.revision, row.submission, row.submitted_at
        )
        for row in held
    }


def _compare(
    rows: Sequence[RowWrite], held: Mapping[tuple[str, str], HeldRow]
) -> list[tuple[RowWrite, int, list[str]]]:
    """The rows that are new or differ, each with its next revision and what changed, in a fixed order."""
    changes = []
    for row in sorted(rows, key=lambda written: written.key):
        before = held.get(row.key)
        changed = changed_identifiers(before, row)
        if before is None or changed:
            changes.append((row, before.revision + 1 if before else 1, changed))
    return changes


async def advance_area(session: AsyncSession, area: str, steps: int) -> int:
    """Lock the area's clock to the end of the transaction; its reading after these steps."""
    try:
        return await repository.advance_clock(session, area, steps)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            detail = _("本县正有其他提交在写入，已填内容没有丢失，请稍后重试。")
            raise AreaBusy(detail, retry_after=RETRY_AFTER_SECONDS) from error
        raise


def _drafted(writing: Writing, changes: Sequence[tuple[RowWrite, int, list[str]]]) -> list[dict[str, Any]]:
    """The revisions, all but their numbers and time. Most rows of a form share their versions: written out once."""
    distinct = {id(row.versions): row.versions for row, _revision, _changed in changes}
    versions = {key: _written(shared) for key, shared in distinct.items()}
    return [
        {
            "area": writing.area,
            "object_class": writing.object_class,
            "period": writing.period,
            "division": row.division,
            "entity": row.entity,
            "revision": revision,
            "kind": kind_of(revision, changed, row.payload),
            "payload": _written({name: value for name, value in row.payload.items() if value is not None}),
            "missing": _written(row.missing),
            "versions": versions[id(row.versions)],
            "changed": f"{{{','.join(changed)}}}",
            "actor": writing.actor,
            "door": writing.door,
            "reason": writing.reason,
        }
        for row, revision, changed in changes
    ]


def _written(document: Mapping[str, Any]) -> Written:
    return Written(json.dumps(dict(document)))
