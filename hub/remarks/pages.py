"""The cell's own page, threads, files and the work list, in a browser."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from hub.identity.subject import Subject
from hub.kit.db import uuid7
from hub.kit.errors import Conflict, PayloadTooLarge, Unprocessable, UnsupportedMediaType
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_position, encode_position
from hub.kit.routing import HubRouter, takes_up_to
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed
from hub.kit.views import NOTICE_COOKIE, Sent, local_path, render, see_other
from hub.remarks import attachments, cell, flags, service
from hub.remarks.cell_page import cell_page
from hub.remarks.endpoints import (
    CanReadRemarks,
    CanWriteRemarks,
    as_attachment,
    chosen_file,
    flag_position,
    largest_form,
)
from hub.remarks.thread_page import flags_page, thread_page

router = HubRouter(tags=["remarks"])

Division = Annotated[str, Path(max_length=12)]
Element = Annotated[str, Path(max_length=80)]
# What a person can mend at the field; everything else has a page of its own.
MENDABLE = (Unprocessable, UnsupportedMediaType, PayloadTooLarge, Conflict)
LINES_OF_A_PAGE = 100


@router.get("/collections/{collection_id}/cells/{division}/{element}")
async def read_cell(
    request: Request,
    session: Transaction,
    subject: CanReadRemarks,
    collection_id: UUID,
    division: Division,
    element: Element,
) -> Response:
    """Everything there is to know of one cell; with `X-Fragment: 1` its inside alone, for the grid's panel."""
    return await _show_cell(request, session, subject, collection_id, division, element, Sent())


async def _show_cell(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    division: str,
    element: str,
    sent: Sent,
    status: int = 200,
) -> Response:
    view = await cell.read_cell(session, subject, collection_id, division, element)
    is_fragment = request.headers.get("x-fragment") == "1"
    notice = request.cookies.get(NOTICE_COOKIE) if is_fragment else None
    page = cell_page(view, subject, sent, unquote(notice) if notice else None)
    response = render(request, "cell_inside.html" if is_fragment else "cell.html", page, status=status)
    response.headers["Vary"] = "X-Fragment"
    return response


def _key(typed: Mapping[str, str]) -> UUID:
    try:
        return UUID(typed.get("key", ""))
    except ValueError:
        return uuid7()


@router.post("/collections/{collection_id}/cells/{division}/{element}/remarks")
async def make_remark_at_cell(
    request: Request,
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    division: Division,
    element: Element,
) -> Response:
    typed = as_typed(await request.form())
    try:
        await _remark(session, subject, collection_id, division, element, typed)
    except MENDABLE as refusal:
        sent = Sent.refused(typed, refusal, "text")
        return await _show_cell(request, session, subject, collection_id, division, element, sent, refusal.status)
    return see_other(f"/collections/{collection_id}/cells/{division}/{element}", notice=_("批注已发送。"))


async def _remark(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    division: str | None,
    element: str | None,
    typed: Mapping[str, str],
) -> None:
    text = typed.get("text", "")
    await service.make_remark(
        session, subject, collection_id, division=division, element=element, text=text, key=_key(typed)
    )


@router.post("/collections/{collection_id}/cells/{division}/{element}/flags")
async def raise_flag(
    request: Request,
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    division: Division,
    element: Element,
) -> Response:
    typed = as_typed(await request.form())
    try:
        await flags.raise_flag(
            session, subject, collection_id, division=division, element=element, reason=typed.get("reason", "")
        )
    except MENDABLE as refusal:
        sent = Sent.refused(typed, refusal, "reason")
        return await _show_cell(request, session, subject, collection_id, division, element, sent, refusal.status)
    notice = _("已标记待核实，列入核实清单。")
    return see_other(f"/collections/{collection_id}/cells/{division}/{element}", notice=notice)


@router.post("/collections/{collection_id}/cells/{division}/{element}/attachments")
@takes_up_to(largest_form)
async def attach_to_cell(
    request: Request,
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    division: Division,
    element: Element,
) -> Response:
    try:
        name = await _attach(request, session, subject, collection_id, division, element)
    except MENDABLE as refusal:
        sent = Sent.refused({}, refusal, "file")
        return await _show_cell(request, session, subject, collection_id, division, element, sent, refusal.status)
    notice = _("已添加附件“{name}”。").format(name=name)
    return see_other(f"/collections/{collection_id}/cells/{division}/{element}", notice=notice)


async def _attach(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    division: str | None,
    element: str | None,
) -> str:
    form = await request.form()
    file = chosen_file([one for one in form.getlist("file") if isinstance(one, UploadFile)])
    kept = await attachments.attach(
        session,
        subject,
        collection_id,
        division=division,
        element=element,
        filename=file.filename or "",
        content=await file.read(),
    )
    return kept.filename


@router.get("/collections/{collection_id}/attachments/{attachment_id}")
async def open_attachment(
    session: Transaction, subject: CanReadRemarks, collection_id: UUID, attachment_id: UUID
) -> Response:
    """Only to be saved, never shown inside a page of ours."""
    return as_attachment(*await attachments.read_attachment(session, subject, collection_id, attachment_id))


@router.post("/collections/{collection_id}/attachments/{attachment_id}/withdrawal")
async def withdraw_attachment(
    request: Request, session: Transaction, subject: CanWriteRemarks, collection_id: UUID, attachment_id: UUID
) -> Response:
    typed = as_typed(await request.form())
    attachment = await attachments.withdraw(session, subject, collection_id, attachment_id)
    notice = _("附件“{name}”已撤下，内容已删除。").format(name=attachment.filename)
    return see_other(local_path(typed.get("next") or f"/collections/{collection_id}/thread"), notice=notice)


@router.get("/collections/{collection_id}/thread")
async def read_thread(request: Request, session: Transaction, subject: CanReadRemarks, collection_id: UUID) -> Response:
    """All that township and county said to each other about one submission, and the steps of its way."""
    return await _show_thread(request, session, subject, collection_id, Sent())


async def _show_thread(
    request: Request, session: AsyncSession, subject: Subject, collection_id: UUID, sent: Sent, status: int = 200
) -> Response:
    view = await service.read_thread(session, subject, collection_id)
    return render(request, "thread.html", thread_page(view, subject, sent), status=status)


@router.post("/collections/{collection_id}/thread")
async def make_remark(
    request: Request, session: Transaction, subject: CanWriteRemarks, collection_id: UUID
) -> Response:
    typed = as_typed(await request.form())
    try:
        await _remark(session, subject, collection_id, None, None, typed)
    except MENDABLE as refusal:
        sent = Sent.refused(typed, refusal, "text")
        return await _show_thread(request, session, subject, collection_id, sent, refusal.status)
    return see_other(f"/collections/{collection_id}/thread", notice=_("已发送，对方可以看到。"))


@router.post("/collections/{collection_id}/attachments")
@takes_up_to(largest_form)
async def attach_to_thread(
    request: Request, session: Transaction, subject: CanWriteRemarks, collection_id: UUID
) -> Response:
    try:
        name = await _attach(request, session, subject, collection_id, None, None)
    except MENDABLE as refusal:
        sent = Sent.refused({}, refusal, "file")
        return await _show_thread(request, session, subject, collection_id, sent, refusal.status)
    notice = _("已添加附件“{name}”。").format(name=name)
    return see_other(f"/collections/{collection_id}/thread", notice=notice)


@router.get("/flags")
async def list_flags(
    request: Request,
    session: Transaction,
    subject: CanReadRemarks,
    *,
    township: Annotated[str, Query(max_length=12)] = "",
    after: After = None,
) -> Response:
    """The work list: what was marked for follow-up and not cleared, the longest waiting first."""
    return await _show_flags(request, session, subject, township, after, Sent())


async def _show_flags(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    township: str,
    after: str | None,
    sent: Sent,
    status: int = 200,
) -> Response:
    found = await flags.list_open(
        session,
        subject,
        township=township or None,
        after=flag_position(decode_position(after, length=2)),
        limit=LINES_OF_A_PAGE + 1,
    )
    shown = found[:LINES_OF_A_PAGE]
    last = shown[-1].flag if len(found) > LINES_OF_A_PAGE else None
    following = None if last is None else encode_position([last.flagged_at.isoformat(), str(last.id)])
    townships = await flags.list_townships(session, subject)
    page = flags_page(subject, shown, township, townships, following, sent)
    return render(request, "flags.html", page, status=status)


@router.post("/flags/{flag_id}/clearance")
async def clear_flag(request: Request, session: Transaction, subject: CanWriteRemarks, flag_id: UUID) -> Response:
    typed = as_typed(await request.form())
    try:
        await flags.clear_flag(session, subject, flag_id, note=typed.get("note", ""))
    except MENDABLE as refusal:
        sent = Sent.refused({**typed, "flag": str(flag_id)}, refusal, "note")
        return await _show_flags(request, session, subject, "", None, sent, refusal.status)
    return see_other(local_path(typed.get("next") or "/flags"), notice=_("标记已消除。"))
