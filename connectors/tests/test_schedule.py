from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hub_connectors.connectors import CONNECTORS
from hub_connectors.errors import PeriodFault, SettingsFault, Stopped
from hub_connectors.periods import PeriodType, in_words, last_complete_month, type_of
from hub_connectors.schedule import Stop, interval, repeat


class Clock:
    """A day passes in no time: every wait and every run moves it on."""

    def __init__(self, runs: int, takes: float = 0.0) -> None:
        self.now = 0.0
        self.started: list[float] = []
        self._runs, self._takes = runs, takes

    def run(self) -> None:
        self.started.append(self.now)
        self.now += self._takes

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return len(self.started) == self._runs

    def repeat(self, every: float, chance: Callable[[float, float], float]) -> list[float]:
        repeat(every, self.run, self.wait, clock=lambda: self.now, chance=chance)
        return self.started


class TestRepeat:
    def test_counts_from_the_start_of_each_run(self) -> None:
        assert Clock(runs=3, takes=600).repeat(86_400, lambda low, high: 0.0) == [0, 86_400, 172_800]

    def test_a_run_longer_than_the_interval_is_followed_at_once(self) -> None:
        assert Clock(runs=2, takes=100).repeat(60, lambda low, high: 0.0) == [0, 100]

    @pytest.mark.parametrize(("every", "most"), [(60, 6), (86_400, 300)])
    def test_a_little_chance_is_added_and_bounded(self, every: float, most: float) -> None:
        assert Clock(runs=2).repeat(every, lambda low, high: high) == [0, every + most]
        assert Clock(runs=2).repeat(every, lambda low, high: low) == [0, every]

    def test_a_stop_ends_a_pause_within_a_run(self) -> None:
        stop = Stop()
        stop.pause(0)
        stop.request()
        with pytest.raises(Stopped):
            stop.pause(3600)


class TestInterval:
    @pytest.mark.parametrize(
        ("text", "seconds"), [("30s", 30), ("5m", 300), ("12h", 43_200), ("1d", 86_400), ("1w", 604_800)]
    )
    def test_is_a_number_and_a_unit(self, text: str, seconds: float) -> None:
        assert interval(text) == seconds

    @pytest.mark.parametrize("text", ["", "1", "d", "0d", "-1d", "1.5h", "1 d", "1d\n", "１d", "999999d"])
    def test_anything_else_is_told(self, text: str) -> None:
        with pytest.raises(SettingsFault):
            interval(text)


class TestPeriods:
    @pytest.mark.parametrize(
        ("now", "month"),
        [
            (datetime(2026, 11, 22, tzinfo=UTC), "2026-10"),
            (datetime(2026, 10, 31, 15, 59, tzinfo=UTC), "2026-09"),
            (datetime(2026, 10, 31, 16, 0, tzinfo=UTC), "2026-10"),  # midnight in China
            (datetime(2027, 1, 1, tzinfo=UTC), "2026-12"),
        ],
    )
    def test_a_month_is_over_when_it_is_over_in_china(self, now: datetime, month: str) -> None:
        assert last_complete_month(now) == month

    @pytest.mark.parametrize(
        ("period", "kind", "words"),
        [
            ("2026-10", PeriodType.MONTH, "2026 年 10 月"),
            ("2026-Q4", PeriodType.QUARTER, "2026 年第四季度"),
            ("2026-S2", PeriodType.HALF_YEAR, "2026 年下半年"),
            ("2026", PeriodType.YEAR, "2026 年"),
        ],
    )
    def test_kinds_and_words(self, period: str, kind: PeriodType, words: str) -> None:
        assert (type_of(period), in_words(period)) == (kind, words)

    def test_a_period_without_a_form_names_those_that_have_one(self) -> None:
        with pytest.raises(PeriodFault, match="月报 2026-11、年报 2026"):
            CONNECTORS["poverty-relief"].report_for("2026-Q4")
