from datetime import date

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit.db import Base


class Division(Base):
    """One administrative division: its official code, and the code system and year the code is from.

    Two official systems disagree (a quarter of the townships have another code in each), so a bare
    code from elsewhere is looked up in `division_codes`, never joined. `lineage` holds the codes from
    the province down to the division itself; containment is asked of it, and of nothing else.
    """

    __tablename__ = "divisions"
    __table_args__ = (
        CheckConstraint("level IN ('province', 'prefecture', 'county', 'township', 'village')", name="level"),
        CheckConstraint("closed_on IS NULL OR closed_on > opened_on", name="closed_after_opened"),
        Index("ix_divisions_lineage", "lineage", postgresql_using="gin"),
        Index("ix_divisions_name", "name"),
        Index("ix_divisions_county", "code", postgresql_include=["lineage"], postgresql_where=text("level = 'county'")),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"), index=True)
    lineage: Mapped[list[str]] = mapped_column(ARRAY(Text))
    code_system: Mapped[str]
    code_year: Mapped[int]
    opened_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    successor_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))


class DivisionCode(Base):
    """The same division's code in another system or year."""

    __tablename__ = "division_codes"

    code_system: Mapped[str] = mapped_column(primary_key=True)
    code_year: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
