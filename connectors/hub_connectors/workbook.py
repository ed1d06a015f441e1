"""Writes a department's form: title, reporting line, headings, one line per village, sums, notes, signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from io import BytesIO
from itertools import groupby

import xlsxwriter

from hub_connectors.layout import NUMBER, SUBTOTAL, TOTAL, WIDTHS, FormLayout, Leaf, TotalPlace
from hub_connectors.mapping import (
    DIVISION,
    NOTE,
    TOWNSHIP,
    VILLAGE,
    Column,
    Kind,
    TableMapping,
    VillageRow,
    note,
    totals,
)
from hub_connectors.periods import in_words

TITLE_ROW, REPORTING_ROW, HEADING_ROW = 0, 1, 2
TITLE_HEIGHT, LINE_HEIGHT = 28, 13  # points

# One fixed instant: the same rows must make the same bytes, so that the same delivery has the same checksum.
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


@dataclass(frozen=True)
class Form:
    """A form about to be written: its shape, the table it shows, and the lines."""

    layout: FormLayout
    mapping: TableMapping
    period: str
    rows: Sequence[VillageRow]

    @property
    def lines(self) -> Sequence[VillageRow]:
        """In the order of the codes, as every official form; a merged village stands with its township."""
        if not self.layout.has_subtotals:
            return self.rows
        return sorted(self.rows, key=lambda row: (row.place.township_code, row.division))

    @cached_property
    def shown(self) -> tuple[tuple[Leaf, Column | None], ...]:
        """Each column of the sheet, and the table's column that it shows: none where it names the line."""
        return tuple(
            (leaf, None if leaf.column in WIDTHS else self.mapping.column(leaf.column)) for leaf in self.layout.leaves
        )

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return self.layout.columns

    @cached_property
    def leading(self) -> int:
        return self.layout.leading

    @property
    def width(self) -> int:
        return len(self.shown)


class _Sheet:
    """A worksheet that only knows text and numbers: nothing written to it can become a formula or a link."""

    def __init__(self, workbook: xlsxwriter.Workbook, name: str) -> None:
        self._sheet = workbook.add_worksheet(name)
        base = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
        boxed = {**base, "border": 1}
        self.title = workbook.add_format({**base, "font_size": 16, "bold": True, "align": "center"})
        self.plain = workbook.add_format(base)
        self.heading = workbook.add_format({**boxed, "bold": True, "align": "center", "text_wrap": True})
        self.text = workbook.add_format({**boxed, "num_format": "@"})
        self.mark = workbook.add_format({**boxed, "align": "center"})
        self._numbers = {
            decimals: workbook.add_format({**boxed, "num_format": _number_format(decimals)}) for decimals in range(7)
        }

    def write_text(self, row: int, column: int, text: str, style: object) -> None:
        if text:
            self._sheet.write_string(row, column, text, style)
        else:
            self._sheet.write_blank(row, column, None, style)

    def write_block(self, top: int, bottom: int, left: int, right: int, text: str, style: object) -> None:
        if (top, left) != (bottom, right):
            self._sheet.merge_range(top, left, bottom, right, "", style)
        self.write_text(top, left, text, style)

    def write_number(self, row: int, column: int, number: Decimal | int, decimals: int) -> None:
        self._sheet.write_number(row, column, number, self._numbers[decimals])

    def arrange(self, layout: FormLayout, first_data_row: int) -> None:
        for column, leaf in enumerate(layout.leaves):
            self._sheet.set_column(column, column, leaf.width)
        self._sheet.set_row(TITLE_ROW, TITLE_HEIGHT)
        for row, lines in enumerate(layout.heading_lines(), start=HEADING_ROW):
            self._sheet.set_row(row, LINE_HEIGHT * lines + 4)
        self._sheet.freeze_panes(first_data_row, layout.leading)
        self._sheet.repeat_rows(0, first_data_row - 1)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)


def write_workbook(form: Form) -> bytes:
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, OPTIONS) as workbook:
        workbook.set_properties({"title": form.layout.title, "created": CREATED})
        sheet = _Sheet(workbook, form.layout.sheet)
        first = _write_heading(sheet, form)
        place = first
        if form.layout.total is TotalPlace.FIRST:
            place = _write_sums(sheet, form, place, form.rows, TOTAL)
        place = _write_lines(sheet, form, place)
        if form.layout.total is TotalPlace.LAST:
            place = _write_sums(sheet, form, place, form.rows, TOTAL)
        for text in (*form.layout.notes, form.layout.signatures):
            sheet.write_block(place, place, 0, form.width - 1, text, sheet.plain)
            place += 1
        sheet.arrange(form.layout, first)
    return buffer.getvalue()


def _write_heading(sheet: _Sheet, form: Form) -> int:
    """Title, reporting line, headings, then units and column numbers; returns the first row of the data."""
    layout = form.layout
    sheet.write_block(TITLE_ROW, TITLE_ROW, 0, form.width - 1, layout.title, sheet.title)
    sheet.write_block(REPORTING_ROW, REPORTING_ROW, 0, form.width - 1, _reporting_line(form), sheet.plain)
    for cell in layout.heading_cells(HEADING_ROW):
        sheet.write_block(cell.top, cell.bottom, cell.left, cell.right, cell.text, sheet.heading)
    place = HEADING_ROW + layout.depth
    if layout.has_unit_row:
        for index, (_, column) in enumerate(form.shown):
            sheet.write_text(place, index, column.unit if column else "", sheet.heading)
        place += 1
    if layout.is_numbered:
        for index, (_, column) in enumerate(form.shown):
            sheet.write_text(place, index, str(index - form.leading + 1) if column else "", sheet.heading)
        place += 1
    return place


def _reporting_line(form: Form) -> str:
    counties = {row.place.county for row in form.rows}
    county = counties.pop() if len(counties) == 1 else ""
    line = f"填报单位：{county}{form.layout.preparer}　　报告期：{in_words(form.period)}"
    if form.layout.has_unit_row:
        return line
    units = dict.fromkeys(column.unit for _, column in form.shown if column)
    return f"{line}　　计量单位：{'、'.join(units)}"


def _write_lines(sheet: _Sheet, form: Form, place: int) -> int:
    """The villages, numbered through; with subtotals, each township's own lines stand together."""
    number = 0
    for _, lines in groupby(form.lines, key=lambda row: row.place.township_code):
        group = list(lines)
        top = place
        for row in group:
            number += 1
            _write_line(sheet, form, place, number, row)
            place += 1
        if form.layout.has_subtotals:
            index = next(index for index, (leaf, _) in enumerate(form.shown) if leaf.column == TOWNSHIP)
            sheet.write_block(top, place - 1, index, index, group[0].place.township, sheet.mark)
            place = _write_sums(sheet, form, place, group, SUBTOTAL)
    return place


def _write_line(sheet: _Sheet, form: Form, place: int, number: int, row: VillageRow) -> None:
    texts = {
        DIVISION: row.division,
        TOWNSHIP: row.place.township,
        VILLAGE: row.place.village,
        NOTE: note(form.mapping, row, form.columns),
    }
    for index, (leaf, column) in enumerate(form.shown):
        if column is not None:
            _write_cell(sheet, place, index, column, row, form.mapping)
        elif leaf.column == NUMBER:
            sheet.write_number(place, index, number, 0)
        elif leaf.column != TOWNSHIP or not form.layout.has_subtotals:  # else one merged cell for the group
            sheet.write_text(place, index, texts[leaf.column], sheet.text)


def _write_cell(sheet: _Sheet, place: int, index: int, column: Column, row: VillageRow, mapping: TableMapping) -> None:
    cell = row.cells[column.name]
    reason = row.reasons.get(column.name)
    if isinstance(cell, int | Decimal):
        sheet.write_number(place, index, cell, 0 if column.kind is Kind.COUNT else column.decimals)
    elif cell is None and reason is not None:
        sheet.write_text(place, index, mapping.missing[reason].cell, sheet.mark)
    else:
        sheet.write_text(place, index, cell or "", sheet.mark)


def _write_sums(sheet: _Sheet, form: Form, place: int, rows: Sequence[VillageRow], label: str) -> int:
    """A total's label stands across the leading columns, a subtotal's where the village's name would."""
    sums = totals(form.mapping, rows)
    if label == TOTAL:
        sheet.write_block(place, place, 0, form.leading - 1, label, sheet.heading)
    else:
        for index, (leaf, _) in enumerate(form.shown[: form.leading]):
            sheet.write_text(place, index, label if leaf.column == VILLAGE else "", sheet.heading)
    for index, (_, column) in enumerate(form.shown[form.leading :], start=form.leading):
        cell = sums[column.name] if column else None
        if column and isinstance(cell, int | Decimal):
            sheet.write_number(place, index, cell, 0 if column.kind is Kind.COUNT else column.decimals)
        else:
            sheet.write_text(place, index, "", sheet.mark)
    return place + 1


def _number_format(decimals: int) -> str:
    return f"0.{'0' * decimals}" if decimals else "0"
