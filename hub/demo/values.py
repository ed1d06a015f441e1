"""Figures for the demo county: synthetic, plausible, in keeping with every rule, the same at every start."""

import csv
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from hub.calendar.periods import Period
from hub.registry.file_models import ElementDeclaration
from hub.registry.files import read_folder
from hub.settings import share_folder

MAGNITUDES = Path(__file__).parent / "magnitudes.csv"
# A stock moves little from month to month; a flow is another number every month.
DRIFT = 0.02
A_DAY_OF_THE_MONTH = "day"
SIGNS = ("+", "-")


@dataclass(frozen=True)
class Magnitude:
    """How large an element is: a share of what `base` sums up, or a plain number, or one of some choices."""

    identifier: str
    base: str
    low: float
    high: float
    choices: tuple[str, ...]

    @property
    def rests_on(self) -> tuple[str, ...]:
        """The elements that `base` names; some of another form, whose figure is that of the same day."""
        return tuple(name for _sign, name in self.terms)

    @cached_property
    def terms(self) -> tuple[tuple[int, str], ...]:
        """`a + b - c`, each with its sign."""
        found, sign = [], 1
        for word in self.base.split():
            if word in SIGNS:
                sign = 1 if word == "+" else -1
            elif word != A_DAY_OF_THE_MONTH:
                found.append((sign, word))
        return tuple(found)


def read_magnitudes() -> list[Magnitude]:
    with MAGNITUDES.open(encoding="utf-8", newline="") as file:
        return [
            Magnitude(
                line["identifier"],
                line["base"],
                float(line["low"] or 0),
                float(line["high"] or 0),
                tuple(line["choices"].split("|")) if line["choices"] else (),
            )
            for line in csv.DictReader(file)
        ]


class Figures:
    """Every division's figures for every period, in whatever order they are asked for."""

    def __init__(self, elements: Sequence[ElementDeclaration] | None = None) -> None:
        """`elements`: the shipped ones, where they have been read already."""
        declared = {one.identifier: one for one in elements or read_folder(share_folder("schemas")).elements}
        self._magnitudes = {
            magnitude.identifier: (magnitude, declared[magnitude.identifier]) for magnitude in read_magnitudes()
        }
        self._needed: dict[frozenset[str], Sequence[tuple[int, Magnitude, ElementDeclaration]]] = {}

    def draw(self, division: str, asked: Collection[str], period: Period) -> dict[str, Any]:
        """What a division reports for a period, for the elements it is asked.

        One stream of luck for each division and last day of a period, and every element takes its turn in it,
        asked or not: a quarter's figures rest on those of the quarter's last month as they were reported.
        """
        wanted = frozenset(asked)
        needed = self._needed.get(wanted) or self._needed.setdefault(wanted, self._with_bases(wanted))
        lasting = _luck(division, len(self._magnitudes))
        passing = random.Random(f"{division} {period.last_day}")  # noqa: S311 - figures that repeat, not secrets
        fresh = [passing.random() for _turn in lasting]
        drawn: dict[str, Any] = {}
        for turn, magnitude, element in needed:
            if _applies(element, drawn):
                drawn[magnitude.identifier] = _value(magnitude, element, period, lasting[turn], fresh[turn], drawn)
        return {identifier: value for identifier, value in drawn.items() if identifier in wanted}

    def _with_bases(self, wanted: frozenset[str]) -> Sequence[tuple[int, Magnitude, ElementDeclaration]]:
        """What is asked and all that it is computed from, each with its turn."""
        needed: set[str] = set()
        waiting = [identifier for identifier in wanted if identifier in self._magnitudes]
        while waiting:
            identifier = waiting.pop()
            if identifier not in needed:
                needed.add(identifier)
                waiting.extend(self._magnitudes[identifier][0].rests_on)
        return [
            (turn, magnitude, element)
            for turn, (magnitude, element) in enumerate(self._magnitudes.values())
            if magnitude.identifier in needed
        ]


def _applies(element: ElementDeclaration, drawn: Mapping[str, Any]) -> bool:
    """Workers in a workshop are counted where there is one; every condition of the shipped files is one such name."""
    return element.applies_when is None or bool(drawn[element.applies_when])


@lru_cache(maxsize=1000)
def _luck(division: str, count: int) -> tuple[float, ...]:
    """What makes a division small or large, once for each element and for good."""
    source = random.Random(division)  # noqa: S311 - figures that repeat, not secrets
    return tuple(source.random() for _turn in range(count))


def _value(
    magnitude: Magnitude,
    element: ElementDeclaration,
    period: Period,
    kept: float,
    fresh: float,
    drawn: Mapping[str, Any],
) -> Any:
    if magnitude.choices:
        choice = magnitude.choices[int(kept * len(magnitude.choices))]
        return choice == "true" if element.value_domain.datatype == "boolean" else choice
    if magnitude.base == A_DAY_OF_THE_MONTH:
        day = int(magnitude.low + fresh * (magnitude.high - magnitude.low + 1))
        return period.last_day.replace(day=day).isoformat()
    is_flow = element.facets.get("stock_or_flow") == "flow"
    share, whole = _share(magnitude, kept, fresh, is_flow=is_flow), _signed_sum(magnitude, drawn)
    decimals = element.value_domain.decimals or 0
    return round(Decimal(share) * whole, decimals) if decimals else int(share * float(whole))


def _share(magnitude: Magnitude, kept: float, fresh: float, *, is_flow: bool) -> float:
    width = magnitude.high - magnitude.low
    if is_flow or not width:
        return magnitude.low + width * fresh
    return (magnitude.low + width * kept) * (1 - DRIFT + 2 * DRIFT * fresh)


def _signed_sum(magnitude: Magnitude, drawn: Mapping[str, Any]) -> int | Decimal:
    """Over what was drawn already; 1 when the magnitude is a plain number."""
    if not magnitude.base:
        return 1
    total: int | Decimal = 0
    for sign, name in magnitude.terms:
        total += sign * drawn[name]
    return total
