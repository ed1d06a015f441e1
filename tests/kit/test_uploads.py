"""Files of honest people, as odd as their programs write them, are read exactly."""

import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from hub.kit.errors import ServiceUnavailable
from hub.kit.uploads import reading
from hub.kit.uploads.errors import UploadRefused
from hub.kit.uploads.limits import FORM_LIMITS, UploadLimits
from hub.kit.uploads.places import cell_name, column_letters, column_number
from hub.kit.uploads.reading import Upload, UploadedSheet, read_upload
from hub.settings import settings
from tests.kit.hostile.archives import DECLARATION, HONEST_SHEET, MAIN, cell_xml, row_xml, sheet_xml, text_xml, workbook
from tests.kit.hostile.play_server import PATIENT
from tests.spreadsheet_program import saved_by_libreoffice


async def read(folder: Path, content: bytes, filename: str = "上报.xlsx", limits: UploadLimits = PATIENT) -> Upload:
    file = folder / "upload"
    file.write_bytes(content)
    return await read_upload(file, filename=filename, limits=limits)


async def only_sheet(folder: Path, content: bytes, filename: str = "上报.xlsx") -> UploadedSheet:
    (sheet,) = (await read(folder, content, filename)).sheets
    return sheet


def rows(sheet: UploadedSheet) -> list[list[str | None]]:
    return [list(row) for row in sheet.cells.rows()]


class TestPlaces:
    @pytest.mark.parametrize(("column", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (199, "GR"), (16383, "XFD")])
    def test_columns_have_letters(self, column: int, letters: str) -> None:
        assert column_letters(column) == letters
        assert column_number(letters) == column

    def test_cells_have_names(self) -> None:
        assert cell_name(4, 3) == "D5"


class TestWorkbook:
    async def test_gives_every_value_as_it_was_typed(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file)
        sheet = book.add_worksheet("数据")
        day, second, percent = (
            book.add_format({"num_format": text}) for text in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "0.0%")
        )
        sheet.write_row(1, 2, [213, 1.10, 0.1 + 0.2, 123456789012345, -7.5, 1 / 3, 1e20, 1e-7, True])
        sheet.write_string(2, 2, "433124199001011234")
        sheet.write_string(2, 3, " 外出 ")
        sheet.write_string(2, 4, "=1+1")
        sheet.write_string(2, 5, "   ")
        sheet.write_datetime(2, 6, datetime(2026, 11, 22), day)  # noqa: DTZ001 - a cell has no zone
        sheet.write_datetime(2, 7, datetime(2026, 11, 22, 9, 5, 1), second)  # noqa: DTZ001
        sheet.write_number(2, 8, 0.255, percent)
        sheet.write_formula(2, 9, "=1/0", None, "#DIV/0!")
        book.close()
        read = await only_sheet(tmp_path, file.getvalue())
        assert read.name == "数据"
        assert read.cells.columns[:4] == ["A", "B", "C", "D"]
        assert rows(read) == [
            [None] * 11,
            [None, None, "213", "1.1", "0.3", "123456789012345", "-7.5", "0.333333333333333", "100000000000000000000",
             "0.0000001", "true"],
            [None, None, "433124199001011234", " 外出 ", "=1+1", None, "2026-11-22", "2026-11-22T09:05:01", "25.5%",
             "#DIV/0!", None],
        ]  # fmt: skip

    async def test_takes_the_truth_values_of_libreoffice_for_values(self, tmp_path: Path) -> None:
        """It writes one that it has read as `=TRUE()`; a formula of somebody's own stays one."""
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file)
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [True, False, 213])
        sheet.write_formula("D1", "=C1>0", None, True)
        book.close()
        read = await only_sheet(tmp_path, saved_by_libreoffice(file.getvalue()))
        assert rows(read) == [["true", "false", "213", "true"]]
        assert (read.formulas, read.formula_count) == ({(0, 3): True}, 1)

    async def test_says_what_stands_beside_the_values(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file)
        sheet = book.add_worksheet("甲")
        book.add_worksheet("乙").hide()
        sheet.write_formula("B2", "=1+1", None, 2)
        sheet.write_formula("C2", "=A1", None, "")
        sheet.merge_range("D4:E5", "合并")
        sheet.set_row(6, None, None, {"hidden": True})
        sheet.write("A8", 1)
        sheet.set_column("F:G", None, None, {"hidden": True})
        book.close()
        first, second = (await read(tmp_path, file.getvalue())).sheets
        assert first.formulas == {(1, 1): True, (1, 2): False}
        assert first.formula_count == 2
        assert first.merged == (((3, 3), (4, 4)),)
        assert first.hidden_rows == {6}
        assert first.hidden_columns == {5, 6}
        assert (first.is_hidden, second.is_hidden) == (False, True)
        assert second.cells.is_empty()

    @pytest.mark.parametrize(
        "content",
        [
            # LibreOffice formats a whole column down to the last row.
            workbook(sheet_xml(row_xml(1, cell_xml("A1", "213")) + '<row r="1048576"><c r="XFD1048576" s="0"/></row>')),
            workbook(sheet_xml(row_xml(1, cell_xml("A1", "213") + '<c r="AMJ1" s="0"></c>'))),
            workbook(sheet_xml(row_xml(1, cell_xml("A1", "213")), before='<dimension ref="A1:XFD1048576"/>')),
            # OpenXML SDK writes a prefix, others put the style first or leave the references out.
            workbook(
                f'{DECLARATION}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:v>213</x:v></x:c>'
                "</x:row></x:sheetData></x:worksheet>"
            ),
            workbook(sheet_xml(row_xml(1, '<c s="0" r="A1"><v>213</v></c>'))),
            workbook(sheet_xml("<row><c><v>213</v></c></row>")),
            workbook(
                sheet_xml(row_xml(1, cell_xml("A1", "213")), after="<printOptions/>").replace(DECLARATION, "\ufeff")
            ),
        ],
        ids=[
            "last-row-styled",
            "far-cell-styled",
            "dimension-too-wide",
            "prefixed",
            "style-first",
            "unplaced",
            "marked",
        ],
    )
    async def test_reads_odd_files_of_honest_programs(self, tmp_path: Path, content: bytes) -> None:
        assert rows(await only_sheet(tmp_path, content)) == [["213"]]

    async def test_takes_a_hyperlink_for_what_it_is(self, tmp_path: Path) -> None:
        file = io.BytesIO()
        book = xlsxwriter.Workbook(file)
        book.add_worksheet().write_url("A1", "https://example.org/", string="说明")
        book.close()
        assert rows(await only_sheet(tmp_path, file.getvalue())) == [["说明"]]

    @pytest.mark.parametrize("cell", ["A5000", "GR1"])
    async def test_reads_up_to_the_very_limit(self, tmp_path: Path, cell: str) -> None:
        sheet = await only_sheet(
            tmp_path, workbook(sheet_xml(row_xml(int(cell[-1] == "0") * 4999 + 1, cell_xml(cell))))
        )
        assert sheet.cells.shape == ((5000, 1) if cell == "A5000" else (1, 200))

    async def test_reads_a_sheet_without_cells(self, tmp_path: Path) -> None:
        assert (await only_sheet(tmp_path, workbook(sheet_xml("")))).cells.is_empty()

    async def test_names_the_far_cell(self, tmp_path: Path) -> None:
        with pytest.raises(UploadRefused) as refused:
            await read(tmp_path, workbook(sheet_xml(row_xml(1, cell_xml("XFD1048576")))))
        assert "XFD1048576" in refused.value.detail


class TestCsv:
    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            ("区划,外出务工\n433124102200,213\n联通村,\n".encode(), "utf-8"),
            ("区划,外出务工\r\n433124102200,213\r\n联通村, \r\n".encode("utf-8-sig"), "utf-8-sig"),
            ("区划,外出务工\r\n433124102200,213\r\n联通村,\r\n".encode("gb18030"), "gb18030"),
            ("区划\t外出务工\r\n433124102200\t213\r\n联通村\r\n".encode("gbk"), "gb18030"),
            ("区划;外出务工\n433124102200;213\n联通村;\n\n;\n".encode(), "utf-8"),
            ('"区划","外出务工"\n"433124102200","213"\n"联通村",\n'.encode(), "utf-8"),
        ],
        ids=["plain", "marked", "gb18030", "tabs", "padded", "quoted"],
    )
    async def test_is_read_in_its_encoding(self, tmp_path: Path, content: bytes, encoding: str) -> None:
        upload = await read(tmp_path, content, "上报.csv")
        assert upload.encoding == encoding
        assert rows(upload.sheets[0]) == [["区划", "外出务工"], ["433124102200", "213"], ["联通村", None]]

    async def test_keeps_line_ends_and_quotes_within_a_cell(self, tmp_path: Path) -> None:
        sheet = await only_sheet(tmp_path, b'a,b\n"x\ny","say ""yes"""\n', "a.csv")
        assert rows(sheet)[1] == ["x\ny", 'say "yes"']

    async def test_keeps_blank_lines_so_that_rows_count_as_people_count(self, tmp_path: Path) -> None:
        assert rows(await only_sheet(tmp_path, b"a\n\nb\n", "a.csv")) == [["a"], [None], ["b"]]

    async def test_reads_rare_characters_of_names(self, tmp_path: Path) -> None:
        assert rows(await only_sheet(tmp_path, "𠮷,㙍村\n".encode("gb18030"), "a.csv")) == [["𠮷", "㙍村"]]

    @pytest.mark.parametrize(("line", "content"), [(3, b'a,b\n1,2\n3,"4\n'), (1, b'"a,b\n')])
    async def test_says_where_the_open_quote_is(self, tmp_path: Path, line: int, content: bytes) -> None:
        with pytest.raises(UploadRefused, match=f"第 {line} 行"):
            await read(tmp_path, content, "a.csv")


async def test_the_real_limits_read_a_form(tmp_path: Path) -> None:
    upload = await read(
        tmp_path, workbook(HONEST_SHEET.replace("</row>", text_xml("C1", "=1") + "</row>")), limits=FORM_LIMITS
    )
    assert rows(upload.sheets[0]) == [["区划", "213", "=1"]]


async def test_says_so_when_too_many_files_are_being_read(tmp_path: Path) -> None:
    """A child may use a gigabyte: anybody signed in could start dozens."""
    hurried = replace(FORM_LIMITS, wall_seconds=0.05)
    places = reading._places(hurried)
    taken = [await places.acquire() for _place in range(settings().uploads_at_once)]
    try:
        with pytest.raises(ServiceUnavailable) as busy:
            await read(tmp_path, workbook(), limits=hurried)
        other = await read(tmp_path, workbook(), limits=PATIENT)
    finally:
        for _place in taken:
            places.release()
    assert busy.value.headers["Retry-After"] == "1"
    assert rows(other.sheets[0]) == [["区划", "213"]], "each kind of upload has places of its own"
