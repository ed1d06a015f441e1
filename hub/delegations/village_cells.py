"""One village's row of the form, cell by cell: what stands there, what is asked, what is disputed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.capture.cells import EMPTY, CellChange, CellText
from hub.capture.desk import DraftView
from hub.capture.rows import DraftRow, typed_text
from hub.forms.content import FormContent


@dataclass(frozen=True)
class Contested:
    """What the village says of a cell that the township changed meanwhile. `was`: what it was typed over."""

    proposed: CellText
    was: CellText
    at: datetime

    @classmethod
    def of(cls, change: CellChange, at: datetime) -> "Contested":
        return cls(change.now, change.was, at)

    def to_stored(self) -> dict[str, Any]:
        return {
            "proposed": [self.proposed.value, self.proposed.missing],
            "was": [self.was.value, self.was.missing],
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Contested":
        return cls(CellText(*stored["proposed"]), CellText(*stored["was"]), datetime.fromisoformat(stored["at"]))


@dataclass(frozen=True)
class Count:
    """How many of a village's cells say something, of those that are asked of it."""

    filled: int
    cells: int


def row_of(view: DraftView, division: str) -> DraftRow | None:
    """The village's row; None when the form asks nothing of it."""
    return next((row for row in view.rows if row.division == division and row.division_name), None)


def held_text(row: DraftRow, element: str) -> CellText:
    return CellText(typed_text(row.values.get(element)), typed_text(row.missing.get(element)))


def count_cells(form: FormContent, row: DraftRow) -> Count:
    asked = [field.identifier for field in form.captured if field.identifier not in row.excused]
    return Count(sum(held_text(row, name) != EMPTY for name in asked), len(asked))


def disputes(stored: Mapping[str, Any], row: DraftRow) -> dict[str, Contested]:
    """Where the two still say different things; the township may have typed the village's value itself."""
    found = {element: Contested.from_stored(one) for element, one in stored.items()}
    return {element: one for element, one in found.items() if one.proposed != held_text(row, element)}


def after_saving(
    stored: Mapping[str, Any], sent: Iterable[str], conflicts: Iterable[CellChange], at: datetime
) -> dict[str, Any]:
    """The disputes after a page was saved: of what it sent, those that came of it; of the rest, what there was."""
    left = {element: one for element, one in stored.items() if element not in set(sent)}
    return left | {change.element: Contested.of(change, at).to_stored() for change in conflicts}
