"""The rows of a draft: what was typed, laid over the rows that the task asks for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.datatypes import Value, is_blank
from hub.forms.content import FormContent
from hub.kit import json
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.shown import cell
from hub.validation import LiveRow, LookBack, Past, Row, TypedRow

MAXIMUM_ROWS = 2000
MAXIMUM_TEXT = 2000
MAXIMUM_CELLS_OF_A_ROW = 1000


@dataclass(frozen=True)
class TypedEntry:
    """One row exactly as it was typed, odd values, unknown places and all."""

    division: str
    values: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, Any] = field(default_factory=dict)

    def to_stored(self) -> dict[str, Any]:
        return {"division": self.division, "values": dict(self.values), "missing": dict(self.missing)}

    @classmethod
    def from_stored(cls, row: Mapping[str, Any]) -> "TypedEntry":
        return cls(row["division"], row["values"], row["missing"])


@dataclass(frozen=True)
class HeldRow:
    """What the hub already has about one division: what it looks back on, and what departments supply."""

    past: Past = field(default_factory=dict)
    supplied: Mapping[str, Any] = field(default_factory=dict)
    supplied_versions: Mapping[str, int] = field(default_factory=dict)


NOTHING_HELD = HeldRow()


def typed_text(held: Any) -> str:
    """A held value as the page's field shows it; yes and no as the values of their choices."""
    if isinstance(held, bool):
        return "true" if held else "false"
    return cell(held)


def spelled(value: Any) -> str:
    """How a cell reads, whichever door it came through: 213 typed on a page is the 213.0 that a program sends."""
    return typed_text(value.normalize() if isinstance(value, Decimal) else value).strip()


@dataclass(frozen=True)
class Sheet:
    """What is asked: a name for each division of the task in order, what is held of it, which codes exist at all."""

    form: FormContent
    divisions: Mapping[str, str]
    held: Mapping[str, HeldRow]
    known_divisions: frozenset[str]


@dataclass(frozen=True)
class DraftRow:
    """One row as the township sees it; `previous`, `supplied` and `derived` are read-only.

    `excused`: the empty cells that a rule asks of nobody here.
    """

    division: str
    division_name: str
    values: Mapping[str, Any]
    missing: Mapping[str, Any]
    previous: Mapping[str, Any]
    supplied: Mapping[str, Any]
    derived: Mapping[str, Any]
    excused: frozenset[str] = frozenset()


def stored_entries(rows: Iterable[Mapping[str, Any]]) -> list[TypedEntry]:
    return [TypedEntry.from_stored(row) for row in rows]


def cell_names(sheet: Sheet) -> Callable[[tuple[str, str]], str]:
    """How a cell of this form is called: its place, then its element."""
    elements = sheet.form.spec.by_identifier

    def say(cell: tuple[str, str]) -> str:
        division, element = cell
        label = elements[element].label if element in elements else element
        return f"{sheet.divisions.get(division, division)} {label}"

    return say


def oversize(entries: Sequence[TypedEntry]) -> list[ErrorItem]:
    """Faults of size: a draft takes odd values, but not without end."""
    faults = []
    for index, entry in enumerate(entries):
        if len(entry.values) + len(entry.missing) > MAXIMUM_CELLS_OF_A_ROW:
            message = _("一行最多 {limit} 项。").format(limit=MAXIMUM_CELLS_OF_A_ROW)
            faults.append(ErrorItem(f"/rows/{index}", "too_many_cells", message))
        for name, cells in (("values", entry.values), ("missing", entry.missing)):
            faults += [
                ErrorItem(
                    f"/rows/{index}/{name}/{json.escape_pointer(identifier)}",
                    "value_too_long",
                    _("一格最多 {limit} 个字。").format(limit=MAXIMUM_TEXT),
                )
                for identifier, value in cells.items()
                if _length(value) > MAXIMUM_TEXT
            ]
    return faults


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    return len(json.dumps(value)) if isinstance(value, list | dict) else 0


def rows_to_check(sheet: Sheet, entries: Iterable[TypedEntry]) -> list[Row]:
    """The typed rows with everything beside them that a rule may name."""
    rows = []
    for entry in entries:
        held = sheet.held.get(entry.division, NOTHING_HELD)
        rows.append(
            Row(
                entry.division,
                entry.values,
                entry.missing,
                held.past,
                held.supplied,
                sheet.divisions.get(entry.division, ""),
            )
        )
    return rows


def laid_out(sheet: Sheet, entries: Sequence[TypedEntry]) -> list[TypedEntry]:
    """One row for each division of the task, typed or not, then whatever else was typed, so that it can be mended."""
    first: dict[str, TypedEntry] = {}
    others = []
    for entry in entries:
        if entry.division in sheet.divisions and entry.division not in first:
            first[entry.division] = entry
        else:
            others.append(entry)
    return [first.get(division, TypedEntry(division)) for division in sheet.divisions] + others


def draft_rows(sheet: Sheet, entries: Sequence[TypedEntry], live: Sequence[LiveRow]) -> tuple[DraftRow, ...]:
    """`entries` as they were laid out, with what was computed of them."""
    rows = []
    for entry, computed in zip(entries, live, strict=True):
        held = sheet.held.get(entry.division, NOTHING_HELD)
        rows.append(
            DraftRow(
                entry.division,
                sheet.divisions.get(entry.division, ""),
                entry.values,
                entry.missing,
                captured_only(sheet.form, held.past.get(LookBack.PREVIOUS, {})),
                held.supplied,
                wire_values(sheet.form, computed.derived),
                excused_cells(entry, computed),
            )
        )
    return tuple(rows)


def excused_cells(entry: TypedEntry, live: LiveRow) -> frozenset[str]:
    """What does not apply and holds nothing; what was typed into such a cell is a mistake, and stays to be seen."""
    return frozenset(name for name in live.inapplicable if is_open(entry, name))


def is_open(entry: TypedEntry, element: str) -> bool:
    """Neither a value nor a reason."""
    return is_blank(entry.values.get(element)) and is_blank(entry.missing.get(element))


def captured_only(form: FormContent, values: Mapping[str, Any]) -> dict[str, Any]:
    return {item.identifier: values[item.identifier] for item in form.captured if item.identifier in values}


def wire_values(form: FormContent, values: Mapping[str, Value | None]) -> dict[str, Any]:
    """Typed values as JSON carries them, in the form's order; what has no value is left out."""
    wired = {identifier: value for identifier in form.versions if (value := values.get(identifier)) is not None}
    for identifier, to_wire in form.writers:
        if identifier in wired:
            wired[identifier] = to_wire(wired[identifier])
    return wired


@dataclass(frozen=True)
class SubmittedRow:
    """One row as it is submitted: captured and derived values apart, and why values are missing."""

    division: str
    values: Mapping[str, Any]
    missing: Mapping[str, str]
    derived: Mapping[str, Any]

    def to_stored(self) -> dict[str, Any]:
        return {
            "division": self.division,
            "values": dict(self.values),
            "missing": dict(self.missing),
            "derived": dict(self.derived),
        }


def submitted_rows(sheet: Sheet, typed_rows: Sequence[TypedRow]) -> list[SubmittedRow]:
    """In the order of the task, not of typing: the same content always gives the same checksum."""
    by_division = {row.division: row for row in typed_rows}
    derived = [item.identifier for item in sheet.form.derived]
    rows = []
    for division in sheet.divisions:
        row = by_division[division]
        wired = wire_values(sheet.form, row.values)
        computed = {identifier: wired.pop(identifier) for identifier in derived if identifier in wired}
        rows.append(SubmittedRow(division, wired, dict(sorted(row.missing.items())), computed))
    return rows
