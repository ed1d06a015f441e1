from datetime import UTC, date, datetime

import pytest

from hub.calendar.deadlines import WorkCalendar
from hub.grants.clocks import answer_clock

# Monday, 23 November 2026; the Saturday after is worked.
MONDAY = datetime(2026, 11, 23, 2, tzinfo=UTC)
CALENDAR = WorkCalendar({date(2026, 11, 28): True}, frozenset({2026}))


@pytest.mark.parametrize(
    ("sharing", "today", "due", "left"),
    [
        ({"unconditional"}, date(2026, 11, 23), date(2026, 11, 24), 1),
        ({"unconditional"}, date(2026, 11, 24), date(2026, 11, 24), 0),
        ({"unconditional"}, date(2026, 11, 25), date(2026, 11, 24), -1),
        ({"unconditional", "conditional"}, date(2026, 11, 23), date(2026, 12, 4), 10),
        ({"conditional"}, date(2026, 12, 5), date(2026, 12, 4), -1),
        ({"conditional"}, date(2026, 12, 8), date(2026, 12, 4), -2),
    ],
)
def test_runs_in_working_days(sharing: set[str], today: date, due: date, left: int) -> None:
    clock = answer_clock(MONDAY, sharing, CALENDAR, today)
    assert (clock.due_on, clock.left, clock.is_overdue, clock.caution) == (due, left, left < 0, None)


def test_says_when_a_year_is_not_known() -> None:
    clock = answer_clock(datetime(2026, 12, 28, tzinfo=UTC), {"conditional"}, CALENDAR, date(2026, 12, 28))
    assert "2027年" in (clock.caution or "")
