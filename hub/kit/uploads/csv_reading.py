"""A CSV file as text: UTF-8 (with or without a mark) or GB18030, never both. Runs in the child only."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hub.kit.uploads.handover import Budget, write_rows
from hub.kit.uploads.limits import MEBIBYTE, UploadLimits
from hub.kit.uploads.refusal import Refused

# Excel's own limit for a cell.
_LONGEST_CELL = 32_767
_LONGEST_LINE = MEBIBYTE
_SEPARATORS = ",\t;"


def read_csv(path: Path, limits: UploadLimits, target: Path) -> tuple[str, list[dict[str, Any]]]:
    """The encoding, and the one sheet. Read twice: the widest line may be the last."""
    encoding = _encoding(path)
    csv.field_size_limit(_LONGEST_CELL)
    budget = Budget(limits)
    height = width = 0
    for number, row in enumerate(_records(path, encoding), start=1):
        filled = _filled(row)
        if filled:
            height, width = number, max(width, filled)
        if filled > limits.columns or number > limits.rows:
            budget.spend(number, filled)
    budget.spend(height, width)
    write_rows(target / "0.arrow", _texts(path, encoding, height, width), width)
    return encoding, [{"name": "", "file": "0.arrow", "is_hidden": False}]


def _filled(row: Sequence[str]) -> int:
    """Cells up to the last that holds something: spreadsheets pad CSV files with commas."""
    filled = len(row)
    while filled and (not row[filled - 1] or row[filled - 1].isspace()):
        filled -= 1
    return filled


def _texts(path: Path, encoding: str, height: int, width: int) -> Iterator[Sequence[str | None]]:
    for number, row in enumerate(_records(path, encoding)):
        if number == height:
            return
        texts = row[:width]
        yield texts if len(texts) == width else [*texts, *[None] * (width - len(texts))]


def _records(path: Path, encoding: str) -> Iterator[list[str]]:
    """Line ends within quotes belong to the cell; a quote that is never closed would swallow the file."""
    with path.open(encoding=encoding, newline="") as file:
        separator = _separator(file.readline(_LONGEST_LINE))
        file.seek(0)
        reader = csv.reader(file, delimiter=separator, strict=True)
        begun = 1
        try:
            for row in reader:
                yield row
                begun = reader.line_num + 1
        except csv.Error as error:
            is_long = "field larger" in str(error)
            raise Refused("upload_cell_too_long" if is_long else "upload_quote_not_closed", line=begun) from error


def _separator(first_line: str) -> str:
    """What stands most often in the first line: Excel writes a tab or a semicolon in some settings."""
    return max(_SEPARATORS, key=first_line.count)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        is_marked = file.read(3) == codecs.BOM_UTF8
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_utf8, line, in_line = True, 1, 0
        while piece := file.read(MEBIBYTE):
            if b"\x00" in piece:
                raise Refused("upload_contains_nul")
            line, in_line = _measure_lines(piece, line, in_line)
            is_utf8 = is_utf8 and _decodes(decoder, piece, is_last=False)
        is_utf8 = is_utf8 and _decodes(decoder, b"", is_last=True)
    if is_utf8:
        return "utf-8-sig" if is_marked else "utf-8"
    _check_one_encoding(path)
    return "gb18030"


def _measure_lines(piece: bytes, line: int, in_line: int) -> tuple[int, int]:
    """A file without line ends would be one string in memory."""
    first_end = piece.find(b"\n")
    longest = in_line + (len(piece) if first_end < 0 else first_end)
    if longest > _LONGEST_LINE:
        raise Refused("upload_line_too_long", line=line, limit=_LONGEST_LINE // 1024)
    return line + piece.count(b"\n"), longest if first_end < 0 else len(piece) - piece.rfind(b"\n") - 1


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool) -> bool:
    try:
        decoder.decode(piece, is_last)
    except UnicodeDecodeError:
        return False
    return True


def _check_one_encoding(path: Path) -> None:
    """Two files pasted together decode as GB18030 without an error and are read as nonsense: so ask every line."""
    first: str | None = None
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            encoding = _line_encoding(line)
            if encoding == "unknown":
                raise Refused("upload_encoding_unknown", line=number)
            if encoding in {"utf-8", "gb18030"}:
                first = first or encoding
                if encoding != first:
                    raise Refused("upload_mixed_encodings", line=number)


def _line_encoding(line: bytes) -> str:
    """`either`: short GB2312 text is now and then valid UTF-8 too (联通); UTF-8 text is never valid GB2312."""
    if line.isascii():
        return "either"
    is_utf8, is_gb2312, is_gb18030 = (_is(line, encoding) for encoding in ("utf-8", "gb2312", "gb18030"))
    if is_utf8:
        return "either" if is_gb2312 else "utf-8"
    return "gb18030" if is_gb18030 else "unknown"


def _is(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
