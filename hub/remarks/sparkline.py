"""A small line of the last values. Pure: numbers in, places of an SVG out."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, MARGIN = 240, 56, 6


@dataclass(frozen=True)
class Dot:
    x: str
    y: str


@dataclass(frozen=True)
class Sparkline:
    """`lines`: each as an SVG point list; a period without a value interrupts the line. `last`: the newest value."""

    width: int
    height: int
    lines: tuple[str, ...]
    dots: tuple[Dot, ...]
    last: Dot


def sparkline(values: Sequence[Decimal | None]) -> Sparkline | None:
    """None while there are fewer than two values: one number is no course."""
    known = [value for value in values if value is not None]
    if len(known) < 2:  # noqa: PLR2004 - a line has two ends
        return None
    low, high = min(known), max(known)
    step = Decimal(WIDTH - 2 * MARGIN) / (len(values) - 1)
    dots = [
        None if value is None else Dot(_spelled(MARGIN + step * place), _spelled(_height(value, low, high)))
        for place, value in enumerate(values)
    ]
    shown = tuple(dot for dot in dots if dot is not None)
    return Sparkline(WIDTH, HEIGHT, tuple(_lines(dots)), shown, shown[-1])


def _height(value: Decimal, low: Decimal, high: Decimal) -> Decimal:
    """A course without change runs in the middle."""
    share = (value - low) / (high - low) if high > low else Decimal("0.5")
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)


def _lines(dots: Sequence[Dot | None]) -> list[str]:
    runs: list[list[Dot]] = [[]]
    for dot in dots:
        if dot is None:
            runs.append([])
        else:
            runs[-1].append(dot)
    return [" ".join(f"{dot.x},{dot.y}" for dot in run) for run in runs if len(run) > 1]


def _spelled(number: Decimal) -> str:
    return str(round(number, 1))
