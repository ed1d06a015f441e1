"""The form that asks for data, as its template sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.calendar.periods import MONTHS_IN_A_YEAR, Period
from hub.calendar.words import period_words
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice

YEARS_BACK, YEARS_AHEAD = 2, 1


@dataclass(frozen=True)
class AskedElement:
    """`held`: in words, under which grant and until when it may be read already; empty when it may not."""

    identifier: str
    label: str
    about: str
    held: str
    is_chosen: bool


@dataclass(frozen=True)
class ElementGroup:
    title: str
    elements: tuple[AskedElement, ...]


@dataclass(frozen=True)
class TownshipChoice:
    """`is_open`: a village of it is chosen, so its list stands open."""

    code: str
    name: str
    villages: tuple[Choice, ...]
    is_open: bool


@dataclass(frozen=True)
class RequestPage:
    """`picked` were chosen in the catalogue or before; `groups` are all the others. Everything typed comes back."""

    picked: tuple[AskedElement, ...]
    groups: tuple[ElementGroup, ...]
    county: Choice
    townships: tuple[TownshipChoice, ...]
    chosen_divisions: frozenset[str]
    first_periods: tuple[Choice, ...]
    last_periods: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]
    asks_provisional: bool

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


def month_choices(today: date, typed: str) -> tuple[Choice, ...]:
    """The months that are asked for mostly, newest first; what was typed stays among them, right or wrong."""
    months = [
        Period(year, "month", number)
        for year in range(today.year + YEARS_AHEAD, today.year - YEARS_BACK - 1, -1)
        for number in range(MONTHS_IN_A_YEAR, 0, -1)
    ]
    choices = [Choice(str(month), period_words(str(month))) for month in months]
    if typed and typed not in {choice.value for choice in choices}:
        choices.insert(0, Choice(typed, period_words(typed)))
    return tuple(choices)


def start_choices(today: date, typed: str) -> tuple[Choice, ...]:
    return (Choice("", _("请选择")), *month_choices(today, typed))


def end_choices(today: date, typed: str) -> tuple[Choice, ...]:
    return (Choice("", _("以后各期，不设止期")), *month_choices(today, typed))
