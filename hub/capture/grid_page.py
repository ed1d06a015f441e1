"""The grid page: the same sheet as the face without JavaScript, and the data that its script works on.

The server draws every cell, so that there is something to read before the script runs; the script only attaches to
what is there. `SheetPayload` is what hub/browser/sheet/payload.js reads, name for name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from hub.calendar.words import DueWords
from hub.capture.desk import DraftView
from hub.capture.grid_texts import grid_texts
from hub.capture.keeping_page import KeepingPayload, keeping_payload
from hub.capture.notices import CellNotice, SheetNotice
from hub.capture.rows import typed_text
from hub.capture.sheet_form import split_rows
from hub.capture.sheet_page import CellView, ColumnView, SectionView, SheetPage, sheet_page
from hub.capture.totals import is_counted
from hub.capture.words import missing_choices
from hub.datatypes.numerals import read_number
from hub.forms.content import FormField
from hub.identity.subject import Subject
from hub.kit import json
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, instant
from hub.validation.portable import portable_form, portable_past

# Inside a <script> element only these could end it or be read as markup (HTML §4.12.1.3); JSON knows them as escapes.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


@dataclass(frozen=True)
class GridColumn:
    """`kind`: input, choice or readonly. `is_counted`: a sum over the rows means something."""

    identifier: str
    label: str
    unit: str
    datatype: str
    kind: str
    choices: tuple[Choice, ...]
    note: str
    definition: str
    basis: str
    is_required: bool
    is_counted: bool
    input_mode: str


@dataclass(frozen=True)
class GridSection:
    index: int
    title: str
    columns: tuple[GridColumn, ...]


@dataclass(frozen=True)
class SheetPayload:
    """`cells`: division, then element, then value, missing, previous (as typed) and shown (derived, supplied);
    what is empty is left out. `open_cells` None: all that are not readonly. `rules`, `held`: for sheet/rules.js.
    """

    collection: str
    form: str
    form_name: str
    period: str
    township: str
    user: str
    csrf: str
    etag: str
    state: str
    saved_at: str | None
    is_typed: bool
    is_read_only: bool
    is_correction: bool
    rows: tuple[Mapping[str, str], ...]
    sections: tuple[GridSection, ...]
    cells: Mapping[str, Mapping[str, Mapping[str, str]]]
    open_cells: Sequence[tuple[str, str]] | None
    returned: Sequence[Mapping[str, str]]
    said: Sequence[Mapping[str, str]]
    missing_kinds: tuple[Choice, ...]
    rules: Mapping[str, Any]
    held: Mapping[str, Mapping[str, str]]
    texts: Mapping[str, str]
    keeping: KeepingPayload


@dataclass(frozen=True)
class GridCell:
    """One cell as it is first drawn. `mark`: what one without a number reads; `change`: against the preceding period.

    `said`: what stands against it; `classes`: as hub/browser/sheet/painting.js gives them.
    """

    text: str
    mark: str
    previous: str
    change: str
    classes: str
    is_unchanged: bool
    said: str = ""


@dataclass(frozen=True)
class GridRow:
    division: str
    name: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True)
class GridTable:
    """One section as a table; a total for each column, empty where a sum would mean nothing."""

    index: int
    title: str
    columns: tuple[ColumnView, ...]
    rows: tuple[GridRow, ...]
    totals: tuple[str, ...]


@dataclass(frozen=True)
class GridPage:
    """`sheet`: the same as the face without JavaScript shows. `data`: a `SheetPayload` as JSON, safe in a <script>."""

    sheet: SheetPage
    tables: tuple[GridTable, ...]
    data: str


def grid_page(view: DraftView, due: DueWords, subject: Subject, notices: tuple[SheetNotice, ...] = ()) -> GridPage:
    sheet = replace(sheet_page(view, due), notices=notices)
    cells = _cells(view, sheet)
    tables = tuple(_table(section, cells, sheet.said) for section in sheet.sections)
    return GridPage(sheet, tables, json.dumps(asdict(_payload(view, sheet, subject, cells))).translate(_ESCAPES))


def _payload(
    view: DraftView, sheet: SheetPage, subject: Subject, cells: Mapping[str, Mapping[str, Mapping[str, str]]]
) -> SheetPayload:
    rows, _strays = split_rows(view)
    return SheetPayload(
        collection=sheet.id,
        form=view.form.code,
        form_name=sheet.form_name,
        period=sheet.period,
        township=sheet.township,
        user=subject.name,
        csrf=subject.csrf_token or "",
        etag=sheet.etag,
        state=sheet.state,
        saved_at=None if sheet.saved_at is None else instant(sheet.saved_at),
        is_typed=sheet.is_typed,
        is_read_only=sheet.is_read_only,
        is_correction=sheet.is_correction,
        rows=tuple({"division": row.division, "name": row.division_name} for row in rows),
        sections=_sections(view, sheet),
        cells=cells,
        open_cells=None if view.open_cells is None else sorted(view.open_cells),
        returned=tuple(asdict(one) for one in view.returned.cells) if view.returned else (),
        said=tuple(_said(notice.cell) for notice in sheet.notices if notice.cell),
        missing_kinds=missing_choices(),
        rules=portable_form(view.form.spec),
        held={
            division: portable_past(view.form.spec.plan, held.supplied, held.past)
            for division, held in view.held.items()
        },
        texts=grid_texts(),
        keeping=keeping_payload(view),
    )


def _said(one: CellNotice) -> Mapping[str, str]:
    return {"division": one.division, "element": one.element, "words": one.words, **asdict(one.other)}


def _sections(view: DraftView, sheet: SheetPage) -> tuple[GridSection, ...]:
    return tuple(
        GridSection(
            section.index,
            section.title,
            tuple(
                _column(shown, one, section, place)
                for place, (shown, one) in enumerate(
                    zip(section.columns, view.form.sections[section.index].fields, strict=True)
                )
            ),
        )
        for section in sheet.sections
    )


def _column(shown: ColumnView, one: FormField, section: SectionView, place: int) -> GridColumn:
    cells = [row.cells[place] for row in section.rows]
    return GridColumn(
        identifier=shown.identifier,
        label=shown.label,
        unit=shown.unit,
        datatype=one.spec.domain.datatype,
        kind=cells[0].kind if cells else "input",
        choices=cells[0].choices if cells else (),
        note=shown.note,
        definition=shown.definition,
        basis=shown.legal_basis,
        is_required=shown.is_required,
        is_counted=is_counted(one),
        input_mode=shown.input_mode,
    )


def _cells(view: DraftView, sheet: SheetPage) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    rows, _strays = split_rows(view)
    held: dict[str, dict[str, dict[str, str]]] = {row.division: {} for row in rows}
    for section in sheet.sections:
        for row, shown in zip(rows, section.rows, strict=True):
            for column, one in zip(section.columns, shown.cells, strict=True):
                content = _content(one, typed_text(row.previous.get(column.identifier)))
                if content:
                    held[row.division][column.identifier] = content
    return held


def _content(one: CellView, previous: str) -> dict[str, str]:
    if one.kind == "readonly":
        return {"shown": one.text} if one.text else {}
    said = {"value": one.text, "missing": one.missing, "previous": previous}
    return {name: text for name, text in said.items() if text}


def _table(
    section: SectionView, held: Mapping[str, Mapping[str, Mapping[str, str]]], said: Mapping[str, str]
) -> GridTable:
    rows = tuple(
        GridRow(
            row.division,
            row.name,
            tuple(
                _drawn(column, one, held[row.division].get(column.identifier, {}), said.get(one.name, ""))
                for column, one in zip(section.columns, row.cells, strict=True)
            ),
        )
        for row in section.rows
    )
    return GridTable(section.index, section.title, section.columns, rows, section.totals)


def _drawn(column: ColumnView, one: CellView, held: Mapping[str, str], said: str) -> GridCell:
    """As hub/browser/sheet/painting.js draws it: what is as it was is said in words, whatever kind of value it is."""
    number = ["n"] if column.input_mode and one.kind != "readonly" else []
    if one.is_excused:
        kinds = [*number, "locked-cell", "not-asked", *(["mark-conflict"] if said else [])]
        return GridCell("", _("不涉及"), "", "", " ".join(kinds), is_unchanged=False, said=said)
    labels = {choice.value: choice.label for choice in (*one.choices, *one.reasons)}
    text = labels.get(one.text, one.text) if one.kind == "choice" else one.text
    mark = labels.get(one.missing, one.missing)
    is_unchanged = not one.missing and one.text != "" and one.text == held.get("previous")
    change = "" if one.missing else change_of(one.text, one.previous)
    kinds = ["readonly"] if one.kind == "readonly" else [*number, *(["unchanged"] if is_unchanged else [])]
    kinds += ["mark-conflict"] if said else []
    return GridCell(text, mark, one.previous, change, " ".join(kinds), is_unchanged, said)


def change_of(text: str, previous: str) -> str:
    """By how much a number differs from the preceding period's, in per cent; empty when there is nothing to say."""
    now, then = read_number(text), read_number(previous)
    if now is None or not then:
        return ""
    percent = ((now - then) * 100 / abs(then)).quantize(Decimal("0.1"))
    return f"{percent:+f}%" if percent else "0%"
