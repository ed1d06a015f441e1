"""Sign-off, review, returns, exceptions and who has submitted, in a browser."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.capture import exceptions, review, service, signing, standing
from hub.capture.desk import CollectionTask
from hub.capture.endpoints import CanReadCollections
from hub.capture.errors import LockExceptionRefused, ReasonRequired, ReturnRefused
from hub.capture.review_page import return_page, review_page
from hub.capture.reviewing import Review, open_review
from hub.capture.standing_page import standing_page
from hub.capture.steps import ReturnedCell
from hub.capture.task_page import TaskLine, task_line
from hub.capture.workflow_endpoints import CanExcept, CanManageWorkflow, CanReview, CanSign, CanTakeBack
from hub.forms import service as forms
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.routing import MAXIMUM_FORM_FIELDS, HubRouter
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed, chosen
from hub.kit.views import Choice, faults_by_field, render, see_other

router = HubRouter(tags=["capture"])

# A quarter and a year of months are what a county looks back on in one glance.
PERIODS_SHOWN = 6

Chosen = Annotated[str, Query(max_length=100)]


@router.get("/collections/standing")
async def read_standing(
    request: Request, session: Transaction, subject: CanReadCollections, *, form: Chosen = "", period: Chosen = ""
) -> Response:
    """Completeness and timeliness by township and period."""
    published = await forms.list_forms(session)
    choices = [Choice(one.form.code, one.form.name) for one in published if one.form.version is not None]
    known = {choice.value for choice in choices}
    chosen = form if form in known else next(iter(choice.value for choice in choices), "")
    periods = await standing.list_periods(session, chosen) if chosen else []
    current = period if period in periods else next(iter(periods), "")
    place = periods.index(current) if current else 0
    shown = periods[place : place + PERIODS_SHOWN]
    found = await standing.list_standing(session, subject, chosen, shown)
    may_remind = subject.may(Permission.COLLECTION_REMIND)
    page = standing_page(choices, chosen, periods, current, found, may_remind=may_remind)
    return render(request, "standing.html", page)


async def show_task(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    task: CollectionTask,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, list[str]] | None = None,
    status: int = 200,
) -> Response:
    """A task for whoever does not fill it in: the authority, an inspector, the township's leader."""
    opened = await open_review(session, subject, task)
    line = await _line(session, opened)
    page = review_page(opened, subject, line, typed=typed, faults=faults)
    return render(request, "collection.html", page, status=status)


async def _line(session: AsyncSession, opened: Review) -> TaskLine:
    return task_line(opened.task, opened.form.name, await calendar.work_calendar(session), {})


async def _refuse(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    typed: Mapping[str, str],
    refusal: HubError,
    names: Mapping[str, str],
) -> Response:
    """The task again, with what was typed. `names`: the page's fields by the service's."""
    faults = faults_by_field(refusal.errors) or {"": [refusal.detail]}
    task = await service.get_collection(session, subject, collection_id)
    shown = {names.get(name, name): found for name, found in faults.items()}
    return await show_task(request, session, subject, task, typed=typed, faults=shown, status=refusal.status)


async def _typed(request: Request) -> tuple[dict[str, str], list[str]]:
    form = await request.form(max_fields=MAXIMUM_FORM_FIELDS)
    return as_typed(form), chosen(form, "cells")


@router.post("/collections/{collection_id}/approval")
async def approve(request: Request, session: Transaction, subject: CanReview, collection_id: UUID) -> Response:
    typed, _cells = await _typed(request)
    await review.approve(session, subject, collection_id, submission=typed.get("submission"))
    return see_other(f"/collections/{collection_id}", notice=_("审核通过，数据已生效。"))


@router.post("/collections/{collection_id}/return")
async def send_back(request: Request, session: Transaction, subject: CanReview, collection_id: UUID) -> Response:
    """First the chosen cells with a field for each one's reason; then it goes back."""
    typed, chosen = await _typed(request)
    faults: dict[str, list[str]] = {}
    if typed.get("step") != "choose":
        cells = [
            ReturnedCell(name.partition(".")[0], name.partition(".")[2], typed.get(f"reason.{name}", ""))
            for name in chosen
        ]
        try:
            await review.return_submission(
                session,
                subject,
                collection_id,
                reason=typed.get("reason", ""),
                cells=cells,
                submission=typed.get("submission"),
            )
        except ReturnRefused as refusal:
            faults = faults_by_field(refusal.errors)
        else:
            return see_other(f"/collections/{collection_id}", notice=_("已退回，乡镇的待办里会看到原因。"))
    opened = await open_review(session, subject, await service.get_collection(session, subject, collection_id))
    page = return_page(opened, await _line(session, opened), typed, chosen, faults)
    return render(request, "return.html", page, status=422 if faults else 200)


@router.post("/collections/{collection_id}/take-back")
async def take_back(request: Request, session: Transaction, subject: CanTakeBack, collection_id: UUID) -> Response:
    typed, _cells = await _typed(request)
    try:
        await review.take_back(session, subject, collection_id, reason=typed.get("reason", ""))
    except ReasonRequired as refusal:
        return await _refuse(request, session, subject, collection_id, typed, refusal, {})
    return see_other(f"/collections/{collection_id}", notice=_("已撤回。"))


@router.post("/collections/{collection_id}/sign-off")
async def sign(request: Request, session: Transaction, subject: CanSign, collection_id: UUID) -> Response:
    submission = await signing.sign(session, subject, collection_id)
    return see_other(f"/submissions/{submission.number}", notice=_("已签发并提交。下面是回执，可以打印留存。"))


@router.post("/collections/{collection_id}/sign-off-refusal")
async def refuse_sign_off(request: Request, session: Transaction, subject: CanSign, collection_id: UUID) -> Response:
    typed, _cells = await _typed(request)
    try:
        await signing.refuse_sign_off(session, subject, collection_id, reason=typed.get("reason", ""))
    except ReasonRequired as refusal:
        return await _refuse(request, session, subject, collection_id, typed, refusal, {})
    return see_other("/", notice=_("已退回填报人修改。"))


@router.post("/collections/{collection_id}/lock-exceptions")
async def grant_exception(request: Request, session: Transaction, subject: CanExcept, collection_id: UUID) -> Response:
    typed, _cells = await _typed(request)
    try:
        until = _read_day(typed.get("until", ""))
        await exceptions.grant_exception(
            session, subject, collection_id, reason=typed.get("exception_reason", ""), until=until
        )
    except LockExceptionRefused as refusal:
        return await _refuse(request, session, subject, collection_id, typed, refusal, {"reason": "exception_reason"})
    return see_other(f"/collections/{collection_id}", notice=_("已开例外，到期自动关闭。"))


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        message = _("必须是日期，例如 2026-11-22。")
        item = ErrorItem("/until", "date_not_valid", message)
        raise LockExceptionRefused(_("不能这样开例外：有 {count} 处错误。").format(count=1), errors=[item]) from error


@router.post("/collections/{collection_id}/lock-exceptions/{exception_id}/end")
async def end_exception(session: Transaction, subject: CanExcept, collection_id: UUID, exception_id: UUID) -> Response:
    await exceptions.end_exception(session, subject, collection_id, exception_id)
    return see_other(f"/collections/{collection_id}", notice=_("例外已提前结束。"))


@router.post("/townships/{township}/workflow")
async def choose_workflow(
    request: Request,
    session: Transaction,
    subject: CanManageWorkflow,
    township: Annotated[str, Path(max_length=12)],
) -> Response:
    wanted = as_typed(await request.form()).get("wants_sign_off") == "yes"
    await signing.choose_sign_off(session, subject, township, wanted=wanted)
    return see_other("/", notice=_("已改为先签发再提交。") if wanted else _("已改为填报人直接提交。"))
