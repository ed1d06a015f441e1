"""Values, read only through a `ReadScope`; `recording` writes them.

Every read is narrowed twice, by what the application itself believes is granted (`scope.asked_boxes`) and by
the transaction's context, inside the database (docs/decisions/two-walls-around-values.md).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period
from hub.kit import json
from hub.kit.i18n import gettext as _
from hub.store import reading_repository as repository
from hub.store import scope as scopes
from hub.store.errors import ClocksRanBack
from hub.store.reading_repository import Asked
from hub.store.rows import (
    ChangeGroup,
    ChangeSlice,
    HistoryEntry,
    Position,
    TextForm,
    TextPage,
    ValuePage,
    ValueQuery,
    ValueRow,
)
from hub.store.scope import ReadScope, ScopeRequest

# More than a township's form has in a year; a history is read by people.
HISTORY_ROWS = 5000
NO_VERSIONS: Mapping[str, int] = MappingProxyType({})


def _context(scope: ReadScope) -> list[dict[str, Any]]:
    """The transaction's context: what the scope grants, whatever is asked."""
    return scopes.context_of(scope.boxes)


def _asked(scope: ReadScope, query: ValueQuery, *, after: Position | None = None, limit: int | None = None) -> Asked:
    request = None if query.elements is None else ScopeRequest(query.elements, query.periods, query.place)
    question = {
        "object_class": query.object_class,
        "periods": [str(period) for period in query.periods],
        "elements": query.elements,
        "place": query.place.code if query.place else None,
        "as_of": json.format_instant(query.as_of) if query.as_of else None,
        "after": after,
        "limit": limit,
        "boxes": scopes.asked_boxes(scope, request),
        **({"provisional": True} if query.provisional else {}),
    }
    return Asked(_context(scope), question)


async def select_values(
    session: AsyncSession, scope: ReadScope, query: ValueQuery, *, after: Position | None, limit: int
) -> ValuePage:
    """A page in the order of (period, division, entity); what the scope does not cover is not in it."""
    if not scope.boxes:
        return ValuePage((), None)
    found = await repository.list_values(session, _asked(scope, query, after=after, limit=limit + 1))
    last = found[limit - 1] if len(found) > limit else None
    rows = tuple(_value_row(held) for held in found[:limit])
    return ValuePage(rows, (last.period, last.division, last.entity) if last else None)


def _value_row(held: Row[Any]) -> ValueRow:
    return ValueRow(
        period=held.period,
        division=held.division,
        entity=held.entity,
        values=held.payload,
        missing=held.missing,
        versions=held.versions,
        revision=held.revision,
        submission=held.submission,
        submitted_at=held.submitted_at,
    )


async def select_text(
    session: AsyncSession,
    scope: ReadScope,
    query: ValueQuery,
    form: TextForm,
    *,
    after: Position | None,
    limit: int,
    versions: Mapping[str, int] = NO_VERSIONS,
) -> TextPage:
    """The same page as one text, made inside the database. The query names its elements.

    `versions`: those that the elements have now; most rows were captured under them, and are then written faster.
    """
    if not scope.boxes or query.elements is None:
        return TextPage("", 0, None)
    asked = _asked(scope, query, after=after)
    asked = Asked(asked.context, {**asked.question, "versions": dict(versions)})
    found = await repository.read_text(session, asked, form, limit)
    last = (found.period, found.division, found.entity) if found.has_more else None
    return TextPage(found.text, found.rows, last, found.provisional)


async def count_values(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> int:
    """How many rows a whole read meets."""
    rows, _left_out = await count_with_left_out(session, scope, query)
    return rows


async def count_with_left_out(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> tuple[int, int]:
    """How many rows a whole read meets, and how many values it leaves out because nobody has approved them."""
    return await repository.count_values(session, _asked(scope, query)) if scope.boxes else (0, 0)


async def find_withheld_versions(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> dict[str, int]:
    """Elements that the query meets under a version nobody consented to: identifier to that version."""
    if not scope.has_version_limits or query.elements is None:
        return {}
    return await repository.list_withheld_versions(session, _asked(scope, query))


async def read_standing(
    session: AsyncSession, scope: ReadScope, *, at: datetime | None = None
) -> tuple[UUID, dict[str, int]]:
    """Which life of the database this is, and where the clocks of the scope's areas stand, or stood at an instant.

    Read them before the rows they are handed out with: a reader who goes on from them may then see
    something twice, and never misses anything.
    """
    generation, clocks = await repository.get_standing(session, scope.divisions)
    if at is not None and clocks:
        clocks = await repository.list_clocks_at(session, _context(scope), clocks, at)
    return generation, clocks


async def read_all_clocks(session: AsyncSession) -> dict[str, int]:
    """Where every area's clock stands: numbers that say when something changed, not what."""
    return await repository.list_all_clocks(session)


async def get_generation(session: AsyncSession) -> UUID:
    """Which life of the database this is; a restore begins a new one."""
    return await repository.get_generation(session)


async def select_changes(
    session: AsyncSession,
    scope: ReadScope,
    clocks: Mapping[str, int],
    limit: int,
    *,
    now: Mapping[str, int],
    versions: Mapping[str, int] = NO_VERSIONS,
) -> ChangeSlice:
    """What changed after these clocks, in order within an area; at most `limit` rows. `versions` as in `select_text`,
    `now` where the clocks stand, read in this snapshot.

    Nothing is skipped under concurrent commits: an area's clock row is locked until its transaction
    commits, so a reading of the clock proves that every smaller number is committed or will never be.
    Call it in one REPEATABLE READ snapshot. Rows of which nothing may be read are passed over, and the
    clocks move past them: an empty page means that there is no more.
    """
    if not scope.boxes:
        return ChangeSlice("", (), dict(clocks), {})
    if any(clocks.get(area, 0) > seq for area, seq in now.items()):
        raise ClocksRanBack(_("变更游标已失效，请全量读取一次后继续。"))
    spans = {area: (clocks.get(area, 0), seq) for area, seq in now.items() if clocks.get(area, 0) < seq}
    if not spans:
        return ChangeSlice("", (), dict(now), {})
    boxes = scopes.asked_boxes(scope, None)
    question = {"spans": spans, "limit": limit, "boxes": boxes, "versions": dict(versions)}
    places = sorted({box.divisions for box in scope.boxes}, key=sorted)
    found = await repository.read_changes(session, Asked(_context(scope), question), places)
    if found is None:
        return ChangeSlice("", (), dict(now), {})
    withheld = {element: version for row in found.withheld or () for element, version in row.items()}
    groups = tuple(_change_group(scope, places, group) for group in found.groups or ())
    reached = _reached(now, spans, found.area, found.seq) if found.rows == limit else dict(now)
    return ChangeSlice(found.text, groups, reached, withheld)


def _reached(
    now: Mapping[str, int], spans: Mapping[str, tuple[int, int]], last_area: str, last_seq: int
) -> dict[str, int]:
    """Where a page that is full ends: at its last row, and before every area that comes after it."""
    return {**now, **{area: low for area, (low, _high) in spans.items() if area > last_area}, last_area: last_seq}


def _change_group(scope: ReadScope, places: Sequence[Collection[str]], group: Mapping[str, Any]) -> ChangeGroup:
    covered = {frozenset(place) for place, is_in in zip(places, group["covering"], strict=True) if is_in == "1"}
    period = Period.parse(group["period"])
    return ChangeGroup(
        object_class=group["object_class"],
        period=group["period"],
        elements=tuple(group["elements"].split(",")),
        divisions=tuple(group["divisions"]),
        rows=group["rows"],
        boxes=tuple(box for box in scope.boxes if box.divisions in covered and box.covers_period(period)),
    )


async def select_history(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> Sequence[HistoryEntry]:
    """Every change of the rows in question, oldest first within a row."""
    if not scope.boxes:
        return []
    entries: list[HistoryEntry] = []
    before: dict[tuple[str, str, str], Row[Any]] = {}
    for revision in await repository.list_history(session, _asked(scope, query, limit=HISTORY_ROWS)):
        key = (revision.period, revision.division, revision.entity)
        old = before.get(key)
        before[key] = revision
        entries += [
            _entry(revision, old, identifier)
            for identifier in revision.changed
            if query.elements is None or identifier in query.elements
        ]
    return entries


def _entry(revision: Row[Any], old: Row[Any] | None, identifier: str) -> HistoryEntry:
    return HistoryEntry(
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
