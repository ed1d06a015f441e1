"""The wire forms of values: JSON items, NDJSON lines and CSV that a spreadsheet opens without harm."""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from hub.exchange.media import MediaType
from hub.kit import json
from hub.store.rows import ChangeRow, ValueRow

# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection); the full-width ones too,
# once an input method has had its way.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
# Without it Excel reads UTF-8 as the system's own code page and garbles every Chinese word.
BYTE_ORDER_MARK = "\ufeff"


def value_item(row: ValueRow) -> dict[str, Any]:
    """A row of values as `GET /data-values` shows it."""
    return {
        "division": row.division,
        "period": row.period,
        "entity": row.entity or None,
        "values": row.values,
        "missing": row.missing,
        "versions": row.versions,
        "revision": row.revision,
        "submitted_at": json.format_instant(row.submitted_at),
    }


def change_item(change: ChangeRow) -> dict[str, Any]:
    """A change as `GET /changes` shows it."""
    return {**value_item(change.row), "object_class": change.object_class, "kind": change.kind}


class Writer(ABC):
    """Turns pages of rows into bytes, a page at a time: row by row a stream is ten times slower."""

    def __init__(self, elements: Sequence[str]) -> None:
        self.elements = elements

    def head(self) -> bytes:
        return b""

    @abstractmethod
    def write(self, rows: Iterable[ValueRow]) -> bytes: ...


class NdjsonWriter(Writer):
    def write(self, rows: Iterable[ValueRow]) -> bytes:
        return "".join(json.dumps(value_item(row)) + "\n" for row in rows).encode()


class CsvWriter(Writer):
    """division, period, entity, a column for each element, and `missing`: why cells are empty, as JSON."""

    def head(self) -> bytes:
        columns = ["division", "period", "entity", *self.elements, "missing"]
        return (BYTE_ORDER_MARK + self._lines([columns])).encode()

    def write(self, rows: Iterable[ValueRow]) -> bytes:
        return self._lines(
            [
                row.division,
                row.period,
                as_cell(row.entity),
                *(as_cell(row.values.get(identifier)) for identifier in self.elements),
                json.dumps(row.missing) if row.missing else "",
            ]
            for row in rows
        ).encode()

    @staticmethod
    def _lines(rows: Iterable[Sequence[str]]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(rows)
        return text.getvalue()


def as_cell(value: Any) -> str:
    """One cell. Text that would be a formula gets an apostrophe; a negative number stays a number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return str(value)


def writer_for(media_type: MediaType, elements: Sequence[str]) -> Writer:
    return CsvWriter(elements) if media_type == "text/csv" else NdjsonWriter(elements)
