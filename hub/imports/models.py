from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, uuid7


class Import(Base):
    """One file of a county's or province's rows: what was asked for, how far it is, what came of it.

    `reach` is the division its rows must lie in. `counts` are rows (new, changed, same, refused), `problems`
    what is wrong with the file as a whole. The file itself lies in the data folder, under this id.
    """

    __tablename__ = "imports"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    reach: Mapped[str]
    state: Mapped[str] = mapped_column(default="received")
    filename: Mapped[str]
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    file_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    language: Mapped[str]
    form: Mapped[str | None]
    form_version: Mapped[int | None]
    period: Mapped[str | None]
    dry_run: Mapped[bool]
    accept_partial: Mapped[bool]
    reason: Mapped[str | None]
    requested_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)
    rows_checked: Mapped[int] = mapped_column(default=0)
    rows_stored: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    finding_counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problems: Mapped[list[Any]] = mapped_column(default=list)


class ImportArea(Base):
    """A county that is stored. Written in the transaction that stored it, so that nothing is stored twice."""

    __tablename__ = "import_areas"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    area: Mapped[str] = mapped_column(primary_key=True)
    counts: Mapped[dict[str, Any]]
    submissions: Mapped[int]
    stored_at: Mapped[datetime] = mapped_column(default=clock.now)


class ImportFinding(Base):
    """One finding, with its place in the file. `reach` is its import's: row-level security goes by it."""

    __tablename__ = "import_findings"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reach: Mapped[str]
    severity: Mapped[str]
    code: Mapped[str]
    sheet: Mapped[str | None]
    line: Mapped[int | None]
    cell: Mapped[str | None]
    division: Mapped[str]
    element: Mapped[str | None]
    elements: Mapped[list[str]] = mapped_column(ARRAY(Text))
    rule: Mapped[str | None]
    value: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    message: Mapped[str]
