"""A workbook's sheets as text. Runs in the child only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from hub.kit.uploads.archive import Part, check_archive
from hub.kit.uploads.handover import Budget, write_batches, write_rows
from hub.kit.uploads.limits import UploadLimits
from hub.kit.uploads.parts import MarkupCheck, check_content_types, check_relationships, unpack, unpack_whole
from hub.kit.uploads.refusal import Refused
from hub.kit.uploads.sheet_pieces import LARGEST, SMALLEST, ReadRows, SheetText, read_in_pieces, together
from hub.kit.uploads.sheet_scan import SheetScan

_WORKBOOK, _RELATIONSHIPS, _STYLES = "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml"
_SHARED_TEXT = "xl/sharedstrings.xml"
_PERCENT_FORMATS = frozenset({"9", "10"})


def read_workbook(path: Path, limits: UploadLimits, target: Path) -> list[dict[str, Any]]:
    """Every worksheet into `target`; what stands beside the values as the answer."""
    with path.open("rb") as file:
        looked = _look_through(file, limits)
    workbook = CalamineWorkbook.from_path(str(path))
    budget = Budget(limits)
    answers: list[dict[str, Any]] = []
    for index, about in enumerate(workbook.sheets_metadata):
        if about.typ != SheetTypeEnum.WorkSheet:
            continue
        scan = looked.scans.get(about.name)
        if scan is None:
            # A reader that finds another sheet than we looked through has been led astray.
            raise Refused("upload_not_readable")
        name = f"{len(answers)}.arrow"
        text = looked.large.pop(about.name, None)
        pieces = None if text is None else read_in_pieces(text, index, scan)
        if pieces:
            _write_pieces(target / name, pieces, budget)
        else:
            _write_whole(target / name, workbook.get_sheet_by_index(index), scan, budget)
        answers.append(_answer(about.name, name, scan, is_hidden=about.visible != SheetVisibleEnum.Visible))
    if not answers:
        raise Refused("upload_has_no_sheet")
    return answers


def _write_pieces(target: Path, pieces: Sequence[ReadRows], budget: Budget) -> None:
    width = max(piece.width for piece in pieces)
    budget.spend(pieces[-1].height, width)
    write_batches(target, together(pieces), width)


def _write_whole(target: Path, sheet: CalamineSheet, scan: SheetScan, budget: Budget) -> None:
    height, width = (0, 0) if sheet.end is None else (sheet.end[0] + 1, sheet.end[1] + 1)
    budget.spend(height, width)
    write_rows(target, _rows(sheet, scan), width)


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
        yield scan.corrected(row, [*before, *values] if before else values)


@dataclass(frozen=True)
class _Looked:
    """What was found in each sheet, and the text of those that may be read in pieces."""

    scans: dict[str, SheetScan] = field(default_factory=dict)
    large: dict[str, SheetText] = field(default_factory=dict)

    def room(self) -> int:
        return LARGEST - sum(len(sheet.text) for sheet in self.large.values())


def _look_through(file: BinaryIO, limits: UploadLimits) -> _Looked:
    parts = {part.name.lower(): part for part in check_archive(file, limits)}
    heads = {name: unpack_whole(file, part) for name, part in parts.items() if _is_head(name)}
    check_content_types(heads.get("[content_types].xml", b""))
    percents = _percent_styles(heads.get(_STYLES))
    sheets = {target: name for name, target in _sheet_parts(heads)}
    others = {parts[name].name: text for name, text in heads.items()}
    for name, part in parts.items():
        if name not in heads and name not in sheets:
            others |= _look_at_other(file, part)
    looked = _Looked()
    has_all = _SHARED_TEXT not in parts or parts[_SHARED_TEXT].name in others
    for name in [name for name in parts if name in sheets]:
        part, scan = parts[name], SheetScan(limits, percents)
        is_kept = has_all and SMALLEST <= part.unpacked <= looked.room()
        text = _scan_sheet(file, part, scan, is_kept=is_kept)
        looked.scans[sheets[name]] = scan
        if is_kept:
            looked.large[sheets[name]] = SheetText(part.name, text, others)
    return looked


def _look_at_other(file: BinaryIO, part: Part) -> dict[str, bytes]:
    """Looked through to its end; what a reader needs beside a sheet comes back, unless it is long itself."""
    name = part.name.lower()
    if name.endswith(".rels"):
        text = unpack_whole(file, part)
        check_relationships(text)
        return {part.name: text}
    if name == _SHARED_TEXT and part.unpacked <= SMALLEST:
        return {part.name: unpack_whole(file, part)}
    for _piece in unpack(file, part):
        pass
    return {}


def _is_head(name: str) -> bool:
    return name in {_WORKBOOK, _RELATIONSHIPS, _STYLES, "[content_types].xml"}


def _scan_sheet(file: BinaryIO, part: Part, scan: SheetScan, *, is_kept: bool) -> bytes:
    """Looked through to its end before anything is built. The text, if it is kept."""
    check, kept = MarkupCheck(), []
    for piece in unpack(file, part, check):
        scan.feed(piece)
        if is_kept:
            kept.append(piece)
    scan.finish()
    scan.has_marks = check.has_marks
    return b"".join(kept)


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
