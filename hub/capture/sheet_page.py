"""The township's form as a page shows it. The dataclasses are all that the template sees."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from hub.calendar.words import DueWords, period_words
from hub.capture.confirmations import Confirmation
from hub.capture.desk import DraftView
from hub.capture.errors import CollectionAwaitsSignOff, CollectionClosed, CollectionInReview
from hub.capture.ledger import Explanations
from hub.capture.lifecycle import CollectionState
from hub.capture.locks import Cell
from hub.capture.notices import SheetNotice
from hub.capture.progress import is_filled
from hub.capture.refusals import RefusalView
from hub.capture.rows import DraftRow, TypedEntry, typed_text
from hub.capture.sheet_form import reason_name, split_rows
from hub.capture.sheet_way import SheetWay, sheet_way
from hub.capture.totals import column_total
from hub.capture.words import missing_choices, state_words
from hub.forms.content import FormContent, FormField
from hub.kit.errors import HubError
from hub.kit.i18n import current_language
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, cell

INPUT_MODES = {"integer": "numeric", "decimal": "decimal"}


class FindingLike(Protocol):
    """A finding, fresh from the check or as the wire carries it."""

    @property
    def severity(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def division(self) -> str: ...
    @property
    def element(self) -> str | None: ...
    @property
    def rule(self) -> str | None: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True)
class CellView:
    """One cell. `text`: what was typed, as it was typed; `other`: what somebody else saved; `is_excused`: not asked."""

    name: str
    kind: str
    text: str
    missing: str
    previous: str
    choices: tuple[Choice, ...] = ()
    reasons: tuple[Choice, ...] = ()
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    other: str | None = None
    is_locked: bool = False
    is_excused: bool = False


@dataclass(frozen=True)
class ColumnView:
    """One element as the head of a column, with its definition (口径)."""

    identifier: str
    label: str
    unit: str
    definition: str
    legal_basis: str
    owner: str
    is_required: bool
    input_mode: str
    note: str


@dataclass(frozen=True)
class RowView:
    division: str
    name: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class SectionView:
    """`can_take_over`: there are empty cells and values of the preceding period for them. `totals`: one a column."""

    index: int
    title: str
    columns: tuple[ColumnView, ...]
    rows: tuple[RowView, ...]
    can_take_over: bool
    totals: tuple[str, ...]


@dataclass(frozen=True)
class FindingLine:
    """One line of the summary; `href` leads to the cell, `reason_name` is the field for a warning's reason."""

    href: str
    message: str
    reason_name: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SheetPage:
    """The whole page of `GET` and `POST /collections/{id}` for the township itself."""

    id: str
    form_name: str
    period: str
    township: str
    state: CollectionState
    due_at: datetime
    due: DueWords
    closes_at: datetime | None
    etag: str
    saved_at: datetime | None
    is_typed: bool
    submission: str | None
    filled: int
    sections: tuple[SectionView, ...]
    strays: tuple[str, ...]
    way: SheetWay
    faults: tuple[FindingLine, ...] = ()
    warnings: tuple[FindingLine, ...] = ()
    is_checked: bool = False
    conflicts: int | None = None
    savers: tuple[str, ...] = ()
    reason: str = ""
    lock: HubError | None = None
    refusal: RefusalView | None = None
    notices: tuple[SheetNotice, ...] = ()

    @property
    def is_read_only(self) -> bool:
        return isinstance(self.lock, CollectionClosed | CollectionAwaitsSignOff | CollectionInReview)

    @property
    def said(self) -> Mapping[str, str]:
        """What notices say in cells, by the cells' names."""
        return {f"{one.cell.division}.{one.cell.element}": one.cell.words for one in self.notices if one.cell}

    @property
    def total(self) -> int:
        """How many rows there are: every section has them all."""
        return len(self.sections[0].rows) if self.sections else 0

    @property
    def state_words(self) -> str:
        if self.submission is None and self.state == "closed":
            return _("未提交")
        return state_words(self.state)

    @property
    def state_tone(self) -> str:
        return {"submitted": "good", "returned": "warning"}.get(self.state, "active")

    @property
    def is_correction(self) -> bool:
        return self.submission is not None


@dataclass(frozen=True)
class Judgement:
    """What stands against the sheet, and what was explained so far."""

    findings: Sequence[FindingLike] = ()
    refusals: Sequence[str] = ()
    confirmations: Sequence[Confirmation] = ()
    reason: str = ""
    is_checked: bool = False


@dataclass(frozen=True)
class _Sheet:
    """What cells are built from: texts to show, somebody else's rows when there is a conflict, findings by cell."""

    shown: Mapping[str, TypedEntry]
    others: Mapping[str, DraftRow] | None
    by_cell: Mapping[tuple[str, str], Sequence[FindingLike]] = field(default_factory=dict)
    open_cells: frozenset[Cell] | None = None


def sheet_page(
    view: DraftView,
    due: DueWords,
    *,
    entries: Sequence[TypedEntry] | None = None,
    judgement: Judgement = Judgement(),
    savers: Sequence[str] | None = None,
) -> SheetPage:
    """The page of a draft; `entries` are typed texts that were not saved, in a conflict because `savers` saved it."""
    rows, strays = split_rows(view)
    judgement = _with_kept_reasons(judgement, view.explanations)
    sheet = replace(_lay_out(rows, entries, judgement, is_conflict=savers is not None), open_cells=view.open_cells)
    sections = tuple(_section(view.form, index, rows, sheet) for index in range(len(view.form.sections)))
    anchors = {(row.division, one.identifier) for row in rows for one in view.form.fields}
    collection = view.task.collection
    return SheetPage(
        id=str(collection.id),
        form_name=view.form.name,
        period=period_words(collection.period),
        township=view.task.township_name,
        state=view.task.state,
        due_at=collection.due_at,
        due=due,
        closes_at=collection.closes_at,
        etag=view.etag,
        saved_at=view.saved_at,
        is_typed=view.is_typed,
        submission=collection.submission,
        filled=_count_filled(view.form, rows, sheet),
        sections=sections,
        strays=tuple(_strays(view.form, rows, strays)),
        faults=(*(FindingLine("", text) for text in judgement.refusals), *_lines(judgement, "error", anchors)),
        warnings=tuple(_lines(judgement, "warning", anchors)),
        is_checked=judgement.is_checked,
        conflicts=None if savers is None else _count_conflicts(sections),
        savers=tuple(savers or ()),
        reason=judgement.reason,
        lock=view.lock,
        way=sheet_way(view, rows),
    )


def _with_kept_reasons(judgement: Judgement, kept: Explanations) -> Judgement:
    """Nobody is asked twice for the same answer (WCAG 2.2, 3.3.7); what was typed just now counts."""
    return replace(
        judgement,
        confirmations=(*kept.confirmations, *judgement.confirmations),
        reason=judgement.reason or kept.reason,
    )


def _count_conflicts(sections: Iterable[SectionView]) -> int:
    return sum(one.other is not None for section in sections for row in section.rows for one in row.cells)


def _count_filled(form: FormContent, rows: Sequence[DraftRow], sheet: _Sheet) -> int:
    shown = [(row, sheet.shown[row.division]) for row in rows if row.division in sheet.shown]
    return sum(is_filled(form, entry, row.excused) for row, entry in shown)


def _lay_out(
    rows: Sequence[DraftRow], entries: Sequence[TypedEntry] | None, judgement: Judgement, *, is_conflict: bool
) -> _Sheet:
    by_cell: dict[tuple[str, str], list[FindingLike]] = {}
    for finding in judgement.findings:
        by_cell.setdefault((finding.division, finding.element or ""), []).append(finding)
    held = [TypedEntry(row.division, row.values, row.missing) for row in rows]
    shown = {entry.division: entry for entry in reversed(held if entries is None else entries)}
    return _Sheet(shown, {row.division: row for row in rows} if is_conflict else None, by_cell)


def _section(form: FormContent, index: int, rows: Sequence[DraftRow], sheet: _Sheet) -> SectionView:
    section = form.sections[index]
    shown = tuple(
        RowView(row.division, row.division_name, tuple(_cell(one, row, sheet) for one in section.fields))
        for row in rows
    )
    return SectionView(
        index,
        section.title,
        tuple(_column(one) for one in section.fields),
        shown,
        any(c.previous and not c.text and not c.missing and c.kind != "readonly" for row in shown for c in row.cells),
        tuple(column_total(one, (row.cells[place].text for row in shown)) for place, one in enumerate(section.fields)),
    )


def _column(one: FormField) -> ColumnView:
    notes = {"derived": _("自动计算"), "supplied": _("部门提供")}
    return ColumnView(
        identifier=one.identifier,
        label=one.spec.label,
        unit=one.spec.domain.unit or "",
        definition=one.definition or "",
        legal_basis=one.legal_basis or "",
        owner=one.source_organization or "",
        is_required=one.obligation == "mandatory",
        input_mode=INPUT_MODES.get(one.spec.domain.datatype, ""),
        note=notes.get(one.spec.source, ""),
    )


def _cell(one: FormField, row: DraftRow, sheet: _Sheet) -> CellView:
    name = f"{row.division}.{one.identifier}"
    findings = sheet.by_cell.get((row.division, one.identifier), ())
    places = (f"{row.division_name} {one.spec.label}", row.division_name)
    prefixes = [place + colon for place in places for colon in ("：", ": ")]
    errors = tuple(_at_the_cell(finding, prefixes) for finding in findings if finding.severity == "error")
    warnings = tuple(_at_the_cell(finding, prefixes) for finding in findings if finding.severity == "warning")
    if one.spec.source != "captured":
        computed = row.derived if one.spec.source == "derived" else row.supplied
        text = _meaning(one, computed.get(one.identifier))
        return CellView(name, "readonly", text, "", "", errors=errors, warnings=warnings)
    shown = sheet.shown.get(row.division, TypedEntry(row.division))
    text = typed_text(shown.values.get(one.identifier))
    missing = typed_text(shown.missing.get(one.identifier))
    choices = _choices(one, text)
    return CellView(
        name=name,
        kind="choice" if choices else "input",
        text=text,
        missing=missing,
        previous=_meaning(one, row.previous.get(one.identifier)),
        choices=choices,
        reasons=_with_odd(missing_choices(), missing),
        errors=errors,
        warnings=warnings,
        other=_other(one, sheet, row.division, (text, missing)),
        is_locked=sheet.open_cells is not None and (row.division, one.identifier) not in sheet.open_cells,
        is_excused=one.identifier in row.excused and not text and not missing,
    )


def _at_the_cell(finding: FindingLike, prefixes: Sequence[str]) -> str:
    """The summary's words without the place, which the heads of row and column say already."""
    for prefix in prefixes:
        if finding.message.startswith(prefix):
            return finding.message.removeprefix(prefix)
    return finding.message


def _choices(one: FormField, text: str) -> tuple[Choice, ...]:
    domain = one.spec.domain
    if domain.datatype == "boolean":
        return _with_odd((Choice("true", _("是")), Choice("false", _("否"))), text)
    known = tuple(Choice(item.value, f"{item.value} {item.meaning}") for item in domain.permissible_values)
    return _with_odd(known, text) if known else ()


def _with_odd(choices: tuple[Choice, ...], text: str) -> tuple[Choice, ...]:
    """What was typed elsewhere and is no choice is shown as it is, so that saving the page does not clear it."""
    if not text or any(choice.value == text for choice in choices):
        return choices
    return (*choices, Choice(text, text))


def _other(one: FormField, sheet: _Sheet, division: str, mine: tuple[str, str]) -> str | None:
    if sheet.others is None or division not in sheet.others:
        return None
    other = sheet.others[division]
    value, reason = other.values.get(one.identifier), typed_text(other.missing.get(one.identifier))
    if (typed_text(value), reason) == mine:
        return None
    labels = {choice.value: choice.label for choice in missing_choices()}
    return " ".join(part for part in (_meaning(one, value), labels.get(reason, reason)) if part) or _("空")


def _meaning(one: FormField, value: Any) -> str:
    """A code with its meaning, anything else as it is."""
    meaning = one.spec.domain.meanings.get(value) if isinstance(value, str) else None
    return f"{value} {meaning}" if meaning else cell(value)


def _lines(judgement: Judgement, severity: str, anchors: set[tuple[str, str]]) -> Iterable[FindingLine]:
    given = {(c.code, c.division, c.element, c.rule): c.reason for c in judgement.confirmations}
    for finding in judgement.findings:
        if finding.severity == severity:
            key = (finding.code, finding.division, finding.element, finding.rule)
            yield FindingLine(
                _href(finding, anchors),
                finding.message,
                reason_name(*key) if severity == "warning" else "",
                given.get(key, ""),
            )


def _href(finding: FindingLike, anchors: set[tuple[str, str]]) -> str:
    if (finding.division, finding.element or "") in anchors:
        return f"#v.{finding.division}.{finding.element}"
    if finding.element is None and any(division == finding.division for division, _element in anchors):
        return f"#r.{finding.division}"
    return "#strays"


def _strays(form: FormContent, rows: Sequence[DraftRow], strays: Sequence[DraftRow]) -> Iterable[str]:
    """What stands in the draft but on no cell of the page, one sentence each."""
    asked = {one.identifier for one in form.captured}
    separator = ", " if current_language() == "en" else "，"
    for row, names in [(row, asked) for row in rows] + [(row, set[str]()) for row in strays]:
        odd = {**row.missing, **row.values}
        parts = [f"{name} = {cell(value)}" for name, value in odd.items() if name not in names]
        if parts:
            yield f"{row.division_name or row.division}：{separator.join(parts)}"
