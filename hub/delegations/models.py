from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, uuid7


class Delegation(Base):
    """One village of one open task in the hands of whoever holds a link. Of the link only the hash is kept.

    `submission`: the task's newest one when the link was made; another one ends the link.
    `filled`: the elements that came by this link, with the instants.
    `contested`: what was typed by the link into cells that somebody at the township had changed meanwhile, until
    the township decides. Beside it what it was typed over, so that saving the page again overwrites nothing.
    """

    __tablename__ = "delegations"
    __table_args__ = (
        ForeignKeyConstraint(["area", "collection_id"], ["collections.area", "collections.id"]),
        Index("uq_delegations_token", "area", "token_sha256", unique=True),
        Index("ix_delegations_collection", "area", "collection_id"),
        Index(
            "uq_delegations_live",
            "area",
            "collection_id",
            "division",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
    )

    area: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    collection_id: Mapped[UUID]
    township: Mapped[str]
    division: Mapped[str]
    label: Mapped[str]
    submission: Mapped[str | None]
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    organization: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    saved_at: Mapped[datetime | None]
    handed_back_at: Mapped[datetime | None]
    filled: Mapped[dict[str, Any]]
    contested: Mapped[dict[str, Any]]
