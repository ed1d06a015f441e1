"""Deadlines over the National Day holiday with its moved weekends, and into a year nobody has announced yet."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.calendar.deadlines import CalendarWarning, WorkCalendar, standard_due
from hub.calendar.periods import Period

# National Day 2026: seven days off from Thursday 1 October; Sunday 20 September and Saturday 10 October are worked.
NATIONAL_DAY_2026 = {date(2026, 10, day): False for day in range(1, 8)} | {
    date(2026, 9, 20): True,
    date(2026, 10, 10): True,
}
CHINA_2026 = WorkCalendar(NATIONAL_DAY_2026, frozenset({2026}))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 9, 20), True),
        (date(2026, 9, 27), False),
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),
        (date(2026, 10, 11), False),
    ],
)
def test_holidays_and_worked_weekends(day: date, *, expected: bool) -> None:
    assert CHINA_2026.is_working_day(day) is expected


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (date(2026, 9, 30), 0, date(2026, 9, 30)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 9, 30), 4, date(2026, 10, 12)),
        (date(2026, 9, 18), 1, date(2026, 9, 20)),
        (date(2026, 10, 3), 2, date(2026, 10, 9)),
    ],
)
def test_counts_over_the_national_day_holiday(start: date, count: int, expected: date) -> None:
    answer = CHINA_2026.add_working_days(start, count)
    assert (answer.day, answer.warnings) == (expected, ())


def test_a_form_about_september_is_due_after_the_holiday() -> None:
    assert standard_due(Period.parse("2026-09"), CHINA_2026).day == date(2026, 10, 13)
    assert standard_due(Period.parse("2026-Q3"), CHINA_2026, 2).day == date(2026, 10, 9)


class TestUnknownYear:
    def test_falls_back_to_weekdays_and_says_so(self) -> None:
        answer = CHINA_2026.add_working_days(date(2027, 9, 30), 3)
        assert answer.day == date(2027, 10, 5)
        assert answer.warnings == (CalendarWarning(2027),)
        assert "2027年" in answer.warnings[0].message

    def test_warns_when_a_deadline_runs_into_it(self) -> None:
        assert CHINA_2026.add_working_days(date(2026, 12, 28), 3).warnings == ()
        assert CHINA_2026.add_working_days(date(2026, 12, 28), 5).warnings == (CalendarWarning(2027),)
        assert standard_due(Period.parse("2026-12"), CHINA_2026).warnings == (CalendarWarning(2027),)

    def test_does_not_warn_about_the_day_before_the_count_begins(self) -> None:
        assert CHINA_2026.add_working_days(date(2025, 12, 31), 1).warnings == ()

    def test_warns_when_counting_between(self) -> None:
        answer = CHINA_2026.working_days_between(date(2026, 12, 25), date(2028, 1, 3))
        assert answer.warnings == (CalendarWarning(2027), CalendarWarning(2028))

    def test_an_empty_calendar_knows_no_year(self) -> None:
        assert WorkCalendar().add_working_days(date(2026, 5, 8), 1).day == date(2026, 5, 11)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 9, 30), date(2026, 10, 8), 1),
        (date(2026, 10, 8), date(2026, 9, 30), -1),
        (date(2026, 10, 8), date(2026, 10, 8), 0),
        (date(2026, 9, 30), date(2026, 10, 13), 5),
    ],
)
def test_working_days_between(start: date, end: date, expected: int) -> None:
    assert CHINA_2026.working_days_between(start, end).days == expected


def test_refuses_to_count_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        CHINA_2026.add_working_days(date(2026, 1, 1), -1)


@given(
    st.dates(date(2026, 1, 1), date(2026, 12, 1)),
    st.integers(min_value=1, max_value=60),
    st.dictionaries(st.dates(date(2026, 1, 1), date(2027, 6, 1)), st.booleans(), max_size=40),
)
def test_adding_and_counting_agree(start: date, count: int, special: dict[date, bool]) -> None:
    work_calendar = WorkCalendar(special, frozenset({2026, 2027}))
    answer = work_calendar.add_working_days(start, count)
    assert work_calendar.is_working_day(answer.day)
    assert work_calendar.working_days_between(start, answer.day).days == count
    assert work_calendar.working_days_between(start, answer.day - timedelta(days=1)).days == count - 1
