"""The county's review of a submission: approved, returned with reasons at cells, taken back by either side."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import repository, signing
from hub.capture.desk import CollectionTask
from hub.capture.drafting import door_of
from hub.capture.errors import ReturnRefused, SubmissionMoved, SubmissionNotFound
from hub.capture.etag import content_sha256
from hub.capture.locks import find_lock
from hub.capture.models import Collection, Draft, Submission
from hub.capture.rows import stored_entries
from hub.capture.service import is_own, reach_of, task_of, visible
from hub.capture.signing import stated
from hub.capture.steps import ReturnedCell, cells_as_stored, check_can, newest_return, newest_step, take_step
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope
from hub.kit.errors import ErrorItem, Forbidden
from hub.kit.i18n import gettext as _
from hub.store import provisional
from hub.store.revisions import RowWrite
from hub.store.rows import Writing

MOST_RETURNED_CELLS = 2000


async def approve(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, submission: str | None, note: str | None = None
) -> CollectionTask:
    """The provisional values become records. `submission`: the one that was looked at, when the caller says so."""
    collection = await _lock(session, subject, collection_id)
    check_can("approve", collection)
    held = await _submission(session, collection, submission)
    form = await forms.get_form(session, collection.form, held.form_version)
    await take_step(
        session,
        subject,
        collection,
        "approve",
        reason=(note or "").strip() or None,
        details={"before": collection.approved},
        changes={"stage": None, "approved": held.number},
    )
    await provisional.approve_values(session, _writing(collection, form, held))
    return await task_of(session, collection)


async def return_submission(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    *,
    reason: str,
    cells: Sequence[ReturnedCell] = (),
    submission: str | None = None,
) -> CollectionTask:
    """Send it back. In review its values are nobody's from now on; a final submission's are served until corrected."""
    collection = await _lock(session, subject, collection_id)
    state = check_can("return", collection)
    held = await _submission(session, collection, submission)
    form = await forms.get_form(session, collection.form, held.form_version)
    _check_return(form, held, reason, cells)
    named = [ReturnedCell(cell.division, cell.element, cell.reason.strip() or reason.strip()) for cell in cells]
    await take_step(
        session,
        subject,
        collection,
        "return",
        reason=reason.strip(),
        details={"cells": cells_as_stored(named)},
        changes={"stage": "returned"},
    )
    if state == "in_review":
        await provisional.drop_values(session, collection.area, held.number)
    return await task_of(session, collection)


def _check_return(form: FormContent, held: Submission, reason: str, cells: Sequence[ReturnedCell]) -> None:
    faults = []
    if not reason.strip():
        faults.append(ErrorItem("/reason", "reason_missing", _("请写明退回的原因。")))
    divisions = {row["division"] for row in held.content}
    captured = {field.identifier for field in form.captured}
    for index, cell in enumerate(cells):
        if cell.division not in divisions:
            message = _("这份提交里没有区划 {code} 这一行。").format(code=cell.division[:40])
            faults.append(ErrorItem(f"/cells/{index}/division", "division_not_in_submission", message))
        if cell.element not in captured:
            message = _("{element} 不由乡镇填报，不能退回这一格。").format(element=cell.element[:80])
            faults.append(ErrorItem(f"/cells/{index}/element", "element_not_captured", message))
    if faults:
        raise ReturnRefused(_("不能这样退回：有 {count} 处错误。").format(count=len(faults)), errors=faults)


async def take_back(session: AsyncSession, subject: Subject, collection_id: UUID, *, reason: str) -> CollectionTask:
    """A township's form that nobody answered yet, or the county's own approval."""
    collection = await _lock(session, subject, collection_id)
    if not is_own(subject, collection):
        await _revoke(session, subject, collection, stated(reason))
    elif check_can("take_back", collection) == "awaiting_sign_off":
        await signing.take_back_request(session, subject, collection, stated(reason))
    else:
        await _withdraw(session, subject, collection, stated(reason))
    return await task_of(session, collection)


async def _withdraw(session: AsyncSession, subject: Subject, collection: Collection, reason: str) -> None:
    """The township's form comes back as a draft. What was never submitted before is not late for that."""
    lock = find_lock(collection, clock.now())
    held = await _submission(session, collection, None)
    if held.supersedes is None and lock is not None:
        raise lock
    returned = await newest_return(session, collection)
    answers = returned is not None and returned.submission == held.supersedes and held.supersedes is not None
    await repository.put_draft(session, _draft(subject, collection, held))
    await take_step(
        session,
        subject,
        collection,
        "take_back",
        reason=reason,
        changes={
            "stage": "returned" if answers else None,
            "submission": held.supersedes,
            "first_submitted_at": None if held.supersedes is None else collection.first_submitted_at,
        },
    )
    await provisional.drop_values(session, collection.area, held.number)


async def _revoke(session: AsyncSession, subject: Subject, collection: Collection, reason: str) -> None:
    """The approved values are provisional again; departments' feeds hear that they are withdrawn."""
    check_can("revoke", collection)
    held = await _submission(session, collection, None)
    form = await forms.get_form(session, collection.form, held.form_version)
    approval = await newest_step(session, collection, "approve")
    await take_step(
        session,
        subject,
        collection,
        "revoke",
        reason=reason,
        changes={"stage": "in_review", "approved": None if approval is None else approval.details["before"]},
    )
    await provisional.revoke_values(
        session,
        collection.area,
        held.number,
        actor=subject.name,
        door=door_of(subject),
        reason=reason,
        kept=_supplied(form),
    )
    await provisional.hold_values(session, _writing(collection, form, held))


async def _lock(session: AsyncSession, subject: Subject, collection_id: UUID) -> Collection:
    """Locked and seen by its township or the authority: others see a task's state and decide nothing."""
    found = await repository.lock_collection(session, reach_of(subject), collection_id)
    collection = visible(subject, found)
    if not is_own(subject, collection) and subject.organization.kind != "authority":
        raise Forbidden(_("只有填报乡镇和县数据局可以办理。"))
    await set_scope(session, [collection.township])
    return collection


async def _submission(session: AsyncSession, collection: Collection, expected: str | None) -> Submission:
    number = collection.submission
    if expected is not None and expected != number:
        raise SubmissionMoved(
            _("乡镇已经提交了新的内容（{number}），请重新查看后再办理。").format(number=number),
            extra={"submission": number},
        )
    held = await repository.get_submission(session, collection.area, number or "")
    if held is None:
        raise SubmissionNotFound(_("没有这份提交回执。"))
    return held


def _supplied(form: FormContent) -> tuple[str, ...]:
    return tuple(item.identifier for item in form.supplied)


def _writing(collection: Collection, form: FormContent, held: Submission) -> Writing:
    """The submission's rows, in the words and under the name of whoever submitted them."""
    return Writing(
        area=collection.area,
        object_class=collection.object_class,
        period=collection.period,
        rows=[
            RowWrite(row["division"], {**row["values"], **row["derived"]}, row["missing"], form.versions)
            for row in held.content
        ],
        actor=held.submitted_by,
        door=held.door,
        reason=held.reason,
        number=held.number,
        kept=_supplied(form),
    )


def _draft(subject: Subject, collection: Collection, held: Submission) -> Draft:
    rows = [entry.to_stored() for entry in stored_entries(held.content)]
    return Draft(
        area=collection.area,
        collection_id=collection.id,
        township=collection.township,
        rows=rows,
        content_sha256=content_sha256(rows),
        door=held.door,
        saved_by=subject.name,
        saved_at=clock.now(),
    )
