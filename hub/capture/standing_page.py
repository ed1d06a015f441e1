"""Who has submitted and who has not: tiles and a table that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.calendar.words import period_words
from hub.capture.standing import Standing
from hub.capture.task_page import state_line
from hub.kit.shown import Choice


@dataclass(frozen=True)
class StandingCell:
    """One township for one period; without a task there is nothing to say. `tone` is also said in words."""

    id: str
    words: str
    tone: str


@dataclass(frozen=True)
class StandingRow:
    township: str
    cells: tuple[StandingCell, ...]

    @property
    def late(self) -> int:
        return sum(one.tone == "error" for one in self.cells)


@dataclass(frozen=True)
class StandingPage:
    """`tiles` are of the chosen period; the table holds it and those before. `late` names who has not submitted."""

    forms: tuple[Choice, ...]
    form: str
    periods: tuple[Choice, ...]
    period: str
    tiles: tuple[StandingRow, ...]
    heads: tuple[str, ...]
    rows: tuple[StandingRow, ...]
    submitted: int
    counted: int
    total: int
    late: tuple[str, ...]
    may_remind: bool


NOTHING = StandingCell("", "—", "plain")


def standing_page(
    forms: Sequence[Choice],
    form: str,
    periods: Sequence[str],
    period: str,
    found: Sequence[Standing],
    *,
    may_remind: bool,
) -> StandingPage:
    """`periods`: all there are, newest first; `found` covers the chosen one and some before it.

    `may_remind`: this person may ask those who have not submitted; nobody is asked when all have.
    """
    shown = sorted({one.task.collection.period for one in found}, reverse=True)
    by_place = {(one.township, one.task.collection.period): one for one in found}
    townships = {one.township: one.task.township_name for one in found}
    now = [one for one in found if one.task.collection.period == period]
    return StandingPage(
        forms=tuple(forms),
        form=form,
        periods=tuple(Choice(one, period_words(one)) for one in periods),
        period=period,
        tiles=tuple(StandingRow(one.task.township_name, (_cell(one),)) for one in now),
        heads=tuple(period_words(one) for one in shown),
        rows=tuple(
            StandingRow(name, tuple(_cell(by_place.get((code, one))) for one in shown))
            for code, name in townships.items()
        ),
        submitted=sum(one.is_submitted for one in now),
        counted=sum(one.is_counted for one in now),
        total=len(now),
        may_remind=may_remind and not all(one.is_submitted for one in now),
        late=tuple(one.task.township_name for one in now if one.task.is_late and not one.is_submitted),
    )


def _cell(one: Standing | None) -> StandingCell:
    if one is None:
        return NOTHING
    words, tone = state_line(one.task)
    return StandingCell(str(one.task.collection.id), words, tone)
