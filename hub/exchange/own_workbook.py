"""A township's year as an Excel workbook: its own figures by form, and the county's totals beside its own."""

import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from hub.calendar.words import period_words
from hub.exchange.own_figures import Figure, FormFigures
from hub.exchange.words import missing_word
from hub.exchange.workbook import PlaceName, column_title
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.spreadsheets import open_workbook
from hub.registry.service import DescribedElement
from hub.registry.words import element_label, word
from hub.store.rows import ValueRow


def write_own_workbook(found: Sequence[FormFigures], places: Mapping[str, PlaceName]) -> bytes:
    """CPU-bound, a second for a year: call it off the event loop."""
    file = io.BytesIO()
    book = open_workbook(file)
    book.set_properties({"created": clock.now()})
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#DCE6F1"})
    _write_comparison(book, head, found)
    for of_form in found:
        _write_rows(book, head, _form_title(of_form), of_form.rows, of_form.elements, places)
    supplied = [of_form for of_form in found if of_form.supplied]
    for of_form in supplied:
        title = _("部门返还 {form}").format(form=_form_title(of_form))
        _write_rows(book, head, title, of_form.rows, of_form.supplied, places)
    book.close()
    return file.getvalue()


def _form_title(of_form: FormFigures) -> str:
    choice = of_form.choice
    return f"{word('object_class', choice.object_class)} {word('period_type', choice.period_type)}"


def _write_comparison(book: Workbook, head: Any, found: Sequence[FormFigures]) -> None:
    sheet = book.add_worksheet(_("本乡镇与全县"))
    titles = (
        _("报告期"),
        _("指标"),
        _("标识符"),
        _("单位"),
        _("本乡镇合计"),
        _("全县合计"),
        _("其他乡镇合计"),
        _("已报乡镇"),
        _("应报乡镇"),
        _("说明"),
    )
    for column, title in enumerate(titles):
        sheet.set_column(column, column, 28 if column in {1, 2, 9} else 13)
        sheet.write_string(0, column, title, head)
    sheet.freeze_panes(1, 2)
    figures = (one for of_form in found for one in of_form.figures)
    for row, figure in enumerate(figures, start=1):
        _write_figure(sheet, row, figure)


def _write_figure(sheet: Worksheet, row: int, figure: Figure) -> None:
    version = figure.element.version
    texts = (period_words(figure.period), element_label(version), version.identifier, figure.element.domain.unit or "")
    for column, text in enumerate(texts):
        sheet.write_string(row, column, text)
    numbers = (figure.own, figure.told.county, figure.told.others, figure.townships_reported, figure.townships_expected)
    for column, number in enumerate(numbers, start=len(texts)):
        _write(sheet, row, column, number, None)
    sheet.write_string(row, len(texts) + len(numbers), figure.why)


def _write_rows(
    book: Workbook,
    head: Any,
    title: str,
    rows: Sequence[ValueRow],
    elements: Sequence[DescribedElement],
    places: Mapping[str, PlaceName],
) -> None:
    sheet = book.add_worksheet(title)
    heads = [_("区划代码"), _("名称"), _("报告期"), *(column_title(one) for one in elements)]
    for column, text in enumerate(heads):
        sheet.set_column(column, column, 16)
        sheet.write_string(0, column, text, head)
    sheet.freeze_panes(1, 3)
    for number, row in enumerate(rows, start=1):
        place = places.get(row.division)
        for column, text in enumerate((row.division, place.name if place else "", row.period)):
            sheet.write_string(number, column, text)
        for column, element in enumerate(elements, start=3):
            identifier = element.version.identifier
            _write(sheet, number, column, row.values.get(identifier), row.missing.get(identifier))


def _write(sheet: Worksheet, row: int, column: int, value: Any, reason: str | None) -> None:
    match value:
        case None:
            if reason is not None:
                sheet.write_string(row, column, missing_word(reason))
        case bool():
            sheet.write_string(row, column, _("是") if value else _("否"))
        case int() | Decimal():
            sheet.write_number(row, column, float(value))
        case date():
            sheet.write_string(row, column, value.isoformat())
        case _:
            sheet.write_string(row, column, str(value))
