"""Bulk imports in a browser: send a file, see what it would do, store it, follow it, call it off."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import StreamingResponse

from hub.identity.dependencies import check_token
from hub.identity.subject import Subject
from hub.imports import service
from hub.imports.endpoints import CanImport, last_id
from hub.imports.errors import ImportRequestInvalid, ImportStateConflict
from hub.imports.files import import_folder
from hub.imports.findings_file import findings_csv
from hub.imports.import_page import ImportsPage, ImportView, import_line, import_page
from hub.imports.recognition import load_forms
from hub.kit.errors import HubError, PayloadTooLarge, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.multipart import receive_form
from hub.kit.paging import After, decode_position, encode_position
from hub.kit.routing import HubRouter, checks_its_token, reads_its_body
from hub.kit.shown import Choice
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.typed import as_typed
from hub.kit.views import faults_by_field, render, see_other
from hub.settings import settings

router = HubRouter(tags=["imports"])

LINES_OF_A_PAGE, FINDINGS_OF_A_PAGE = 50, 100
# While somebody is at work, the page is read again so often, by the browser itself.
REFRESH_SECONDS = 3

Typed = Mapping[str, str]


@router.get("/imports")
async def list_imports(request: Request, session: Transaction, subject: CanImport, *, after: After = None) -> Response:
    return render(request, "imports.html", await _list_page(session, subject, after, {}, {}))


async def _list_page(
    session: AsyncSession, subject: Subject, after: str | None, typed: Typed, faults: Mapping[str, Sequence[str]]
) -> ImportsPage:
    found = await service.list_imports(session, subject, after=last_id(after), limit=LINES_OF_A_PAGE + 1)
    forms = await _form_names(session)
    shown = found[:LINES_OF_A_PAGE]
    following = None
    if len(found) > LINES_OF_A_PAGE:
        following = "/imports?" + urlencode({"after": encode_position([str(shown[-1].given.id)])})
    return ImportsPage(
        lines=tuple(import_line(status, forms) for status in shown),
        forms=(Choice("", _("由表头认出")), *(Choice(code, name) for code, name in forms.items())),
        typed=typed,
        faults=faults,
        next=following,
        largest=settings().maximum_upload_bytes // (1024 * 1024),
    )


async def _form_names(session: AsyncSession) -> dict[str, str]:
    return {code: form.name for code, form in (await load_forms(session)).items()}


@router.post("/imports")
@reads_its_body
@checks_its_token
async def receive_import(request: Request, session: Transaction, subject: CanImport) -> Response:
    """A trial: nothing is stored before its report was seen. As large as through the API, and taken in the same way."""
    fields: Typed = {}
    try:
        received = await receive_form(
            request, import_folder(), limit=settings().maximum_upload_bytes, admit=partial(check_token, request)
        )
        fields = {name: value for name, value in received.fields.items() if name != "csrf_token"}
        try:
            status = await service.receive(session, subject, received)
        finally:
            received.file.unlink(missing_ok=True)
    except (ImportRequestInvalid, Unprocessable, PayloadTooLarge) as refusal:
        faults = faults_by_field(refusal.errors) or {"file": [refusal.detail]}
        page = await _list_page(session, subject, None, fields, faults)
        return render(request, "imports.html", page, status=refusal.status)
    return see_other(f"/imports/{status.given.id}", notice=_("文件已收到，正在检查；现在还没有写入。"))


@router.get("/imports/{import_id}")
async def read_import(
    request: Request,
    session: Transaction,
    subject: CanImport,
    import_id: UUID,
    *,
    still: Annotated[bool, Query(description="true: the page does not read itself again")] = False,
    severity: Annotated[str, Query(max_length=20)] = "",
    after: After = None,
) -> Response:
    """How far it is and what came of it; while it goes on the browser asks again by itself."""
    view = ImportView(refreshes=not still, severity=severity if severity in {"error", "warning"} else "")
    return await _show(request, session, subject, import_id, view, after=after)


async def _show(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    import_id: UUID,
    view: ImportView,
    *,
    after: str | None = None,
    status: int = 200,
) -> Response:
    given = await service.get_import(session, subject, import_id)
    position = decode_position(after, length=1)
    found = await service.list_findings(
        session,
        subject,
        import_id,
        severity=view.severity or None,
        after=int(position[0]) if position else 0,
        limit=FINDINGS_OF_A_PAGE + 1,
    )
    shown = found[:FINDINGS_OF_A_PAGE]
    following = None
    if len(found) > FINDINGS_OF_A_PAGE:
        asked = {"severity": view.severity, "after": encode_position([shown[-1].position])}
        following = f"/imports/{import_id}?" + urlencode({name: text for name, text in asked.items() if text})
    page = import_page(given, await _form_names(session), shown, following, view)
    response = render(request, "import.html", page, status=status)
    if page.refreshes:
        response.headers["Refresh"] = str(REFRESH_SECONDS)
    return response


@router.get("/imports/{import_id}/findings.csv")
async def download_findings(
    session: Transaction, database: AppDatabase, subject: CanImport, import_id: UUID
) -> Response:
    await service.get_import(session, subject, import_id)
    headers = {"Content-Disposition": f'attachment; filename="findings-{import_id}.csv"'}
    return StreamingResponse(findings_csv(database, subject, import_id), media_type="text/csv", headers=headers)


@router.post("/imports/{import_id}/submission")
async def submit_import(request: Request, session: Transaction, subject: CanImport, import_id: UUID) -> Response:
    """Store what the trial showed; go on where it broke off."""
    typed = as_typed(await request.form())
    try:
        await service.submit(
            session,
            subject,
            import_id,
            accept_partial="accept_partial" in typed,
            reason=typed.get("reason", "")[: service.LONGEST_REASON],
        )
    except ImportStateConflict as refusal:
        return await _refuse(request, session, subject, import_id, typed, refusal)
    return see_other(f"/imports/{import_id}", notice=_("已开始写入，按县逐个完成。"))


@router.post("/imports/{import_id}/cancellation")
async def cancel_import(request: Request, session: Transaction, subject: CanImport, import_id: UUID) -> Response:
    try:
        await service.cancel(session, subject, import_id)
    except ImportStateConflict as refusal:
        return await _refuse(request, session, subject, import_id, {}, refusal)
    return see_other(f"/imports/{import_id}", notice=_("已取消；已写入的县保持有效。"))


async def _refuse(
    request: Request, session: AsyncSession, subject: Subject, import_id: UUID, typed: Typed, refusal: HubError
) -> Response:
    view = ImportView(refreshes=False, typed=typed, fault=refusal.detail)
    return await _show(request, session, subject, import_id, view, status=refusal.status)
