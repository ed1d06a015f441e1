"""Reading files of divisions, and every reason not to take them. Pure."""

import csv
import gzip
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO, cast

from hub.geography.levels import CODE_LENGTHS, Level, level_above
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

DIVISION_COLUMNS = ("code", "name", "level", "parent_code")
CROSSWALK_COLUMNS = ("nbs2023_code", "mca2025_code")
LONGEST_NAME = 100
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Line(NamedTuple):
    number: int
    cells: tuple[str, ...]


class DivisionRow(NamedTuple):
    line: int
    code: str
    name: str
    level: Level
    parent_code: str | None


@dataclass(frozen=True)
class HeldParent:
    """What the hub already holds of a parent that the file does not bring along."""

    level: str
    lineage: Sequence[str]


def fault(line: int, code: str, message: str) -> ErrorItem:
    return ErrorItem(f"line:{line}", code, message)


def read_lines(path: Path, columns: Sequence[str]) -> tuple[list[Line], list[ErrorItem]]:
    """The named columns of a CSV file (also gzipped) with line numbers, and what cannot be read of it."""
    lines: list[Line] = []
    faults: list[ErrorItem] = []
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            text = TextIOWrapper(cast("BinaryIO", file), encoding="utf-8-sig", newline="")
            for found in _each_line(text, columns):
                if isinstance(found, Line):
                    lines.append(found)
                else:
                    faults.append(found)
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError):
        faults.append(fault(len(lines) + 2, "encoding-not-utf-8", _("文件必须是 UTF-8 编码的 CSV")))
    except csv.Error as error:
        faults.append(fault(len(lines) + 2, "csv_not_valid", _("不是有效的 CSV：{problem}").format(problem=error)))
    return lines, faults


def _each_line(file: TextIO, columns: Sequence[str]) -> Iterator[Line | ErrorItem]:
    reader = csv.reader(file, strict=True)
    head = [name.strip() for name in next(reader, [])]
    missing = [column for column in columns if column not in head]
    if missing:
        yield fault(1, "column_missing", _("缺少列：{columns}").format(columns="、".join(missing)))
        return
    places = [head.index(column) for column in columns]
    for cells in reader:
        if len(cells) == len(head):
            yield Line(reader.line_num, tuple(cells[place].strip() for place in places))
        elif cells:
            message = _("应有 {expected} 列，实有 {found} 列").format(expected=len(head), found=len(cells))
            yield fault(reader.line_num, "columns_wrong_number", message)


def read_divisions(path: Path) -> tuple[list[DivisionRow], list[ErrorItem]]:
    """The rows that can be read one by one; what they say of each other is `check_tree`'s work."""
    lines, faults = read_lines(path, DIVISION_COLUMNS)
    rows: list[DivisionRow] = []
    seen: dict[str, int] = {}
    for number, (code, name, level, parent_code) in lines:
        wrong = check_row(number, code, name, level)
        if code in seen:
            message = _("区划代码 {code} 与第 {line} 行重复").format(code=code, line=seen[code])
            wrong.append(fault(number, "code_duplicate", message))
        seen.setdefault(code, number)
        if wrong:
            faults.extend(wrong)
        else:
            rows.append(DivisionRow(number, code, name, cast("Level", level), parent_code or None))
    return rows, faults


def check_row(line: int, code: str, name: str, level: str) -> list[ErrorItem]:
    faults = []
    lengths: Mapping[str, int] = cast("Mapping[str, int]", CODE_LENGTHS)
    if level not in lengths:
        message = _("级别“{level}”应为 {levels} 之一").format(level=level[:20], levels="、".join(lengths))
        faults.append(fault(line, "level_unknown", message))
    elif len(code) != lengths[level]:
        message = _("区划代码 {code} 应为 {length} 位").format(code=code[:20], length=lengths[level])
        faults.append(fault(line, "code_wrong_length", message))
    if not (code.isascii() and code.isdecimal()):
        faults.append(fault(line, "code_not_digits", _("区划代码“{code}”只能是数字").format(code=code[:20])))
    # Two villages of the official list are written with private-use characters: only control characters are refused.
    if not name.strip() or len(name) > LONGEST_NAME or CONTROL.search(name):
        faults.append(fault(line, "name_not_valid", _("名称不能为空，且不超过 {limit} 字").format(limit=LONGEST_NAME)))
    return faults


def foreign_parents(rows: Iterable[DivisionRow]) -> set[str]:
    """Parents that the file itself does not bring along."""
    rows = list(rows)
    return {row.parent_code for row in rows if row.parent_code is not None} - {row.code for row in rows}


def check_tree(rows: Sequence[DivisionRow], held: Mapping[str, HeldParent]) -> list[ErrorItem]:
    """Every row's parent is there and stands exactly one level above it, which also leaves no room for a cycle."""
    levels: dict[str, str] = {code: parent.level for code, parent in held.items()}
    levels |= {row.code: row.level for row in rows}
    faults = []
    for row in rows:
        wanted = level_above(row.level)
        if row.parent_code is None:
            if wanted is not None:
                faults.append(fault(row.line, "parent_missing", _("缺少上级区划代码")))
        elif row.parent_code not in levels:
            message = _("上级区划 {code} 不存在").format(code=row.parent_code[:20])
            faults.append(fault(row.line, "parent_unknown", message))
        elif levels[row.parent_code] != wanted:
            message = _("上级区划 {code} 不是上一级，或上下级成环").format(code=row.parent_code)
            faults.append(fault(row.line, "parent_wrong_level", message))
    return faults


def lineages(rows: Sequence[DivisionRow], held: Mapping[str, HeldParent]) -> dict[str, tuple[str, ...]]:
    """The codes from the province down to each division itself. Only for rows that passed `check_tree`."""
    found: dict[str, tuple[str, ...]] = {code: tuple(parent.lineage) for code, parent in held.items()}
    for row in sorted(rows, key=lambda row: len(row.code)):
        above = found[row.parent_code] if row.parent_code is not None else ()
        found[row.code] = (*above, row.code)
    return found
