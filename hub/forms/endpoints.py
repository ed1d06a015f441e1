"""The assembled forms, their JSON Schema, and their publication."""

from typing import Annotated

from fastapi import Depends, Path, Response

from hub.forms import service
from hub.forms.schemas import FormRead, FormSummary, PublicationRead
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.json import JSONResponse
from hub.kit.paging import After, Limit, Page, decode_key, page_of
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.validation import form_json_schema

router = ApiRouter(prefix="/forms", tags=["forms"])

CanReadForms = Annotated[Subject, Depends(requires(Permission.FORM_READ))]
CanPublishForms = Annotated[Subject, Depends(requires(Permission.FORM_PUBLISH))]
FormCode = Annotated[str, Path(max_length=100, examples=["village-month"])]


@router.get("")
async def list_forms(
    session: Transaction, subject: CanReadForms, limit: Limit = 100, after: After = None
) -> Page[FormSummary]:
    """Every form that the registry gives: one for each object class and period type."""
    key = decode_key(after)
    found = [overview for overview in await service.list_forms(session) if key is None or overview.form.code > key]
    return page_of(found, limit, read=FormSummary.of, key=lambda overview: [overview.form.code])


@router.get("/{code}")
async def read_form(session: Transaction, subject: CanReadForms, code: FormCode) -> FormRead:
    """The newest published version, else the form as it is assembled, and what publishing would change."""
    return FormRead.of(await service.get_overview(session, code))


@router.get("/{code}/schema", responses={200: {"content": {"application/schema+json": {}}}})
async def read_form_schema(session: Transaction, subject: CanReadForms, code: FormCode) -> Response:
    """JSON Schema of a draft of this form that has a chance to be valid."""
    overview = await service.get_overview(session, code)
    return JSONResponse(form_json_schema(overview.form.spec), media_type="application/schema+json")


@router.post("/{code}/publication", status_code=201, response_model=PublicationRead)
async def publish_form(
    session: Transaction, subject: CanPublishForms, code: FormCode, idempotency: IdempotentWrite
) -> Response:
    """Freeze the form as it is assembled now; collections opened from now on ask this version."""

    async def write() -> PublicationRead:
        return PublicationRead.of(await service.publish_version(session, subject, code))

    return await idempotency.once(session, subject.key, write)
