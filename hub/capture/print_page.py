"""The form on paper, blank or filled: A4 across, as many columns side by side as fit. The dataclasses are all that
the template sees.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.calendar.words import period_words
from hub.capture.desk import CollectionTask
from hub.capture.rows import DraftRow, typed_text
from hub.capture.totals import column_total
from hub.capture.words import missing_choices
from hub.forms.content import FormContent, FormField
from hub.kit import clock
from hub.kit.i18n import gettext as _

# The width of an A4 page across, in columns of figures beside the unit's name.
COLUMNS_OF_A_PAGE = 10
# A text is given the room of several figures.
WIDE = {"text": 3, "code": 2}


@dataclass(frozen=True)
class PrintColumn:
    label: str
    unit: str
    note: str
    width: int


@dataclass(frozen=True)
class PrintRow:
    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class PrintTable:
    """Some columns of one section, with every row; `totals` below, empty on a blank form."""

    title: str
    columns: tuple[PrintColumn, ...]
    rows: tuple[PrintRow, ...]
    totals: tuple[str, ...]


@dataclass(frozen=True)
class PrintPage:
    """`state`: what the paper shows, so that a draft is never taken for a submission."""

    id: str
    form_name: str
    form: str
    period: str
    township: str
    state: str
    submission: str | None
    due_at: datetime
    printed_at: datetime
    is_blank: bool
    is_own: bool
    tables: tuple[PrintTable, ...]
    bases: tuple[str, ...]


def print_page(
    task: CollectionTask,
    form: FormContent,
    names: Mapping[str, str],
    rows: Sequence[DraftRow] | None,
    *,
    is_typed: bool,
    is_own: bool,
) -> PrintPage:
    """`names`: the divisions asked, in order. Without `rows` it is blank."""
    collection = task.collection
    held = {row.division: row for row in rows or ()}
    return PrintPage(
        id=str(collection.id),
        form_name=form.name,
        form=_("{code} 第{version}版").format(code=form.code, version=form.version),
        period=period_words(collection.period),
        township=task.township_name,
        state=_state(collection.submission, is_blank=rows is None, is_typed=is_typed),
        submission=None if rows is None or is_typed else collection.submission,
        due_at=collection.due_at,
        printed_at=clock.now(),
        is_blank=rows is None,
        is_own=is_own,
        tables=tuple(_tables(form, names, held)),
        bases=tuple(
            dict.fromkeys(basis for one in form.fields if one.legal_basis for basis in one.legal_basis.split("；"))
        ),
    )


def _state(submission: str | None, *, is_blank: bool, is_typed: bool) -> str:
    if is_blank:
        return _("空表")
    if is_typed or submission is None:
        return _("草稿，未提交")
    return _("已提交，回执 {number}").format(number=submission)


def _tables(form: FormContent, names: Mapping[str, str], held: Mapping[str, DraftRow]) -> Iterator[PrintTable]:
    for section in form.sections:
        for part, fields in enumerate(_pages(section.fields)):
            rows = tuple(
                PrintRow(name, tuple(_text(one, held.get(division)) for one in fields))
                for division, name in names.items()
            )
            yield PrintTable(
                section.title if part == 0 else _("{title}（续）").format(title=section.title),
                tuple(_column(one) for one in fields),
                rows,
                tuple(_total(one, [row.texts[place] for row in rows]) for place, one in enumerate(fields)),
            )


def _total(one: FormField, texts: Sequence[str]) -> str:
    """Of nothing there is no sum, not even zero."""
    return column_total(one, texts) if any(texts) else ""


def _pages(fields: Sequence[FormField]) -> Iterator[Sequence[FormField]]:
    """As many fields as stand beside each other, then the next ones."""
    page: list[FormField] = []
    for one in fields:
        if page and sum(map(_width, page)) + _width(one) > COLUMNS_OF_A_PAGE:
            yield page
            page = []
        page.append(one)
    if page:
        yield page


def _width(one: FormField) -> int:
    return WIDE.get(one.spec.domain.datatype, 1)


def _column(one: FormField) -> PrintColumn:
    notes = {"derived": _("自动计算"), "supplied": _("部门提供")}
    return PrintColumn(one.spec.label, one.spec.domain.unit or "", notes.get(one.spec.source, ""), _width(one))


def _text(one: FormField, row: DraftRow | None) -> str:
    if row is None:
        return ""
    if one.spec.source != "captured":
        computed = row.derived if one.spec.source == "derived" else row.supplied
        return typed_text(computed.get(one.identifier))
    text = typed_text(row.values.get(one.identifier))
    missing = typed_text(row.missing.get(one.identifier))
    if not text and missing:
        return next((choice.label for choice in missing_choices() if choice.value == missing), missing)
    meaning = one.spec.domain.meanings.get(text)
    return f"{text} {meaning}" if meaning else text
