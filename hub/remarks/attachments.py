"""Scans beside the figures: taken in by what they are, given out only to be saved."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.actions import AuditAction
from hub.capture import service as capture
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import uuid7
from hub.kit.errors import ErrorItem, Forbidden
from hub.kit.i18n import gettext as _
from hub.remarks import repository, scans
from hub.remarks.errors import (
    AttachmentNotFound,
    AttachmentRefused,
    AttachmentTooLarge,
    AttachmentTypeRefused,
    RemarksFull,
)
from hub.remarks.models import Attachment
from hub.remarks.repository import Spot
from hub.remarks.service import open_spot, record
from hub.settings import settings

FILES_OF_A_TASK = 200
BYTES_OF_A_TASK = 400 * 1024 * 1024
MEGABYTE = 1024 * 1024


async def attach(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    *,
    division: str | None,
    element: str | None,
    filename: str,
    content: bytes,
) -> Attachment:
    """Keep a scan at a cell or with the whole submission. The same file at the same place is kept once."""
    collection, spot = await open_spot(session, subject, collection_id, division, element)
    name, kind = _checked(filename, content)
    digest = hashlib.sha256(content).digest()
    await repository.lock_remarks(session, spot)
    held = await repository.find_same_attachment(session, spot, digest)
    if held is not None:
        return held
    await _check_room(session, spot, len(content))
    attachment = Attachment(
        area=spot.area,
        id=uuid7(),
        collection_id=spot.collection_id,
        township=collection.township,
        division=division,
        element=element,
        filename=name,
        media_type=kind.media_type,
        size=len(content),
        sha256=digest,
        content=content,
        attached_by=subject.name,
        organization=subject.organization.code,
        attached_at=clock.now(),
    )
    repository.add(session, attachment)
    await session.flush()
    await record(session, subject, AuditAction.ATTACHMENT_ADD, attachment)
    return attachment


def _checked(filename: str, content: bytes) -> tuple[str, scans.Kind]:
    limit = settings().maximum_attachment_bytes
    if len(content) > limit:
        raise AttachmentTooLarge(_("文件太大：最多 {limit} MB。").format(limit=limit // MEGABYTE))
    if not content:
        raise _refused("file_empty", _("这个文件是空的，请重新扫描或另选一个。"))
    kind = scans.sniff(content)
    name = scans.plain_name(filename)
    if kind is None:
        message = _("只收 PDF、JPG、PNG 扫描件；“{name}”的内容不是这几种。").format(name=name)
        raise AttachmentTypeRefused(message, errors=[ErrorItem("/file", "type_not_allowed", message)])
    if not scans.says_its_kind(name, kind.media_type):
        message = _("“{name}”的内容是 {kind}，和文件名不符，请改名后再传。").format(
            name=name, kind=scans.EXTENSIONS[kind.media_type][0].upper()
        )
        raise AttachmentTypeRefused(message, errors=[ErrorItem("/file", "type_not_as_named", message)])
    if not kind.is_whole:
        raise _refused("file_cut_off", _("“{name}”不完整，可能没有传完，请重新上传。").format(name=name))
    return name, kind


def _refused(code: str, message: str) -> AttachmentRefused:
    return AttachmentRefused(message, errors=[ErrorItem("/file", code, message)])


async def _check_room(session: AsyncSession, spot: Spot, size: int) -> None:
    count, held = await repository.measure_attachments(session, spot)
    if count >= FILES_OF_A_TASK or held + size > BYTES_OF_A_TASK:
        message = _("一项任务最多 {count} 个附件、共 {limit} MB，已经放满。").format(
            count=FILES_OF_A_TASK, limit=BYTES_OF_A_TASK // MEGABYTE
        )
        raise RemarksFull(message, errors=[ErrorItem("/file", "too_many_files", message)])


async def list_attachments(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, division: str | None, element: str | None
) -> Sequence[Attachment]:
    """At one cell, or without a cell all of the task's."""
    _collection, spot = await open_spot(session, subject, collection_id, division, element)
    return await repository.list_attachments(session, spot)


async def read_attachment(
    session: AsyncSession, subject: Subject, collection_id: UUID, attachment_id: UUID
) -> tuple[Attachment, bytes]:
    """The file itself. Opening another's leaves an audit event: a scan holds values."""
    collection, spot = await open_spot(session, subject, collection_id, None, None)
    found = await repository.get_attachment(session, spot, attachment_id)
    attachment, content = (None, None) if found is None else (found[0], found[1])
    if attachment is None or content is None:
        raise AttachmentNotFound(_("没有这个附件，或它已被撤下。"))
    if not capture.is_own(subject, collection):
        await record(session, subject, AuditAction.ATTACHMENT_READ, attachment)
    return attachment, content


async def withdraw(session: AsyncSession, subject: Subject, collection_id: UUID, attachment_id: UUID) -> Attachment:
    """Take back what should not lie there: its content goes, the line that there was one stays."""
    _collection, spot = await open_spot(session, subject, collection_id, None, None)
    found = await repository.get_attachment(session, spot, attachment_id)
    if found is None:
        raise AttachmentNotFound(_("没有这个附件，或它已被撤下。"))
    attachment: Attachment = found[0]
    if attachment.organization != subject.organization.code:
        raise Forbidden(_("附件只能由上传单位撤下。"))
    if attachment.withdrawn_at is None:
        await repository.withdraw_attachment(session, attachment, by=subject.name, at=clock.now())
        await record(session, subject, AuditAction.ATTACHMENT_WITHDRAW, attachment)
    return attachment
