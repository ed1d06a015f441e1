from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, uuid7


class Collection(Base):
    """填报任务: one form, one period, one township."""

    __tablename__ = "collections"
    __table_args__ = (
        ForeignKeyConstraint(["form", "form_version"], ["form_versions.code", "form_versions.version"]),
        UniqueConstraint("area", "form", "period", "township"),
        CheckConstraint("stage IN ('awaiting_sign_off', 'in_review', 'returned')", name="stage"),
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
    # Until when a lock of this task is lifted; `lock_exceptions` says who lifted it, and why.
    excepted_until: Mapped[datetime | None]
    # Whether its township's leader signs first, whether the county reviews: chosen for the township, for the period.
    wants_sign_off: Mapped[bool] = mapped_column(default=False)
    wants_review: Mapped[bool] = mapped_column(default=False)
    # Where it stands on the longer way; null on the short one, and where that way is behind it.
    stage: Mapped[str | None]
    submission: Mapped[str | None]
    # Under review, the newest submission whose values are records; elsewhere every submission's are.
    approved: Mapped[str | None]
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


class DraftLedger(Base):
    """Beside a draft that came cell by cell: whose cells, which batches, which reasons (hub/capture/ledger.py).

    It describes the content with this hash; another content came through another door.
    """

    __tablename__ = "draft_ledgers"
    __table_args__ = (
        ForeignKeyConstraint(["area", "collection_id"], ["drafts.area", "drafts.collection_id"], ondelete="CASCADE"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    collection_id: Mapped[UUID] = mapped_column(primary_key=True)
    township: Mapped[str]
    content_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    content: Mapped[dict[str, Any]]


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
    # The leader who signed it, where the township wants two steps.
    signed_by: Mapped[str | None]
    door: Mapped[str]
    reason: Mapped[str | None]
    supersedes: Mapped[str | None]
    checksum: Mapped[str]
    content: Mapped[list[Any]]
    warnings: Mapped[list[Any]]
    changed_rows: Mapped[int]


class CollectionStep(Base):
    """One step on a task's longer way: sent, signed, refused, submitted, approved, returned, taken back. Append-only.

    `details` keeps what the step said besides its reason: the cells that came back with theirs, the
    explanations that wait for a signature, the stage it began from. Never a value.
    """

    __tablename__ = "collection_steps"
    __table_args__ = (
        ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"]),
        Index("ix_collection_steps_of_collection", "area", "collection_id", "id"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    action: Mapped[str]
    at: Mapped[datetime]
    actor: Mapped[str]
    organization: Mapped[str]
    submission: Mapped[str | None]
    reason: Mapped[str | None]
    details: Mapped[dict[str, Any]]


class LockException(Base):
    """One task is opened although its period is locked: for whom, why, until when. It ends by itself."""

    __tablename__ = "lock_exceptions"
    __table_args__ = (
        ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"]),
        Index("ix_lock_exceptions_of_collection", "area", "collection_id", "id"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    reason: Mapped[str]
    until: Mapped[datetime]
    granted_by: Mapped[str]
    granted_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class TownshipWorkflow(Base):
    """How a township has its forms submitted. Without a row: by the clerk alone."""

    __tablename__ = "township_workflows"

    area: Mapped[str] = mapped_column(primary_key=True)
    township: Mapped[str] = mapped_column(primary_key=True)
    wants_sign_off: Mapped[bool]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class Reminder(Base):
    """One word to a township about a task that waits: by the hub before and after the deadline, or asked by a person.

    It is said as long as the task waits; a submission ends it.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        CheckConstraint("kind IN ('before_due', 'overdue', 'asked')", name="kind"),
        ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"]),
        Index(
            "uq_reminders_once", "area", "collection_id", "kind", unique=True, postgresql_where=text("kind <> 'asked'")
        ),
        Index(
            "uq_reminders_asked",
            "area",
            "collection_id",
            "sent_on",
            unique=True,
            postgresql_where=text("kind = 'asked'"),
        ),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    kind: Mapped[str]
    sent_at: Mapped[datetime]
    sent_on: Mapped[date]
    sent_by: Mapped[str | None]
    note: Mapped[str | None]
