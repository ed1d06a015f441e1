"""The working calendar on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from hub.calendar.deadlines import Dated
from hub.calendar.holidays import AnnouncedDay
from hub.calendar.models import CalendarYear, SpecialDay
from hub.kit.wire import WireDate, WireInput


class SpecialDayWrite(WireInput):
    day: WireDate
    is_working: bool = Field(description="false: a day off; true: a weekend day that is worked")
    name: str

    def announced(self) -> AnnouncedDay:
        return AnnouncedDay(self.day, self.is_working, self.name)


class CalendarYearWrite(WireInput):
    source: str = Field(max_length=300, description="the notice and its number")
    days: list[SpecialDayWrite] = Field(max_length=366)


class SpecialDayRead(BaseModel):
    day: date
    is_working: bool
    name: str


class CalendarYearSummary(BaseModel):
    year: int
    source: str
    imported_at: datetime
    special_days: int


class CalendarYearRead(BaseModel):
    year: int
    source: str
    imported_at: datetime
    days: list[SpecialDayRead]

    @classmethod
    def of(cls, year: CalendarYear, days: Sequence[SpecialDay]) -> Self:
        return cls(
            year=year.year,
            source=year.source,
            imported_at=year.imported_at,
            days=[SpecialDayRead(day=day.day, is_working=day.is_working, name=day.name) for day in days],
        )


class CalendarWarningRead(BaseModel):
    code: str = "calendar_year_unknown"
    year: int
    message: str


class WorkingDayRead(BaseModel):
    day: date
    warnings: list[CalendarWarningRead]

    @classmethod
    def of(cls, dated: Dated) -> Self:
        warnings = [CalendarWarningRead(year=warning.year, message=warning.message) for warning in dated.warnings]
        return cls(day=dated.day, warnings=warnings)
