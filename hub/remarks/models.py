"""What is said and kept beside values. A place is a cell (division and element) or the whole submission (neither)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, uuid7

_WHOLE_PLACE = "(division IS NULL) = (element IS NULL)"


def _of_collection() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"])


class Remark(Base):
    """One contribution to a thread. Never edited: who answers has to know what was said."""

    __tablename__ = "remarks"
    __table_args__ = (
        _of_collection(),
        CheckConstraint(_WHOLE_PLACE, name="whole_place"),
        Index("ix_remarks_collection", "area", "collection_id"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    # Drawn by the page that asks: a form sent twice makes one remark.
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    division: Mapped[str | None]
    element: Mapped[str | None]
    text: Mapped[str]
    made_by: Mapped[str]
    organization: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)


class Attachment(Base):
    """A scan. Withdrawn by mistake's own author, its content goes and the trace that there was one stays."""

    __tablename__ = "attachments"
    __table_args__ = (
        _of_collection(),
        CheckConstraint(_WHOLE_PLACE, name="whole_place"),
        Index("ix_attachments_collection", "area", "collection_id"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    division: Mapped[str | None]
    element: Mapped[str | None]
    filename: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    # Megabytes, wanted when the file is opened and never in a list.
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    attached_by: Mapped[str]
    organization: Mapped[str]
    attached_at: Mapped[datetime] = mapped_column(default=clock.now)
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class Flag(Base):
    """A value that somebody has to look at again, until it is cleared with a note."""

    __tablename__ = "flags"
    __table_args__ = (
        _of_collection(),
        Index("ix_flags_collection", "area", "collection_id"),
        Index(
            "uq_flags_open",
            "area",
            "collection_id",
            "division",
            "element",
            unique=True,
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    division: Mapped[str]
    element: Mapped[str]
    reason: Mapped[str]
    flagged_by: Mapped[str]
    organization: Mapped[str]
    flagged_at: Mapped[datetime] = mapped_column(default=clock.now)
    cleared_by: Mapped[str | None]
    cleared_at: Mapped[datetime | None]
    note: Mapped[str | None]
