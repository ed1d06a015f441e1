"""A workbook that came back, matched with the task it was made for: which cell holds what of which division.

Everything that does not fit is told at once, each fault with its sheet and cell. Columns are known by the hidden
row of identifiers, wherever they stand; when that row is gone, by their titles.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub.calendar.words import period_words
from hub.forms.content import FormContent
from hub.forms.names import name_of_code
from hub.kit.i18n import gettext as _
from hub.kit.uploads.places import cell_name
from hub.kit.uploads.reading import Upload, UploadedSheet
from hub.workbooks.layout import (
    DIVISION_MARK,
    IDENTITY_SHEET,
    LISTS_SHEET,
    NAME_MARK,
    Identity,
    SheetColumn,
    SheetPlan,
    column_title,
    plan_sheets,
    titles_of,
)

# The head stands at the top; identifiers further down are a second table.
_HEAD_ROWS = 30
_ROWS_OF_A_HEAD = 3


@dataclass(frozen=True)
class StructureFault:
    """Why a workbook cannot be read as this task's. `cell` is empty for a whole sheet or workbook."""

    code: str
    message: str
    sheet: str = ""
    cell: str = ""


@dataclass(frozen=True)
class PlacedCell:
    """What stands in one input cell. `has_formula`: its text is only what somebody's formula came to."""

    sheet: str
    row: int
    column: int
    text: str | None
    has_formula: bool = False

    @property
    def name(self) -> str:
        return cell_name(self.row, self.column)


@dataclass
class MatchedWorkbook:
    """`cells` by division and element; `places` also of derived and supplied elements, for findings."""

    identity: Identity | None = None
    cells: dict[tuple[str, str], PlacedCell] = field(default_factory=dict)
    places: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    row_places: dict[str, tuple[str, str]] = field(default_factory=dict)
    hidden: list[tuple[str, str, str]] = field(default_factory=list)
    unread_sheets: list[str] = field(default_factory=list)
    faults: list[StructureFault] = field(default_factory=list)


def match_workbook(
    upload: Upload, wanted: Identity, form: FormContent, divisions: Mapping[str, str]
) -> MatchedWorkbook:
    """`divisions`: code to name of each row that the task asks for."""
    matched = MatchedWorkbook()
    if upload.kind != "xlsx":
        matched.faults.append(
            StructureFault("workbook_not_ours", _("请上传从本页下载的工作簿（.xlsx），不是 CSV 文件。"))
        )
        return matched
    matched.identity = _identity(upload)
    matched.faults += _identity_faults(matched.identity, wanted)
    if matched.faults:
        return matched
    plans = plan_sheets(form)
    heads = _heads(upload, plans, matched)
    _check_columns(plans, heads, matched)
    for head in heads:
        _read_rows(head, form, divisions, matched)
    return matched


def _identity(upload: Upload) -> Identity | None:
    sheet = next((sheet for sheet in upload.sheets if sheet.name == IDENTITY_SHEET), None)
    if sheet is None or sheet.cells.width < 2:  # noqa: PLR2004 - names and values
        return None
    return Identity.from_lines({str(row[0]): row[1] or "" for row in sheet.cells.rows()})


def _identity_faults(found: Identity | None, wanted: Identity) -> list[StructureFault]:
    if found is None:
        message = _("工作簿里没有任务标识（隐藏工作表“_hub”），或者被改动过。请重新下载，把数填进去再上传。")
        return [StructureFault("workbook_not_ours", message, IDENTITY_SHEET)]
    sentences = {
        "form": _("这是另一张表的工作簿（{found}），现在要的是{wanted}。"),
        "township": _("这是另一个乡镇的工作簿（{found}），现在要的是{wanted}。"),
        "period": _("这是另一期的工作簿（{found}），现在要的是{wanted}。"),
    }
    in_words: dict[str, Callable[[str], str]] = {"form": name_of_code, "period": period_words, "township": str}
    faults = [
        StructureFault(
            f"workbook_of_another_{name}",
            sentence.format(found=in_words[name](getattr(found, name)), wanted=in_words[name](getattr(wanted, name))),
            IDENTITY_SHEET,
        )
        for name, sentence in sentences.items()
        if getattr(found, name) != getattr(wanted, name)
    ]
    is_other = (found.collection, found.form_version) != (wanted.collection, wanted.form_version)
    if not faults and is_other:
        message = _("这份工作簿不是为这项任务制作的，请重新下载。")
        faults.append(StructureFault("workbook_of_another_task", message, IDENTITY_SHEET))
    return faults


@dataclass(frozen=True)
class _Head:
    """One sheet's head: the mark of each column that has one, and the first row of divisions."""

    sheet: UploadedSheet
    columns: Mapping[int, str]
    identifier_row: int | None
    first_row: int


def _heads(upload: Upload, plans: Sequence[SheetPlan], matched: MatchedWorkbook) -> list[_Head]:
    heads = []
    for sheet in upload.sheets:
        if sheet.name in {IDENTITY_SHEET, LISTS_SHEET}:
            continue
        rows = [list(row) for row in sheet.cells.head(_HEAD_ROWS).rows()]
        head = _marked_head(sheet, rows) or _titled_head(sheet, rows, plans)
        if head is not None:
            heads.append(head)
        elif not sheet.cells.is_empty():
            matched.unread_sheets.append(sheet.name)
    return heads


def _marked_head(sheet: UploadedSheet, rows: Sequence[Sequence[str | None]]) -> _Head | None:
    for number, row in enumerate(rows):
        if DIVISION_MARK in row:
            columns = {place: mark for place, mark in enumerate(row) if mark is not None}
            return _Head(sheet, columns, number, number + _ROWS_OF_A_HEAD)
    return None


def _titled_head(
    sheet: UploadedSheet, rows: Sequence[Sequence[str | None]], plans: Sequence[SheetPlan]
) -> _Head | None:
    """The row of identifiers was deleted: the titles say it too, when each of them stands there for one column."""
    marks: dict[str, set[str]] = {}
    for plan in plans:
        for column in plan.columns:
            for title in titles_of(column):
                marks.setdefault(title, set()).add(column.mark)
    for number, row in enumerate(rows):
        columns = {
            place: next(iter(marks[title]))
            for place, title in enumerate(row)
            if title is not None and len(marks.get(title, ())) == 1
        }
        if DIVISION_MARK in columns.values():
            return _Head(sheet, columns, None, number + _ROWS_OF_A_HEAD - 1)
    return None


def _check_columns(plans: Sequence[SheetPlan], heads: Sequence[_Head], matched: MatchedWorkbook) -> None:
    asked = {column.mark: column for plan in plans for column in plan.columns}
    found = Counter(mark for head in heads for mark in head.columns.values())
    for plan in plans:
        wanted = [column for column in plan.columns if column.kind == "value"]
        if wanted and not any(found[column.mark] for column in plan.columns if column.field is not None):
            matched.faults.append(_absence(plan.name, matched.unread_sheets))
            continue
        for column in (column for column in wanted if not found[column.mark]):
            message = _("缺少“{title}”这一列。").format(title=column_title(column))
            matched.faults.append(StructureFault("column_missing", message, plan.name))
    for head in heads:
        matched.faults += _column_faults(head, asked, found)


def _absence(name: str, unread: Sequence[str]) -> StructureFault:
    """A sheet that stands there but has lost its column of codes is not missing."""
    if name in unread:
        message = _("找不到隐藏的“区划代码”列（A列），无法认出各行是哪个单位。请重新下载工作簿。")
        return StructureFault("column_missing", message, name)
    return StructureFault("sheet_missing", _("缺少工作表“{sheet}”。").format(sheet=name), name)


def _column_faults(head: _Head, asked: Mapping[str, SheetColumn], found: Mapping[str, int]) -> Iterator[StructureFault]:
    sheet, title_row = head.sheet, head.first_row - _ROWS_OF_A_HEAD + 1
    for place in range(sheet.cells.width):
        mark = head.columns.get(place)
        title = _text(sheet, title_row, place)
        cell = cell_name(title_row, place)
        if mark is None:
            below = sheet.cells.to_series(place)[title_row:]
            if below.is_not_null().any():
                message = _("多出一列“{title}”，本表没有这一列，请删去。").format(title=title or "")
                yield StructureFault("column_added", message, sheet.name, cell)
        elif mark not in asked:
            message = _("列“{title}”的标识不属于本表，请重新下载工作簿。").format(title=title or "")
            yield StructureFault("column_unknown", message, sheet.name, cell)
        elif found[mark] > 1 and mark not in {DIVISION_MARK, NAME_MARK}:
            message = _("“{title}”这一列出现了 {count} 次，请只留一列。").format(title=title or "", count=found[mark])
            yield StructureFault("column_duplicated", message, sheet.name, cell)
        elif title not in titles_of(asked[mark]):
            message = _("列名被改成了“{title}”，应为“{wanted}”。")
            message = message.format(title=title or "", wanted=column_title(asked[mark]))
            yield StructureFault("column_renamed", message, sheet.name, cell)


def _read_rows(head: _Head, form: FormContent, divisions: Mapping[str, str], matched: MatchedWorkbook) -> None:
    sheet = head.sheet
    places = {mark: place for place, mark in head.columns.items()}
    code_place = places[DIVISION_MARK]
    inputs = {mark.partition(":")[2]: place for mark, place in places.items() if mark.startswith("value:")}
    shown = {
        mark.partition(":")[2]: place
        for mark, place in places.items()
        if mark.startswith(("value:", "derived:", "supplied:"))
    }
    rows: dict[str, list[int]] = {}
    for number in range(head.first_row, sheet.cells.height):
        code = (_text(sheet, number, code_place) or "").strip()
        if code in divisions:
            rows.setdefault(code, []).append(number)
        elif any(value is not None for value in sheet.cells.row(number)):
            matched.faults.append(_unknown_row(sheet, number, code, places.get(NAME_MARK, code_place)))
    matched.faults += _row_faults(sheet, rows, divisions)
    matched.faults += _merged_faults(sheet, set(inputs.values()), head.first_row)
    name_place = places.get(NAME_MARK, code_place)
    asked = {one.identifier for one in form.captured}
    for code, (number, *_again) in rows.items():
        matched.row_places.setdefault(code, (sheet.name, cell_name(number, name_place)))
        if number in sheet.hidden_rows:
            matched.hidden.append((code, sheet.name, cell_name(number, name_place)))
        for identifier, place in shown.items():
            matched.places.setdefault((code, identifier), (sheet.name, cell_name(number, place)))
        for identifier in inputs.keys() & asked:
            text, cell = _text(sheet, number, inputs[identifier]), (number, inputs[identifier])
            placed = PlacedCell(sheet.name, *cell, text, has_formula=cell in sheet.formulas)
            matched.cells.setdefault((code, identifier), placed)


def _unknown_row(sheet: UploadedSheet, number: int, code: str, place: int) -> StructureFault:
    if any(value is not None and value.startswith("hub:") for value in sheet.cells.row(number)):
        message = _("同一个工作表里有两张表，请只留一张。")
        return StructureFault("second_table", message, sheet.name, cell_name(number, 0))
    if code:
        message = _("区划代码“{code}”不在本任务里。").format(code=code[:20])
    else:
        message = _("这一行没有区划代码，不属于本任务的任何单位，请删去（合计、备注也请删去）。")
    return StructureFault("row_unknown", message, sheet.name, cell_name(number, place))


def _row_faults(
    sheet: UploadedSheet, rows: Mapping[str, Sequence[int]], divisions: Mapping[str, str]
) -> Iterator[StructureFault]:
    for code, name in divisions.items():
        if code not in rows:
            yield StructureFault("row_missing", _("缺少“{name}”这一行。").format(name=name), sheet.name)
        elif len(rows[code]) > 1:
            message = _("“{name}”出现了 {count} 行，请只留一行。").format(name=name, count=len(rows[code]))
            yield StructureFault("row_duplicated", message, sheet.name, cell_name(rows[code][1], 0))


def _merged_faults(sheet: UploadedSheet, columns: set[int], first_row: int) -> Iterator[StructureFault]:
    """Of merged cells only the first keeps what was typed: the others would be read as cleared."""
    for (top, left), (bottom, right) in sheet.merged:
        if (
            bottom >= first_row
            and any(left <= column <= right for column in columns)
            and (top, left) != (bottom, right)
        ):
            message = _("填报区里有合并的单元格，请取消合并。")
            yield StructureFault(
                "cells_merged", message, sheet.name, f"{cell_name(top, left)}:{cell_name(bottom, right)}"
            )


def _text(sheet: UploadedSheet, row: int, column: int) -> str | None:
    is_there = row < sheet.cells.height and column < sheet.cells.width
    return sheet.cells.item(row, column) if is_there else None
