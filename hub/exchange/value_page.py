"""A preview of granted values, as its template sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.calendar.words import period_words
from hub.exchange.one_grant import Preview, Selection
from hub.exchange.words import missing_word
from hub.exchange.workbook import PlaceName, column_title
from hub.kit.shown import Choice, cell
from hub.registry.service import DescribedElement
from hub.registry.words import element_label


@dataclass(frozen=True)
class ValueColumn:
    identifier: str
    title: str
    label: str
    is_number: bool


@dataclass(frozen=True)
class ValueCell:
    """`text`: the value; `why`: why there is none."""

    text: str
    why: str
    column: ValueColumn


@dataclass(frozen=True)
class ValueRow:
    code: str
    name: str
    township: str
    period: str
    cells: tuple[ValueCell, ...]


@dataclass(frozen=True)
class ValuesPage:
    """`fault`: why nothing can be shown; with it there are no rows. `query`: what the downloads are asked with."""

    number: str
    scenario: str
    forms: tuple[Choice, ...]
    form: str
    periods: tuple[Choice, ...]
    period: str
    last: str
    division: str
    columns: tuple[ValueColumn, ...]
    rows: tuple[ValueRow, ...]
    has_more: bool
    query: str
    faults: tuple[str, ...]
    is_closed: bool


def value_rows(
    preview: Preview, columns: Sequence[ValueColumn], places: Mapping[str, PlaceName]
) -> tuple[ValueRow, ...]:
    rows = []
    for line in preview.lines:
        place = places.get(line.division, PlaceName(line.division, ""))
        cells = tuple(
            ValueCell(
                cell(line.values.get(column.identifier)),
                missing_word(line.missing[column.identifier]) if column.identifier in line.missing else "",
                column,
            )
            for column in columns
        )
        rows.append(ValueRow(line.division, place.name, place.township, period_words(line.period), cells))
    return tuple(rows)


def columns_of(elements: Sequence[DescribedElement]) -> tuple[ValueColumn, ...]:
    return tuple(
        ValueColumn(
            one.version.identifier,
            column_title(one),
            element_label(one.version),
            one.domain.datatype in {"integer", "decimal"},
        )
        for one in elements
    )


def period_choices(selection: Selection) -> tuple[Choice, ...]:
    """The ended periods, newest first; one that was asked for and is not among them stays choosable."""
    known = [str(period) for period in selection.form.periods]
    asked = [text for text in (selection.period, selection.last) if text and text not in known]
    return tuple(Choice(text, period_words(text)) for text in [*known, *asked])
