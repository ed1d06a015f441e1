"""Changes cell by cell, and what becomes of each when others typed meanwhile. Pure.

A cell is compared as its texts: the page sends what stands in its field, while another door may have
left a number there. A cell whose text is not touched keeps the value it has.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from hub.capture.rows import MAXIMUM_TEXT, TypedEntry, typed_text
from hub.kit.i18n import gettext as _

Place = tuple[str, str]


@dataclass(frozen=True)
class CellText:
    """What a cell shows: its text, and the reason why there is no value."""

    value: str = ""
    missing: str = ""


EMPTY = CellText()


@dataclass(frozen=True)
class CellChange:
    """`was`: what the page knew the hub to hold when this cell was typed over it."""

    division: str
    element: str
    now: CellText
    was: CellText

    @property
    def place(self) -> Place:
        return self.division, self.element


@dataclass(frozen=True)
class RefusedCell:
    """A cell that the hub does not take, and why; the others of its batch are kept."""

    place: Place
    code: str
    message: str


@dataclass(frozen=True)
class Asked:
    """Where something can be typed, and which of these cells are locked, each with the sentence that says why."""

    divisions: AbstractSet[str]
    elements: AbstractSet[str]
    locked: Mapping[Place, str]


@dataclass(frozen=True)
class Merging:
    """What became of a batch. `changed`: what is to be written; `applied` holds it and what was there already."""

    entries: tuple[TypedEntry, ...]
    applied: tuple[CellChange, ...]
    changed: tuple[CellChange, ...]
    conflicts: tuple[CellChange, ...]
    refused: tuple[RefusedCell, ...]


def merge(entries: Sequence[TypedEntry], changes: Sequence[CellChange], asked: Asked) -> Merging:
    """Each change that nobody typed over is written; what somebody else typed meanwhile is never overwritten."""
    held = texts_of(entries)
    applied, changed, conflicts, refused = [], [], [], []
    for change in changes:
        present = held.get(change.place, EMPTY)
        if change.now == present:
            applied.append(change)
        elif (refusal := _refusal(change, asked, held)) is not None:
            refused.append(refusal)
        elif change.was != present:
            conflicts.append(change)
        else:
            held[change.place] = change.now
            applied.append(change)
            changed.append(change)
    return Merging(_written(entries, changed), tuple(applied), tuple(changed), tuple(conflicts), tuple(refused))


def texts_of(entries: Sequence[TypedEntry]) -> dict[Place, CellText]:
    """Every cell that holds something, as it is shown; of a row that came twice, the first."""
    rows = {entry.division: _texts(entry) for entry in reversed(entries)}
    return {place: text for row in rows.values() for place, text in row.items()}


def _texts(entry: TypedEntry) -> dict[Place, CellText]:
    texts = {}
    for element in {**entry.values, **entry.missing}:
        text = CellText(typed_text(entry.values.get(element)), typed_text(entry.missing.get(element)))
        if text != EMPTY:
            texts[entry.division, element] = text
    return texts


def _refusal(change: CellChange, asked: Asked, held: Mapping[Place, CellText]) -> RefusedCell | None:
    if change.place in asked.locked:
        return RefusedCell(change.place, "cell_locked", asked.locked[change.place])
    is_asked = change.division in asked.divisions and change.element in asked.elements
    if not is_asked and change.place not in held:
        return RefusedCell(change.place, "cell_not_on_form", _("这张表没有这一格。"))
    if max(len(change.now.value), len(change.now.missing)) > MAXIMUM_TEXT:
        return RefusedCell(change.place, "value_too_long", _("一格最多 {limit} 个字。").format(limit=MAXIMUM_TEXT))
    return None


def _written(entries: Sequence[TypedEntry], changed: Sequence[CellChange]) -> tuple[TypedEntry, ...]:
    """The rows with the changes in them; a row of which nothing is left goes, a new one comes last."""
    written = dict(enumerate(entries))
    first = {entry.division: index for index, entry in reversed(list(enumerate(entries)))}
    for change in changed:
        index = first.setdefault(change.division, len(written))
        entry = written.get(index, TypedEntry(change.division))
        written[index] = replace(
            entry,
            values=_with(entry.values, change.element, change.now.value, change.was.value),
            missing=_with(entry.missing, change.element, change.now.missing, change.was.missing),
        )
    touched = {first[change.division] for change in changed}
    return tuple(e for index, e in written.items() if index not in touched or e.values or e.missing)


def _with(held: Mapping[str, Any], element: str, text: str, was: str) -> dict[str, Any]:
    """What came through another door keeps its type while its text is untouched: 213 does not become "213"."""
    if text == was:
        return dict(held)
    if text:
        return {**held, element: text}
    return {name: value for name, value in held.items() if name != element}
