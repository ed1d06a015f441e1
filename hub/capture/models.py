from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, uuid7


class Collection(Base):
    """填报任务: one form, one period, one township."""

    __tablename__ = "collections"
    __table_args__ = (
        ForeignKeyConstraint(["form", "form_version"], ["form_versions.code", "form_versions.version"]),
        UniqueConstraint("area", "form", "period", "township"),
        Index("ix_collections_township", "township", "period"),
        Index("ix_collections_id", "id"),  # a province's authority names a task without its county
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    form: Mapped[str]
    form_version: Mapped[int]
    object_class: Mapped[str]
    period: Mapped[str]
    township: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    opens_on: Mapped[date]
    due_at: Mapped[datetime]
    closes_at: Mapped[datetime | None]
    submission: Mapped[str | None]
    # When the first submission came: it alone says whether the task was late, corrections do not.
    first_submitted_at: Mapped[datetime | None]
    opened_at: Mapped[datetime] = mapped_column(default=clock.now)


class Draft(Base):
    """What is typed so far, exactly as it was typed. Odd values are never refused here."""

    __tablename__ = "drafts"
    __table_args__ = (ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"]),)

    area: Mapped[str] = mapped_column(primary_key=True)
    collection_id: Mapped[UUID] = mapped_column(primary_key=True)
    township: Mapped[str]
    rows: Mapped[list[Any]]
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    door: Mapped[str]
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]


class Submission(Base):
    """Final, numbered, with a checksum. A correction is another submission that supersedes it."""

    __tablename__ = "submissions"
    __table_args__ = (
        ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"]),
        CheckConstraint("door IN ('web', 'excel', 'api', 'import')", name="door"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(primary_key=True)
    collection_id: Mapped[UUID] = mapped_column(index=True)
    township: Mapped[str]
    form: Mapped[str]
    form_version: Mapped[int]
    period: Mapped[str]
    submitted_at: Mapped[datetime]
    submitted_by: Mapped[str]
    door: Mapped[str]
    reason: Mapped[str | None]
    supersedes: Mapped[str | None]
    checksum: Mapped[str]
    content: Mapped[list[Any]]
    warnings: Mapped[list[Any]]
    changed_rows: Mapped[int]
