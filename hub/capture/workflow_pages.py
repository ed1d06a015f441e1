"""Sign-off, review, returns, exceptions and who has submitted, in a browser."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import exceptions, review, service, signing, standing
from hub.capture.collection_view import line_of, show_collection
from hub.capture.desk import CollectionTask
from hub.capture.endpoints import CanReadCollections
from hub.capture.errors import LockExceptionRefused, NobodySigns, ReturnRefused
from hub.capture.refusals import STANDS_AGAINST, Refused
from hub.capture.review_page import return_page
from hub.capture.reviewing import open_review
from hub.capture.standing_page import standing_page
from hub.capture.steps import ReturnedCell, check_can
from hub.capture.turns import SubmittingTurn
from hub.capture.workflow_endpoints import CanExcept, CanManageWorkflow, CanReview, CanSign, CanTakeBack
from hub.forms import service as forms
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.routing import MAXIMUM_FORM_FIELDS, HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed, chosen
from hub.kit.views import came_from, faults_by_field, render, see_other

router = HubRouter(tags=["capture"])

# A quarter and a year of months are what a county looks back on in one glance.
PERIODS_SHOWN = 6

Done = TypeVar("Done")
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


@dataclass(frozen=True)
class _Press:
    """A button pressed on a task's page: by whom, with what typed and ticked."""

    request: Request
    session: AsyncSession
    subject: Subject
    id: UUID
    typed: Mapping[str, str]
    ticked: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    async def of(
        cls, request: Request, session: AsyncSession, subject: Subject, collection_id: UUID, **names: str
    ) -> "_Press":
        form = await request.form(max_fields=MAXIMUM_FORM_FIELDS)
        return cls(request, session, subject, collection_id, as_typed(form), chosen(form, "cells"), names)

    async def task(self) -> CollectionTask:
        return await service.get_collection(self.session, self.subject, self.id)

    async def take(self, step: Awaitable[Done], notice: str, *, to: Callable[[Done], str] | None = None) -> Response:
        """Go on after the step; or the page as it stands now, with why not. Nothing of a refused step stays."""
        try:
            async with self.session.begin_nested():
                done = await step
        except STANDS_AGAINST as error:
            return await self.refuse(error)
        return see_other(f"/collections/{self.id}" if to is None else to(done), notice=notice)

    async def refuse(self, error: HubError) -> Response:
        refused = Refused(error, self.typed, self.ticked, self.names)
        return await show_collection(self.request, self.session, self.subject, await self.task(), refused)


@router.post("/collections/{collection_id}/approval")
async def approve(request: Request, session: Transaction, subject: CanReview, collection_id: UUID) -> Response:
    press = await _Press.of(request, session, subject, collection_id)
    step = review.approve(session, subject, collection_id, submission=press.typed.get("submission"))
    return await press.take(step, _("审核通过，数据已生效。"))


@router.post("/collections/{collection_id}/return")
async def send_back(request: Request, session: Transaction, subject: CanReview, collection_id: UUID) -> Response:
    """First the chosen cells with a field for each one's reason; then it goes back."""
    press = await _Press.of(request, session, subject, collection_id)
    faults: dict[str, list[str]] = {}
    try:
        if press.typed.get("step") != "choose":
            return await _return(press)
        check_can("return", (await press.task()).collection)
    except ReturnRefused as refusal:
        faults = faults_by_field(refusal.errors)
    except STANDS_AGAINST as error:
        return await press.refuse(error)
    opened = await open_review(session, subject, await press.task())
    page = return_page(opened, await line_of(session, opened), press.typed, press.ticked, faults)
    return render(request, "return.html", page, status=422 if faults else 200)


async def _return(press: _Press) -> Response:
    cells = [ReturnedCell(*name.partition(".")[::2], press.typed.get(f"reason.{name}", "")) for name in press.ticked]
    async with press.session.begin_nested():
        await review.return_submission(
            press.session,
            press.subject,
            press.id,
            reason=press.typed.get("reason", ""),
            cells=cells,
            submission=press.typed.get("submission"),
        )
    return see_other(f"/collections/{press.id}", notice=_("已退回，乡镇的待办里会看到原因。"))


@router.post("/collections/{collection_id}/take-back")
async def take_back(request: Request, session: Transaction, subject: CanTakeBack, collection_id: UUID) -> Response:
    press = await _Press.of(request, session, subject, collection_id)
    step = review.take_back(session, subject, collection_id, reason=press.typed.get("reason", ""))
    return await press.take(step, _("已撤回。"))


@router.post("/collections/{collection_id}/sign-off")
async def sign(
    request: Request, _turn: SubmittingTurn, session: Transaction, subject: CanSign, collection_id: UUID
) -> Response:
    press = await _Press.of(request, session, subject, collection_id)
    step = signing.sign(session, subject, collection_id)
    notice = _("已签发并提交。下面是回执，可以打印留存。")
    return await press.take(step, notice, to=lambda signed: f"/submissions/{signed.number}")


@router.post("/collections/{collection_id}/sign-off-refusal")
async def refuse_sign_off(request: Request, session: Transaction, subject: CanSign, collection_id: UUID) -> Response:
    press = await _Press.of(request, session, subject, collection_id)
    step = signing.refuse_sign_off(session, subject, collection_id, reason=press.typed.get("reason", ""))
    return await press.take(step, _("已退回填报人修改。"), to=lambda _task: "/")


@router.post("/collections/{collection_id}/lock-exceptions")
async def grant_exception(request: Request, session: Transaction, subject: CanExcept, collection_id: UUID) -> Response:
    press = await _Press.of(request, session, subject, collection_id, reason="exception_reason")
    try:
        until = _read_day(press.typed.get("until", ""))
    except LockExceptionRefused as refusal:
        return await press.refuse(refusal)
    reason = press.typed.get("exception_reason", "")
    step = exceptions.grant_exception(session, subject, collection_id, reason=reason, until=until)
    return await press.take(step, _("已开例外，到期自动关闭。"))


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
    """Back to the page that the button stands on: the township's start or one of its tasks."""
    wanted = as_typed(await request.form()).get("wants_sign_off") == "yes"
    try:
        await signing.choose_sign_off(session, subject, township, wanted=wanted)
    except NobodySigns as refusal:
        return see_other(came_from(request), refusal=refusal.detail)
    notice = _("已改为先签发再提交。") if wanted else _("已改为填报人直接提交。")
    return see_other(came_from(request), notice=notice)
