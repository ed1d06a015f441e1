"""What reads the bytes of strangers, fed with noise (RELIABILITY.md REL-S4): a refusal or an answer, nothing else."""

import contextlib
import io
import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from python_calamine import CalamineError

from hub.kit.uploads.archive import check_archive
from hub.kit.uploads.cell_text import cell_text
from hub.kit.uploads.csv_reading import read_csv
from hub.kit.uploads.detection import detect
from hub.kit.uploads.handover import column_text
from hub.kit.uploads.limits import FORM_LIMITS
from hub.kit.uploads.refusal import Refused
from hub.kit.uploads.sheet_scan import SheetScan
from hub.kit.uploads.workbook_reading import read_workbook
from tests.kit.hostile.archives import cell_xml, row_xml, sheet_xml, text_xml, workbook

RICH_SHEET = sheet_xml(
    row_xml(
        1,
        text_xml("A1", "区划")
        + '<c r="D1" s="9" t="n"><f aca="false">TRUE()</f><v>1</v></c>'
        + '<c r="B1"><f>1+1</f><v>2</v></c><c r="C1" t="e"><v>#DIV/0!</v></c>',
    )
    + '<row r="2" hidden="1"><c r="A2" s="3"><v>0.255</v></c><c r="B2"><f>A2</f></c></row>'
    + row_xml(3, '<c r="XFD3" s="1"/>' + cell_xml("GR3")),
    before='<cols><col min="2" max="3" hidden="1"/></cols>',
    after='<mergeCells count="1"><mergeCell ref="A5:B6"/></mergeCells>',
).encode()
HONEST = workbook(RICH_SHEET.decode())
quick = examples(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def scanned(pieces: list[bytes]) -> SheetScan:
    scan = SheetScan(FORM_LIMITS, frozenset({b"3"}))
    for piece in pieces:
        scan.feed(piece)
    scan.finish()
    return scan


def test_a_sheet_is_seen_whole() -> None:
    scan = scanned([RICH_SHEET])
    assert scan.formulas == {(0, 1): True, (1, 1): False}
    assert scan.texts == {0: {2: "#DIV/0!", 3: "true"}}
    assert scan.percents == {1: {0}}
    assert scan.merged == [((4, 0), (5, 1))]
    assert (scan.hidden_rows, scan.hidden_columns) == ([1], [1, 2])


@given(cuts=st.lists(st.integers(0, len(RICH_SHEET)), max_size=8))
@quick
def test_a_sheet_is_seen_alike_however_it_is_cut(cuts: list[int]) -> None:
    ends = sorted({0, *cuts, len(RICH_SHEET)})
    pieces = [RICH_SHEET[start:end] for start, end in itertools.pairwise(ends)]
    assert scanned(pieces) == scanned([RICH_SHEET])


@given(at=st.integers(0, len(HONEST) - 1), noise=st.binary(min_size=1, max_size=8), cut=st.integers(0, len(HONEST)))
@quick
def test_a_damaged_archive_is_refused_or_read(tmp_path: Path, at: int, noise: bytes, cut: int) -> None:
    damaged = (HONEST[:at] + noise + HONEST[at + len(noise) :])[: max(cut, at)]
    path = tmp_path / "upload"
    path.write_bytes(damaged)
    # What calamine itself throws, the child turns into a refusal (reader.py); it may throw, never hang or crash.
    with contextlib.suppress(Refused, CalamineError, OSError):
        with path.open("rb") as file:
            check_archive(file, FORM_LIMITS)
        read_workbook(path, FORM_LIMITS, tmp_path)


@given(content=st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@quick
def test_any_bytes_have_a_kind_or_are_refused(content: bytes) -> None:
    with contextlib.suppress(Refused):
        assert detect(io.BytesIO(content), "a.csv") == "csv"


@given(
    content=st.binary(max_size=300)
    | st.text(alphabet='a,"\n\r\t;区', max_size=80).map(lambda text: text.encode("gb18030"))
)
@quick
def test_any_csv_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "upload.csv"
    path.write_bytes(content)
    with contextlib.suppress(Refused):
        encoding, (sheet,) = read_csv(path, FORM_LIMITS, tmp_path)
        assert encoding in {"utf-8", "utf-8-sig", "gb18030"}
        assert sheet["file"] == "0.arrow"


CELLS = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6).map(float)


@example([-(2.0**63)])
@example([1.0, None, 1e15])
@example([-0.0, None])
@given(values=st.lists(CELLS, min_size=1) | st.lists(CELLS | st.booleans() | st.text(), min_size=1))
@quick
def test_a_column_is_written_as_its_cells_are(values: list[object]) -> None:
    cells = [None if value is None else cell_text(value) for value in values]
    assert column_text(values).to_pylist() == [text if text and text.strip() else None for text in cells]


@pytest.mark.parametrize("limit", [1, 9, 10, 42, 99, 100, 5000, 60_000, 1_000_000])
def test_the_rows_that_are_allowed_are_exactly_those(limit: int) -> None:
    limits = type(FORM_LIMITS)(**{**vars(FORM_LIMITS), "rows": limit})
    for row in (1, 9, 10, 11, 41, limit):
        if row <= limit:
            SheetScan(limits).feed(sheet_xml(row_xml(row, cell_xml(f"A{row}"))).encode())
    for row in (limit + 1, limit * 10, limit + 10):
        with pytest.raises(Refused) as refused:
            SheetScan(limits).feed(sheet_xml(row_xml(row, cell_xml(f"A{row}"))).encode())
        assert refused.value.code == "upload_far_cell"


@pytest.mark.parametrize(
    ("limit", "last", "beyond"), [(1, "A", "B"), (26, "Z", "AA"), (27, "AA", "AB"), (53, "BA", "BB"), (200, "GR", "GS")]
)
def test_the_columns_that_are_allowed_are_exactly_those(limit: int, last: str, beyond: str) -> None:
    limits = type(FORM_LIMITS)(**{**vars(FORM_LIMITS), "columns": limit})
    SheetScan(limits).feed(sheet_xml(row_xml(1, cell_xml(f"{last}1"))).encode())
    with pytest.raises(Refused):
        SheetScan(limits).feed(sheet_xml(row_xml(1, cell_xml(f"{beyond}1"))).encode())
