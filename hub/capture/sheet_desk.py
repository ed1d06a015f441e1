"""What the buttons of the form's page do. Whatever happens, what was typed comes back as it was typed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.calendar.words import DueWords, due_words
from hub.capture import drafting, merging
from hub.capture.desk import DraftView
from hub.capture.errors import (
    CellsLocked,
    CollectionAwaitsSignOff,
    CollectionInReview,
    DraftNotValid,
    DraftTooLarge,
    NothingChanged,
)
from hub.capture.refusals import STANDS_AGAINST
from hub.capture.rows import TypedEntry
from hub.capture.schemas import FindingRead
from hub.capture.sheet_form import PostedSheet, read_posted, take_over, typed_entries_of
from hub.capture.sheet_page import Judgement, sheet_page
from hub.capture.signing import request_sign_off
from hub.capture.submission import submit_draft
from hub.identity.subject import Subject
from hub.kit.db import uuid7
from hub.kit.errors import HubError, PreconditionFailed
from hub.kit.i18n import gettext as _
from hub.kit.routing import MAXIMUM_FORM_FIELDS
from hub.kit.shown import instant
from hub.kit.views import render, see_other


@dataclass(frozen=True)
class _Desk:
    """One press of a button: who pressed it, on which form, and what the page had sent."""

    request: Request
    session: AsyncSession
    subject: Subject
    id: UUID
    due: DueWords
    posted: PostedSheet

    def show(
        self,
        view: DraftView,
        *,
        status: int = 200,
        entries: Sequence[TypedEntry] | None = None,
        findings: Sequence[FindingRead] = (),
        refusals: Sequence[str] = (),
        is_checked: bool = False,
        savers: Sequence[str] | None = None,
    ) -> Response:
        judgement = Judgement(findings, refusals, self.posted.confirmations, self.posted.reason, is_checked)
        page = sheet_page(view, self.due, entries=entries, judgement=judgement, savers=savers)
        return render(self.request, "sheet.html", page, status=status)


async def answer_sheet(request: Request, session: AsyncSession, subject: Subject, collection_id: UUID) -> Response:
    view = await drafting.get_draft(session, subject, collection_id)
    posted = read_posted(await request.form(max_fields=MAXIMUM_FORM_FIELDS), view)
    if posted.carried_section is not None:
        posted = replace(posted, entries=take_over(posted.entries, view, posted.carried_section))
    due = due_words(view.task.collection.due_at, await calendar.work_calendar(session))
    desk = _Desk(request, session, subject, collection_id, due, posted)
    try:
        saved = await _save(desk, view)
        if posted.has_explanations and saved.is_typed:
            await _keep_explanations(desk, saved)
    except PreconditionFailed as refusal:
        theirs = await drafting.get_draft(session, subject, collection_id)
        savers = await _savers(desk)
        return desk.show(theirs, status=refusal.status, entries=posted.entries, savers=savers)
    except (CellsLocked, DraftTooLarge) as refusal:
        faults = [item.message for item in refusal.errors]
        return desk.show(view, status=refusal.status, entries=posted.entries, refusals=faults)
    except (CollectionAwaitsSignOff, CollectionInReview) as refusal:
        return _show_waiting(desk, view, refusal)
    if posted.action == "check":
        return await _check(desk, saved)
    if posted.action == "submit":
        return await _submit(desk, saved)
    return _show_saved(desk, saved)


async def _savers(desk: _Desk) -> list[str]:
    """Who saved meanwhile, each with the last time."""
    news = await merging.read_cells(desk.session, desk.subject, desk.id, desk.posted.etag)
    last: dict[str, datetime] = {}
    for cell in news.others:
        if cell.saved_by is not None and cell.saved_at is not None:
            last[cell.saved_by] = max(cell.saved_at, last.get(cell.saved_by, cell.saved_at))
    return [_("{name} 于 {at} 保存").format(name=name, at=instant(at)) for name, at in last.items()]


async def _keep_explanations(desk: _Desk, saved: DraftView) -> None:
    """Reasons are typed work as well: whoever opens the form next finds them."""
    collection = saved.task.collection
    batch = merging.CellBatch(
        base=saved.etag,
        submission=collection.submission,
        key=uuid7().hex,
        confirmations=desk.posted.confirmations,
        reason=desk.posted.reason,
    )
    await merging.merge_cells(desk.session, desk.subject, desk.id, batch)


async def _save(desk: _Desk, view: DraftView) -> DraftView:
    """Nothing is written when nothing changed: a look at a submitted form is no draft of a correction."""
    if desk.posted.entries == typed_entries_of(view):
        return view
    etag = desk.posted.etag or '""'
    return await drafting.save_draft(desk.session, desk.subject, desk.id, desk.posted.entries, if_match=etag)


def _show_saved(desk: _Desk, saved: DraftView) -> Response:
    """With reasons typed, the page is shown again as it is: loaded anew, their warnings would not be there."""
    section = desk.posted.carried_section
    if desk.posted.has_explanations:
        return desk.show(saved)
    if section is not None:
        notice = _("上期的数已填入空格并暂存，请核对有变化的地方。")
        return see_other(f"/collections/{desk.id}/plain#s{section}", notice=notice)
    return see_other(f"/collections/{desk.id}/plain", notice=_("已暂存。暂存的内容不会被其他单位看到，提交后才生效。"))


async def _check(desk: _Desk, saved: DraftView) -> Response:
    report = await drafting.check_draft(desk.session, desk.subject, desk.id)
    findings = [FindingRead.of(finding) for finding in report.findings]
    return desk.show(saved, findings=findings, is_checked=True)


async def _submit(desk: _Desk, saved: DraftView) -> Response:
    """The draft stays saved when the submission is refused: only the savepoint is taken back."""
    number = None
    try:
        async with desk.session.begin_nested():
            said = (desk.session, desk.subject, desk.id)
            if saved.task.collection.wants_sign_off:
                await request_sign_off(*said, confirmations=desk.posted.confirmations, reason=desk.posted.reason)
            else:
                number = (
                    await submit_draft(*said, confirmations=desk.posted.confirmations, reason=desk.posted.reason)
                ).number
    except DraftNotValid as refusal:
        return desk.show(saved, status=refusal.status, findings=refusal.extra["findings"], is_checked=True)
    except NothingChanged as refusal:
        return _show_unchanged(saved, refusal)
    except (CollectionAwaitsSignOff, CollectionInReview) as refusal:
        return _show_waiting(desk, saved, refusal)
    except CellsLocked as refusal:
        return desk.show(saved, status=refusal.status, refusals=[item.message for item in refusal.errors])
    except STANDS_AGAINST as refusal:
        return desk.show(saved, status=refusal.status, refusals=[refusal.detail])
    if number is None:
        return see_other(f"/collections/{desk.id}", notice=_("已送签发人签发，签发后即提交。"))
    return see_other(f"/submissions/{number}", notice=_("已提交。下面是回执，可以打印留存。"))


def _show_waiting(desk: _Desk, view: DraftView, refusal: HubError) -> Response:
    """Pressed twice, the form is with whoever signs or reviews; what was typed since then stays on the page."""
    if desk.posted.entries == typed_entries_of(view):
        return see_other(f"/collections/{desk.id}", notice=refusal.detail)
    return desk.show(view, status=refusal.status, entries=desk.posted.entries, refusals=[refusal.detail])


def _show_unchanged(saved: DraftView, refusal: HubError) -> Response:
    """A button pressed twice, or a correction that corrects nothing: the receipt that is there is the answer."""
    return see_other(f"/submissions/{saved.task.collection.submission}", notice=refusal.detail)
