"""Figures for the demo county: synthetic, plausible, in keeping with every rule, the same at every start."""

import csv
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.calendar.periods import Period
from hub.registry.files import read_folder
from hub.settings import share_folder
from hub.validation import ElementSpec

MAGNITUDES = Path(__file__).parent / "magnitudes.csv"
# A stock moves little from month to month; a flow is another number every month.
DRIFT = 0.02


@dataclass(frozen=True)
class Magnitude:
    """How large an element is: a share of what `base` sums up, or a plain number, or one of some choices."""

    identifier: str
    base: str
    low: float
    high: float
    choices: tuple[str, ...]


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
    """Every division's figures, period after period."""

    def __init__(self) -> None:
        self._magnitudes = read_magnitudes()
        declared = read_folder(share_folder("schemas")).elements
        self._flows = frozenset(e.identifier for e in declared if e.facets.get("stock_or_flow") == "flow")
        self._divisions: dict[str, _DivisionFigures] = {}

    def draw(self, division: str, asked: Mapping[str, ElementSpec], period: Period) -> dict[str, Any]:
        """What a division reports for a period, for the elements it is asked."""
        figures = self._divisions.setdefault(division, _DivisionFigures(division, self._flows))
        drawn: dict[str, Any] = {}
        for magnitude in self._magnitudes:
            element = asked.get(magnitude.identifier)
            if element is not None:
                drawn[magnitude.identifier] = figures.value(magnitude, element, period, drawn)
        return drawn


class _DivisionFigures:
    """One division's shares, drawn once and drifting."""

    def __init__(self, division: str, flows: frozenset[str]) -> None:
        self._random = random.Random(division)  # noqa: S311 - figures that repeat, not secrets
        self._flows = flows
        self._shares: dict[str, float] = {}

    def value(self, magnitude: Magnitude, element: ElementSpec, period: Period, drawn: Mapping[str, Any]) -> Any:
        if magnitude.choices:
            choice = self._random.choice(magnitude.choices)
            return choice == "true" if element.domain.datatype == "boolean" else choice
        if magnitude.base == "day":
            day = self._random.randint(int(magnitude.low), int(magnitude.high))
            return period.first_day.replace(day=day).isoformat()
        number = Decimal(self._share(magnitude)) * _signed_sum(magnitude.base, drawn)
        decimals = element.domain.decimals or 0
        return round(number, decimals) if decimals else int(number)

    def _share(self, magnitude: Magnitude) -> float:
        fresh = self._random.uniform(magnitude.low, magnitude.high)
        if magnitude.identifier in self._flows:
            return fresh
        held = self._shares.setdefault(magnitude.identifier, fresh)
        return held if magnitude.low == magnitude.high else held * self._random.uniform(1 - DRIFT, 1 + DRIFT)


def _signed_sum(base: str, drawn: Mapping[str, Any]) -> Decimal:
    """`a + b - c` over what was drawn already; 1 when the magnitude is a plain number."""
    if not base:
        return Decimal(1)
    total, sign = Decimal(0), 1
    for word in base.split():
        if word in "+-":
            sign = 1 if word == "+" else -1
        else:
            total += sign * Decimal(drawn[word])
    return total
