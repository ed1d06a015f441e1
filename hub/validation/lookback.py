"""An element's own past, as rules may name it: `previous(x)`, `year_ago(x)`, `usual(x)`, `spread(x)`.

All that one look-back has different from another stands here: which periods it looks at, what kind of value
comes of them, how, and how a finding says it.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from enum import StrEnum
from functools import lru_cache

from hub.calendar.periods import Period
from hub.datatypes import Value, ValueDomain, ValueFault, is_blank, parse
from hub.kit.i18n import gettext as _
from hub.validation.shapes import shape_of
from hub.validation.specification import ElementSpec

PERIODS_OF_A_STATISTIC = 12
# A mean of fewer says little, and a spread less.
FEWEST_HELD = 6
# A statistic is rounded, half away from zero, to this many decimals more than its element has.
ADDED_DECIMALS = 2
# Sums of twelve squares of 15 digits on either side of the point stay exact: only the root and the quotient are not.
PRECISION = 80
NOTHING: Mapping[str, object] = {}


class LookBack(StrEnum):
    """The function's name in a rule."""

    PREVIOUS = "previous"
    YEAR_AGO = "year_ago"
    USUAL = "usual"
    SPREAD = "spread"

    @property
    def is_statistic(self) -> bool:
        return self in {LookBack.USUAL, LookBack.SPREAD}

    def column(self, identifier: str) -> str:
        """The column that holds what an element looks back on."""
        return f"{self}__{identifier}"

    def domain(self, domain: ValueDomain) -> ValueDomain:
        """A statistic has no range: a spread may well lie below the smallest value that is allowed."""
        if not self.is_statistic:
            return domain
        return ValueDomain("decimal", unit=domain.unit, decimals=shape_of(domain).scale + ADDED_DECIMALS)

    def periods(self, period: Period) -> tuple[Period, ...]:
        """Which periods a row of this period looks back on."""
        match self:
            case LookBack.PREVIOUS:
                return (period.previous(),)
            case LookBack.YEAR_AGO:
                return (period.year_ago(),)
            case LookBack.USUAL | LookBack.SPREAD:
                passed = [period.previous()]
                while len(passed) < PERIODS_OF_A_STATISTIC:
                    passed.append(passed[-1].previous())
                return tuple(passed)

    def said(self, name: str, value: str) -> str:
        """An operand of a finding's message."""
        match self:
            case LookBack.PREVIOUS:
                sentence = _("上期{name}{value}")
            case LookBack.YEAR_AGO:
                sentence = _("上年同期{name}{value}")
            case LookBack.USUAL:
                sentence = _("过去12期{name}平均{value}")
            case LookBack.SPREAD:
                sentence = _("过去12期{name}标准差{value}")
        return sentence.format(name=name, value=value)


LookedBack = Mapping[LookBack, Sequence[ElementSpec]]
Past = Mapping[LookBack, Mapping[str, object]]


def recall(looked_back: LookedBack, period: Period, held: Mapping[str, Mapping[str, object]]) -> Past:
    """What a row of this period looks back on; `held` are the row's values by period. What is absent is left out."""
    past: dict[LookBack, Mapping[str, object]] = {}
    numbers: dict[str, Sequence[Decimal]] = {}
    for look_back, elements in looked_back.items():
        spelled = _spelled(look_back, period)
        if look_back.is_statistic:
            rows = [held[passed] for passed in spelled if passed in held]
            past[look_back] = _statistics(look_back, elements, rows, numbers) if len(rows) >= FEWEST_HELD else {}
        else:
            row = held.get(spelled[0], NOTHING)
            past[look_back] = {
                one.identifier: row[one.identifier] for one in elements if row.get(one.identifier) is not None
            }
    return past


def _statistics(
    look_back: LookBack,
    elements: Sequence[ElementSpec],
    rows: Sequence[Mapping[str, object]],
    numbers: dict[str, Sequence[Decimal]],
) -> dict[str, object]:
    """`numbers`: what the other statistic of the same elements has read already, for it looks at the same periods."""
    found: dict[str, object] = {}
    for one in elements:
        if one.identifier not in numbers:
            numbers[one.identifier] = _numbers(one.domain, [row.get(one.identifier) for row in rows])
        statistic = _statistic(look_back, one.domain, numbers[one.identifier])
        if statistic is not None:
            found[one.identifier] = statistic
    return found


@lru_cache(maxsize=100)
def _spelled(look_back: LookBack, period: Period) -> tuple[str, ...]:
    """The same for every division of a form, and spelling 24 periods takes longer than what is done with them."""
    return tuple(str(passed) for passed in look_back.periods(period))


def held_value(raw: object, domain: ValueDomain) -> Value | None:
    """A value the hub itself holds. It may predate the present domain; then it is simply not compared with."""
    if is_blank(raw):
        return None
    try:
        return parse(raw, domain)
    except ValueFault:
        return None


def _numbers(domain: ValueDomain, held: Iterable[object]) -> list[Decimal]:
    values = [held_value(raw, domain) for raw in held]
    return [Decimal(value) for value in values if isinstance(value, int | Decimal)]


def _statistic(look_back: LookBack, domain: ValueDomain, numbers: Sequence[Decimal]) -> Decimal | None:
    if len(numbers) < FEWEST_HELD:
        return None
    with localcontext(prec=PRECISION, rounding=ROUND_HALF_UP):
        exact = _mean(numbers) if look_back is LookBack.USUAL else _standard_deviation(numbers)
        return exact.quantize(Decimal(1).scaleb(-shape_of(look_back.domain(domain)).scale))


def _mean(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, Decimal(0)) / len(numbers)


def _standard_deviation(numbers: Sequence[Decimal]) -> Decimal:
    """Of the population: these periods are all there is, no sample of more."""
    count, total = len(numbers), sum(numbers, Decimal(0))
    squares = sum((number * number for number in numbers), Decimal(0))
    return (count * squares - total * total).sqrt() / count
