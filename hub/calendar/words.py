"""Periods and deadlines as people say them."""

from dataclasses import dataclass
from datetime import datetime

from hub.calendar.deadlines import WorkCalendar
from hub.calendar.periods import Period, PeriodFault
from hub.kit import clock
from hub.kit.i18n import gettext as _


def period_words(text: str) -> str:
    """2026年10月 for 2026-10; what is no period is said as it is."""
    try:
        period = Period.parse(text)
    except PeriodFault:
        return text
    year, part = period.first_day.year, str(period).partition("-")[2]
    match period.type:
        case "month":
            return _("{year}年{month}月").format(year=year, month=period.first_day.month)
        case "quarter":
            return _("{year}年第{quarter}季度").format(year=year, quarter=part[1:])
        case "half_year":
            return (_("{year}年上半年") if part == "S1" else _("{year}年下半年")).format(year=year)
        case _:
            return _("{year}年").format(year=year)


@dataclass(frozen=True)
class DueWords:
    """How far a deadline is away, in working days; `caution` when a year's holidays are not known."""

    text: str
    is_overdue: bool
    caution: str | None


def due_words(due_at: datetime, calendar: WorkCalendar) -> DueWords:
    today, due_on = clock.today(), due_at.astimezone(clock.CHINA).date()
    counted = calendar.working_days_between(today, due_on)
    caution = "".join(_("{warning}。").format(warning=warning.message) for warning in counted.warnings) or None
    if clock.now() > due_at:
        return DueWords(_("已逾期 {days} 个工作日").format(days=-counted.days), is_overdue=True, caution=caution)
    if due_on == today:
        return DueWords(_("今天截止"), is_overdue=False, caution=None)
    return DueWords(_("还有 {days} 个工作日").format(days=counted.days), is_overdue=False, caution=caution)
