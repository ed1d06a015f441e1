"""Threads: what township and county say to each other beside the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import service as capture
from hub.capture import steps
from hub.capture.desk import CollectionTask
from hub.capture.models import Collection, CollectionStep
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope, uuid7
from hub.kit.errors import ErrorItem, Forbidden
from hub.kit.i18n import gettext as _
from hub.remarks import repository
from hub.remarks.cell import find_cell, sees_values
from hub.remarks.errors import RemarkRefused, RemarksFull
from hub.remarks.models import Attachment, Flag, Remark
from hub.remarks.repository import Spot

LONGEST_TEXT = 2000
REMARKS_OF_A_TASK = 1000


@dataclass(frozen=True)
class ThreadView:
    """All that was said about a task, in the order it was said; `places` and `units` name the codes in it."""

    task: CollectionTask
    form: FormContent
    remarks: Sequence[Remark]
    attachments: Sequence[Attachment]
    flags: Sequence[Flag]
    steps: Sequence[CollectionStep]
    places: dict[str, str]
    units: dict[str, str]


async def open_spot(
    session: AsyncSession, subject: Subject, collection_id: UUID, division: str | None, element: str | None
) -> tuple[Collection, Spot]:
    """Where something is to be said, when the caller may: the township itself and the authority."""
    if division is not None or element is not None:
        cell = await find_cell(session, subject, collection_id, division or "", element or "")
        collection, spot = cell.collection, cell.spot
    else:
        collection = (await capture.get_collection(session, subject, collection_id)).collection
        spot = Spot(collection.area, collection.id)
    if not sees_values(subject, collection):
        raise Forbidden(_("批注和附件只有填报乡镇和县数据局可以查看。"))
    await set_scope(session, [collection.township])
    return collection, spot


def checked_text(text: str, name: str) -> str:
    """What is said, without blanks around it. `RemarkRefused` names the field."""
    said = text.replace("\r\n", "\n").strip()
    if not said:
        message = _("请写上内容。")
        raise RemarkRefused(message, errors=[ErrorItem(f"/{name}", "text_missing", message)])
    if len(said) > LONGEST_TEXT:
        message = _("最多 {limit} 个字，现在有 {count} 个。").format(limit=LONGEST_TEXT, count=len(said))
        raise RemarkRefused(message, errors=[ErrorItem(f"/{name}", "text_too_long", message)])
    if "\x00" in said:
        message = _("文字中含有空字符或不完整的字符。")
        raise RemarkRefused(message, errors=[ErrorItem(f"/{name}", "character_not_allowed", message)])
    return said


async def make_remark(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    *,
    division: str | None,
    element: str | None,
    text: str,
    key: UUID | None = None,
) -> Remark:
    """Add to the thread at a cell, or of the whole submission. `key`: sent again with it, it is the same remark."""
    collection, spot = await open_spot(session, subject, collection_id, division, element)
    said = checked_text(text, "text")
    await repository.lock_remarks(session, spot)
    if await repository.count_remarks(session, Spot(spot.area, spot.collection_id)) >= REMARKS_OF_A_TASK:
        raise RemarksFull(_("一项任务最多 {limit} 条批注。").format(limit=REMARKS_OF_A_TASK))
    remark = Remark(
        area=spot.area,
        id=key or uuid7(),
        collection_id=spot.collection_id,
        township=collection.township,
        division=division,
        element=element,
        text=said,
        made_by=subject.name,
        organization=subject.organization.code,
        made_at=clock.now(),
    )
    if not await repository.add_remark(session, remark):
        return await repository.get_remark(session, spot.area, remark.id) or remark
    await record(session, subject, AuditAction.REMARK_MAKE, remark)
    return remark


async def record(
    session: AsyncSession, subject: Subject, action: AuditAction, noted: Remark | Attachment | Flag
) -> None:
    """Where and what kind of thing, never what was said in it."""
    await audit.record(
        session,
        subject.actor,
        action,
        noted.__tablename__.removesuffix("s"),
        str(noted.id),
        details={
            "collection": str(noted.collection_id),
            "township": noted.township,
            "division": noted.division,
            "element": noted.element,
        },
    )


async def list_remarks(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, division: str | None, element: str | None
) -> Sequence[Remark]:
    """At one cell, or without a cell all of the task's."""
    _collection, spot = await open_spot(session, subject, collection_id, division, element)
    return await repository.list_remarks(session, spot)


async def read_thread(session: AsyncSession, subject: Subject, collection_id: UUID) -> ThreadView:
    """Everything said about a task: remarks, files, flags, and the steps of its way with their reasons."""
    collection, spot = await open_spot(session, subject, collection_id, None, None)
    remarks = await repository.list_remarks(session, spot)
    attachments = await repository.list_attachments(session, spot)
    flags = await repository.list_flags(session, spot)
    taken = await steps.list_steps(session, collection)
    noted: list[Remark | Attachment | Flag] = [*remarks, *attachments, *flags]
    codes = {one.division for one in noted if one.division is not None}
    codes |= {cell["division"] for step in taken for cell in step.details.get("cells", ())}
    named = await geography.get_divisions(session, sorted(codes)) if codes else {}
    return ThreadView(
        task=await capture.task_of(session, collection),
        form=await forms.get_form(session, collection.form, collection.form_version),
        remarks=remarks,
        attachments=attachments,
        flags=flags,
        steps=taken,
        places={code: division.name for code, division in named.items()},
        units={one.code: one.name for one in await organizations.list_organizations(session)},
    )
