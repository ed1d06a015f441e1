"""The values, kept once. `area` (the county's code) is in every key: that is what lets the same
schema run on one PostgreSQL, on a partitioned one, and distributed by area (DESIGN.md §4, §6).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit.db import Base


class AreaClock(Base):
    """One row for each area, advanced in the submitting transaction: `(area, seq)` is the only order."""

    __tablename__ = "area_clocks"

    area: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class StoreGeneration(Base):
    """Which life of the database this is: a restore begins a new one, and old cursors end (one row)."""

    __tablename__ = "store_generation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generation: Mapped[UUID]


class Record(Base):
    """What is held now about one division (or one entity in it) for one period."""

    __tablename__ = "records"
    __table_args__ = (Index("ix_records_read", "object_class", "period", "division"),)

    area: Mapped[str] = mapped_column(primary_key=True)
    object_class: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True, default="")
    payload: Mapped[dict[str, Any]]
    missing: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    revision: Mapped[int]
    seq: Mapped[int] = mapped_column(BigInteger)
    submission: Mapped[str]
    submitted_at: Mapped[datetime]


class RecordRevision(Base):
    """Append-only: every state a record ever had, who brought it about, when and through which door."""

    __tablename__ = "record_revisions"
    __table_args__ = (
        CheckConstraint("kind IN ('value', 'correction', 'withdrawal')", name="kind"),
        Index("uq_record_revisions_area_seq", "area", "seq", unique=True),
        Index("ix_record_revisions_submission", "area", "submission"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    object_class: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True, default="")
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    missing: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    changed: Mapped[list[str]] = mapped_column(ARRAY(Text))
    submission: Mapped[str]
    submitted_at: Mapped[datetime]
    actor: Mapped[str]
    door: Mapped[str]
    reason: Mapped[str | None]


class ProvisionalRecord(Base):
    """What a submission in review says of a row. No record: it becomes one when the county approves."""

    __tablename__ = "provisional_records"
    __table_args__ = (
        Index("ix_provisional_records_read", "object_class", "period", "division"),
        Index("ix_provisional_records_submission", "area", "submission"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    object_class: Mapped[str] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    division: Mapped[str] = mapped_column(primary_key=True)
    entity: Mapped[str] = mapped_column(primary_key=True, default="")
    payload: Mapped[dict[str, Any]]
    missing: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    revision: Mapped[int]
    submission: Mapped[str]
    submitted_at: Mapped[datetime]
