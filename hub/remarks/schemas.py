"""Remarks, files and flags on the wire."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field

from hub.remarks.models import Attachment, Flag, Remark


class RemarkCreate(BaseModel):
    """Without `division` and `element` it is about the whole submission."""

    division: str | None = Field(default=None, max_length=12, examples=["433124102200"])
    element: str | None = Field(default=None, max_length=80, examples=["population"])
    text: str


class RemarkRead(BaseModel):
    id: UUID
    division: str | None
    element: str | None
    text: str
    made_by: str
    organization: str
    made_at: datetime

    @classmethod
    def of(cls, remark: Remark) -> Self:
        return cls(
            id=remark.id,
            division=remark.division,
            element=remark.element,
            text=remark.text,
            made_by=remark.made_by,
            organization=remark.organization,
            made_at=remark.made_at,
        )


class AttachmentRead(BaseModel):
    id: UUID
    division: str | None
    element: str | None
    filename: str
    media_type: str
    size: int
    sha256: str
    attached_by: str
    organization: str
    attached_at: datetime
    withdrawn_at: datetime | None = Field(description="its content was deleted then")

    @classmethod
    def of(cls, attachment: Attachment) -> Self:
        return cls(
            id=attachment.id,
            division=attachment.division,
            element=attachment.element,
            filename=attachment.filename,
            media_type=attachment.media_type,
            size=attachment.size,
            sha256=attachment.sha256.hex(),
            attached_by=attachment.attached_by,
            organization=attachment.organization,
            attached_at=attachment.attached_at,
            withdrawn_at=attachment.withdrawn_at,
        )


class FlagCreate(BaseModel):
    division: str = Field(max_length=12, examples=["433124102200"])
    element: str = Field(max_length=80, examples=["population"])
    reason: str


class FlagClearance(BaseModel):
    note: str = Field(description="what came of it")


class FlagRead(BaseModel):
    id: UUID
    collection: UUID
    township: str
    division: str
    element: str
    reason: str
    flagged_by: str
    organization: str
    flagged_at: datetime
    cleared_by: str | None
    cleared_at: datetime | None
    note: str | None

    @classmethod
    def of(cls, flag: Flag) -> Self:
        return cls(
            id=flag.id,
            collection=flag.collection_id,
            township=flag.township,
            division=flag.division,
            element=flag.element,
            reason=flag.reason,
            flagged_by=flag.flagged_by,
            organization=flag.organization,
            flagged_at=flag.flagged_at,
            cleared_by=flag.cleared_by,
            cleared_at=flag.cleared_at,
            note=flag.note,
        )
