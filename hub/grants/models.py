from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, uuid7


class AccessGrant(Base):
    """A department may read these elements of these divisions for these periods until a day.

    The five statutory fields (Order 809, art. 20): `basis` 使用依据, `scenario` 使用场景, `scope` 使用范围,
    `method` 共享方式, `valid_until` 使用时限. `element_versions` are the versions the steward agreed to:
    later non-breaking versions are covered, a breaking one needs consent again.
    """

    __tablename__ = "access_grants"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'active', 'refused', 'suspended', 'revoked')", name="state"),
        Index("ix_access_grants_elements", "elements", postgresql_using="gin"),
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    # From the sequence `access_grant_serials`: the number is made of it before the row is written.
    serial: Mapped[int] = mapped_column(BigInteger, unique=True)
    organization: Mapped[str] = mapped_column(ForeignKey("organizations.code"), index=True)
    steward: Mapped[str] = mapped_column(ForeignKey("organizations.code"), index=True)
    elements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    element_versions: Mapped[dict[str, Any]]
    divisions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    period_from: Mapped[str]
    period_to: Mapped[str | None]
    basis: Mapped[str]
    scenario: Mapped[str]
    scope: Mapped[str]
    method: Mapped[str]
    valid_until: Mapped[date]
    # Whether values that nobody has approved yet may be read too, each marked as such.
    includes_provisional: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class DataRead(Base):
    """The read log, one line for each grant a read drew on: who, which elements, where, what for, how much.

    Kept at least three years (Order 809, art. 29). `divisions` is what was asked for, narrowed to the
    grant: the codes whose subtrees were read. A township that reads its own rows needs no grant.
    """

    __tablename__ = "data_reads"
    __table_args__ = (
        Index("ix_data_reads_divisions", "divisions", postgresql_using="gin"),
        Index("ix_data_reads_elements", "elements", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(index=True)
    reader_kind: Mapped[str]
    reader: Mapped[str]
    organization: Mapped[str] = mapped_column(index=True)
    grant: Mapped[str | None] = mapped_column(ForeignKey("access_grants.number"), index=True)
    purpose: Mapped[str]
    route: Mapped[str]
    object_class: Mapped[str]
    elements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    divisions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    periods: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rows: Mapped[int]
