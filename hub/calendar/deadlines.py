"""Working days with moved weekends, and the deadlines counted in them.

The State Council's office announces each year's holidays and moved weekends in the autumn before, so a
deadline can fall into a year that nobody knows yet. Then Monday to Friday count, and the answer says so:
neither a crash nor a silent guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from hub.calendar.periods import Period
from hub.kit.i18n import gettext as _

SATURDAY = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class CalendarWarning:
    year: int

    @property
    def message(self) -> str:
        return _("{year}年的放假安排尚未录入，暂按周一至周五为工作日计算").format(year=self.year)


@dataclass(frozen=True)
class Dated:
    day: date
    warnings: tuple[CalendarWarning, ...] = ()


@dataclass(frozen=True)
class Counted:
    days: int
    warnings: tuple[CalendarWarning, ...] = ()


@dataclass(frozen=True)
class WorkCalendar:
    """`special_days` says True for a worked weekend and False for a day off; any other day is as its weekday.

    `known_years` are the years whose announcement has been entered, even if nothing in them is special.
    """

    special_days: Mapping[date, bool] = field(default_factory=dict)
    known_years: frozenset[int] = frozenset()

    def is_working_day(self, day: date) -> bool:
        return self.special_days.get(day, day.weekday() < SATURDAY)

    def warnings_for(self, *days: date) -> tuple[CalendarWarning, ...]:
        """A warning for each year from the earliest to the latest of these days that is not known."""
        years = range(min(days).year, max(days).year + 1)
        return tuple(CalendarWarning(year) for year in years if year not in self.known_years)

    def add_working_days(self, start: date, count: int) -> Dated:
        """The count-th working day after `start`, which is not counted itself (as legal time limits run)."""
        if count < 0:
            raise ValueError("working days are counted forward")
        day, left = start, count
        while left:
            day += ONE_DAY
            left -= self.is_working_day(day)
        return Dated(day, self.warnings_for(min(start + ONE_DAY, day), day))

    def working_days_between(self, start: date, end: date) -> Counted:
        """Working days after `start` up to and with `end`; negative when `end` lies before `start`."""
        if end < start:
            back = self.working_days_between(end, start)
            return Counted(-back.days, back.warnings)
        days = [start + timedelta(days=offset) for offset in range(1, (end - start).days + 1)]
        if not days:
            return Counted(0)
        return Counted(sum(map(self.is_working_day, days)), self.warnings_for(days[0], days[-1]))


def standard_due(period: Period, work_calendar: WorkCalendar, working_days_after_end: int = 5) -> Dated:
    """When a form about a period is due: so many working days after the period's last day."""
    return work_calendar.add_working_days(period.last_day, working_days_after_end)
