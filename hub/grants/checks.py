"""Whether a request for access is complete and right: everything that is not is told at once."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.calendar.periods import Period, PeriodFault, PeriodRange
from hub.grants.coverage import ElementFact
from hub.grants.schemas import STATUTORY_FIELDS, AccessGrantCreate, GrantPeriods
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.wire import ISO_DATE


@dataclass(frozen=True)
class RequestFacts:
    """What is held of the things a request names, who asks, and what day it is."""

    elements: Mapping[str, ElementFact]
    divisions: Collection[str]
    organization: str
    today: date


@dataclass(frozen=True)
class CheckedRequest:
    elements: Sequence[str]
    divisions: Sequence[str]
    periods: PeriodRange
    valid_until: date


def check_request(request: AccessGrantCreate, facts: RequestFacts) -> tuple[CheckedRequest | None, list[ErrorItem]]:
    """The request in typed form, or everything that is wrong with it."""
    periods, period_faults = _read_periods(request.periods)
    valid_until, date_faults = _read_valid_until(request.valid_until, facts.today)
    faults = [
        *_check_elements(request.elements, facts),
        *_check_divisions(request.divisions, facts.divisions),
        *period_faults,
        *_check_statements(request),
        *date_faults,
    ]
    if faults or periods is None or valid_until is None:
        return None, faults
    elements, divisions = sorted(set(request.elements or ())), sorted(set(request.divisions or ()))
    return CheckedRequest(elements, divisions, periods, valid_until), []


def _missing(pointer: str) -> ErrorItem:
    return ErrorItem(pointer, "missing", _("必须填写。"))


def _check_elements(elements: Sequence[str] | None, facts: RequestFacts) -> Iterator[ErrorItem]:
    if not elements:
        yield _missing("/elements")
    for index, identifier in enumerate(elements or ()):
        pointer, element = f"/elements/{index}", facts.elements.get(identifier)
        if element is None:
            yield ErrorItem(
                pointer, "element_unknown", _("没有数据元“{identifier}”。").format(identifier=identifier[:80])
            )
        elif element.usable is None:
            message = _("数据元“{identifier}”未达到合格状态或已停用，不能申请。").format(identifier=identifier)
            yield ErrorItem(pointer, "element_not_qualified", message)
        elif element.is_withheld_from(facts.organization):
            message = _("数据元“{identifier}”不予共享。").format(identifier=identifier)
            yield ErrorItem(pointer, "element_not_shared", message)


def _check_divisions(divisions: Sequence[str] | None, known: Collection[str]) -> Iterator[ErrorItem]:
    if not divisions:
        yield _missing("/divisions")
    for index, code in enumerate(divisions or ()):
        if code not in known:
            message = _("没有行政区划“{code}”。").format(code=code[:20])
            yield ErrorItem(f"/divisions/{index}", "division_unknown", message)


def _check_statements(request: AccessGrantCreate) -> Iterator[ErrorItem]:
    for name in STATUTORY_FIELDS:
        if not getattr(request, name):
            yield _missing(f"/{name}")


def _read_periods(periods: GrantPeriods | None) -> tuple[PeriodRange | None, list[ErrorItem]]:
    if periods is None or not periods.first:
        return None, [_missing("/periods/from")]
    ends: list[Period | None] = [None, None]
    faults = []
    for index, (text, name) in enumerate(((periods.first, "from"), (periods.last, "to"))):
        if text:
            try:
                ends[index] = Period.parse(text)
            except PeriodFault as fault:
                faults.append(ErrorItem(f"/periods/{name}", "period_not_valid", str(fault)))
    first, last = ends
    if first is None or faults:
        return None, faults
    try:
        return PeriodRange(first, last), []
    except PeriodFault as fault:
        return None, [ErrorItem("/periods/to", "period_not_valid", str(fault))]


def _read_valid_until(text: str | None, today: date) -> tuple[date | None, list[ErrorItem]]:
    if not text:
        return None, [_missing("/valid_until")]
    try:
        day = date.fromisoformat(text) if ISO_DATE.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        message = _("必须是日期，例如 2026-11-22。")
        return None, [ErrorItem("/valid_until", "date_not_valid", message)]
    if day < today:
        return None, [ErrorItem("/valid_until", "date_in_the_past", _("使用时限不能早于今天。"))]
    return day, []
