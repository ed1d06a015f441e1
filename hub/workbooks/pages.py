"""The Excel door in a browser: download, upload with a preview, and the button that stores what was previewed."""

from uuid import UUID

from fastapi import Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile

from hub.capture import drafting
from hub.capture import service as capture
from hub.capture.endpoints import CanWriteDrafts
from hub.capture.errors import (
    CellsLocked,
    CollectionAwaitsSignOff,
    CollectionInReview,
    DraftTooLarge,
)
from hub.capture.schemas import DraftWrite
from hub.forms import service as forms
from hub.identity.subject import Subject
from hub.kit import json
from hub.kit.errors import BadRequest, HubError, PreconditionFailed, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.uploads.errors import UploadRefused
from hub.kit.uploads.received import on_disk
from hub.kit.views import render, see_other
from hub.workbooks import service
from hub.workbooks.endpoints import as_download
from hub.workbooks.errors import WorkbookRefused
from hub.workbooks.page import preview_page, refusal_page

router = HubRouter(tags=["capture"])


class NoFileChosen(Unprocessable):
    code = "file_missing"


@router.get("/collections/{collection_id}/workbook")
async def download_workbook(session: Transaction, subject: CanWriteDrafts, collection_id: UUID) -> Response:
    return as_download(await service.make_workbook(session, subject, collection_id))


@router.post("/collections/{collection_id}/workbook")
async def preview_workbook(
    request: Request, session: Transaction, subject: CanWriteDrafts, collection_id: UUID
) -> Response:
    """What the workbook would change and what is wrong with it. Nothing is stored yet."""
    try:
        received = _chosen(await request.form())
        async with on_disk(received) as path:
            reading = await service.read_workbook(
                session,
                subject,
                collection_id,
                path,
                filename=received.filename or "",
                dry_run=True,
                if_match=None,
            )
    except (NoFileChosen, UploadRefused, WorkbookRefused) as refusal:
        return await _refuse(request, session, subject, collection_id, refusal)
    return render(request, "workbook.html", preview_page(reading))


def _chosen(form: FormData) -> UploadFile:
    """A browser sends an empty file when none was chosen."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise NoFileChosen(_("请先选择填好的工作簿（.xlsx）。"))
    return file


@router.post("/collections/{collection_id}/workbook/draft")
async def store_workbook(
    request: Request, session: Transaction, subject: CanWriteDrafts, collection_id: UUID
) -> Response:
    """The draft as the preview showed it, unless somebody has saved another since."""
    form = await request.form()
    try:
        body = DraftWrite.model_validate(json.parse(str(form.get("draft", "")).encode()))
    except ValidationError as error:
        raise BadRequest(_("页面内容不完整，请重新上传工作簿。")) from error
    try:
        await drafting.save_draft(
            session,
            subject,
            collection_id,
            body.entries(),
            if_match=str(form.get("etag")) or '""',
            door=service.DOOR,
        )
    except (CellsLocked, CollectionAwaitsSignOff, CollectionInReview, DraftTooLarge, PreconditionFailed) as refusal:
        return await _refuse(request, session, subject, collection_id, refusal)
    notice = _("工作簿已存入草稿。请检查后提交，提交后才生效。")
    return see_other(f"/collections/{collection_id}", notice=notice)


async def _refuse(
    request: Request, session: AsyncSession, subject: Subject, collection_id: UUID, refusal: HubError
) -> Response:
    """The same page with the reason, and with the button to choose another file."""
    task = await capture.get_collection(session, subject, collection_id)
    form = await forms.get_form(session, task.collection.form, task.collection.form_version)
    return render(request, "workbook.html", refusal_page(task, form.name, refusal), status=refusal.status)
