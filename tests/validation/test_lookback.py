"""What a rule sees of the past: which periods, exact figures, and nothing rather than a guess."""

import statistics
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.calendar.periods import Period
from hub.datatypes import ValueDomain
from hub.validation import ElementSpec, FormSpec, LookBack, Past, Row, RuleSpec, check, derive, recall

MIGRANT = ElementSpec("migrant", 1, "外出务工人数", ValueDomain("integer", unit="人", minimum=5, maximum=20000))
INCOME = ElementSpec("income", 1, "收入", ValueDomain("decimal", unit="万元", decimals=1))
PERIOD = Period.parse("2026-03")
STATISTICS = {LookBack.USUAL: (MIGRANT,), LookBack.SPREAD: (MIGRANT,)}


def months(values: Sequence[object]) -> dict[str, Mapping[str, object]]:
    """The months before PERIOD, the latest first."""
    passed = LookBack.USUAL.periods(PERIOD)
    return {str(month): {"migrant": value} for month, value in zip(passed, values, strict=False)}


def statistic(values: Sequence[object]) -> tuple[object, object]:
    past = recall(STATISTICS, PERIOD, months(values))
    return past[LookBack.USUAL].get("migrant"), past[LookBack.SPREAD].get("migrant")


PERIODS = [
    ("previous", "2026-01", "2025-12", "2025-12", 1),
    ("year_ago", "2026-01", "2025-01", "2025-01", 1),
    ("year_ago", "2026-Q2", "2025-Q2", "2025-Q2", 1),
    ("usual", "2026-03", "2026-02", "2025-03", 12),
    ("spread", "2026-03", "2026-02", "2025-03", 12),
    ("usual", "2026-S1", "2025-S2", "2020-S1", 12),
    ("usual", "2026", "2025", "2014", 12),
]


@pytest.mark.parametrize(("name", "period", "latest", "earliest", "count"), PERIODS)
def test_which_periods(name: str, period: str, latest: str, earliest: str, count: int) -> None:
    periods = [str(passed) for passed in LookBack(name).periods(Period.parse(period))]
    assert (periods[0], periods[-1], len(set(periods))) == (latest, earliest, count)


def test_recalls_only_what_is_asked_and_held() -> None:
    looked_back = {LookBack.PREVIOUS: (MIGRANT, INCOME), LookBack.YEAR_AGO: (MIGRANT,)}
    held: dict[str, Mapping[str, object]] = {
        "2026-02": {"migrant": 7, "income": None, "other": 1},
        "2025-03": {"income": Decimal("1.5")},
        "2026-03": {"migrant": 9},
    }
    assert recall(looked_back, PERIOD, held) == {LookBack.PREVIOUS: {"migrant": 7}, LookBack.YEAR_AGO: {}}


def test_mean_and_population_spread_have_two_decimals_more() -> None:
    assert statistic([10, 10, 10, 10, 10, 20]) == (Decimal("11.67"), Decimal("3.73"))
    looked_back = {LookBack.USUAL: (INCOME,)}
    held = {str(month): {"income": Decimal("0.1")} for month in LookBack.USUAL.periods(PERIOD)}
    assert str(recall(looked_back, PERIOD, held)[LookBack.USUAL]["income"]) == "0.100"


def test_a_spread_may_lie_below_the_elements_own_minimum() -> None:
    assert statistic([7] * 12) == (Decimal(7), Decimal(0))


@pytest.mark.parametrize("values", [[], [10] * 5, [10] * 5 + [None] * 7, [10] * 5 + ["?", 3, 20001, True]])
def test_fewer_than_six_values_that_fit_are_no_statistic(values: list[object]) -> None:
    assert statistic(values) == (None, None)


def test_the_thirteenth_month_back_does_not_count() -> None:
    held = {**months([10] * 5), "2025-02": {"migrant": 10}}
    assert recall(STATISTICS, PERIOD, held) == {LookBack.USUAL: {}, LookBack.SPREAD: {}}


def test_the_two_statistics_of_an_element_read_each_value_once() -> None:
    class Counted(dict[str, object]):
        reads = 0

        def get(self, key: str, default: object = None) -> object:
            Counted.reads += 1
            return super().get(key, default)

    held = {month: Counted(row) for month, row in months([10, 11, 12, 13, 14, 15, 16]).items()}
    assert recall(STATISTICS, PERIOD, held)[LookBack.SPREAD] == {"migrant": Decimal(2)}
    assert Counted.reads == len(held)


@settings(deadline=None)
@given(st.integers(0, 15), st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=6, max_size=12))
def test_statistics_are_exact_to_their_last_digit(decimals: int, digits: list[int]) -> None:
    element = ElementSpec("x", 1, "x", ValueDomain("decimal", decimals=decimals))
    numbers = [Decimal(number).scaleb(-decimals) for number in digits]
    held = {str(m): {"x": n} for m, n in zip(LookBack.USUAL.periods(PERIOD), numbers, strict=False)}
    past = recall({LookBack.USUAL: (element,), LookBack.SPREAD: (element,)}, PERIOD, held)
    with localcontext(prec=90):
        mean = statistics.mean(map(Fraction, numbers))
        exact = Decimal(mean.numerator) / Decimal(mean.denominator)
        step = Decimal(1).scaleb(-decimals - 2)
        assert past[LookBack.USUAL]["x"] == exact.quantize(step, ROUND_HALF_UP)
        assert past[LookBack.SPREAD]["x"] == statistics.pstdev(numbers).quantize(step, ROUND_HALF_UP)


def form(*rules: str, derived: str | None = None) -> FormSpec:
    elements = [MIGRANT, INCOME]
    if derived:
        elements.append(
            ElementSpec("d", 1, "差", ValueDomain("decimal", decimals=1), source="derived", expression=derived)
        )
    specs = (RuleSpec(f"rule_{number}", 1, text, "warning", "请看") for number, text in enumerate(rules))
    return FormSpec("village-month", 1, tuple(elements), tuple(specs))


def judged(spec: FormSpec, migrant: object, held: Mapping[str, Mapping[str, object]]) -> list[str]:
    past = recall(spec.plan.looked_back, PERIOD, held)
    report = check(spec, [Row("1", {"migrant": migrant}, past=past, division_name="青山村")])
    return [finding.message for finding in report.findings]


ADVICE = "请核对；情况属实的，请在提交时说明原因"


class TestRules:
    def test_year_ago_tells_both_numbers(self) -> None:
        spec = form("migrant <= 2 * year_ago(migrant)")
        held = {"2026-02": {"migrant": 200}, "2025-03": {"migrant": 20}}
        assert judged(spec, 200, held) == [f"青山村：请看（外出务工人数200人，上年同期外出务工人数20人）。{ADVICE}"]
        assert judged(spec, 40, held) == []
        assert judged(spec, 200, {"2026-02": {"migrant": 20}}) == []

    def test_standard_deviations_tell_mean_and_spread(self) -> None:
        spec = form("ABS(migrant - usual(migrant)) <= 3 * spread(migrant) + 10")
        held = months([10, 10, 10, 10, 10, 20])
        assert judged(spec, 32, held) == []
        assert judged(spec, 33, held) == [
            "青山村：请看（外出务工人数33人，过去12期外出务工人数平均11.67人，过去12期外出务工人数标准差3.73人）。"
            + ADVICE
        ]
        assert judged(spec, 10000, months([10] * 5)) == []

    def test_one_rule_may_look_back_in_several_ways(self) -> None:
        spec = form("migrant <= previous(migrant) + year_ago(migrant)", "migrant >= previous(migrant)")
        held = {"2026-02": {"migrant": 10}, "2025-03": {"migrant": 9}}
        assert len(judged(spec, 20, held)) == 1
        assert len(judged(spec, 9, held)) == 1
        assert judged(spec, 19, held) == []

    def test_nothing_is_looked_back_on_unless_a_rule_says_so(self) -> None:
        assert form("migrant > 1").plan.looked_back == {}
        assert form("usual(migrant) > 1").plan.looked_back == {LookBack.USUAL: (MIGRANT,)}

    def test_what_derivations_need_is_told_apart(self) -> None:
        spec = form("migrant > previous(migrant)", derived="migrant - usual(migrant)")
        assert spec.plan.derived_from == {LookBack.USUAL: (MIGRANT,)}
        past = recall(spec.plan.derived_from, PERIOD, months([10, 10, 10, 10, 10, 20]))
        assert derive(spec, [Row("1", {"migrant": 12}, past=past)]) == [{"d": Decimal("0.3")}]

    def test_in_english(self) -> None:
        spec = form("migrant <= year_ago(migrant) + usual(migrant) + spread(migrant)")
        past: Past = {
            LookBack.YEAR_AGO: {"migrant": 20},
            LookBack.USUAL: {"migrant": Decimal(1)},
            LookBack.SPREAD: {"migrant": Decimal(2)},
        }
        (finding,) = check(spec, [Row("1", {"migrant": 200}, past=past)], language="en").findings
        for words in ("a year ago 20", "mean of the last 12 periods 1", "standard deviation of the last 12 periods 2"):
            assert words in finding.message
