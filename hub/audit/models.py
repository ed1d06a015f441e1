from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit.db import Base, uuid7


class AuditEventRow(Base):
    """One event. Only the sealer ever changes a row, and only its position and chain hash, once."""

    __tablename__ = "audit_events"
    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'refused')", name="outcome"),
        Index("ix_audit_events_unsealed", "id", postgresql_where=text("position IS NULL")),
        Index("ix_audit_events_object", "object_type", "object_id"),
        Index("ix_audit_events_actor_name_at", "actor_name", "at"),
        Index("ix_audit_events_action_at", "action", "at"),
        Index("ix_audit_events_refused_at", "at", postgresql_where=text("outcome = 'refused'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    organization: Mapped[str | None]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    purpose: Mapped[str | None]
    outcome: Mapped[str]
    details: Mapped[dict[str, Any]]
    request_id: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    chain_sha256: Mapped[bytes | None] = mapped_column(LargeBinary)


class AuditHead(Base):
    """The signed hash of the chain up to a position: what makes a cut-off tail visible."""

    __tablename__ = "audit_heads"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    chain_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    signed_at: Mapped[datetime]
    key_id: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class AuditVerification(Base):
    """A walk over the whole chain that somebody asked for, and what it found. Kept: that it was looked is evidence."""

    __tablename__ = "audit_verifications"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    events: Mapped[int | None] = mapped_column(BigInteger)
    broken_position: Mapped[int | None] = mapped_column(BigInteger)
    broken_event: Mapped[str | None]
    broken_reason: Mapped[str | None]
