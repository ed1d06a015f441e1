from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.calendar.periods import Period, PeriodFault, PeriodRange, PeriodType

PERIODS = [
    ("2026", "year", date(2026, 1, 1), date(2026, 12, 31), "2025", "2027", "2025"),
    ("2026-S1", "half_year", date(2026, 1, 1), date(2026, 6, 30), "2025-S2", "2026-S2", "2025-S1"),
    ("2026-Q4", "quarter", date(2026, 10, 1), date(2026, 12, 31), "2026-Q3", "2027-Q1", "2025-Q4"),
    ("2026-01", "month", date(2026, 1, 1), date(2026, 1, 31), "2025-12", "2026-02", "2025-01"),
    ("2024-02", "month", date(2024, 2, 1), date(2024, 2, 29), "2024-01", "2024-03", "2023-02"),
]


@pytest.mark.parametrize(("text", "type_", "first", "last", "previous", "following", "year_ago"), PERIODS)
def test_a_period_knows_its_days_and_neighbours(
    text: str, type_: str, first: date, last: date, previous: str, following: str, year_ago: str
) -> None:
    period = Period.parse(text)
    assert (str(period), period.type, period.first_day, period.last_day) == (text, type_, first, last)
    assert (str(period.previous()), str(period.next()), str(period.year_ago())) == (previous, following, year_ago)


@pytest.mark.parametrize(
    "text",
    ["", "26", "2026-", "2026-13", "2026-00", "2026-1", "2026-Q5", "2026-S3", "2026-q1", "2026-11-01", "1899",
     "9999", "２０２６", "2026\n", " 2026", "2026-Q", "x" * 1000],
)  # fmt: skip
def test_refuses_what_is_no_period(text: str) -> None:
    with pytest.raises(PeriodFault):
        Period.parse(text)


@given(st.dates(date(1901, 1, 1), date(9990, 1, 1)), st.sampled_from(["year", "half_year", "quarter", "month"]))
def test_every_day_lies_in_exactly_one_period(day: date, period_type: PeriodType) -> None:
    period = Period.containing(day, period_type)
    assert period.first_day <= day <= period.last_day
    assert Period.parse(str(period)) == period
    assert period.previous().last_day < period.first_day < period.next().first_day
    assert period.next().previous() == period
    assert period.previous() < period < period.next()
    assert (period.next().first_day - period.last_day).days == 1


def test_order_is_time_and_then_length() -> None:
    texts = ["2026", "2026-Q1", "2025-12", "2026-01", "2026-S1", "2026-02"]
    expected = ["2025-12", "2026-01", "2026-Q1", "2026-S1", "2026", "2026-02"]
    assert [str(period) for period in sorted(map(Period.parse, texts))] == expected
    with pytest.raises(TypeError):
        assert Period.parse("2026") < "2027"


class TestRange:
    @pytest.mark.parametrize(
        ("range_", "period", "expected"),
        [
            ("2026-01..2026-06", "2026-01", True),
            ("2026-01..2026-06", "2026-06", True),
            ("2026-01..2026-06", "2026-07", False),
            ("2026-01..2026-06", "2025-12", False),
            ("2026-01..2026-06", "2026-Q1", True),
            ("2026-01..2026-06", "2026", False),
            ("2026", "2026-11", True),
            ("2026-03", "2026-03", True),
            ("2026-03", "2026-04", False),
        ],
    )
    def test_contains(self, range_: str, period: str, *, expected: bool) -> None:
        assert (Period.parse(period) in PeriodRange.parse(range_)) is expected

    def test_without_end(self) -> None:
        endless = PeriodRange(Period.parse("2026-03"), None)
        assert Period.parse("2099-01") in endless
        assert Period.parse("2026-02") not in endless
        assert str(endless) == "2026-03.."
        with pytest.raises(PeriodFault):
            list(endless.periods())

    def test_lists_its_periods(self) -> None:
        assert [str(period) for period in PeriodRange.parse("2025-Q3..2026-Q1").periods()] == [
            "2025-Q3",
            "2025-Q4",
            "2026-Q1",
        ]

    @pytest.mark.parametrize(
        "text", ["2026-02..2026-01", "2026..2026-01", "..2026", "2026-01..", "2026...2027", "a..b"]
    )
    def test_refuses(self, text: str) -> None:
        with pytest.raises(PeriodFault):
            PeriodRange.parse(text)

    @pytest.mark.parametrize("text", ["2026-01..2026-06", "2026-03"])
    def test_is_written_as_it_was_read(self, text: str) -> None:
        assert str(PeriodRange.parse(text)) == text
