"""What a workbook would change in the draft, cell by cell. Nothing that was typed elsewhere is lost unseen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from hub.capture.desk import DraftView
from hub.capture.rows import TypedEntry, typed_text
from hub.capture.sheet_form import split_rows
from hub.datatypes import ValueDomain, ValueFault, is_blank, parse
from hub.forms.content import FormField
from hub.validation import Finding
from hub.workbooks.layout import choice_label, known_reason_words, reason_words
from hub.workbooks.matching import MatchedWorkbook, PlacedCell
from hub.workbooks.template import shown_value


@dataclass(frozen=True)
class Content:
    """What one cell of the draft holds: a value as it was typed, a reason why there is none, or neither."""

    value: Any = None
    missing: Any = None

    @property
    def is_blank(self) -> bool:
        return is_blank(self.value) and is_blank(self.missing)


BLANK = Content()

# Findings of a cell that has no content to refuse.
OF_NO_VALUE = frozenset({"value-missing", "value-and-missing"})


@dataclass(frozen=True)
class CellDifference:
    division: str
    element: str
    cell: PlacedCell
    old: Content
    new: Content


@dataclass(frozen=True)
class Comparison:
    """`entries` are the whole draft as it would be; `formulas` are cells whose content was not taken."""

    entries: tuple[TypedEntry, ...]
    differences: tuple[CellDifference, ...]
    formulas: tuple[tuple[str, FormField, PlacedCell], ...]
    filled: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Counts:
    """Of the cells that hold something in the workbook or in the draft, each in one of the four."""

    new: int
    changed: int
    same: int
    refused: int


def compare(view: DraftView, matched: MatchedWorkbook) -> Comparison:
    """A cell that is blank in the workbook is cleared; whatever stands in the draft outside of the sheets stays."""
    rows, strays = split_rows(view)
    entries, differences, formulas = [], [], []
    filled: set[tuple[str, str]] = set()
    for row in rows:
        values, missing = dict(row.values), dict(row.missing)
        for field in view.form.captured:
            cell = matched.cells[row.division, field.identifier]
            old = Content(values.get(field.identifier), missing.get(field.identifier))
            if cell.text is not None or not old.is_blank:
                filled.add((row.division, field.identifier))
            if cell.has_formula:
                formulas.append((row.division, field, cell))
                continue
            new = read_cell(field.spec.domain, cell.text, old)
            if new != old:
                differences.append(CellDifference(row.division, field.identifier, cell, old, new))
                _put(values, field.identifier, new.value)
                _put(missing, field.identifier, new.missing)
        entries.append(TypedEntry(row.division, values, missing))
    entries += [TypedEntry(row.division, row.values, row.missing) for row in strays]
    typed = tuple(entry for entry in entries if entry.values or entry.missing)
    return Comparison(typed, tuple(differences), tuple(formulas), frozenset(filled))


def _put(cells: dict[str, Any], identifier: str, value: Any) -> None:
    if value is None:
        cells.pop(identifier, None)
    else:
        cells[identifier] = value


def read_cell(domain: ValueDomain, text: str | None, old: Content) -> Content:
    """What a cell's text means beside what the draft holds: the old content itself when it says the same."""
    if text is None:
        return old if old.is_blank else BLANK
    if text in _shown(domain, old):
        return old
    reason = known_reason_words().get(text.strip())
    if reason is not None and not _is_choice(domain, text):
        return old if is_blank(old.value) and old.missing == reason else Content(None, reason)
    value = _typed(domain, _without_meaning(domain, text))
    return old if is_blank(old.missing) and _is_same(domain, old.value, value) else Content(value)


def _typed(domain: ValueDomain, text: str) -> Any:
    """A number is a number in the draft, as a program sends it. What is no value of its element stays as written."""
    if domain.datatype not in {"integer", "decimal", "boolean"}:
        return text
    try:
        return parse(text, domain)
    except ValueFault:
        return text


def _shown(domain: ValueDomain, old: Content) -> Sequence[str]:
    """How the workbook wrote the old content down."""
    if not is_blank(old.value):
        shown = shown_value(domain, old.value)
        return (typed_text(old.value), _number_text(shown) if isinstance(shown, float) else _text(shown))
    if not is_blank(old.missing):
        missing = typed_text(old.missing)
        return (missing, *(word for word, reason in reason_words().items() if reason == missing))
    return ()


def _text(shown: str | float | date) -> str:
    return shown.isoformat() if isinstance(shown, date) else str(shown)


def _number_text(number: float) -> str:
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def _is_choice(domain: ValueDomain, text: str) -> bool:
    """“无” is an answer where the element itself has such a value: no, or a code of that meaning."""
    if domain.datatype not in {"boolean", "code"}:
        return False
    try:
        parse(text, domain)
    except ValueFault:
        return False
    return True


def _without_meaning(domain: ValueDomain, text: str) -> str:
    labels = {choice_label(item.value, item.meaning): item.value for item in domain.permissible_values}
    return labels.get(text.strip(), text)


def _is_same(domain: ValueDomain, old: Any, new: Any) -> bool:
    try:
        return not is_blank(old) and parse(old, domain) == parse(new, domain)
    except ValueFault:
        return False


def count(comparison: Comparison, findings: Sequence[Finding]) -> Counts:
    """Refused: the cell's content is no value of its element. It goes into the draft all the same, to be mended."""
    refused = {(finding.division, finding.element) for finding in findings if _is_refusal(finding)}
    refused |= {(division, field.identifier) for division, field, _cell in comparison.formulas}
    refused &= comparison.filled
    changed = {(one.division, one.element): one for one in comparison.differences}
    taken = {place: one for place, one in changed.items() if place not in refused}
    new = sum(one.old.is_blank for one in taken.values())
    return Counts(
        new=new,
        changed=len(taken) - new,
        same=len(comparison.filled - changed.keys() - refused),
        refused=len(refused),
    )


def _is_refusal(finding: Finding) -> bool:
    return finding.code.startswith("value-") and finding.code not in OF_NO_VALUE
