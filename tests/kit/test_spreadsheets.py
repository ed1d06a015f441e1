import io
import zipfile

import pytest

from hub.kit.spreadsheets import csv_text, open_workbook

DANGEROUS = [
    "=1+1",
    "+86",
    "-1+cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    '=HYPERLINK("http://x","y")',
]


class TestCsvText:
    @pytest.mark.parametrize("text", DANGEROUS)
    def test_defuses_what_would_be_run(self, text: str) -> None:
        assert csv_text(text) == "'" + text

    @pytest.mark.parametrize("text", ["", "外出务工", "433124102200", "a=b", " 213", "'=1"])
    def test_leaves_the_rest_alone(self, text: str) -> None:
        assert csv_text(text) == text


class TestOpenWorkbook:
    @pytest.mark.parametrize("streams_rows", [True, False])
    def test_writes_no_formula_and_no_link_from_text(self, *, streams_rows: bool) -> None:
        file = io.BytesIO()
        workbook = open_workbook(file, streams_rows=streams_rows)
        sheet = workbook.add_worksheet("数据")
        for row, text in enumerate([*DANGEROUS, "{=1}", "https://example.org/", "internal:A1", "mailto:a@b.c"]):
            sheet.write(row, 0, text)
        workbook.close()
        with zipfile.ZipFile(file) as parts:
            names = parts.namelist()
            xml = parts.read("xl/worksheets/sheet1.xml").decode()
        assert xml.count("<c ") == len(DANGEROUS) + 4
        assert "<f>" not in xml
        assert "hyperlink" not in xml
        assert "xl/worksheets/_rels/sheet1.xml.rels" not in names

    def test_keeps_long_numbers_typed_as_text(self) -> None:
        file = io.BytesIO()
        workbook = open_workbook(file)
        workbook.add_worksheet().write(0, 0, "433124199001011234")
        workbook.close()
        with zipfile.ZipFile(file) as parts:
            assert "433124199001011234" in parts.read("xl/sharedStrings.xml").decode()
