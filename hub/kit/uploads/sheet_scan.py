"""What stands in a sheet's XML beside the values, found without building the sheet.

A reader lays a sheet out from its first to its last cell, so one far cell asks for terabytes. Here
the XML goes by in pieces and only what is unusual is looked at: cells outside the limits, formulas,
errors, percentages, merged ranges, hidden rows and columns. An honest cell costs one regular
expression that does not match.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from hub.kit.uploads.cell_text import percent_text
from hub.kit.uploads.limits import UploadLimits
from hub.kit.uploads.places import Cell, Range, cell_name, column_letters, column_number
from hub.kit.uploads.refusal import Refused

# More are counted but not listed: the list is for people.
LISTED = 10_000

_LONGEST_PIECE = 8 * 1024 * 1024
_CELL_END = b"</c>"
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']\$?([A-Za-z]{1,7})\$?([0-9]{1,9})["']""")
_ROOT = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?worksheet[\s>]")
_ROW = re.compile(rb"""<row\s[^>]*?\br=["']([0-9]{1,9})["'][^>]*?\shidden=["'](?:1|true)["']""")
_COLUMN = re.compile(rb"<col\s[^>]*>")
_MERGE = re.compile(rb"""<mergeCell\s[^>]*?ref=["']([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?["']""")
_ATTRIBUTE = re.compile(rb"""([a-zA-Z:]+)\s*=\s*["']([^"'<]*)["']""")
_FORMULA = re.compile(
    rb"""<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*>\s*<f(?:\s[^>]*?)?(?:/>|>([^<]*)</f>)\s*(<v>[^<]+</v>)?"""
)
_ERROR = re.compile(
    rb"""<c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*?\st="e"[^>]*>(?:<f[^>]*?(?:/>|>[^<]*</f>))?\s*<v>([^<]{1,40})</v>"""
)
# LibreOffice has no truth values of its own: one that it has read it writes as a formula without operands.
_TRUTHS = {b"TRUE()": "true", b"FALSE()": "false"}
# Dynamic data exchange: `=cmd|'/C calc'!A0` starts a program on the machine of whoever opens the file.
_EXCHANGE = re.compile(rb"""\w\s*\|\s*['"\w]""")


@dataclass
class SheetScan:
    """Fed with the pieces of one sheet, in order; `finish` when there are no more."""

    limits: UploadLimits
    percent_styles: frozenset[bytes] = frozenset()
    formulas: dict[Cell, bool] = field(default_factory=dict)
    formula_count: int = 0
    texts: dict[int, dict[int, str]] = field(default_factory=dict)
    percents: dict[int, set[int]] = field(default_factory=dict)
    merged: list[Range] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[int] = field(default_factory=list)
    has_marks: bool = False
    _is_regular: bool = True
    _rest: bytes = b""
    _prefix: bytes | None = None
    _unplaced: int = 0

    @property
    def is_plain(self) -> bool:
        """Elements only, without a prefix; every cell with a value says where it stands, and what is told has one."""
        return self._is_regular and self._prefix == b"" and not self.has_marks

    def corrected(self, row: int, cells: Sequence[object]) -> Sequence[object]:
        """What the reader does not tell: an error's name, LibreOffice's truth values, a number's percent sign."""
        if row not in self.texts and row not in self.percents:
            return cells
        told = list(cells)
        for column, text in self.texts.get(row, {}).items():
            if column < len(told):
                told[column] = text
        for column in self.percents.get(row, ()):
            value = told[column] if column < len(told) else None
            if isinstance(value, float):
                told[column] = percent_text(value)
        return told

    def feed(self, piece: bytes) -> None:
        text = self._plain(self._rest + piece)
        # Whole cells only, so that no pattern is cut in two.
        end = text.rfind(_CELL_END) + len(_CELL_END) if _CELL_END in text else 0
        if len(text) - end > _LONGEST_PIECE:
            end = text.rfind(b">") + 1
        self._rest = text[end:] if self._prefix is not None else text
        if len(self._rest) > _LONGEST_PIECE:
            raise Refused("upload_not_readable")
        if self._prefix is not None:
            self._look(text[:end])

    def finish(self) -> None:
        if self._prefix is None:
            raise Refused("upload_not_readable")
        self._look(self._rest)
        self._rest = b""

    def _plain(self, text: bytes) -> bytes:
        """Some programs write <x:c>; the patterns below speak of <c>."""
        if self._prefix is None:
            root = _ROOT.search(text)
            if root is not None:
                self._prefix = b"" if root[1] is None else root[1] + b":"
        if self._prefix:
            text = text.replace(b"<" + self._prefix, b"<").replace(b"</" + self._prefix, b"</")
        return text

    def _look(self, text: bytes) -> None:
        self._check_places(text)
        self._find_formulas(text)
        self._find_ranges(text)
        self._find_percents(text)

    def _check_places(self, text: bytes) -> None:
        """Every cell lies within the limits; cells that hold only a style may lie anywhere (LibreOffice)."""
        seen = 0
        for found in _outside(self.limits).finditer(text):
            end = text.find(b">", found.start())
            tag = text[found.start() : end + 1]
            if tag.endswith(b"/>") or text.startswith(b"</c>", end + 1):
                continue
            place = _REFERENCE.search(tag)
            if place is None:
                self._is_regular = False
                self._count_unplaced(text, seen, found.start())
                seen = found.start()
                continue
            self._check(int(place[2]) - 1, column_number(place[1].decode().upper()))

    def _count_unplaced(self, text: bytes, seen: int, at: int) -> None:
        """A cell without a reference stands right of the one before it."""
        self._unplaced = 0 if text.find(b"<row", seen, at) >= 0 else self._unplaced + 1
        if self._unplaced >= self.limits.columns:
            raise Refused("upload_too_many_columns", limit=self.limits.columns)

    def _check(self, row: int, column: int) -> None:
        if row >= self.limits.rows or column >= self.limits.columns:
            raise Refused(
                "upload_far_cell", cell=cell_name(row, column), rows=self.limits.rows, columns=self.limits.columns
            )

    def _find_formulas(self, text: bytes) -> None:
        # One byte is looked for many times faster than two, and a sheet of figures has no f.
        if b"f" in text and b"<f" in text:
            for found in _FORMULA.finditer(text):
                if found[3] and _EXCHANGE.search(found[3]):
                    raise Refused("upload_has_external_links")
                if found[3] in _TRUTHS:
                    self._is_regular = self._is_regular and found[4] is not None
                    self._tell(found[1], found[2], _TRUTHS[found[3]])
                    continue
                self.formula_count += 1
                if len(self.formulas) < LISTED:
                    self.formulas[_cell(found[1], found[2])] = found[4] is not None
        if b't="e"' in text:
            for found in _ERROR.finditer(text):
                self._tell(found[1], found[2], found[3].decode("utf-8", "replace"))

    def _tell(self, letters: bytes, digits: bytes, text: str) -> None:
        row, column = _cell(letters, digits)
        self.texts.setdefault(row, {})[column] = text

    def _find_ranges(self, text: bytes) -> None:
        if b"<mergeCell" in text:
            for found in _MERGE.finditer(text):
                first = _cell(found[1], found[2])
                last = _cell(found[3], found[4]) if found[3] else first
                if len(self.merged) < LISTED:
                    self.merged.append((first, last))
        if b"hidden=" in text:
            for found in _ROW.finditer(text):
                if len(self.hidden_rows) < LISTED:
                    self.hidden_rows.append(int(found[1]) - 1)
            for tag in _COLUMN.findall(text):
                self._hide_columns(dict(_ATTRIBUTE.findall(tag)))

    def _hide_columns(self, attributes: dict[bytes, bytes]) -> None:
        if attributes.get(b"hidden") in {b"1", b"true"}:
            first, last = int(attributes.get(b"min", b"1")), int(attributes.get(b"max", b"1"))
            self.hidden_columns += range(first - 1, min(last, self.limits.columns))

    def _find_percents(self, text: bytes) -> None:
        for style in self.percent_styles:
            if b's="' + style + b'"' in text:
                for found in _styled(style).finditer(text):
                    row, column = _cell(found[1], found[2])
                    self.percents.setdefault(row, set()).add(column)


def _cell(letters: bytes, digits: bytes) -> Cell:
    return int(digits) - 1, column_number(letters.decode())


def _styled(style: bytes) -> re.Pattern[bytes]:
    return re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?=[^>]*\ss="' + style + rb'")[^>]*[^/]>')


@lru_cache(maxsize=4)
def _outside(limits: UploadLimits) -> re.Pattern[bytes]:
    """Matches the tag of every cell except an ordinary one (`<c r="B7" …`) within the limits."""
    columns = "|".join(_letters_up_to(limits.columns))
    rows = "|".join(_numbers_up_to(limits.rows))
    return re.compile(rf'<c(?=[\s/>])(?! r="(?:{columns})(?:{rows})"[ />])'.encode())


def _letters_up_to(count: int) -> Iterator[str]:
    """Column names as a few character classes: A to Z, then AA to …"""
    last = column_letters(count - 1)
    if len(last) == 1:
        yield f"[A-{last}]"
        return
    yield "[A-Z]"
    if len(last) == 2:  # noqa: PLR2004 - names of two letters
        if last[0] > "A":
            yield f"[A-{chr(ord(last[0]) - 1)}][A-Z]"
        yield f"{last[0]}[A-{last[1]}]"
        return
    yield "[A-Z]{2,3}"


def _numbers_up_to(limit: int) -> Iterator[str]:
    """Row numbers from 1 to the limit, the shorter ones first."""
    digits = str(limit)
    if len(digits) > 1:
        yield f"[1-9][0-9]{{0,{len(digits) - 2}}}"
    for at, digit in enumerate(digits):
        lowest = "1" if at == 0 else "0"
        if digit > lowest:
            yield f"{digits[:at]}[{lowest}-{chr(ord(digit) - 1)}][0-9]{{{len(digits) - at - 1}}}"
    yield digits
