"""Remarks, files and flags through the API."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from starlette.datastructures import UploadFile

from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit import json
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.idempotency import Idempotency, IdempotencyKeyHeader, IdempotentWrite
from hub.kit.paging import After, Limit, Page, bad_cursor, decode_position, page_of, page_within
from hub.kit.routing import ApiRouter, takes_up_to
from hub.kit.transaction import Transaction
from hub.remarks import attachments, flags, service
from hub.remarks.errors import AttachmentRefused
from hub.remarks.models import Attachment
from hub.remarks.schemas import AttachmentRead, FlagClearance, FlagCreate, FlagRead, RemarkCreate, RemarkRead
from hub.settings import settings

router = ApiRouter(tags=["remarks"])

CanReadRemarks = Annotated[Subject, Depends(requires(Permission.REMARK_READ))]
CanWriteRemarks = Annotated[Subject, Depends(requires(Permission.REMARK_WRITE))]
DivisionCode = Annotated[str | None, Query(max_length=12, examples=["433124102200"])]
ElementName = Annotated[str | None, Query(max_length=80, examples=["population"])]

# Boundaries and the other fields of a form with a file.
FRAME_BYTES = 64 * 1024

_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "pdf, jpg or png"},
        "division": {"type": "string", "examples": ["433124102200"]},
        "element": {"type": "string", "examples": ["population"]},
    },
}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the file, to be saved",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/pdf", "image/*")
        },
    }
}


def largest_form() -> int:
    return settings().maximum_attachment_bytes + FRAME_BYTES


def chosen_file(files: Sequence[UploadFile]) -> UploadFile:
    """A browser sends an empty file when none was chosen; of two, one would be dropped unseen."""
    named = [file for file in files if file.filename]
    if not named:
        message = _("请选择要上传的文件。")
        raise AttachmentRefused(message, errors=[ErrorItem("/file", "missing", message)])
    if len(named) > 1:
        message = _("一次只能上传一个文件。")
        raise AttachmentRefused(message, errors=[ErrorItem("/file", "file_repeated", message)])
    return named[0]


def as_attachment(attachment: Attachment, content: bytes) -> Response:
    """Saved under its name, in RFC 6266's two spellings; never run or shown by guess (nosniff)."""
    extension = attachment.filename.rpartition(".")[2]
    names = f"attachment; filename=\"scan.{extension}\"; filename*=UTF-8''{quote(attachment.filename)}"
    headers = {"Content-Disposition": names, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return Response(content, media_type=attachment.media_type, headers=headers)


def flag_position(position: Sequence[Any] | None) -> tuple[datetime, UUID] | None:
    if position is None:
        return None
    try:
        return datetime.fromisoformat(str(position[0])), UUID(str(position[1]))
    except ValueError as error:
        raise bad_cursor() from error


@router.get("/collections/{collection_id}/remarks")
async def list_remarks(
    session: Transaction,
    subject: CanReadRemarks,
    collection_id: UUID,
    division: DivisionCode = None,
    element: ElementName = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[RemarkRead]:
    """At one cell, or without a cell all of the task's; oldest first."""
    found = await service.list_remarks(session, subject, collection_id, division=division, element=element)
    return page_within(found, after, limit, read=RemarkRead.of, key=lambda one: [one.made_at.isoformat(), str(one.id)])


@router.post("/collections/{collection_id}/remarks", status_code=201, response_model=RemarkRead)
async def make_remark(
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    body: RemarkCreate,
    idempotency: IdempotentWrite,
) -> Response:
    """Say something at a cell or about the whole submission. It can't be changed afterwards."""

    async def write() -> RemarkRead:
        made = await service.make_remark(
            session, subject, collection_id, division=body.division, element=body.element, text=body.text
        )
        return RemarkRead.of(made)

    return await idempotency.once(session, subject.key, write)


@router.get("/collections/{collection_id}/attachments")
async def list_attachments(
    session: Transaction,
    subject: CanReadRemarks,
    collection_id: UUID,
    division: DivisionCode = None,
    element: ElementName = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[AttachmentRead]:
    """At one cell, or without a cell all of the task's; oldest first, withdrawn ones too."""
    found = await attachments.list_attachments(session, subject, collection_id, division=division, element=element)
    return page_within(
        found, after, limit, read=AttachmentRead.of, key=lambda one: [one.attached_at.isoformat(), str(one.id)]
    )


@router.post(
    "/collections/{collection_id}/attachments",
    status_code=201,
    response_model=AttachmentRead,
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
@takes_up_to(largest_form)
async def attach(
    request: Request,
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Add a scan at a cell or to the whole submission: 415 when it is none, whatever its name says."""
    form = await request.form()
    file = chosen_file([one for one in form.getlist("file") if isinstance(one, UploadFile)])
    content = await file.read()
    place = {name: str(form[name]) for name in ("division", "element") if form.get(name)}
    said = json.canonical({**place, "file": hashlib.sha256(content).hexdigest(), "filename": file.filename})
    idempotency = Idempotency(idempotency_key, f"POST {request.url.path}", hashlib.sha256(said.encode()).digest())

    async def write() -> AttachmentRead:
        kept = await attachments.attach(
            session,
            subject,
            collection_id,
            division=place.get("division"),
            element=place.get("element"),
            filename=file.filename or "",
            content=content,
        )
        return AttachmentRead.of(kept)

    return await idempotency.once(session, subject.key, write)


@router.get("/collections/{collection_id}/attachments/{attachment_id}", response_class=Response, responses=_FILE)
async def read_attachment(
    session: Transaction, subject: CanReadRemarks, collection_id: UUID, attachment_id: UUID
) -> Response:
    """The file itself; a withdrawn one is not there."""
    return as_attachment(*await attachments.read_attachment(session, subject, collection_id, attachment_id))


@router.post("/collections/{collection_id}/attachments/{attachment_id}/withdrawal", response_model=AttachmentRead)
async def withdraw_attachment(
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    attachment_id: UUID,
    idempotency: IdempotentWrite,
) -> Response:
    """Delete the content of a file of the caller's organisation; that there was one stays."""

    async def write() -> AttachmentRead:
        return AttachmentRead.of(await attachments.withdraw(session, subject, collection_id, attachment_id))

    return await idempotency.once(session, subject.key, write, status=200)


@router.post("/collections/{collection_id}/flags", status_code=201, response_model=FlagRead)
async def raise_flag(
    session: Transaction,
    subject: CanWriteRemarks,
    collection_id: UUID,
    body: FlagCreate,
    idempotency: IdempotentWrite,
) -> Response:
    """Mark a value for follow-up; 409 while the cell has an open flag."""

    async def write() -> FlagRead:
        raised = await flags.raise_flag(
            session, subject, collection_id, division=body.division, element=body.element, reason=body.reason
        )
        return FlagRead.of(raised)

    return await idempotency.once(session, subject.key, write)


@router.get("/flags")
async def list_flags(
    session: Transaction,
    subject: CanReadRemarks,
    *,
    township: DivisionCode = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[FlagRead]:
    """What waits to be cleared, the longest waiting first: a township's own, for the authority its county's."""
    position = flag_position(decode_position(after, length=2))
    found = await flags.list_open(session, subject, township=township, after=position, limit=limit + 1)
    return page_of(
        [one.flag for one in found],
        limit,
        read=FlagRead.of,
        key=lambda flag: [flag.flagged_at.isoformat(), str(flag.id)],
    )


@router.post("/flags/{flag_id}/clearance", response_model=FlagRead)
async def clear_flag(
    session: Transaction, subject: CanWriteRemarks, flag_id: UUID, body: FlagClearance, idempotency: IdempotentWrite
) -> Response:
    """Done with: by whoever raised it, or by the authority."""

    async def write() -> FlagRead:
        return FlagRead.of(await flags.clear_flag(session, subject, flag_id, note=body.note))

    return await idempotency.once(session, subject.key, write, status=200)
