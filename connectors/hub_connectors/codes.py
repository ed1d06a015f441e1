"""An installation's own codes: a file that a department's people keep, so that a code needs no release.

A CSV file with the columns `list`, `hub` and `own`: `list` is an element with a code list, or `division`.
"""

import csv
from collections.abc import Collection
from pathlib import Path

from hub_connectors.errors import SettingsFault
from hub_connectors.mapping import DIVISION_CODES, CodeTables

COLUMNS = ["list", "hub", "own"]


def read_codes(path: Path, known: Collection[str]) -> CodeTables:
    """Every fault of the file at once, each with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsFault(f"代码对照表 {path} 无法读取：{error}") from error
    if not lines or [name.strip() for name in lines[0]] != COLUMNS:
        raise SettingsFault(f"代码对照表 {path} 第 1 行必须是 {','.join(COLUMNS)}。")
    tables: dict[str, dict[str, str]] = {}
    faults = []
    for number, line in enumerate(lines[1:], start=2):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        fault = _fault(cells, known, tables)
        if fault:
            faults.append(f"第 {number} 行：{fault}")
        else:
            tables.setdefault(cells[0], {})[cells[1]] = cells[2]
    if faults:
        raise SettingsFault(f"代码对照表 {path} 有误：{'；'.join(faults)}。")
    return tables


def _fault(cells: list[str], known: Collection[str], tables: CodeTables) -> str:
    if len(cells) != len(COLUMNS) or not all(cells):
        return "应有 list、hub、own 三列，都不能为空"
    name, code, own = cells
    if name != DIVISION_CODES and name not in known:
        return f"没有“{name}”这个代码表，可用的有 {'、'.join((DIVISION_CODES, *sorted(known)))}"
    if code in tables.get(name, {}):
        return f"“{name}”的 {code} 重复"
    if name == DIVISION_CODES and own in tables.get(name, {}).values():
        return f"两个区划都对照到 {own}"
    return ""
