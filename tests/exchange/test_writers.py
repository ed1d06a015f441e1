import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.exchange.writers import as_cell, writer_for
from hub.kit import json
from hub.store.rows import ValueRow


def make_row(values: dict[str, Any], missing: dict[str, str] | None = None) -> ValueRow:
    versions = dict.fromkeys(values, 1)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    return ValueRow("2026-10", "433124102200", "", values, missing or {}, versions, 1, at)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (0, "0"),
        (-5, "-5"),
        (Decimal("-0.50"), "-0.50"),
        (Decimal("1E+3"), "1000"),
        (True, "true"),
        ("龙潭", "龙潭"),
        ("=1+1", "'=1+1"),
        ("+86", "'+86"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\r=x", "'\r=x"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠x", "'＠x"),
    ],
)
def test_cells_are_never_formulas(value: Any, cell: str) -> None:
    assert as_cell(value) == cell


class TestCsvWriter:
    def test_opens_in_a_spreadsheet(self) -> None:
        writer = writer_for("text/csv", ["migrants", "note"])
        rows = [
            make_row({"migrants": 213, "note": '含"引号",逗号\n换行'}),
            make_row({"migrants": None}, {"migrants": "none"}),
        ]
        text = (writer.head() + writer.write(rows)).decode()
        assert text.startswith("\ufeff")
        assert text.count("\r\n") == 3
        assert list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))) == [
            ["division", "period", "entity", "migrants", "note", "missing"],
            ["433124102200", "2026-10", "", "213", '含"引号",逗号\n换行', ""],
            ["433124102200", "2026-10", "", "", "", '{"migrants":"none"}'],
        ]


class TestNdjsonWriter:
    def test_one_item_a_line(self) -> None:
        writer = writer_for("application/x-ndjson", ["rate"])
        lines = (writer.head() + writer.write([make_row({"rate": Decimal("1.10")})])).decode().splitlines()
        assert '"rate":1.10' in lines[0]
        assert json.loads(lines[0])["entity"] is None
