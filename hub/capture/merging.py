"""Saving cell by cell: a page sends what changed, and nothing that others typed meanwhile is overwritten.

The whole draft is replaced with `drafting.save_draft`. Here each cell says what it was typed over; when
the hub holds something else by now, it is a conflict that people decide.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import repository
from hub.capture.cells import EMPTY, Asked, CellChange, CellText, Merging, Place, RefusedCell, merge, texts_of
from hub.capture.confirmations import Confirmation
from hub.capture.drafting import door_of, newest_submission, open_sheet, typed_entries
from hub.capture.errors import CollectionSubmitted
from hub.capture.etag import content_sha256, entity_tag
from hub.capture.ledger import Explanations, Ledger, Saved
from hub.capture.locks import cells_to_lock, check_may_edit
from hub.capture.models import Collection, Draft, DraftLedger
from hub.capture.rows import Sheet, TypedEntry, rows_to_check, wire_values
from hub.capture.service import own, reach_of
from hub.capture.steps import find_return
from hub.identity import people
from hub.identity.subject import Subject
from hub.kit import clock, json
from hub.kit.computing import compute
from hub.kit.db import set_scope
from hub.kit.i18n import gettext as _
from hub.kit.shown import cell
from hub.validation import derive


@dataclass(frozen=True)
class CellBatch:
    """What a page sends at once.

    `base`: the entity tag it last heard. `submission`: the one it knows of. `key`: the same when it is sent again.
    """

    base: str
    submission: str | None
    key: str
    changes: tuple[CellChange, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class HeldCell:
    """A cell as the hub holds it, and who saved it when, as far as that is known."""

    place: Place
    text: CellText
    saved_by: str | None
    saved_at: datetime | None


@dataclass(frozen=True)
class MergedCells:
    """The answer to a batch, or to the question what is new.

    `others`: what changed since `base` by another hand, or everything there is when that is not known
    (`is_whole`: then a cell that neither they nor the batch name is empty). `derived`: of the rows of the batch.
    """

    tag: str
    saved_at: datetime | None
    submission: str | None
    applied: tuple[Place, ...]
    conflicts: tuple[tuple[CellChange, HeldCell], ...]
    refused: tuple[RefusedCell, ...]
    others: tuple[HeldCell, ...]
    is_whole: bool
    derived: Mapping[str, Mapping[str, str]]
    explanations: Explanations


@dataclass(frozen=True)
class _Desk:
    """One collection as it stands, with its ledger brought up to what the draft really holds."""

    collection: Collection
    draft: Draft | None
    entries: tuple[TypedEntry, ...]
    tag: str
    ledger: Ledger


async def merge_cells(session: AsyncSession, subject: Subject, collection_id: UUID, batch: CellBatch) -> MergedCells:
    """Write what nobody typed over, and tell the rest. The same batch sent again is answered, not written again."""
    collection = own(subject, await repository.lock_collection(session, reach_of(subject), collection_id))
    desk = await _open(session, collection)
    key = _identity(subject, batch)
    seen = desk.ledger.batch(key)
    written = {change.place for change in batch.changes} - set(seen.unwritten) if seen else set[Place]()
    fresh = [change for change in batch.changes if change.place not in written]
    sheet = await open_sheet(session, subject, collection, desk.entries)
    merging = merge(desk.entries, fresh, await _asked(session, collection, sheet, fresh))
    explanations = desk.ledger.explanations.with_changes(batch.confirmations, batch.reason)
    is_news = bool(merging.changed) or explanations != desk.ledger.explanations
    if is_news or merging.conflicts:
        _check_knows_submission(collection, batch)
    if is_news:
        check_may_edit(collection)
        desk = await _write(session, subject, desk, merging, explanations, key)
    left = _left(merging)
    applied = {change.place: change.now for change in batch.changes if change.place not in left}
    return replace(
        await _answer(session, desk, batch.base, applied),
        applied=tuple(applied),
        conflicts=await _conflicts(session, desk, merging.conflicts),
        refused=merging.refused,
        derived=await _derived(sheet, desk.entries, {change.division for change in batch.changes}),
    )


async def read_cells(session: AsyncSession, subject: Subject, collection_id: UUID, base: str) -> MergedCells:
    """What is new since a page last heard of the draft. Changes nothing."""
    collection = own(subject, await repository.get_collection(session, reach_of(subject), collection_id))
    return await _answer(session, await _open(session, collection), base, {})


async def _open(session: AsyncSession, collection: Collection) -> _Desk:
    await set_scope(session, [collection.township])
    draft = await repository.get_draft(session, collection.area, collection.id)
    entries = tuple(typed_entries(draft, None if draft else await newest_submission(session, collection)))
    tag = entity_tag(_content_sha256(entries))
    stored = await repository.get_ledger(session, collection.area, collection.id)
    ledger = Ledger() if stored is None else Ledger.from_stored(stored.content)
    if stored is None or draft is None or stored.content_sha256 != draft.content_sha256:
        ledger = ledger.begun_anew(None if draft is None else Saved(draft.saved_by, draft.saved_at))
    return _Desk(collection, draft, entries, tag, ledger.beginning_at(tag))


def _content_sha256(entries: Sequence[TypedEntry]) -> bytes:
    return content_sha256([entry.to_stored() for entry in entries])


def _identity(subject: Subject, batch: CellBatch) -> str:
    """The key with what it stands for: another batch under an old key is another batch, and is not lost."""
    content = json.dumps([subject.name, batch.key, batch.changes, batch.confirmations, batch.reason])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


async def _asked(session: AsyncSession, collection: Collection, sheet: Sheet, changes: Sequence[CellChange]) -> Asked:
    """After a return only the cells that came back are open."""
    returned = await find_return(session, collection)
    open_cells = None if returned is None else returned.open_cells
    captured = frozenset(field.identifier for field in sheet.form.captured)
    return Asked(frozenset(sheet.divisions), captured, cells_to_lock(open_cells, (one.place for one in changes)))


def _check_knows_submission(collection: Collection, batch: CellBatch) -> None:
    """A page from before a submission would begin a correction that nobody meant."""
    if batch.submission != collection.submission:
        raise CollectionSubmitted(
            _("这张表在您打开这个页面之后已经提交（回执 {number}），这里的修改没有送出。").format(
                number=collection.submission
            ),
            extra={"submission": collection.submission},
        )


def _left(merging: Merging) -> set[Place]:
    """What was not written."""
    return {change.place for change in merging.conflicts} | {cell.place for cell in merging.refused}


async def _write(
    session: AsyncSession, subject: Subject, desk: _Desk, merging: Merging, explanations: Explanations, key: str
) -> _Desk:
    collection = desk.collection
    rows = [entry.to_stored() for entry in merging.entries]
    saved = Saved(subject.name, clock.now())
    draft = Draft(
        area=collection.area,
        collection_id=collection.id,
        township=collection.township,
        rows=rows,
        content_sha256=content_sha256(rows),
        # Reasons alone change nothing of what came through another door.
        door=desk.draft.door if desk.draft is not None and not merging.changed else door_of(subject),
        saved_by=saved.by,
        saved_at=saved.at,
    )
    tag = entity_tag(draft.content_sha256)
    changed = [change.place for change in merging.changed]
    ledger = replace(desk.ledger, explanations=explanations).with_batch(
        saved, changed, sorted(_left(merging)), key=key, tag=tag
    )
    await repository.put_draft(session, draft)
    await repository.put_ledger(session, _stored(draft, ledger))
    if desk.ledger.is_to_be_told(saved):
        await audit.record(
            session,
            subject.actor,
            AuditAction.DRAFT_SAVE,
            "collection",
            str(collection.id),
            details={"township": collection.township, "rows": len(rows), "cells": len(changed)},
        )
    return _Desk(collection, draft, merging.entries, tag, ledger)


def _stored(draft: Draft, ledger: Ledger) -> DraftLedger:
    return DraftLedger(
        area=draft.area,
        collection_id=draft.collection_id,
        township=draft.township,
        content_sha256=draft.content_sha256,
        content=ledger.to_stored(),
    )


async def _answer(session: AsyncSession, desk: _Desk, base: str, known: Mapping[Place, CellText]) -> MergedCells:
    """`known`: what the page has just said itself. What was typed over that since is news to it as well."""
    sequence = desk.ledger.sequence_at(base)
    texts = texts_of(desk.entries)
    places = list(texts) if sequence is None else desk.ledger.since(sequence)
    shown = [place for place in places if known.get(place) != texts.get(place, EMPTY)]
    return MergedCells(
        tag=desk.tag,
        saved_at=desk.draft.saved_at if desk.draft else None,
        submission=desk.collection.submission,
        applied=(),
        conflicts=(),
        refused=(),
        others=tuple(await _held(session, desk, shown)),
        is_whole=sequence is None,
        derived={},
        explanations=desk.ledger.explanations,
    )


async def _held(session: AsyncSession, desk: _Desk, places: Sequence[Place]) -> list[HeldCell]:
    texts = texts_of(desk.entries)
    saved = {place: desk.ledger.saved(place) for place in places}
    names = await people.display_names(session, sorted({one.by for one in saved.values() if one is not None}))
    return [
        HeldCell(
            place,
            texts.get(place, EMPTY),
            None if one is None else names.get(one.by, one.by),
            None if one is None else one.at,
        )
        for place, one in saved.items()
    ]


async def _conflicts(
    session: AsyncSession, desk: _Desk, conflicts: Sequence[CellChange]
) -> tuple[tuple[CellChange, HeldCell], ...]:
    held = await _held(session, desk, [change.place for change in conflicts])
    return tuple(zip(conflicts, held, strict=True))


async def _derived(sheet: Sheet, entries: Sequence[TypedEntry], divisions: set[str]) -> dict[str, dict[str, str]]:
    """Of the rows that were touched, as texts; a page computes them too, and this is the word that counts."""
    touched = [entry for entry in entries if entry.division in divisions]
    if not sheet.form.derived or not touched:
        return {}
    computed = await compute(derive, sheet.form.spec, rows_to_check(sheet, touched))
    names = {one.identifier for one in sheet.form.derived}
    return {
        entry.division: {name: cell(value) for name, value in wire_values(sheet.form, values).items() if name in names}
        for entry, values in zip(touched, computed, strict=True)
    }
