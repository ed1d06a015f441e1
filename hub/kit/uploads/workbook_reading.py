"""A workbook's sheets as text. Runs in the child only."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from hub.kit.uploads.archive import Part, check_archive
from hub.kit.uploads.cell_text import percent_text
from hub.kit.uploads.handover import Budget, write_rows
from hub.kit.uploads.limits import UploadLimits
from hub.kit.uploads.parts import check_content_types, check_relationships, unpack, unpack_whole
from hub.kit.uploads.refusal import Refused
from hub.kit.uploads.sheet_scan import SheetScan

_WORKBOOK, _RELATIONSHIPS, _STYLES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"
_PERCENT_FORMATS = frozenset({"9", "10"})


def read_workbook(path: Path, limits: UploadLimits, target: Path) -> list[dict[str, Any]]:
    """Every worksheet into `target`; what stands beside the values as the answer."""
    with path.open("rb") as file:
        scans = _scan(file, limits)
    workbook = CalamineWorkbook.from_path(str(path))
    budget = Budget(limits)
    answers: list[dict[str, Any]] = []
    for index, about in enumerate(workbook.sheets_metadata):
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        scan = scans.get(about.name)
        if scan is None:
            # A reader that finds another sheet than we looked through has been led astray.
            raise Refused("upload_not_readable")
        sheet = workbook.get_sheet_by_index(index)
        height, width = (0, 0) if sheet.end is None else (sheet.end[0] + 1, sheet.end[1] + 1)
        budget.spend(height, width)
        name = f"{len(answers)}.arrow"
        write_rows(target / name, _rows(sheet, scan), width)
        answers.append(_answer(about.name, name, scan, is_hidden=about.visible != SheetVisibleEnum.Visible))
    if not answers:
        raise Refused("upload_has_no_sheet")
    return answers


def _answer(name: str, file: str, scan: SheetScan, *, is_hidden: bool) -> dict[str, Any]:
    return {
        "name": name,
        "file": file,
        "is_hidden": is_hidden,
        "formulas": [[row, column, has_value] for (row, column), has_value in scan.formulas.items()],
        "formula_count": scan.formula_count,
        "merged": scan.merged,
        "hidden_rows": scan.hidden_rows,
        "hidden_columns": scan.hidden_columns,
    }


def _rows(sheet: CalamineSheet, scan: SheetScan) -> Iterator[Sequence[object]]:
    if sheet.start is None:
        return
    before: list[object] = [None] * sheet.start[1]
    for row, values in enumerate(sheet.iter_rows()):
        cells = [*before, *values] if before else values
        if row in scan.texts or row in scan.percents:
            cells = list(cells)
            _correct(cells, scan.texts.get(row, {}), scan.percents.get(row, set()))
        yield cells


def _correct(cells: list[object], texts: dict[int, str], percents: set[int]) -> None:
    """What the reader does not tell: an error's name, a truth value written as a formula, a number's percent sign."""
    for column, text in texts.items():
        if column < len(cells):
            cells[column] = text
    for column in percents:
        value = cells[column] if column < len(cells) else None
        if isinstance(value, float):
            cells[column] = percent_text(value)


def _scan(file: BinaryIO, limits: UploadLimits) -> dict[str, SheetScan]:
    parts = {part.name.lower(): part for part in check_archive(file, limits)}
    heads = {name: unpack_whole(file, part) for name, part in parts.items() if _is_head(name)}
    check_content_types(heads.get("[content_types].xml", b""))
    percents = _percent_styles(heads.get(_STYLES))
    sheets = {target: name for name, target in _sheet_parts(heads)}
    scans = {}
    for name, part in parts.items():
        if name in heads:
            continue
        if name in sheets:
            scans[sheets[name]] = _scan_sheet(file, part, SheetScan(limits, percents))
        elif name.endswith(".rels"):
            check_relationships(unpack_whole(file, part))
        else:
            for _piece in unpack(file, part):
                pass
    return scans


def _is_head(name: str) -> bool:
    return name in {_WORKBOOK, _RELATIONSHIPS, _STYLES, "[content_types].xml"}


def _scan_sheet(file: BinaryIO, part: Part, scan: SheetScan) -> SheetScan:
    for piece in unpack(file, part):
        scan.feed(piece)
    scan.finish()
    return scan


def _tree(text: bytes | None) -> ET.Element:
    if text is None:
        raise Refused("upload_not_readable")
    try:
        # No entities can be declared any more: parts.unpack has refused them.
        return ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise Refused("upload_not_readable") from error


def _sheet_parts(heads: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    check_relationships(heads.get(_RELATIONSHIPS, b""))
    targets = {
        relationship.get("Id"): _absolute(relationship.get("Target", ""))
        for relationship in _tree(heads.get(_RELATIONSHIPS))
    }
    for sheet in _tree(heads.get(_WORKBOOK)).iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            reference = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), None)
            yield sheet.get("name", ""), targets.get(reference, "")


def _absolute(target: str) -> str:
    return (target[1:] if target.startswith("/") else f"xl/{target}").lower()


def _percent_styles(styles: bytes | None) -> frozenset[bytes]:
    """The numbers of the cell formats that show a percentage."""
    if styles is None or (b"%" not in styles and b'"9"' not in styles and b'"10"' not in styles):
        return frozenset()
    tree = _tree(styles)
    named = {
        item.get("numFmtId")
        for item in tree.iter()
        if item.tag.endswith("}numFmt") and "%" in item.get("formatCode", "")
    }
    formats = next((item for item in tree if item.tag.endswith("}cellXfs")), None)
    return frozenset(
        str(number).encode()
        for number, item in enumerate(() if formats is None else formats)
        if item.get("numFmtId") in named | _PERCENT_FORMATS
    )
