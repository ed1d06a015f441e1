from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit.db import Base, uuid7


class ChangeCursor(Base):
    """Where a reader of changes stands: a vector of area clocks, stored because 3,000 counties fit no header."""

    __tablename__ = "change_cursors"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization: Mapped[str] = mapped_column(ForeignKey("organizations.code"), index=True)
    generation: Mapped[UUID]
    grants_fingerprint: Mapped[str]
    clocks: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class DeliveryReceipt(Base):
    """A department says what it delivered (Order 809, art. 26: 使用状态)."""

    __tablename__ = "delivery_receipts"
    __table_args__ = (
        Index("ix_delivery_receipts_organization", "organization", "period"),
        Index("ix_delivery_receipts_grant", "grant"),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    organization: Mapped[str] = mapped_column(ForeignKey("organizations.code"))
    client: Mapped[str]
    grant: Mapped[str] = mapped_column(ForeignKey("access_grants.number"))
    period: Mapped[str]
    rows: Mapped[int]
    sha256: Mapped[str]
    file: Mapped[str | None]
    recorded_at: Mapped[datetime]
