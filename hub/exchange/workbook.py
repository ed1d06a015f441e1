"""A whole result as an Excel workbook: written row by row on the disk, a page of values at a time in memory.

Two rows of heads, the Chinese names and the identifiers; a second sheet says what each column means and what the
values were granted for (Order 809, arts. 20 and 25).
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from hub.exchange.frames import Types, read_table
from hub.exchange.words import missing_word
from hub.kit import clock, json
from hub.kit.i18n import gettext as _
from hub.kit.spreadsheets import open_workbook
from hub.registry.service import DescribedElement
from hub.registry.words import element_label, word

# Excel has 1,048,576 rows to a sheet.
MOST_ROWS = 1_000_000
HEAD_ROWS = 2
_CHUNK_BYTES = 1 << 18
_FROZEN_COLUMNS = 4
_TAIL = ("submission", "submitted_at")


@dataclass(frozen=True)
class PlaceName:
    """A division as a reader knows it: villages of different townships share their names."""

    name: str
    township: str


@dataclass(frozen=True)
class WorkbookContent:
    """`statements`: label and text of what the values were granted for. `types`: of a page's columns."""

    elements: Sequence[DescribedElement]
    types: Types
    statements: Sequence[tuple[str, str]]
    has_entities: bool

    @property
    def heads(self) -> list[tuple[str, str]]:
        """Name and identifier of each column."""
        entity = [(_("对象编号"), "entity")] if self.has_entities else []
        return [
            (_("区划代码"), "division"),
            (_("乡镇"), "township_name"),
            (_("名称"), "division_name"),
            (_("报告期"), "period"),
            *entity,
            *((column_title(one), one.version.identifier) for one in self.elements),
            (_("提交编号"), "submission"),
            (_("提交时间"), "submitted_at"),
        ]


def column_title(element: DescribedElement) -> str:
    label, unit = element_label(element.version), element.domain.unit
    is_number = element.domain.datatype in {"integer", "decimal"}
    return _("{name}（{unit}）").format(name=label, unit=unit) if unit and is_number else label


Names = Callable[[Sequence[str]], Awaitable[Mapping[str, PlaceName]]]


async def workbook_file(
    content: WorkbookContent, names: Names, pages: AsyncIterator[str]
) -> AsyncGenerator[bytes, None]:
    """The bytes of the file. `names` is asked once for each page."""
    with tempfile.TemporaryDirectory(prefix="hub-workbook-") as folder:
        path = Path(folder) / "values.xlsx"
        writer = await asyncio.to_thread(_Writer, path, content)
        try:
            async for text in pages:
                frame = await asyncio.to_thread(read_table, text, content.types)
                places = await names(frame["division"].unique().to_list())
                await asyncio.to_thread(writer.add, frame, places)
        finally:
            await asyncio.to_thread(writer.close)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                yield chunk


class _Writer:
    def __init__(self, path: Path, content: WorkbookContent) -> None:
        self._book = open_workbook(path, streams_rows=True)
        self._book.set_properties({"created": clock.now()})
        self._content = content
        self._formats: dict[str, Format] = {
            name: self._book.add_format({"num_format": code})
            for name, code in (("date", "yyyy-mm-dd"), ("instant", "yyyy-mm-dd hh:mm"), ("text", "@"))
        }
        self._why = self._book.add_format({"italic": True, "font_color": "#666666"})
        self._head = self._book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DCE6F1"})
        self._small = self._book.add_format({"font_color": "#666666", "bg_color": "#DCE6F1"})
        self._sheet = self._book.add_worksheet(_("数据"))
        self._notes = self._book.add_worksheet(_("说明"))
        self._row = HEAD_ROWS
        self._write_heads()
        self._write_notes()

    def _write_heads(self) -> None:
        for column, (title, _identifier) in enumerate(self._content.heads):
            self._sheet.set_column(column, column, 18 if column in {1, 2} else 14)
            self._sheet.write_string(0, column, title, self._head)
        for column, (_title, identifier) in enumerate(self._content.heads):
            self._sheet.write_string(1, column, identifier, self._small)
        self._sheet.freeze_panes(HEAD_ROWS, _FROZEN_COLUMNS)

    def _write_notes(self) -> None:
        sheet = self._notes
        sheet.set_column(0, 0, 30)
        sheet.set_column(1, 1, 34)
        sheet.set_column(2, 4, 24)
        row = 0
        for label, text in self._content.statements:
            sheet.write_string(row, 0, label, self._head)
            sheet.write_string(row, 1, text)
            row += 1
        row += 1
        for column, label in enumerate((_("名称"), _("标识符"), _("单位"), _("数据类型"), _("口径"))):
            sheet.write_string(row, column, label, self._head)
        for element in self._content.elements:
            row += 1
            version, domain = element.version, element.domain
            kind = word("datatype", domain.datatype)
            codes = "；".join(f"{one.value} {one.meaning}" for one in domain.permissible_values)
            cells = (
                element_label(version),
                version.identifier,
                domain.unit or "",
                f"{kind}：{codes}" if codes else kind,
                version.definition or "",
            )
            for column, text in enumerate(cells):
                sheet.write_string(row, column, text)

    def add(self, frame: pl.DataFrame, places: Mapping[str, PlaceName]) -> None:
        elements = [one.version.identifier for one in self._content.elements]
        for cells in frame.iter_rows():
            division, period, entity, *rest = cells
            values, (missing, _versions, _revision, submission, submitted_at) = rest[: len(elements)], rest[-5:]
            reasons = json.loads(missing) if missing else {}
            place = places.get(division, PlaceName(division, ""))
            keys = [division, place.township, place.name, period, *([entity] if self._content.has_entities else [])]
            for column, text in enumerate(keys):
                self._sheet.write_string(self._row, column, text or "")
            for column, (identifier, value) in enumerate(zip(elements, values, strict=True), start=len(keys)):
                self._write(self._sheet, column, value, reasons.get(identifier))
            column = len(keys) + len(elements)
            self._sheet.write_string(self._row, column, submission)
            local = submitted_at.astimezone(clock.CHINA).replace(tzinfo=None)
            self._sheet.write_datetime(self._row, column + 1, local, self._formats["instant"])
            self._row += 1

    def _write(self, sheet: Worksheet, column: int, value: Any, reason: str | None) -> None:
        """Typed; where there is no value the reason stands, as townships write it."""
        match value:
            case None:
                if reason is not None:
                    sheet.write_string(self._row, column, missing_word(reason), self._why)
            case bool():
                sheet.write_string(self._row, column, _("是") if value else _("否"))
            case int() | Decimal():
                sheet.write_number(self._row, column, float(value))
            case datetime() | date():
                sheet.write_datetime(self._row, column, value, self._formats["date"])
            case _:
                sheet.write_string(self._row, column, str(value), self._formats["text"])

    def close(self) -> None:
        self._sheet.autofilter(1, 0, max(self._row - 1, 1), len(self._content.heads) - 1)
        self._book.close()
