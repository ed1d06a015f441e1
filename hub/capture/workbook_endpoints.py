"""`GET` and `POST /collections/{id}/workbook`: the Excel door for programs, and the files behind the page's buttons."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import File, Form, Response, UploadFile

from hub.capture import workbook
from hub.capture.endpoints import CanWriteDrafts, IfMatch
from hub.capture.workbook import MEDIA_TYPE, WorkbookFile
from hub.capture.workbook_schemas import WorkbookRead
from hub.kit.idempotency import IdempotentWrite
from hub.kit.json import JSONResponse
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.uploads.received import on_disk

router = HubRouter(tags=["capture"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the workbook; `ETag` is the draft's",
        "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/collections/{collection_id}/workbook", response_class=Response, responses=_FILE)
async def read_workbook(session: Transaction, subject: CanWriteDrafts, collection_id: UUID) -> Response:
    """The form as `.xlsx` without macros, filled with the draft: a sheet a section, a row a division."""
    return as_download(await workbook.make_workbook(session, subject, collection_id))


@router.post("/collections/{collection_id}/workbook", response_model=WorkbookRead)
async def upload_workbook(
    session: Transaction,
    subject: CanWriteDrafts,
    collection_id: UUID,
    idempotency: IdempotentWrite,
    file: Annotated[UploadFile, File(description="the filled workbook, `.xlsx`")],
    dry_run: Annotated[bool, Form(description="true: nothing is stored")] = True,
    if_match: IfMatch = None,
) -> Response:
    """What the workbook would change, cell by cell, and what is wrong with it; with `dry_run=false` it is saved.

    A workbook that is not this task's, or whose rows or columns were changed, is refused whole: 422
    `workbook_not_matching` with every fault, `places` with its sheet and cell. A file that is no honest workbook is
    413, 415 or 422 `upload_…`. 412: somebody saved the draft after the workbook was downloaded.
    """

    async def read() -> WorkbookRead:
        async with on_disk(file) as path:
            reading = await workbook.read_workbook(
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
        return JSONResponse(await read())
    return await idempotency.once(session, subject.key, read, status=200)


def as_download(made: WorkbookFile) -> Response:
    """The name in RFC 6266's two spellings: old programs read the plain one."""
    names = f"attachment; filename=\"workbook.xlsx\"; filename*=UTF-8''{quote(made.filename)}"
    return Response(made.content, media_type=MEDIA_TYPE, headers={"Content-Disposition": names, "ETag": made.etag})
