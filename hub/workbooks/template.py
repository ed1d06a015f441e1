"""The workbook of a task as a file: macro-free, filled with what is typed so far, everything but inputs protected."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from hub.calendar.words import period_words
from hub.capture.desk import DraftView
from hub.capture.rows import DraftRow, typed_text
from hub.capture.sheet_form import split_rows
from hub.datatypes import ValueDomain, ValueFault, is_blank, parse
from hub.forms.content import FormField
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.spreadsheets import open_workbook
from hub.kit.uploads.places import cell_name, column_letters
from hub.validation import Past
from hub.workbooks.formulas import NO, YES, Operands, derived_formula
from hub.workbooks.layout import (
    FIRST_ROW,
    FROZEN_COLUMNS,
    IDENTIFIER_ROW,
    IDENTITY_SHEET,
    LISTS_SHEET,
    NAME_ROW,
    UNIT_ROW,
    Identity,
    SheetColumn,
    SheetPlan,
    choice_label,
    column_title,
    plan_sheets,
    reason_words,
)
from hub.workbooks.rules import ListRange, cell_check, choices_of, list_range, note_of, unit_line

A4, LINE_POINTS = 9, 17

_PREVIOUS_STYLE = {
    "locked": True,
    "font_color": "#666666",
    "bg_color": "#EEEEEE",
    "border": 1,
    "border_color": "#D0D0D0",
}
_INPUT_STYLE = {"locked": False, "bg_color": "#FFFFFF", "border": 1, "border_color": "#8A8A8A"}
_COMPUTED_STYLE = {**_PREVIOUS_STYLE, "font_color": "#000000"}
_HEAD_STYLE = {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DCE6F1", "border": 1}
# What people may still do to a protected sheet; there is no password, for whoever knows better.
_ALLOWED = {"format_columns": True, "format_rows": True, "sort": True, "autofilter": True}


@dataclass(frozen=True)
class WorkbookContent:
    """The draft, and for each division what its derived values look back on."""

    view: DraftView
    past: Mapping[str, Past]


def write_workbook(content: WorkbookContent) -> bytes:
    file = io.BytesIO()
    book = open_workbook(file)
    view = content.view
    book.set_properties({"title": view.form.name, "created": clock.now()})
    _Writer(book, content).write()
    book.close()
    return file.getvalue()


class _Writer:
    def __init__(self, book: Workbook, content: WorkbookContent) -> None:
        self.book = book
        self.content = content
        self.view = content.view
        self.form = content.view.form
        self.rows: Sequence[DraftRow] = split_rows(content.view)[0]
        self.plans = plan_sheets(self.form)
        self.lists = self._lists()
        self.formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.places = {
            column.field.identifier: (plan, place)
            for plan in self.plans
            for place, column in enumerate(plan.columns)
            if column.field is not None and column.kind != "previous"
        }

    def write(self) -> None:
        sheets = [self.book.add_worksheet(plan.name) for plan in self.plans]
        for sheet, plan in zip(sheets, self.plans, strict=True):
            self._write_head(sheet, plan)
            for row, division in enumerate(self.rows, start=FIRST_ROW):
                self._write_row(sheet, plan, row, division)
            self._guard(sheet, plan)
        self._write_lists()
        self._write_identity()

    def _format(self, style: Mapping[str, Any]) -> Format:
        key = tuple(sorted(style.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(dict(style))
        return self.formats[key]

    def _lists(self) -> dict[tuple[str, ...], ListRange]:
        """Each list once; in the cell itself only 255 characters would fit."""
        kinds = [tuple(reason_words()), *(choices_of(field.spec.domain) for field in self.form.captured)]
        return {
            choices: list_range(column, len(choices))
            for column, choices in enumerate(dict.fromkeys(filter(None, kinds)))
        }

    def _write_lists(self) -> None:
        sheet = self.book.add_worksheet(LISTS_SHEET)
        for column, choices in enumerate(self.lists):
            for row, choice in enumerate(choices):
                sheet.write_string(row, column, choice)
        sheet.very_hidden()
        sheet.protect()

    def _write_identity(self) -> None:
        sheet = self.book.add_worksheet(IDENTITY_SHEET)
        for row, (name, value) in enumerate(Identity.of(self.view).lines()):
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
        sheet.very_hidden()
        sheet.protect()

    def _write_head(self, sheet: Worksheet, plan: SheetPlan) -> None:
        task = self.view.task
        title = f"{task.township_name} {self.form.name} {period_words(task.collection.period)} · {plan.title}"
        sheet.write_string(0, 1, title, self._format({"bold": True, "font_size": 14}))
        hint = _("只填白色的格。没有数时在格里写：{words}。列可以移动和隐藏，行可以排序，请勿增删。")
        sheet.write_string(1, 1, hint.format(words=_("、").join(reason_words())))
        for place, column in enumerate(plan.columns):
            sheet.write_string(IDENTIFIER_ROW, place, column.mark)
            style = {**_HEAD_STYLE, "font_color": "#666666"} if column.kind == "previous" else _HEAD_STYLE
            sheet.write_string(NAME_ROW, place, column_title(column), self._format(style))
            unit = "" if column.field is None or column.kind == "previous" else unit_line(column.field)
            sheet.write_string(UNIT_ROW, place, unit, self._format({**style, "bold": False}))
            if column.field is not None and column.kind != "previous":
                options = {"x_scale": 2, "y_scale": 1.5, "author": column.field.source_organization or ""}
                sheet.write_comment(NAME_ROW, place, note_of(column.field), options)
            sheet.set_column(place, place, _width(column), None, {"hidden": column.kind == "division"})
        sheet.set_row(IDENTIFIER_ROW, None, None, {"hidden": True})
        sheet.set_row(NAME_ROW, LINE_POINTS * max(_lines(column) for column in plan.columns))

    def _write_row(self, sheet: Worksheet, plan: SheetPlan, row: int, division: DraftRow) -> None:
        for place, column in enumerate(plan.columns):
            field = column.field
            if field is None:
                text = division.division if column.kind == "division" else division.division_name
                sheet.write_string(row, place, text, self._format(_COMPUTED_STYLE))
            elif column.kind == "value":
                self._write_input(sheet, row, place, field, division)
            elif column.kind == "derived":
                self._write_derived(sheet, plan, row, place, field, division)
            else:
                held = division.previous if column.kind == "previous" else division.supplied
                style = _PREVIOUS_STYLE if column.kind == "previous" else _COMPUTED_STYLE
                self._write_value(sheet, row, place, field.spec.domain, held.get(field.identifier), style)

    def _write_input(self, sheet: Worksheet, row: int, place: int, field: FormField, division: DraftRow) -> None:
        value, missing = division.values.get(field.identifier), division.missing.get(field.identifier)
        if is_blank(value) and not is_blank(missing):
            words = {reason: word for word, reason in reason_words().items()}
            text = typed_text(missing)
            sheet.write_string(row, place, words.get(text, text), self._format(_style(field.spec.domain, _INPUT_STYLE)))
            return
        self._write_value(sheet, row, place, field.spec.domain, value, _INPUT_STYLE)

    def _write_value(
        self, sheet: Worksheet, row: int, place: int, domain: ValueDomain, value: Any, style: Mapping[str, Any]
    ) -> None:
        """Typed, so that formulas compute with it; what is no value of the domain stays the text that was typed."""
        format_ = self._format(_style(domain, style))
        if is_blank(value):
            sheet.write_blank(row, place, None, format_)
            return
        match shown_value(domain, value):
            case str(text):
                sheet.write_string(row, place, text, format_)
            case date() as day:
                sheet.write_datetime(row, place, day, format_)
            case number:
                sheet.write_number(row, place, number, format_)

    def _write_derived(
        self, sheet: Worksheet, plan: SheetPlan, row: int, place: int, field: FormField, division: DraftRow
    ) -> None:
        domain, value = field.spec.domain, division.derived.get(field.identifier)
        operands = Operands(
            {one.identifier: one.spec.domain for one in self.form.fields},
            lambda identifier: self._locate(identifier, plan, row),
            self.content.past.get(division.division, {}),
        )
        formula = derived_formula(field.spec, operands)
        if formula is None:
            self._write_value(sheet, row, place, domain, value, _COMPUTED_STYLE)
            return
        shown = "" if value is None else shown_value(domain, value)
        cached = (shown - date(1899, 12, 30)).days if isinstance(shown, date) else shown
        sheet.write_formula(row, place, formula, self._format(_style(domain, _COMPUTED_STYLE)), cached)

    def _locate(self, identifier: str, plan: SheetPlan, row: int) -> str:
        """On another sheet by the division's code: rows are sorted sheet by sheet."""
        home, place = self.places[identifier]
        if home is plan:
            return cell_name(row, place)
        letters, first, last = column_letters(place), FIRST_ROW + 1, FIRST_ROW + len(self.rows)
        name = home.name.replace("'", "''")
        column = f"'{name}'!${letters}${first}:${letters}${last}"
        return f"INDEX({column},MATCH($A{row + 1},'{name}'!$A${first}:$A${last},0))"

    def _guard(self, sheet: Worksheet, plan: SheetPlan) -> None:
        last = FIRST_ROW + len(self.rows) - 1
        for place, column in enumerate(plan.columns):
            if column.kind == "value" and column.field is not None and self.rows:
                check = cell_check(column.field, cell_name(FIRST_ROW, place), self.lists)
                sheet.data_validation(FIRST_ROW, place, last, place, check)
        sheet.freeze_panes(FIRST_ROW, FROZEN_COLUMNS)
        sheet.protect("", _ALLOWED)
        # Printed on as many pages as it needs, each with its head and its villages.
        sheet.set_paper(A4)
        sheet.set_landscape()
        sheet.repeat_rows(NAME_ROW, UNIT_ROW)
        sheet.repeat_columns(0, FROZEN_COLUMNS - 1)


def shown_value(domain: ValueDomain, value: Any) -> str | float | date:
    """A value as its cell holds it."""
    try:
        parsed = parse(value, domain)
    except ValueFault:
        return typed_text(value)
    if isinstance(parsed, bool):
        return YES if parsed else NO
    if isinstance(parsed, int | Decimal):
        return float(parsed)
    if isinstance(parsed, date):
        return parsed
    return choice_label(parsed, domain.meanings[parsed]) if domain.datatype == "code" else parsed


def _style(domain: ValueDomain, style: Mapping[str, Any]) -> dict[str, Any]:
    formats = {"integer": "0", "decimal": "General", "date": "yyyy-mm-dd"}
    return {**style, "num_format": formats.get(domain.datatype, "@")}


def _lines(column: SheetColumn) -> int:
    """How often a title wraps; a Chinese character is as wide as two digits, which widths are counted in."""
    return -(-2 * len(column_title(column)) // _width(column))


def _width(column: SheetColumn) -> int:
    if column.kind == "name":
        return 18
    is_wide = column.field is not None and column.field.spec.domain.datatype in {"text", "code"}
    return 20 if is_wide else 12
