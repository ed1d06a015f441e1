"""Reference periods: `2026`, `2026-S2`, `2026-Q4`, `2026-11` (CONTRACT, "Manners of the API")."""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import total_ordering
from types import MappingProxyType
from typing import Literal, Self

from hub.kit.i18n import gettext as _

PeriodType = Literal["year", "half_year", "quarter", "month"]

PERIODS_IN_A_YEAR: Mapping[PeriodType, int] = MappingProxyType({"year": 1, "half_year": 2, "quarter": 4, "month": 12})
MONTHS_IN_A_YEAR = 12
# Before 1900 nothing was collected, and after 9998 the next period has no date.
FIRST_YEAR, LAST_YEAR = 1900, 9998

SPELLING = re.compile(r"([0-9]{4})(?:-(?:S([12])|Q([1-4])|(0[1-9]|1[0-2])))?")


class PeriodFault(ValueError):
    """A period that is written wrongly."""


@total_ordering
@dataclass(frozen=True)
class Period:
    """One year, half-year, quarter or month. Ordered by its first day, a shorter period before a longer."""

    year: int
    type: PeriodType
    number: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        found = SPELLING.fullmatch(text)
        if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            raise PeriodFault(_("报告期“{text}”写法不对，应如2026、2026-S2、2026-Q4、2026-11").format(text=text[:20]))
        year = int(found[1])
        if found[2]:
            return cls(year, "half_year", int(found[2]))
        if found[3]:
            return cls(year, "quarter", int(found[3]))
        if found[4]:
            return cls(year, "month", int(found[4]))
        return cls(year, "year")

    @classmethod
    def containing(cls, day: date, period_type: PeriodType) -> Self:
        months = MONTHS_IN_A_YEAR // PERIODS_IN_A_YEAR[period_type]
        return cls(day.year, period_type, (day.month - 1) // months + 1)

    @property
    def months(self) -> int:
        return MONTHS_IN_A_YEAR // PERIODS_IN_A_YEAR[self.type]

    @property
    def first_day(self) -> date:
        return date(self.year, (self.number - 1) * self.months + 1, 1)

    @property
    def last_day(self) -> date:
        month = self.number * self.months
        return date(self.year, month, calendar.monthrange(self.year, month)[1])

    def previous(self) -> Self:
        return self._moved(-1)

    def next(self) -> Self:
        return self._moved(1)

    def year_ago(self) -> Self:
        return type(self)(self.year - 1, self.type, self.number)

    def _moved(self, steps: int) -> Self:
        count = PERIODS_IN_A_YEAR[self.type]
        year, index = divmod(self.year * count + self.number - 1 + steps, count)
        return type(self)(year, self.type, index + 1)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Period):
            return NotImplemented
        return (self.first_day, self.last_day) < (other.first_day, other.last_day)

    def __str__(self) -> str:
        suffixes: dict[PeriodType, str] = {
            "year": "",
            "half_year": f"-S{self.number}",
            "quarter": f"-Q{self.number}",
            "month": f"-{self.number:02}",
        }
        return f"{self.year}{suffixes[self.type]}"


@dataclass(frozen=True)
class PeriodRange:
    """From one period to another, both meant; without `last` it has no end."""

    first: Period
    last: Period | None

    def __post_init__(self) -> None:
        if self.last is None:
            return
        if self.first.type != self.last.type:
            raise PeriodFault(_("起止报告期必须是同一种（年、半年、季、月）"))
        if self.last < self.first:
            raise PeriodFault(_("截止报告期不能早于起始报告期"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """`2026-01..2026-06`, or one period alone."""
        first, separator, last = text.partition("..")
        start = Period.parse(first)
        return cls(start, Period.parse(last) if separator else start)

    def __contains__(self, period: Period) -> bool:
        """By days, so that a grant from 2026-01 to 2026-06 also covers 2026-Q1 but not the year 2026."""
        if period.first_day < self.first.first_day:
            return False
        return self.last is None or period.last_day <= self.last.last_day

    def periods(self) -> Iterator[Period]:
        """Every period of the range in order. A range without end cannot be walked."""
        if self.last is None:
            raise PeriodFault(_("没有截止报告期，不能逐期列出"))
        period = self.first
        while period <= self.last:
            yield period
            period = period.next()

    def __str__(self) -> str:
        if self.last == self.first:
            return str(self.first)
        return f"{self.first}..{self.last or ''}"
