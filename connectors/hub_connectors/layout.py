"""The department's Excel form: title, headers, units, one line per village, total, signatures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import xlsxwriter

from hub_connectors.mapping import (
    DIVISION,
    NOTE,
    TOWNSHIP,
    VILLAGE,
    Cell,
    Column,
    FormMapping,
    Kind,
    VillageRow,
    note,
    totals,
)

NUMBER = "序号"
TOTAL = "合计"
LEADING = (NUMBER, DIVISION, TOWNSHIP, VILLAGE)
WIDTHS = (6, 15, 16, 20)

# One fixed instant: the same rows must make the same bytes, so that the same delivery has the same checksum.
CREATED = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading over several columns."""

    title: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormLayout:
    title: str
    preparer: str
    groups: tuple[Group, ...]
    signatures: str
    sheet: str = "报表"

    def file_name(self, period: str) -> str:
        return f"{self.title}_{period}.xlsx"


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

    def write_across(self, row: int, first: int, last: int, text: str, style: object) -> None:
        if last > first:
            self._sheet.merge_range(row, first, row, last, "", style)
        self.write_text(row, first, text, style)

    def write_number(self, row: int, column: int, number: Decimal | int, decimals: int) -> None:
        self._sheet.write_number(row, column, number, self._numbers[decimals])

    def arrange(self, widths: Sequence[int], first_data_row: int) -> None:
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)
        self._sheet.freeze_panes(first_data_row, len(LEADING))
        self._sheet.repeat_rows(0, first_data_row - 1)
        self._sheet.set_landscape()
        self._sheet.set_paper(9)  # A4
        self._sheet.fit_to_pages(1, 0)


def write_workbook(layout: FormLayout, mapping: FormMapping, period: str, rows: Sequence[VillageRow]) -> bytes:
    buffer = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as workbook:
        workbook.set_properties({"title": layout.title, "created": CREATED})
        sheet = _Sheet(workbook, layout.sheet)
        first = _write_heading(sheet, layout, mapping, period)
        for offset, row in enumerate(rows):
            _write_village(sheet, mapping, first + offset, offset + 1, row)
        last = first + len(rows)
        _write_total(sheet, mapping, last, rows)
        sheet.write_across(last + 1, 0, _width(mapping) - 1, layout.signatures, sheet.plain)
        widths = [*WIDTHS, *(max(10, 2 * len(column.name) + 2) for column in mapping.columns), 40]
        sheet.arrange(widths, first)
    return buffer.getvalue()


def _write_heading(sheet: _Sheet, layout: FormLayout, mapping: FormMapping, period: str) -> int:
    """Title, preparer and period, groups, column names, units; returns the first row of the data."""
    last = _width(mapping) - 1
    sheet.write_across(0, 0, last, layout.title, sheet.title)
    sheet.write_across(1, 0, last, f"填报单位：{layout.preparer}　　报告期：{period_in_words(period)}", sheet.plain)
    sheet.write_across(2, 0, len(LEADING) - 1, "填报地区", sheet.heading)
    place = len(LEADING)
    for group in layout.groups:
        sheet.write_across(2, place, place + len(group.columns) - 1, group.title, sheet.heading)
        place += len(group.columns)
    sheet.write_text(2, place, "", sheet.heading)
    for index, name in enumerate([*LEADING, *(column.name for column in mapping.columns), NOTE]):
        sheet.write_text(3, index, name, sheet.heading)
    for index, unit in enumerate(["" for _ in LEADING] + [column.unit for column in mapping.columns] + [""]):
        sheet.write_text(4, index, unit, sheet.heading)
    return 5


def _write_village(sheet: _Sheet, mapping: FormMapping, place: int, number: int, row: VillageRow) -> None:
    sheet.write_number(place, 0, number, 0)
    for index, text in enumerate((row.division, row.township, row.village), start=1):
        sheet.write_text(place, index, text, sheet.text)
    for index, column in enumerate(mapping.columns, start=len(LEADING)):
        cell = row.cells[column.name]
        reason = row.reasons.get(column.name)
        if cell is None:
            sheet.write_text(place, index, mapping.missing[reason].cell if reason else "", sheet.mark)
        else:
            _write_cell(sheet, place, index, column, cell)
    sheet.write_text(place, _width(mapping) - 1, note(mapping, row), sheet.text)


def _write_total(sheet: _Sheet, mapping: FormMapping, place: int, rows: Sequence[VillageRow]) -> None:
    sheet.write_across(place, 0, len(LEADING) - 1, TOTAL, sheet.heading)
    sums = totals(mapping, rows)
    for index, column in enumerate(mapping.columns, start=len(LEADING)):
        cell = sums[column.name]
        if cell is None:
            sheet.write_text(place, index, "", sheet.mark)
        else:
            _write_cell(sheet, place, index, column, cell)
    sheet.write_text(place, _width(mapping) - 1, "", sheet.text)


def _write_cell(sheet: _Sheet, place: int, index: int, column: Column, cell: Cell) -> None:
    if isinstance(cell, int | Decimal):
        sheet.write_number(place, index, cell, 0 if column.kind is Kind.COUNT else column.decimals)
    else:
        sheet.write_text(place, index, cell or "", sheet.mark)


def _width(mapping: FormMapping) -> int:
    return len(LEADING) + len(mapping.columns) + 1


def _number_format(decimals: int) -> str:
    return f"0.{'0' * decimals}" if decimals else "0"


def period_in_words(period: str) -> str:
    year, _, month = period.partition("-")
    return f"{year} 年 {int(month)} 月"
