"""Bulk import through the API: a whole county's or province's file, with its progress."""

import hashlib
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.imports import service
from hub.imports.files import import_folder
from hub.imports.schemas import ImportFindingRead, ImportRead, ImportSubmission
from hub.kit import json
from hub.kit.idempotency import Idempotency, IdempotencyKeyHeader, IdempotentWrite
from hub.kit.multipart import ReceivedForm, receive_form
from hub.kit.paging import After, Limit, Page, bad_cursor, decode_key, decode_position, page_of
from hub.kit.routing import ApiRouter, reads_its_body
from hub.kit.transaction import Transaction
from hub.settings import settings

router = ApiRouter(tags=["imports"])

CanImport = Annotated[Subject, Depends(requires(Permission.IMPORT_RUN))]

_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "xlsx, or csv in UTF-8 or GB18030"},
        "form": {"type": "string", "description": "default: recognised by the headings", "examples": ["village-month"]},
        "period": {"type": "string", "description": "default: as the file says", "examples": ["2026-10"]},
        "dry_run": {"type": "boolean", "default": True, "description": "check and count only; nothing is stored"},
        "accept_partial": {
            "type": "boolean",
            "default": False,
            "description": "store the good rows, though others are bad",
        },
        "reason": {"type": "string", "description": "wanted when submitted values are corrected"},
    },
}

_TAKEN_IN: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "taken in; it is worked on afterwards",
        "headers": {"Location": {"description": "where its progress is told", "schema": {"type": "string"}}},
    }
}


@router.post(
    "/imports",
    status_code=202,
    response_model=ImportRead,
    responses=_TAKEN_IN,
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
@reads_its_body
async def receive_import(
    request: Request, session: Transaction, subject: CanImport, idempotency_key: IdempotencyKeyHeader = None
) -> Response:
    """Take a file in; it is read, checked and, when asked for, stored afterwards: see `Location`."""
    received = await receive_form(request, import_folder(), limit=settings().maximum_upload_bytes)
    try:
        idempotency = Idempotency(idempotency_key, f"POST {request.url.path}", _digest(received))

        async def write() -> ImportRead:
            return ImportRead.of(await service.receive(session, subject, received))

        return await idempotency.once(session, subject.key, write, status=202, headers=_location)
    finally:
        received.file.unlink(missing_ok=True)


def _digest(received: ReceivedForm) -> bytes:
    """Of the content, not of the body: every sending draws another boundary."""
    said = json.canonical({**received.fields, "file": received.sha256.hex(), "filename": received.filename})
    return hashlib.sha256(said.encode()).digest()


def _location(answer: Any) -> dict[str, str]:
    return {"Location": f"/api/v1/imports/{answer.id}"}


@router.get("/imports")
async def list_imports(
    session: Transaction, subject: CanImport, *, limit: Limit = 100, after: After = None
) -> Page[ImportRead]:
    """Newest first."""
    found = await service.list_imports(session, subject, after=last_id(after), limit=limit + 1)
    return page_of(found, limit, read=ImportRead.of, key=lambda status: [str(status.given.id)])


def last_id(after: str | None) -> UUID | None:
    key = decode_key(after)
    try:
        return None if key is None else UUID(key)
    except ValueError as error:
        raise bad_cursor() from error


@router.get("/imports/{import_id}")
async def read_import(session: Transaction, subject: CanImport, import_id: UUID) -> ImportRead:
    """How far it is, and what came of it."""
    return ImportRead.of(await service.get_import(session, subject, import_id))


@router.get("/imports/{import_id}/findings")
async def list_findings(
    session: Transaction,
    subject: CanImport,
    import_id: UUID,
    *,
    code: Annotated[str | None, Query(max_length=100, examples=["value-not-integer"])] = None,
    severity: Annotated[str | None, Query(max_length=20, examples=["error"])] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[ImportFindingRead]:
    """With the codes of every other door, each with its sheet, line and cell; in the order of the file."""
    position = decode_position(after, length=1)
    if position is not None and not isinstance(position[0], int):
        raise bad_cursor()
    found = await service.list_findings(
        session,
        subject,
        import_id,
        code=code,
        severity=severity,
        after=0 if position is None else position[0],
        limit=limit + 1,
    )
    return page_of(found, limit, read=ImportFindingRead.of, key=lambda finding: [finding.position])


@router.post("/imports/{import_id}/submission", status_code=202, response_model=ImportRead, responses=_TAKEN_IN)
async def submit_import(
    session: Transaction,
    subject: CanImport,
    import_id: UUID,
    idempotency: IdempotentWrite,
    body: ImportSubmission | None = None,
) -> Response:
    """Store a file that was tried out or refused before, without sending it again."""
    asked = body or ImportSubmission()

    async def write() -> ImportRead:
        return ImportRead.of(
            await service.submit(session, subject, import_id, accept_partial=asked.accept_partial, reason=asked.reason)
        )

    return await idempotency.once(session, subject.key, write, status=202, headers=_location)


@router.post("/imports/{import_id}/cancellation", response_model=ImportRead)
async def cancel_import(
    session: Transaction, subject: CanImport, import_id: UUID, idempotency: IdempotentWrite
) -> Response:
    """Stop before the next county; counties that are stored stay stored."""

    async def write() -> ImportRead:
        return ImportRead.of(await service.cancel(session, subject, import_id))

    return await idempotency.once(session, subject.key, write, status=200)
