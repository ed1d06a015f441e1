"""Remarks, files and flags as several pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.kit.i18n import gettext as _
from hub.remarks.models import Attachment, Flag, Remark

KILOBYTE = 1024
KINDS = {"application/pdf": "PDF", "image/jpeg": "JPG", "image/png": "PNG"}


@dataclass(frozen=True)
class RemarkLine:
    by: str
    unit: str
    at: datetime
    text: str


@dataclass(frozen=True)
class AttachmentLine:
    """`href` is empty when the file was withdrawn. `code` is its organisation's, which alone may withdraw it."""

    id: str
    filename: str
    kind: str
    size: str
    href: str
    by: str
    unit: str
    code: str
    at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True)
class FlagLine:
    id: str
    reason: str
    by: str
    unit: str
    code: str
    at: datetime
    cleared_by: str
    cleared_at: datetime | None
    note: str


def remark_lines(remarks: Sequence[Remark], units: Mapping[str, str]) -> tuple[RemarkLine, ...]:
    return tuple(
        RemarkLine(one.made_by, units.get(one.organization, one.organization), one.made_at, one.text) for one in remarks
    )


def attachment_lines(attachments: Sequence[Attachment], units: Mapping[str, str]) -> tuple[AttachmentLine, ...]:
    return tuple(attachment_line(one, units) for one in attachments)


def attachment_line(one: Attachment, units: Mapping[str, str]) -> AttachmentLine:
    return AttachmentLine(
        id=str(one.id),
        filename=one.filename,
        kind=KINDS.get(one.media_type, one.media_type),
        size=size_words(one.size),
        href="" if one.withdrawn_at else f"/collections/{one.collection_id}/attachments/{one.id}",
        by=one.attached_by,
        unit=units.get(one.organization, one.organization),
        code=one.organization,
        at=one.attached_at,
        withdrawn_at=one.withdrawn_at,
    )


def size_words(size: int) -> str:
    if size < KILOBYTE * KILOBYTE:
        return _("{size} KB").format(size=max(1, round(size / KILOBYTE)))
    return _("{size} MB").format(size=f"{size / KILOBYTE / KILOBYTE:.1f}")


def flag_lines(flags: Sequence[Flag], units: Mapping[str, str]) -> tuple[FlagLine, ...]:
    return tuple(flag_line(one, units) for one in flags)


def flag_line(one: Flag, units: Mapping[str, str]) -> FlagLine:
    return FlagLine(
        id=str(one.id),
        reason=one.reason,
        by=one.flagged_by,
        unit=units.get(one.organization, one.organization),
        code=one.organization,
        at=one.flagged_at,
        cleared_by=one.cleared_by or "",
        cleared_at=one.cleared_at,
        note=one.note or "",
    )
