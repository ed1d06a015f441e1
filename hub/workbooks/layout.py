"""Where everything stands in the workbook of a task: a sheet for each section, a row for each division.

Columns carry their identifiers in a hidden row and rows their division codes in a hidden column, so that columns
may be moved or hidden and rows sorted. A hidden sheet says whose task the workbook is and from which state of the
draft it was made.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from hub.capture.desk import DraftView
from hub.forms.content import FormContent, FormField
from hub.kit import json
from hub.kit.i18n import gettext as _
from hub.kit.i18n import use_language

ColumnKind = Literal["division", "name", "value", "previous", "derived", "supplied"]

# Rows and columns count from 0. Title and hint, then the three rows of the head, then the divisions.
IDENTIFIER_ROW, NAME_ROW, UNIT_ROW, FIRST_ROW = 2, 3, 4, 5
FROZEN_COLUMNS = 2
IDENTITY_SHEET, LISTS_SHEET = "_hub", "_lists"
DIVISION_MARK, NAME_MARK = "hub:division", "hub:name"
WIDEST_SECTION = 90

_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
_LONGEST_SHEET_NAME = 31


@dataclass(frozen=True)
class SheetColumn:
    """`mark` stands in the hidden row; `field` is None for the columns of the division itself."""

    kind: ColumnKind
    mark: str
    field: FormField | None = None


@dataclass(frozen=True)
class SheetPlan:
    name: str
    title: str
    columns: tuple[SheetColumn, ...]

    @property
    def places(self) -> Mapping[str, int]:
        """Mark to column."""
        return {column.mark: place for place, column in enumerate(self.columns)}


@dataclass(frozen=True)
class Identity:
    """Whose task a workbook is. `etag`: the state of the draft that it was filled with."""

    collection: str
    form: str
    form_version: int
    period: str
    township: str
    etag: str

    @classmethod
    def of(cls, view: DraftView) -> "Identity":
        collection = view.task.collection
        return cls(
            str(collection.id),
            collection.form,
            collection.form_version,
            collection.period,
            collection.township,
            view.etag,
        )

    @property
    def checksum(self) -> str:
        """No secret: it tells a damaged or patched-up sheet from an honest one."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()

    def lines(self) -> list[tuple[str, str]]:
        return [*((name, str(value)) for name, value in asdict(self).items()), ("checksum", self.checksum)]

    @classmethod
    def from_lines(cls, lines: Mapping[str, str]) -> "Identity | None":
        """None when something is missing or does not fit the checksum."""
        names = ("collection", "form", "period", "township", "etag")
        version = lines.get("form_version", "")
        if not version.isdecimal() or any(name not in lines for name in names):
            return None
        found = cls(form_version=int(version), **{name: lines[name] for name in names})
        return found if found.checksum == lines.get("checksum") else None


def plan_sheets(form: FormContent) -> tuple[SheetPlan, ...]:
    """Every element of the form once; a section that would be too wide for a reader is continued on the next sheet."""
    plans: list[SheetPlan] = []
    for section in form.sections:
        for start in range(0, len(section.fields), WIDEST_SECTION):
            columns = _columns(section.fields[start : start + WIDEST_SECTION])
            title = section.title if start == 0 else f"{section.title} {start // WIDEST_SECTION + 1}"
            plans.append(SheetPlan(_sheet_name(title, [plan.name for plan in plans]), title, columns))
    return tuple(plans)


def _columns(fields: Sequence[FormField]) -> tuple[SheetColumn, ...]:
    columns = [SheetColumn("division", DIVISION_MARK), SheetColumn("name", NAME_MARK)]
    for field in fields:
        match field.spec.source:
            case "captured":
                columns.append(SheetColumn("value", f"value:{field.identifier}", field))
                columns.append(SheetColumn("previous", f"previous:{field.identifier}", field))
            case "derived":
                columns.append(SheetColumn("derived", f"derived:{field.identifier}", field))
            case "supplied":
                columns.append(SheetColumn("supplied", f"supplied:{field.identifier}", field))
    return tuple(columns)


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    base = _NOT_IN_SHEET_NAMES.sub(" ", title).strip() or _("填报")
    name, number = base[:_LONGEST_SHEET_NAME], 2
    while name.lower() in {IDENTITY_SHEET, LISTS_SHEET, *(other.lower() for other in taken)}:
        ending = f" {number}"
        name, number = base[: _LONGEST_SHEET_NAME - len(ending)] + ending, number + 1
    return name


def column_title(column: SheetColumn) -> str:
    """What the head says; `previous` says whose value it shows, so that every title of a form is its own."""
    if column.field is None:
        return _("区划代码") if column.kind == "division" else _("单位名称")
    label = column.field.spec.label
    return _("上期{name}").format(name=label) if column.kind == "previous" else label


def titles_of(column: SheetColumn) -> frozenset[str]:
    """In every language: who downloaded in one may send back in another."""
    titles = set()
    for language in ("zh", "en"):
        with use_language(language):
            titles.add(column_title(column))
    return frozenset(titles)


def reason_words() -> Mapping[str, str]:
    """What a person writes into a cell that has no value, and what it means (CONTRACT "The township's form")."""
    return {
        _("无"): "none",
        _("不适用"): "not_applicable",
        _("尚不掌握"): "not_yet_known",
        _("拒绝提供"): "refused",
    }


def known_reason_words() -> Mapping[str, str]:
    words: dict[str, str] = {}
    for language in ("en", "zh"):
        with use_language(language):
            words |= reason_words()
    return words


def choice_label(value: str, meaning: str) -> str:
    """A code as a list offers it."""
    return f"{value} {meaning}"
