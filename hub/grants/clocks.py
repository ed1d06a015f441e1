"""By when a request must be answered, in working days (Order 809, art. 21). Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from hub.calendar.deadlines import WorkCalendar
from hub.kit.clock import CHINA
from hub.kit.i18n import gettext as _

# What is shared without conditions is answered in one day; with them the provider has ten.
UNCONDITIONAL_DAYS, CONDITIONAL_DAYS = 1, 10


@dataclass(frozen=True)
class AnswerClock:
    """`left`: working days to the last day, negative when it has passed; `caution`: a year's holidays are not known."""

    due_on: date
    days: int
    left: int
    caution: str | None

    @property
    def is_overdue(self) -> bool:
        return self.left < 0

    @property
    def words(self) -> str:
        if self.is_overdue:
            return _("已逾期 {days} 个工作日").format(days=-self.left)
        return _("今天截止") if self.left == 0 else _("还有 {days} 个工作日").format(days=self.left)


def answer_clock(
    requested_at: datetime, sharing_types: Collection[str], calendar: WorkCalendar, today: date
) -> AnswerClock:
    """The clock of a request for elements of these sharing types; the day it was asked is not counted."""
    days = UNCONDITIONAL_DAYS if set(sharing_types) == {"unconditional"} else CONDITIONAL_DAYS
    due = calendar.add_working_days(requested_at.astimezone(CHINA).date(), days)
    counted = calendar.working_days_between(today, due.day)
    left = counted.days if today <= due.day else min(counted.days, -1)
    warnings = {*due.warnings, *counted.warnings}
    caution = "".join(_("{warning}。").format(warning=one.message) for one in sorted(warnings)) or None
    return AnswerClock(due.day, days, left, caution)
