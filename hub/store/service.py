"""Values, read only through a `ReadScope`; `recording` writes them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import set_scope
from hub.kit.i18n import gettext as _
from hub.store import repository
from hub.store.errors import ClocksRanBack
from hub.store.repository import RowFilter
from hub.store.revisions import kind_of
from hub.store.rows import (
    ChangeRow,
    ChangeSlice,
    HistoryEntry,
    Position,
    ValuePage,
    ValueQuery,
    ValueRow,
)
from hub.store.scope import ReadScope, RowReader, ScopeBox

# More than a township's form has in a year; a history is read by people.
HISTORY_ROWS = 5000


def _row_filter(scope: ReadScope, query: ValueQuery) -> RowFilter:
    return RowFilter(
        object_class=query.object_class,
        periods=[str(period) for period in query.periods],
        divisions=[query.place.code] if query.place else scope.divisions,
        as_of=query.as_of,
        elements=query.elements,
    )


async def select_values(
    session: AsyncSession, scope: ReadScope, query: ValueQuery, *, after: Position | None, limit: int
) -> ValuePage:
    """A page in the order of (period, division, entity); what the scope does not cover is not in it."""
    if not scope.boxes:
        return ValuePage((), None)
    await set_scope(session, scope.divisions)
    found = await repository.list_values(session, _row_filter(scope, query), after, limit + 1)
    reader = RowReader(scope)
    rows = tuple(row for row in (_readable(reader, query.elements, held) for held in found[:limit]) if row is not None)
    last = found[limit - 1] if len(found) > limit else None
    return ValuePage(rows, (last.period, last.division, last.entity) if last else None)


def _readable(reader: RowReader, elements: Collection[str] | None, held: Row[*tuple[Any, ...]]) -> ValueRow | None:
    asked = sorted({*held.payload, *held.missing}) if elements is None else elements
    readable, _withheld = reader.split(held.period, held.lineage, asked, held.versions)
    if not readable:
        return None
    return ValueRow(
        period=held.period,
        division=held.division,
        entity=held.entity,
        values={identifier: held.payload.get(identifier) for identifier in readable},
        missing={identifier: held.missing[identifier] for identifier in readable if identifier in held.missing},
        versions={identifier: held.versions[identifier] for identifier in readable if identifier in held.versions},
        revision=held.revision,
        submitted_at=held.submitted_at,
    )


async def count_values(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> int:
    """How many rows a whole read meets."""
    if not scope.boxes:
        return 0
    await set_scope(session, scope.divisions)
    return await repository.count_values(session, _row_filter(scope, query))


async def find_withheld_versions(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> dict[str, int]:
    """Elements that the query meets under a version nobody consented to: identifier to that version."""
    if not scope.has_version_limits or query.elements is None:
        return {}
    await set_scope(session, scope.divisions)
    newest = await repository.list_newest_versions(session, _row_filter(scope, query), query.elements)
    return {
        identifier: version
        for identifier, version in newest.items()
        if not any(box.covers_element(identifier) and box.covers_version(identifier, version) for box in scope.boxes)
    }


async def read_clocks(session: AsyncSession, scope: ReadScope, *, at: datetime | None = None) -> dict[str, int]:
    """Where the clocks of the scope's areas stand, or stood at an instant.

    Read them before the rows they are handed out with: a reader who goes on from them may then see
    something twice, and never misses anything.
    """
    clocks = await repository.list_clocks(session, scope.divisions)
    if at is None or not clocks:
        return clocks
    await set_scope(session, scope.divisions)
    return await repository.list_clocks_at(session, clocks, at)


async def get_generation(session: AsyncSession) -> UUID:
    """Which life of the database this is; a restore begins a new one."""
    return await repository.get_generation(session)


async def select_changes(session: AsyncSession, scope: ReadScope, clocks: Mapping[str, int], limit: int) -> ChangeSlice:
    """What changed after these clocks, in order within an area; at most `limit` rows.

    Nothing is skipped under concurrent commits: an area's clock row is locked until its transaction
    commits, so a reading of the clock proves that every smaller number is committed or will never be.
    Call it in one REPEATABLE READ snapshot. Rows of which nothing may be read are passed over, and the
    clocks move past them.
    """
    if not scope.boxes:
        return ChangeSlice((), dict(clocks), {})
    await set_scope(session, scope.divisions)
    now = await repository.list_clocks(session, scope.divisions)
    if any(clocks.get(area, 0) > seq for area, seq in now.items()):
        raise ClocksRanBack(_("变更游标已失效，请全量读取一次后继续。"))
    return await _walk(session, scope, {area: clocks.get(area, 0) for area in now}, now, limit)


async def _walk(
    session: AsyncSession, scope: ReadScope, start: dict[str, int], end: Mapping[str, int], limit: int
) -> ChangeSlice:
    """Read on until the page is full or the clocks are reached: an empty page means there is no more."""
    reader, reached = RowReader(scope), dict(start)
    rows: list[ChangeRow] = []
    withheld: dict[str, int] = {}
    while len(rows) < limit:
        spans = {area: (reached[area], high) for area, high in end.items() if reached[area] < high}
        if not spans:
            break
        wanted = limit - len(rows)
        found = await repository.list_changes(
            session, spans, divisions=scope.divisions, identifiers=scope.elements, limit=wanted
        )
        for revision in found:
            readable, held_back = reader.split(revision.period, revision.lineage, revision.changed, revision.versions)
            withheld.update({identifier: revision.versions[identifier] for identifier in held_back})
            if readable:
                boxes = reader.boxes(revision.period, revision.lineage)
                rows.append(_change(revision, readable, tuple(boxes)))
        if len(found) < wanted:
            reached = dict(end)
        else:
            last = found[-1]
            reached.update({area: high for area, (_low, high) in spans.items() if area < last.area})
            reached[last.area] = last.seq
    return ChangeSlice(tuple(rows), reached, withheld)


def _change(revision: Row[*tuple[Any, ...]], readable: list[str], boxes: tuple[ScopeBox, ...]) -> ChangeRow:
    row = ValueRow(
        period=revision.period,
        division=revision.division,
        entity=revision.entity,
        values={identifier: revision.payload.get(identifier) for identifier in readable},
        missing={i: revision.missing[i] for i in readable if i in revision.missing},
        versions={i: revision.versions[i] for i in readable if i in revision.versions},
        revision=revision.revision,
        submitted_at=revision.submitted_at,
    )
    # Of a row where others' elements were corrected, this reader's may all be withdrawn.
    kind = kind_of(revision.revision, readable, revision.payload)
    return ChangeRow(revision.area, revision.object_class, kind, row, boxes)


async def select_history(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> Sequence[HistoryEntry]:
    """Every change of the rows in question, oldest first within a row."""
    if not scope.boxes:
        return []
    await set_scope(session, scope.divisions)
    reader = RowReader(scope)
    entries: list[HistoryEntry] = []
    before: dict[tuple[str, str, str], Any] = {}
    for revision, lineage in await repository.list_revisions(session, _row_filter(scope, query), HISTORY_ROWS):
        key = (revision.period, revision.division, revision.entity)
        old = before.get(key)
        before[key] = revision
        asked = [i for i in revision.changed if query.elements is None or i in query.elements]
        readable, _withheld = reader.split(revision.period, lineage, asked, revision.versions)
        entries += [
            HistoryEntry(
                division=revision.division,
                entity=revision.entity,
                element=identifier,
                old=old.payload.get(identifier) if old else None,
                new=revision.payload.get(identifier),
                old_missing=old.missing.get(identifier) if old else None,
                new_missing=revision.missing.get(identifier),
                revision=revision.revision,
                submission=revision.submission,
                submitted_at=revision.submitted_at,
                actor=revision.actor,
                door=revision.door,
                reason=revision.reason,
            )
            for identifier in readable
        ]
    return entries
