"""A large sheet read in pieces is what it is when it is read whole; where that is not sure, it is read whole."""

import io
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from hub.kit.uploads import sheet_pieces, workbook_reading
from hub.kit.uploads.limits import FORM_LIMITS
from hub.kit.uploads.places import cell_name
from hub.kit.uploads.refusal import Refused
from tests.kit.hostile.archives import archive, cell_xml, parts, row_xml, sheet_xml, text_xml

Read = Callable[[dict[str, bytes]], tuple[pl.DataFrame, dict[str, Any], int]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The first sheet, what is told beside it, and in how many pieces it was read (0: whole)."""
    counts: list[int] = []
    in_pieces = sheet_pieces.read_in_pieces

    def counted(*given: Any) -> Any:
        pieces = in_pieces(*given)
        counts.append(len(pieces or ()))
        return pieces

    monkeypatch.setattr(workbook_reading, "read_in_pieces", counted)

    def one(content: dict[str, bytes]) -> tuple[pl.DataFrame, dict[str, Any], int]:
        path = tmp_path / "upload.xlsx"
        path.write_bytes(archive(content))
        counts.clear()
        told = workbook_reading.read_workbook(path, FORM_LIMITS, tmp_path)[0]
        return pl.read_ipc(io.BytesIO((tmp_path / told["file"]).read_bytes())), told, sum(counts)

    return one


@pytest.fixture
def both(read: Read, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], int]:
    """Reads whole and in pieces of a few hundred bytes, expects the same, and says in how many pieces it was."""

    def compared(content: dict[str, bytes]) -> int:
        with monkeypatch.context() as patched:
            whole, beside, none = read(content)
            patched.setattr(workbook_reading, "SMALLEST", 1)
            patched.setattr(workbook_reading, "_look_at_other", _keeping)
            patched.setattr(sheet_pieces, "_PIECE", 300)
            patched.setattr(sheet_pieces, "_TIMES_THE_OTHERS", 0)
            cut, beside_cut, pieces = read(content)
        assert none == 0
        assert cut.equals(whole)
        assert beside_cut == beside
        return pieces

    return compared


def _keeping(file: Any, part: Any) -> dict[str, bytes]:
    return {part.name: workbook_reading.unpack_whole(file, part)}


def numbered(rows: range) -> str:
    return "".join(row_xml(row, text_xml(f"B{row}", f"村{row}") + cell_xml(f"D{row}", str(row / 4))) for row in rows)


def test_rows_of_all_kinds_are_the_same(both: Callable[[dict[str, bytes]], int]) -> None:
    content = parts(
        sheet_xml(
            numbered(range(3, 20))
            + row_xml(20, '<c r="E20" t="e"><v>#N/A</v></c><c r="F20" s="1"><v>0.255</v></c>')
            + row_xml(21, '<c r="A21" t="s"><v>1</v></c><c r="G21" t="b"><v>1</v></c>')
            + '<row r="30" hidden="1"><c r="B30"><f>1+1</f><v>2</v></c><c r="Z30" s="2"><v>45000</v></c></row>'
            + numbered(range(40, 60))
            + '<row r="70"><c r="A70"><f>TRUE()</f><v>1</v></c></row>',
            after='<mergeCells count="1"><mergeCell ref="A5:B6"/></mergeCells>',
        )
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    styles = '<numFmts/><cellXfs><xf numFmtId="0"/><xf numFmtId="9"/><xf numFmtId="14"/></cellXfs>'
    content["xl/styles.xml"] = f'<styleSheet xmlns="{main}">{styles}</styleSheet>'.encode()
    content["xl/sharedStrings.xml"] = f'<sst xmlns="{main}"><si><t>甲</t></si><si><t>乙</t></si></sst>'.encode()
    assert both(content) > 3


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("a comment", "<!-- <row r=... -->" + numbered(range(1, 40))),
        (
            "cells without a place",
            numbered(range(1, 30)) + '<row r="30"><c><v>1</v></c></row>' + numbered(range(31, 40)),
        ),
        ("rows that go back", numbered(range(20, 40)) + numbered(range(1, 20))),
        ("a truth without a value", numbered(range(1, 40)) + '<row r="40"><c r="Z40"><f>TRUE()</f></c></row>'),
        ("too short", numbered(range(1, 4))),
    ],
)
def test_what_is_not_sure_is_read_whole(both: Callable[[dict[str, bytes]], int], name: str, rows: str) -> None:
    assert both(parts(sheet_xml(rows))) == 0, name


def test_a_prefixed_sheet_is_read_whole(both: Callable[[dict[str, bytes]], int]) -> None:
    text = sheet_xml(numbered(range(1, 40)))
    for tag in ("worksheet", "sheetData", "row", "is", "t", "c", "v"):
        text = (
            text.replace(f"<{tag}>", f"<x:{tag}>").replace(f"<{tag} ", f"<x:{tag} ").replace(f"</{tag}>", f"</x:{tag}>")
        )
    assert both(parts(text.replace("xmlns=", "xmlns:x="))) == 0


def test_a_far_cell_is_refused_before_any_piece_is_read(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_reading, "SMALLEST", 1)
    monkeypatch.setattr(workbook_reading, "read_in_pieces", lambda *_given: pytest.fail("something was built"))
    with pytest.raises(Refused) as refused:
        read(parts(sheet_xml(numbered(range(1, 40)) + row_xml(1048576, cell_xml("XFD1048576")))))
    assert refused.value.code == "upload_far_cell"


def test_long_shared_text_leaves_its_sheets_whole(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be parsed again with each piece, and a piece without it would have no text."""
    content = parts(sheet_xml("".join(row_xml(row, f'<c r="A{row}" t="s"><v>0</v></c>') for row in range(1, 60))))
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content["xl/sharedStrings.xml"] = f'<sst xmlns="{main}"><si><t>{"甲" * 900}</t></si></sst>'.encode()
    monkeypatch.setattr(workbook_reading, "SMALLEST", 1000)
    monkeypatch.setattr(sheet_pieces, "_PIECE", 300)
    cells, _told, pieces = read(content)
    assert pieces == 0
    assert cells["A"].unique().to_list() == ["甲" * 900]


@given(
    rows=st.dictionaries(
        st.integers(0, 60), st.dictionaries(st.integers(0, 30), st.integers(-9, 9), max_size=6), max_size=30
    )
)
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_are_the_same(both: Callable[[dict[str, bytes]], int], rows: dict[int, dict[int, int]]) -> None:
    told = (
        row_xml(row + 1, "".join(cell_xml(cell_name(row, column), str(cells[column])) for column in sorted(cells)))
        for row, cells in sorted(rows.items())
    )
    text = "".join(itertools.chain(told))
    pieces = both(parts(sheet_xml(text)))
    assert pieces <= len(text) // 300 + 1
