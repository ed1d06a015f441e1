"""A draft: what a township has typed, kept exactly, beside what the hub already knows."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period
from hub.capture import repository
from hub.capture.desk import DraftView
from hub.capture.errors import DraftTooLarge
from hub.capture.etag import content_sha256, entity_tag, matches
from hub.capture.explaining import get_explanations
from hub.capture.locks import changed_cells, check_cells, check_may_edit, find_lock, find_stage_lock
from hub.capture.models import Collection, Draft, Submission
from hub.capture.rows import (
    HeldRow,
    Sheet,
    TypedEntry,
    cell_names,
    draft_rows,
    laid_out,
    oversize,
    rows_to_check,
    stored_entries,
)
from hub.capture.service import own, reach_of, task_of
from hub.capture.steps import find_return
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.geography.levels import Level
from hub.geography.service import NamedPlace
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.computing import compute
from hub.kit.db import set_scope
from hub.kit.errors import PreconditionFailed, PreconditionRequired
from hub.kit.i18n import gettext as _
from hub.store import service as store
from hub.store.past import select_past
from hub.store.rows import ValueQuery
from hub.store.scope import Place, ReadScope
from hub.validation import LookBack, LookedBack, ValidationReport, check, look_over, recall


def judged_past(form: FormContent) -> LookedBack:
    """What rules and derived values need."""
    return form.spec.plan.looked_back


def shown_past(form: FormContent) -> LookedBack:
    """For the eye: the preceding period of all that is filled in, and what is computed of a row. No rule is judged."""
    return _with_previous(form, form.spec.plan.derived_from)


def live_past(form: FormContent) -> LookedBack:
    """For the eye and for rules that are judged while somebody types."""
    return _with_previous(form, form.spec.plan.looked_back)


def _with_previous(form: FormContent, needed: LookedBack) -> LookedBack:
    wanted = {item.identifier: item.spec for item in form.captured}
    wanted |= {spec.identifier: spec for spec in needed.get(LookBack.PREVIOUS, ())}
    return {**needed, LookBack.PREVIOUS: tuple(wanted.values())}


# A township has dozens of villages; fourteen periods of the largest stay below one page.
HELD_ROWS = 5000


async def get_draft(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, is_judged_live: bool = False
) -> DraftView:
    """What is typed; before anything is typed, what was submitted.

    `is_judged_live`: with all of the past that rules look back on, for a page that judges while somebody types.
    """
    collection, draft = await _find(session, subject, collection_id)
    return await _view(session, subject, collection, draft, past=live_past if is_judged_live else shown_past)


async def get_judged_draft(
    session: AsyncSession, subject: Subject, collection_id: UUID
) -> tuple[DraftView, ValidationReport]:
    """What is typed with all that is to be said of it, from one look at what the hub holds."""
    collection, draft = await _find(session, subject, collection_id)
    entries = await _entries(session, collection, draft)
    sheet = await open_sheet(session, subject, collection, entries, past=live_past)
    report = await check_entries(sheet, entries)
    return await _view_of(session, collection, draft, sheet, entries), report


async def _find(session: AsyncSession, subject: Subject, collection_id: UUID) -> tuple[Collection, Draft | None]:
    collection = own(subject, await repository.get_collection(session, reach_of(subject), collection_id))
    await set_scope(session, [collection.township])
    return collection, await repository.get_draft(session, collection.area, collection.id)


async def _entries(session: AsyncSession, collection: Collection, draft: Draft | None) -> list[TypedEntry]:
    return typed_entries(draft, None if draft else await newest_submission(session, collection))


async def save_draft(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    entries: Sequence[TypedEntry],
    *,
    if_match: str | None,
    door: str | None = None,
) -> DraftView:
    """Replace all that was typed. Odd values are kept as they are: judging them is validation's work.

    `door`: through what it came, when the caller's own way of signing in does not say.
    """
    if if_match is None:
        raise PreconditionRequired(
            _("请带上 If-Match（读取草稿时得到的 ETag），以免覆盖他人刚保存的内容；覆盖一切用 *。")
        )
    faults = oversize(entries)
    if faults:
        raise DraftTooLarge(_("草稿有 {count} 处过长，没有保存。").format(count=len(faults)), errors=faults)
    collection = own(subject, await repository.lock_collection(session, reach_of(subject), collection_id))
    await set_scope(session, [collection.township])
    check_may_edit(collection)
    held = await repository.get_draft(session, collection.area, collection.id)
    if not matches(if_match, await _etag(session, collection, held)):
        raise PreconditionFailed(_("草稿已被他人修改，您的内容没有保存。请重新读取，核对后再保存。"))
    await _check_returned(session, subject, collection, entries, held)
    draft = _draft(subject, collection, entries, door or door_of(subject))
    await repository.put_draft(session, draft)
    await audit.record(
        session,
        subject.actor,
        AuditAction.DRAFT_SAVE,
        "collection",
        str(collection.id),
        details={"township": collection.township, "rows": len(entries)},
    )
    return await _view(session, subject, collection, draft)


async def _check_returned(
    session: AsyncSession, subject: Subject, collection: Collection, entries: Sequence[TypedEntry], held: Draft | None
) -> None:
    """After a return only the cells that came back take anything new; what stood in the draft before may stay."""
    returned = await find_return(session, collection)
    if returned is None or returned.open_cells is None:
        return
    submitted = typed_entries(None, await newest_submission(session, collection))
    states = [submitted] if held is None else [submitted, stored_entries(held.rows)]
    changed = changed_cells(entries, *states)
    if not returned.open_cells.issuperset(changed):
        sheet = await open_sheet(session, subject, collection, entries)
        check_cells(returned.open_cells, changed, say=cell_names(sheet))


def _draft(subject: Subject, collection: Collection, entries: Sequence[TypedEntry], door: str) -> Draft:
    rows = [entry.to_stored() for entry in entries]
    return Draft(
        area=collection.area,
        collection_id=collection.id,
        township=collection.township,
        rows=rows,
        content_sha256=content_sha256(rows),
        door=door,
        saved_by=subject.name,
        saved_at=clock.now(),
    )


def door_of(subject: Subject) -> str:
    """Only a browser's session carries a CSRF token; a link is a door of its own; others came with a bearer token."""
    if subject.kind == "link":
        return "link"
    return "api" if subject.csrf_token is None else "web"


async def check_draft(session: AsyncSession, subject: Subject, collection_id: UUID) -> ValidationReport:
    """Every finding at once, in the caller's language. Changes nothing."""
    collection, draft = await _find(session, subject, collection_id)
    entries = await _entries(session, collection, draft)
    return await check_entries(await open_sheet(session, subject, collection, entries), entries)


async def check_entries(sheet: Sheet, entries: Sequence[TypedEntry]) -> ValidationReport:
    """Off the event loop: a check is milliseconds of computing, and others are waiting."""
    return await compute(
        check,
        sheet.form.spec,
        rows_to_check(sheet, entries),
        expected_divisions=sheet.divisions,
        known_divisions=sheet.known_divisions,
    )


def typed_entries(draft: Draft | None, submission: Submission | None) -> list[TypedEntry]:
    """The draft; without one, what was submitted; without that, nothing."""
    if draft is not None:
        return stored_entries(draft.rows)
    return [] if submission is None else stored_entries(submission.content)


async def newest_submission(session: AsyncSession, collection: Collection) -> Submission | None:
    if collection.submission is None:
        return None
    return await repository.get_submission(session, collection.area, collection.submission)


async def open_sheet(
    session: AsyncSession,
    subject: Subject,
    collection: Collection,
    entries: Sequence[TypedEntry],
    *,
    past: Callable[[FormContent], LookedBack] = judged_past,
) -> Sheet:
    """What the form asks of which divisions, and what is held of them.

    The rows are the divisions that exist at the period's end, because stocks are counted on that day:
    a village that was merged away in the period is asked of its successor.
    """
    form = await forms.get_form(session, collection.form, collection.form_version)
    period = Period.parse(collection.period)
    level: Level = "township" if collection.object_class == "township" else "village"
    asked = await geography.subtree_places(session, [collection.township], level, period.last_day)
    names = {place.code: place.name for place in asked}
    strangers = sorted({entry.division for entry in entries} - names.keys() - {collection.township})
    known = {*names, collection.township, *(await geography.get_divisions(session, strangers) if strangers else ())}
    township = Place(collection.township, await _lineage(session, collection.township, asked))
    held = await _held(session, subject, form, past(form), period, township, names)
    return Sheet(form, names, held, frozenset(known))


async def _lineage(session: AsyncSession, township: str, asked: Sequence[NamedPlace]) -> frozenset[str]:
    """A village's lineage passes through its township; only a township without villages is looked up."""
    lineage = asked[0].lineage if asked else (await geography.get_division(session, township)).lineage
    return frozenset(lineage[: lineage.index(township) + 1])


async def _held(
    session: AsyncSession,
    subject: Subject,
    form: FormContent,
    looked_back: LookedBack,
    period: Period,
    place: Place,
    asked: Mapping[str, str],
) -> Mapping[str, HeldRow]:
    """The past that is looked back on from this period, and what departments supplied for it, in one read."""
    scope = await grants.read_scope(session, subject)
    past: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    periods = {passed for look_back in looked_back for passed in look_back.periods(period)}
    if periods:
        remembered = {element.identifier for elements in looked_back.values() for element in elements}
        query = ValueQuery(form.object_class, tuple(sorted(periods)), tuple(sorted(remembered)), place)
        for row in await select_past(session, scope, query, asked):
            past[row.division][row.period] = row.values
    supplied = await _supplied(session, scope, form, period, place) if form.supplied else {}
    return {
        division: HeldRow(recall(looked_back, period, past.get(division, {})), *supplied.get(division, ({}, {})))
        for division in past.keys() | supplied.keys()
    }


async def _supplied(
    session: AsyncSession, scope: ReadScope, form: FormContent, period: Period, place: Place
) -> dict[str, tuple[dict[str, Any], dict[str, int]]]:
    """What departments supplied for this period, with the versions it was supplied under."""
    query = ValueQuery(form.object_class, (period,), tuple(item.identifier for item in form.supplied), place)
    page = await store.select_values(session, scope, query, after=None, limit=HELD_ROWS)
    found = {}
    for row in page.rows:
        values = {identifier: value for identifier, value in row.values.items() if value is not None}
        found[row.division] = (values, {identifier: row.versions[identifier] for identifier in values})
    return found


async def _etag(session: AsyncSession, collection: Collection, draft: Draft | None) -> str:
    if draft is not None:
        return entity_tag(draft.content_sha256)
    entries = typed_entries(None, await newest_submission(session, collection))
    return entity_tag(content_sha256([entry.to_stored() for entry in entries]))


async def _view(
    session: AsyncSession,
    subject: Subject,
    collection: Collection,
    draft: Draft | None,
    *,
    past: Callable[[FormContent], LookedBack] = shown_past,
) -> DraftView:
    entries = await _entries(session, collection, draft)
    sheet = await open_sheet(session, subject, collection, entries, past=past)
    return await _view_of(session, collection, draft, sheet, entries)


async def _view_of(
    session: AsyncSession, collection: Collection, draft: Draft | None, sheet: Sheet, entries: Sequence[TypedEntry]
) -> DraftView:
    shown = laid_out(sheet, entries)
    live = await compute(look_over, sheet.form.spec, rows_to_check(sheet, shown))
    return DraftView(
        task=await task_of(session, collection),
        form=sheet.form,
        rows=draft_rows(sheet, shown, live),
        held=sheet.held,
        etag=await _etag(session, collection, draft),
        is_typed=draft is not None,
        saved_at=draft.saved_at if draft else None,
        returned=await find_return(session, collection),
        lock=find_stage_lock(collection) or (None if collection.submission else find_lock(collection, clock.now())),
        explanations=await get_explanations(session, collection),
    )
