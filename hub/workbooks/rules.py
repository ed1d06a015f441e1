"""What a cell of the workbook takes, said to the spreadsheet program itself: lists, ranges, lengths and hints.

Every check lets the words pass that say why there is no value. It is a help for who types and no wall: pasting
goes past it, and the hub judges again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.datatypes import ValueDomain
from hub.datatypes.decimal import decimals_of
from hub.datatypes.text import maximum_length_of
from hub.forms.content import FormField
from hub.kit.i18n import gettext as _
from hub.kit.uploads.places import column_letters
from hub.workbooks.formulas import NO, YES
from hub.workbooks.layout import LISTS_SHEET, choice_label, reason_words

LONGEST_HINT_TITLE, LONGEST_HINT = 32, 255

# The place of a list on the hidden sheet of lists.
ListRange = str


def choices_of(domain: ValueDomain) -> tuple[str, ...]:
    """What the list of a cell offers; empty for what is not chosen. "无" is a boolean's own word for no."""
    if domain.datatype == "boolean":
        return (YES, NO, *(word for word, reason in reason_words().items() if reason != "none"))
    if domain.datatype == "code":
        meanings = set(domain.meanings.values()) | set(domain.meanings)
        return (
            *(choice_label(item.value, item.meaning) for item in domain.permissible_values),
            *(word for word in reason_words() if word not in meanings),
        )
    return ()


def list_range(column: int, length: int) -> ListRange:
    letters = column_letters(column)
    return f"={LISTS_SHEET}!${letters}$1:${letters}${length}"


def cell_check(field: FormField, cell: str, lists: Mapping[tuple[str, ...], ListRange]) -> dict[str, Any]:
    """The options of a data validation (ECMA-376 §18.3.1.32); `cell` is the first cell that it stands on."""
    domain = field.spec.domain
    title = field.spec.label[:LONGEST_HINT_TITLE]
    reasons = _("、").join(reason_words())
    said = f"{expectation(domain)}\n" + _("没有数时写：") + reasons
    options: dict[str, Any] = {
        "input_title": title,
        "input_message": said[:LONGEST_HINT],
        "error_title": title,
        "error_message": said[:LONGEST_HINT],
    }
    choices = choices_of(domain)
    if choices:
        return options | {"validate": "list", "source": lists[choices]}
    if domain.datatype == "text":
        return options | {"validate": "length", "criteria": "<=", "value": maximum_length_of(domain)}
    return options | {"validate": "custom", "value": _formula(domain, cell, lists[tuple(reason_words())])}


def _formula(domain: ValueDomain, cell: str, reasons: ListRange) -> str:
    tests = [f"ISNUMBER({cell})"]
    if domain.minimum is not None:
        tests.append(f"{cell}>={domain.minimum}")
    if domain.maximum is not None:
        tests.append(f"{cell}<={domain.maximum}")
    if domain.datatype in {"integer", "decimal"}:
        decimals = decimals_of(domain) if domain.datatype == "decimal" else 0
        tests.append(f"ROUND({cell},{decimals})={cell}")
    # AND would compare a word with a number too, and any word is greater than any number.
    return f"=IF(ISNUMBER({cell}),AND({','.join(tests)}),COUNTIF({reasons[1:]},{cell})>0)"


def expectation(domain: ValueDomain) -> str:
    match domain.datatype:
        case "boolean":
            return _("填“是”或“否”")
        case "code":
            return _("从列表中选")
        case "date":
            return _("日期，如2026-03-31")
        case "text":
            return _("文字，最多{limit}个字").format(limit=maximum_length_of(domain))
        case "decimal":
            kind = _("数字，最多{limit}位小数").format(limit=decimals_of(domain))
        case _:
            kind = _("整数")
    bounds = (domain.minimum, domain.maximum)
    if None not in bounds:
        return kind + _("，{minimum}到{maximum}").format(minimum=bounds[0], maximum=bounds[1])
    if domain.minimum is not None:
        return kind + _("，不小于{minimum}").format(minimum=domain.minimum)
    return kind if domain.maximum is None else kind + _("，不大于{maximum}").format(maximum=domain.maximum)


def note_of(field: FormField) -> str:
    """口径 and what it rests on, for the note on a column's head."""
    parts: Sequence[str | None] = (
        field.definition or _("没有登记口径。"),
        field.legal_basis and _("依据：") + field.legal_basis,
        field.source_organization and _("归口：") + field.source_organization,
        field.example and _("例：") + field.example,
    )
    return "\n".join(part for part in parts if part)


def unit_line(field: FormField) -> str:
    match field.spec.source:
        case "derived":
            kind = _("自动计算")
        case "supplied":
            kind = _("部门提供")
        case _:
            kind = _("必填") if field.obligation == "mandatory" else _("选填")
    return " ".join(part for part in (field.spec.domain.unit, kind) if part)
