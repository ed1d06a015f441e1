"""`GET` and `POST /collections/{id}/workbook`: the Excel door for programs, and the files behind the page's buttons."""

import asyncio
import hashlib
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, File, Form, Request, Response, UploadFile

from hub.capture.endpoints import CanWriteDrafts, IfMatch
from hub.kit import json
from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.idempotency import Idempotency, IdempotencyKeyHeader
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.kit.uploads.received import on_disk
from hub.workbooks import service
from hub.workbooks.schemas import WorkbookRead
from hub.workbooks.service import MEDIA_TYPE, WorkbookFile

router = ApiRouter(tags=["capture"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the workbook",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "ETag": {"description": "of the draft", "schema": {"type": "string"}},
            "Content-Disposition": {"description": "a file name to save it under", "schema": {"type": "string"}},
        },
    }
}


async def _one_file(
    request: Request, file: Annotated[UploadFile, File(description="the filled workbook, `.xlsx`")]
) -> UploadFile:
    """Of two files, or of two answers to one question, one would be dropped unseen."""
    form = await request.form()
    repeated = [name for name in dict.fromkeys(form) if len(form.getlist(name)) > 1]
    if repeated:
        message = _("只能有一个，请删去多余的。")
        items = [ErrorItem(f"/{json.escape_pointer(name)}", "field_repeated", message) for name in repeated]
        raise Unprocessable(_("请求内容有 {count} 处错误。").format(count=len(items)), errors=items)
    return file


def _digest(file: UploadFile, *, dry_run: bool) -> bytes:
    """Of the content, not of the body: every sending draws another boundary."""
    digest = hashlib.sha256()
    file.file.seek(0)
    while piece := file.file.read(1 << 20):
        digest.update(piece)
    said = json.canonical({"file": digest.hexdigest(), "filename": file.filename, "dry_run": dry_run})
    return hashlib.sha256(said.encode()).digest()


@router.get("/collections/{collection_id}/workbook", response_class=Response, responses=_FILE)
async def read_workbook(session: Transaction, subject: CanWriteDrafts, collection_id: UUID) -> Response:
    """The form as `.xlsx` without macros, filled with the draft: a sheet a section, a row a division."""
    return as_download(await service.make_workbook(session, subject, collection_id))


@router.post("/collections/{collection_id}/workbook", response_model=WorkbookRead)
async def upload_workbook(
    request: Request,
    session: Transaction,
    subject: CanWriteDrafts,
    collection_id: UUID,
    file: Annotated[UploadFile, Depends(_one_file)],
    dry_run: Annotated[bool, Form(description="true: nothing is stored")] = True,
    idempotency_key: IdempotencyKeyHeader = None,
    if_match: IfMatch = None,
) -> Response:
    """What the workbook would change, cell by cell, and what is wrong with it; with `dry_run=false` it is saved.

    A workbook that is not this task's, or whose rows or columns were changed, is refused whole: 422
    `workbook_not_matching` with every fault, `places` with its sheet and cell. A file that is no honest workbook is
    413, 415 or 422 `upload_…`. 412: somebody saved the draft after the workbook was downloaded.
    """

    async def read() -> WorkbookRead:
        async with on_disk(file) as path:
            reading = await service.read_workbook(
                session,
                subject,
                collection_id,
                path,
                filename=file.filename or "",
                dry_run=dry_run,
                if_match=if_match,
            )
        return WorkbookRead.of(reading, dry_run=dry_run)

    if dry_run:
        return json.JSONResponse(await read())
    digest = await asyncio.to_thread(_digest, file, dry_run=dry_run)
    idempotency = Idempotency(idempotency_key, f"POST {request.url.path}", digest)
    return await idempotency.once(session, subject.key, read, status=200)


def as_download(made: WorkbookFile) -> Response:
    """The name in RFC 6266's two spellings: old programs read the plain one."""
    names = f"attachment; filename=\"workbook.xlsx\"; filename*=UTF-8''{quote(made.filename)}"
    return Response(made.content, media_type=MEDIA_TYPE, headers={"Content-Disposition": names, "ETag": made.etag})
