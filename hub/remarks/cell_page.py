"""One cell as its page shows it. The dataclasses are all that the templates see."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.calendar.words import period_words
from hub.capture.task_page import HistoryLine, history_line
from hub.capture.words import missing_choices
from hub.forms.content import FormContent, FormField
from hub.identity.subject import Subject
from hub.kit.db import uuid7
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, cell, instant
from hub.kit.views import Sent
from hub.registry.words import word
from hub.remarks.attachments import MEGABYTE
from hub.remarks.cell import CellContents, CellView, PastValue
from hub.remarks.note_page import AttachmentLine, FlagLine, RemarkLine, attachment_lines, flag_lines, remark_lines
from hub.remarks.sparkline import Sparkline, sparkline
from hub.remarks.uses import FigureUse
from hub.settings import settings

NAME = re.compile(r"[a-z][a-z0-9_]*")
FUNCTIONS = {"previous": lambda: _("上期"), "year_ago": lambda: _("上年同期")}


@dataclass(frozen=True)
class UseLine:
    organization: str
    purpose: str
    grant: str
    ends_on: date | None
    reads: int
    last_read_at: datetime | None


@dataclass(frozen=True)
class PastLine:
    period: str
    text: str
    change: str
    is_current: bool


@dataclass(frozen=True)
class Course:
    """The last values as a small line, with the sentence for whoever does not see it."""

    line: Sparkline
    sentence: str


@dataclass(frozen=True)
class ContentsPage:
    """`now` and `origin`: what the cell holds and how it came there. `past` is newest first."""

    now: str
    origin: tuple[str, ...]
    past: tuple[PastLine, ...]
    course: Course | None
    history: tuple[HistoryLine, ...]
    remarks: tuple[RemarkLine, ...]
    attachments: tuple[AttachmentLine, ...]
    flag: FlagLine | None
    cleared: tuple[FlagLine, ...]


@dataclass(frozen=True)
class CellPage:
    """`base` is the cell's own address. `key`: drawn for the next remark, so that a form sent twice makes one."""

    base: str
    collection: str
    division: str
    element: str
    form_name: str
    period: str
    township: str
    place: str
    label: str
    unit: str
    definition: str
    facts: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, str], ...]
    permissible: tuple[Choice, ...]
    uses: tuple[UseLine, ...]
    contents: ContentsPage | None
    may_write: bool
    may_clear: bool
    unit_code: str
    key: str
    limit_megabytes: int
    sent: Sent
    notice: str | None

    @property
    def typed(self) -> Mapping[str, str]:
        return self.sent.typed

    @property
    def faults(self) -> Mapping[str, Sequence[str]]:
        return self.sent.faults

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


def cell_page(view: CellView, subject: Subject, sent: Sent, notice: str | None) -> CellPage:
    cell_, field, collection = view.cell, view.cell.field, view.cell.collection
    contents = None if view.contents is None else contents_page(view, view.contents)
    is_authority = subject.organization.kind == "authority"
    raised_by = contents.flag.code if contents is not None and contents.flag is not None else ""
    return CellPage(
        base=f"/collections/{collection.id}/cells/{cell_.place.code}/{field.identifier}",
        collection=str(collection.id),
        division=cell_.place.code,
        element=field.identifier,
        form_name=cell_.form.name,
        period=period_words(collection.period),
        township=cell_.task.township_name,
        place=cell_.place.name,
        label=field.spec.label,
        unit=field.spec.domain.unit or "",
        definition=field.definition or _("没有登记口径。"),
        facts=tuple((label, text) for label, text in _facts(view) if text),
        reasons=tuple((label, text) for label, text in _reasons(view) if text),
        permissible=tuple(Choice(one.value, one.meaning) for one in field.spec.domain.permissible_values),
        uses=tuple(_use_line(use) for use in view.uses),
        contents=contents,
        may_write=view.may_write,
        may_clear=view.may_write and (is_authority or raised_by == subject.organization.code),
        unit_code=subject.organization.code,
        key=str(uuid7()),
        limit_megabytes=settings().maximum_attachment_bytes // MEGABYTE,
        sent=sent,
        notice=notice,
    )


def _facts(view: CellView) -> list[tuple[str, str]]:
    field = view.cell.field
    domain = field.spec.domain
    owed = _("必填") if field.obligation == "mandatory" else _("选填")
    return [
        (_("计量单位"), domain.unit or ""),
        (_("填写要求"), _("，").join((word("datatype", domain.datatype), *_bounds(field), owed))),
        (_("示例"), field.example or ""),
        (_("来源"), source_words(view)),
    ]


def _bounds(field: FormField) -> Iterable[str]:
    domain = field.spec.domain
    if domain.minimum is not None:
        yield _("不小于 {bound}").format(bound=cell(domain.minimum))
    if domain.maximum is not None:
        yield _("不大于 {bound}").format(bound=cell(domain.maximum))
    if domain.decimals is not None:
        yield _("小数 {count} 位").format(count=domain.decimals)


def source_words(view: CellView) -> str:
    """Typed, computed or supplied: where the value of this element comes from."""
    field = view.cell.field
    if field.spec.source == "derived":
        return _("系统计算：{formula}").format(formula=formula_words(field.spec.expression or "", view.cell.form))
    if field.spec.source == "supplied":
        supplier = view.organizations.get(field.source_organization or "", _("部门"))
        return _("由{department}提供，乡镇不填").format(department=supplier)
    return word("source", field.spec.source)


def formula_words(expression: str, form: FormContent) -> str:
    """The formula with the elements' names in place of their identifiers."""

    def say(found: re.Match[str]) -> str:
        name = found.group()
        if name in FUNCTIONS:
            return FUNCTIONS[name]()
        known = form.spec.by_identifier.get(name)
        return known.label if known else name

    return NAME.sub(say, expression)


def _reasons(view: CellView) -> list[tuple[str, str]]:
    """Why it is asked (制表依据): the law, the nature of the collecting, the decision whose data it is."""
    registered = view.registered
    owner = view.organizations.get(view.cell.field.source_organization or "", "")
    return [
        (_("制表依据"), view.cell.field.legal_basis or _("没有登记依据。")),
        (_("采集性质"), word("collection_basis", registered.collection_basis) if registered else ""),
        (_("数源部门"), owner),
        (_("数源依据"), (registered.source_decision if registered else None) or ""),
    ]


def _use_line(use: FigureUse) -> UseLine:
    return UseLine(use.organization_name, use.purpose, use.grant, use.ends_on, use.reads.count, use.reads.last_at)


def said(field: FormField, value: Any, missing: str | None) -> str:
    """A value with its meaning, or the reason why there is none."""
    if value is None or value == "":
        labels = {choice.value: choice.label for choice in missing_choices()}
        return labels.get(missing or "", missing or "—")
    meaning = field.spec.domain.meanings.get(value) if isinstance(value, str) else None
    return f"{value} {meaning}" if meaning else cell(value)


def contents_page(view: CellView, contents: CellContents) -> ContentsPage:
    field = view.cell.field
    flags = flag_lines(contents.flags, view.organizations)
    return ContentsPage(
        now=_now(field, contents),
        origin=tuple(_origin(view, contents)),
        past=tuple(reversed(_past_lines(view, contents.past))),
        course=_course(contents.past),
        history=tuple(
            history_line(entry, view.cell.form, {view.cell.place.code: view.cell.place.name})
            for entry in reversed(contents.history)
        ),
        remarks=remark_lines(contents.remarks, view.organizations),
        attachments=attachment_lines(contents.attachments, view.organizations),
        flag=next((flag for flag in flags if flag.cleared_at is None), None),
        cleared=tuple(flag for flag in flags if flag.cleared_at is not None),
    )


def _now(field: FormField, contents: CellContents) -> str:
    if contents.typed is not None:
        return said(field, contents.typed.value, contents.typed.missing)
    current = contents.past[-1]
    return said(field, current.value, current.missing)


def _origin(view: CellView, contents: CellContents) -> Iterable[str]:
    """How the value came about: typed, carried over, supplied, computed."""
    field = view.cell.field
    if field.spec.source != "captured":
        yield source_words(view)
        return
    if contents.typed is not None and contents.typed.is_draft:
        yield _("本表有暂存未提交的内容，这里显示的是暂存的数。")
    for origin in contents.origins:
        sentence = _("村里填报：{at} 由{place}的链接填入{label}，链接由 {by} 发出。")
        label = f"（{origin.label}）" if origin.label else ""
        yield sentence.format(at=instant(origin.at), place=view.cell.place.name, label=label, by=origin.made_by)
    if contents.history:
        last = history_line(contents.history[-1], view.cell.form, {})
        yield _("填报：{by} 通过{door}提交。").format(by=last.by, door=last.door)
    previous, now = contents.past[-2], contents.typed or contents.past[-1]
    if previous.value is not None and cell(previous.value) == cell(now.value):
        yield _("与上期（{period}）相同。").format(period=period_words(str(previous.period)))


def _past_lines(view: CellView, past: Sequence[PastValue]) -> list[PastLine]:
    field = view.cell.field
    lines = []
    before: Any = None
    for one in past:
        lines.append(
            PastLine(
                period_words(str(one.period)),
                said(field, one.value, one.missing),
                _change(before, one.value),
                is_current=one is past[-1],
            )
        )
        before = one.value if one.value is not None else before
    return lines


def _change(before: Any, now: Any) -> str:
    """The difference to the value before, with its sign; of numbers only."""
    if not (_is_number(before) and _is_number(now)):
        return ""
    step = Decimal(now) - Decimal(before)
    return format(step, "+f") if step else "0"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _course(past: Sequence[PastValue]) -> Course | None:
    values = [Decimal(one.value) if _is_number(one.value) else None for one in past]
    line = sparkline(values)
    if line is None:
        return None
    known = [(value, one) for value, one in zip(values, past, strict=True) if value is not None]
    low, high, last = min(known, key=_by_value), max(known, key=_by_value), known[-1]
    sentence = _(
        "最近{count}期的走势：最低{low}（{low_period}），最高{high}（{high_period}），最近{last}（{last_period}）。"
    )
    return Course(
        line,
        sentence.format(
            count=len(past),
            low=cell(low[0]),
            low_period=period_words(str(low[1].period)),
            high=cell(high[0]),
            high_period=period_words(str(high[1].period)),
            last=cell(last[0]),
            last_period=period_words(str(last[1].period)),
        ),
    )


def _by_value(pair: tuple[Decimal, PastValue]) -> Decimal:
    return pair[0]
