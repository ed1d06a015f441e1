"""What a caller asks of `GET /data-values`, read from its query: every fault at once, with its place."""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from hub.calendar.periods import Period, PeriodFault, PeriodRange
from hub.exchange.media import MediaType
from hub.kit import clock
from hub.kit.errors import ErrorItem, NotAcceptable, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.wire import ISO_DATE

Read = TypeVar("Read")

DIVISION_CODE = re.compile(r"\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?")
# Twenty years of months. A longer read is several reads.
MOST_PERIODS = 240
MOST_ELEMENTS = 500


class QuestionInvalid(Unprocessable):
    code = "query_not_valid"


@dataclass(frozen=True)
class ValueQuestion:
    """No elements: all that is granted of one form. No division: wherever it is granted."""

    elements: tuple[str, ...] | None
    periods: tuple[Period, ...]
    division: str | None
    as_of: datetime | None
    object_class: str | None
    provisional: bool = False


class _Fault(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_question(
    *,
    elements: str | None,
    period: str | None,
    division: str | None,
    as_of: str | None,
    object_class: str | None,
    provisional: bool = False,
    further: Sequence[ErrorItem] = (),
) -> ValueQuestion:
    """The question in typed form. Raises `QuestionInvalid` with every fault, and those `further` ones."""
    faults: list[ErrorItem] = []

    def read(name: str, text: str | None, how: Callable[[str], Read]) -> Read | None:
        try:
            return None if text is None else how(text)
        except _Fault as fault:
            faults.append(ErrorItem(f"query:/{name}", fault.code, str(fault)))
            return None

    question = ValueQuestion(
        elements=read("elements", elements, _read_elements),
        periods=tuple(read("period", period or "", _read_periods) or ()),
        division=read("division", division, _read_division),
        as_of=read("as_of", as_of, _read_instant),
        object_class=object_class,
        provisional=provisional,
    )
    if provisional and as_of is not None:
        message = _("未审核的数据没有历史，不能同时使用 as_of。")
        faults.append(ErrorItem("query:/as_of", "as_of_of_provisional", message))
    faults += further
    if faults:
        raise QuestionInvalid(_("查询参数有 {count} 处错误。").format(count=len(faults)), errors=faults)
    return question


def _read_elements(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(names):
        raise _Fault("elements_not_valid", _("elements 是用逗号分隔的数据元标识，不能有空项。"))
    if len(names) > MOST_ELEMENTS:
        raise _Fault("too_many_elements", _("一次最多读取 {limit} 个数据元。").format(limit=MOST_ELEMENTS))
    return names


def _read_periods(text: str) -> Sequence[Period]:
    if not text:
        raise _Fault("missing", _("请写明报告期，例如 period=2026-11 或 period=2026-01..2026-06。"))
    try:
        wanted = PeriodRange.parse(text)
    except PeriodFault as fault:
        raise _Fault("period_not_valid", str(fault)) from fault
    periods = []
    for period in wanted.periods():
        periods.append(period)
        if len(periods) > MOST_PERIODS:
            raise _Fault("too_many_periods", _("一次最多读取 {limit} 个报告期。").format(limit=MOST_PERIODS))
    return periods


def _read_division(text: str) -> str:
    if DIVISION_CODE.fullmatch(text) is None or not text.isascii():
        raise _Fault("division_not_valid", _("区划代码应为 2、4、6、9 或 12 位数字。"))
    return text


def _read_instant(text: str) -> datetime:
    """RFC 3339, or a date: the end of that day in China."""
    instant: datetime | None = None
    with suppress(ValueError, OverflowError):
        if ISO_DATE.fullmatch(text):
            instant = clock.end_of_day(date.fromisoformat(text))
        else:
            # In a query an unescaped "+08:00" arrives as a space.
            given = datetime.fromisoformat(text.replace(" ", "+"))
            # The conversion also refuses what lies outside the calendar in UTC.
            instant = given.astimezone(UTC) if given.tzinfo else None
    if instant is None:
        raise _Fault("instant_not_valid", _("as_of 应为日期，或带时区的时刻，例如 2026-11-22T08:00:00Z。"))
    return instant


def check_can_mark(question: ValueQuestion, media_type: MediaType) -> None:
    """A table has no place for the mark that a value is provisional, so it has no such values."""
    if question.provisional and media_type not in {"application/json", "application/x-ndjson"}:
        raise NotAcceptable(_("未审核的数据只以 JSON 或 NDJSON 提供，每一项都有标记。"))
