"""Writing for spreadsheet programs: whatever somebody typed stays text and never becomes a formula.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a line end is run as a formula by Excel, WPS and
LibreOffice (OWASP, CSV injection); the full-width signs too, once an input method has had its way.
Every workbook and every CSV that the hub writes goes through here.
"""

from pathlib import Path
from typing import IO

from xlsxwriter import Workbook

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")

# Without it Excel reads UTF-8 as the system's own code page and garbles every Chinese word.
BYTE_ORDER_MARK = "\ufeff"

_TEXT_STAYS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def csv_text(text: str) -> str:
    """Text for a CSV cell. CSV knows no types: an apostrophe is what makes a formula text there."""
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def open_workbook(target: Path | IO[bytes], *, streams_rows: bool = False) -> Workbook:
    """A workbook in which only `write_formula` makes formulas. `streams_rows`: row by row, in flat memory."""
    return Workbook(target, {**_TEXT_STAYS_TEXT, "constant_memory": streams_rows, "in_memory": not streams_rows})
