"""The village's form as its page shows it: cards for one village. The dataclasses are all that the template sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.calendar.words import period_words
from hub.capture.cells import CellText, RefusedCell
from hub.capture.rows import TypedEntry
from hub.capture.sheet_page import CellView, ColumnView, FindingLine, Judgement, SheetPage, sheet_page
from hub.delegations.filling import VillageForm
from hub.delegations.stand_page import cell_words
from hub.delegations.village_cells import held_text
from hub.delegations.village_form import PostedVillage
from hub.forms.content import FormContent
from hub.kit.db import uuid7


@dataclass(frozen=True)
class VillageField:
    """One cell. `was`: what it is typed over; `other`: what the township holds where the two differ.

    `is_excused`: a rule asks it of nobody here. `returned`: why the county sent this cell back.
    """

    cell: CellView
    column: ColumnView
    was: CellText
    other: str | None
    returned: str
    is_excused: bool


@dataclass(frozen=True)
class VillageSection:
    index: int
    title: str
    fields: tuple[VillageField, ...]


@dataclass(frozen=True)
class VillagePage:
    """`address`: where the form is sent, the link itself. `asks`: there are errors, and the village would hand back."""

    address: str
    key: str
    etag: str
    village: str
    label: str
    township: str
    form_name: str
    period: str
    division: str
    expires_at: datetime
    saved_at: datetime | None
    handed_back_at: datetime | None
    filled: int
    cells: int
    sections: tuple[VillageSection, ...]
    faults: tuple[FindingLine, ...]
    warnings: tuple[FindingLine, ...]
    disputes: int
    asks: bool


@dataclass(frozen=True)
class EndedPage:
    """Unknown and ended look alike: nobody learns which links there were.

    `typed`: what its holder typed since the page was loaded, one cell a line; it is kept nowhere else.
    """

    typed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unsaved:
    """What was typed and not taken: the texts of every cell that came along, and the sentences at theirs."""

    texts: Mapping[str, CellText]
    refused: Sequence[RefusedCell]


def village_page(
    form: VillageForm, address: str, *, asks: bool = False, unsaved: Unsaved = Unsaved({}, ())
) -> VillagePage:
    sheet = _sheet(form, unsaved)
    delegation = form.link.delegation
    refused = {one.place[1]: one.message for one in unsaved.refused}
    return VillagePage(
        address=address,
        key=uuid7().hex,
        etag=form.view.etag,
        village=form.row.division_name,
        label=delegation.label,
        township=form.view.task.township_name,
        form_name=form.view.form.name,
        period=period_words(form.link.collection.period),
        division=form.row.division,
        expires_at=delegation.expires_at,
        saved_at=delegation.saved_at,
        handed_back_at=delegation.handed_back_at,
        filled=form.count.filled,
        cells=form.count.cells,
        sections=tuple(_section(form, sheet, index, refused) for index in range(len(sheet.sections))),
        faults=(*_refused_lines(form, refused), *_with_anchors(sheet.faults)),
        warnings=_with_anchors(sheet.warnings),
        disputes=len(form.disputes),
        asks=asks and bool(form.errors),
    )


def _sheet(form: VillageForm, unsaved: Unsaved) -> SheetPage:
    """The township's own page of this one row. What is disputed stands in the fields as the village typed it.

    Before the village saved anything, nothing is held against it.
    """
    proposed = {**{element: one.proposed for element, one in form.disputes.items()}, **unsaved.texts}
    texts = {field.identifier: held_text(form.row, field.identifier) for field in form.view.form.captured}
    texts |= proposed
    entry = TypedEntry(
        form.row.division,
        {name: text.value for name, text in texts.items() if text.value},
        {name: text.missing for name, text in texts.items() if text.missing},
    )
    findings = form.findings if form.link.delegation.saved_at is not None else ()
    savers = ("",) if form.disputes else None
    return sheet_page(form.view, form.due, entries=(entry,), judgement=Judgement(findings), savers=savers)


def _section(form: VillageForm, sheet: SheetPage, index: int, refused: Mapping[str, str]) -> VillageSection:
    section = sheet.sections[index]
    (row,) = section.rows
    fields = (
        _field(form, cell, column, refused.get(column.identifier))
        for cell, column in zip(row.cells, section.columns, strict=True)
    )
    return VillageSection(index, section.title, tuple(fields))


def _field(form: VillageForm, cell: CellView, column: ColumnView, refused: str | None) -> VillageField:
    dispute = form.disputes.get(column.identifier)
    returned = form.view.returned.cells if form.view.returned is not None else ()
    reasons = [one.reason for one in returned if (one.division, one.element) == (form.row.division, column.identifier)]
    return VillageField(
        cell=cell if refused is None else replace(cell, errors=(refused, *cell.errors)),
        column=column,
        was=held_text(form.row, column.identifier) if dispute is None else dispute.was,
        other=cell.other if dispute is not None else None,
        returned="；".join(reasons),
        is_excused=column.identifier in form.row.excused,
    )


def ended_page(form: FormContent, posted: PostedVillage) -> EndedPage:
    fields = {one.identifier: one for one in form.captured}
    changes = [(fields[change.element], change.now) for change in posted.changes]
    return EndedPage(tuple(f"{one.spec.label}：{cell_words(one, now)}" for one, now in changes))


def _refused_lines(form: VillageForm, refused: Mapping[str, str]) -> Sequence[FindingLine]:
    labels = form.view.form.spec.by_identifier
    return [
        FindingLine(f"#v.{form.row.division}.{element}", f"{labels[element].label}：{message}")
        for element, message in refused.items()
        if element in labels
    ]


def _with_anchors(lines: Sequence[FindingLine]) -> tuple[FindingLine, ...]:
    """What has no field on this page is said without a way to it."""
    return tuple(replace(line, href="") if line.href == "#strays" else line for line in lines)
