"""A large sheet read by two threads: its text is cut between rows, and each piece is a small workbook to the reader.

The reader parses without Python's lock, so two pieces take the time of one, and one is spelled while the other is
parsed. It gets what was looked through, not the file again. This is done only where it cannot change what is read:
every cell says where it stands, nothing but elements is in the text, and each piece ends above the next. `None` means
that it cannot be done so; then the sheet is read whole.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from hub.kit.uploads.handover import TEXT, text_batches
from hub.kit.uploads.limits import MEBIBYTE
from hub.kit.uploads.sheet_scan import SheetScan

_THREADS = 2
# Smaller sheets are read before a second thread has begun; more text than that should not stand in memory.
SMALLEST, LARGEST = 8 * MEBIBYTE, 256 * MEBIBYTE
# Each piece comes with the workbook's other parts (styles, shared text), which are parsed again with it.
_PIECE, _TIMES_THE_OTHERS = 4 * MEBIBYTE, 4
_ROWS, _ROW, _ROWS_END = b"<sheetData", b"<row ", b"</sheetData>"

Batch = Sequence[pa.Array]


@dataclass(frozen=True)
class SheetText:
    """One sheet's part as it was unpacked and looked through, and the workbook's other parts, by their names."""

    name: str
    text: bytes
    others: Mapping[str, bytes]


@dataclass(frozen=True)
class ReadRows:
    """Text columns, batch by batch, from the row `top` on: `height` and `width` count from the sheet's own corner."""

    top: int
    height: int
    width: int
    batches: Sequence[Batch]


def read_in_pieces(sheet: SheetText, index: int, scan: SheetScan) -> list[ReadRows] | None:
    """`index`: which sheet of the workbook it is."""
    bounds = _bounds(sheet) if scan.is_plain else None
    if bounds is None:
        return None
    head, tail = memoryview(sheet.text)[: bounds[0]], b"</sheetData></worksheet>"

    def read(number: int) -> ReadRows | None:
        archive = _archive(sheet, (head, memoryview(sheet.text)[bounds[number] : bounds[number + 1]], tail))
        rows = CalamineWorkbook.from_filelike(archive).get_sheet_by_index(index)
        return None if rows.start is None else _spelled(rows, scan)

    try:
        with ThreadPoolExecutor(_THREADS) as threads:
            read_rows = [rows for rows in threads.map(read, range(len(bounds) - 1)) if rows is not None]
    except CalamineError:
        return None
    follow = all(one.height <= other.top for one, other in pairwise(read_rows))
    return read_rows if follow else None


def together(pieces: Sequence[ReadRows]) -> Iterator[Batch]:
    """All batches, with blank rows where no piece has any."""
    height = 0
    for piece in pieces:
        if piece.top > height:
            yield [pa.nulls(piece.top - height, TEXT)]
        yield from piece.batches
        height = piece.height


def _bounds(sheet: SheetText) -> list[int] | None:
    """Where the pieces begin, and where the last one ends."""
    text = sheet.text
    begin = text.find(_ROW, max(text.find(_ROWS), 0))
    end = text.find(_ROWS_END, begin)
    size = max(_PIECE, _TIMES_THE_OTHERS * sum(map(len, sheet.others.values())))
    if begin < 0 or end < 0 or end - begin < 2 * size:
        return None
    bounds = [begin]
    while end - bounds[-1] > size and (cut := text.find(_ROW, bounds[-1] + size, end)) > 0:
        bounds.append(cut)
    return [*bounds, end]


def _archive(sheet: SheetText, pieces: Sequence[bytes | memoryview]) -> io.BytesIO:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as written:
        for name, text in sheet.others.items():
            written.writestr(name, text)
        with written.open(sheet.name, "w") as part:
            for piece in pieces:
                part.write(piece)
    archive.seek(0)
    return archive


def _spelled(sheet: CalamineSheet, scan: SheetScan) -> ReadRows:
    top, left = sheet.start or (0, 0)
    bottom, right = sheet.end or (0, 0)
    before: list[object] = [None] * left
    rows = ([*before, *cells] if before else cells for cells in sheet.to_python())
    batches = list(text_batches(scan.corrected(row, cells) for row, cells in enumerate(rows, start=top)))
    return ReadRows(top, bottom + 1, right + 1, batches)
