from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base


class CalendarYear(Base):
    """A year whose holidays and moved weekends are known, and from which notice."""

    __tablename__ = "calendar_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    imported_at: Mapped[datetime] = mapped_column(default=clock.now)


class SpecialDay(Base):
    """A day that differs from its weekday: a holiday, or a weekend day that is worked."""

    __tablename__ = "special_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(ForeignKey("calendar_years.year", ondelete="CASCADE"), index=True)
    is_working: Mapped[bool]
    name: Mapped[str]
