"""Stacked bars as SVG, made on the server: numbers in, rectangles out. The sheet of styles colours them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 900, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 28
# As many as the sheet of styles has colours for; the last one is of all others together.
SERIES = 6
LABELS = 10


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    series: int


@dataclass(frozen=True)
class Mark:
    """A label with its place: under a bar, or at a line of the scale."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """What the template draws. `series`: the names of the colours, most first. `peak`: what the scale ends at."""

    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...]
    lines: tuple[Mark, ...]
    series: tuple[str, ...]
    peak: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    floor: int = HEIGHT - BOTTOM


def stacked(starts: Sequence[str], counts: Mapping[str, Mapping[str, int]], *, others: str) -> Chart:
    """`counts`: of each name, the number at each start. Beyond five names the small ones are drawn as one."""
    totals = {name: sum(of.values()) for name, of in counts.items()}
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    shown = ranked if len(ranked) <= SERIES else ranked[: SERIES - 1]
    rest = ranked[len(shown) :]
    names = (*shown, *((others,) if rest else ()))
    heights = [
        [counts[name].get(start, 0) for name in shown]
        + ([sum(counts[name].get(start, 0) for name in rest)] if rest else [])
        for start in starts
    ]
    peak = _round_up(max((sum(stack) for stack in heights), default=0))
    step = (WIDTH - LEFT - RIGHT) / max(len(starts), 1)
    bars = [bar for place, stack in enumerate(heights) for bar in _stack(stack, LEFT + place * step, step, peak)]
    every = -(-len(starts) // LABELS) if starts else 1
    marks = [
        Mark(round(LEFT + (place + 0.5) * step, 1), start) for place, start in enumerate(starts) if place % every == 0
    ]
    lines = [Mark(round(_height_of(value, peak), 1), str(value)) for value in sorted({0, peak // 2, peak})]
    return Chart(tuple(bars), tuple(marks), tuple(lines), names, peak)


def _stack(stack: Sequence[int], x: float, step: float, peak: int) -> list[Bar]:
    found, below = [], 0
    for series, count in enumerate(stack, start=1):
        if count:
            top, bottom = _height_of(below + count, peak), _height_of(below, peak)
            found.append(
                Bar(round(x + step * 0.12, 1), round(top, 1), round(step * 0.76, 1), round(bottom - top, 1), series)
            )
        below += count
    return found


def _height_of(count: int, peak: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / peak


def _round_up(count: int) -> int:
    """The end of the scale: 2, 4, 10, 20, 40, 100 and so on, so that its half is a whole number too."""
    peak, factor = 2, 1
    while peak < count:
        for head in (2, 4, 10):
            peak = head * factor
            if peak >= count:
                break
        factor *= 10
    return peak
