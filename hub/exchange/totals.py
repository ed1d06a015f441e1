"""`GET /data-totals`: sums up the division tree, each with how many of how many it counts and who is missing."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period
from hub.exchange.adding import WhyNot, in_words, why_not_additive
from hub.exchange.plan import Plan, make_plan
from hub.exchange.questions import QuestionInvalid, ValueQuestion
from hub.exchange.totals_questions import SUMMED, level_of_code
from hub.geography import service as geography
from hub.geography.levels import CODE_LENGTHS, LEVELS, Level
from hub.geography.service import NamedPlace
from hub.grants import service as grants
from hub.grants.errors import not_granted
from hub.identity.subject import Subject
from hub.kit.db import Database
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.registry.models import DataElementVersion
from hub.store import totals as store
from hub.store.scope import Outside, ScopeRequest
from hub.store.totals import TownshipTotal

ROUTE = "/data-totals"
# Townships × periods × elements that one answer is added up from: a prefecture's year of a form.
MOST_CELLS = 200_000


@dataclass(frozen=True)
class Unit:
    """A township and how many of its divisions the form asks, on a day."""

    code: str
    name: str
    lineage: Sequence[str]
    expected: int


@dataclass(frozen=True)
class Behind:
    """A township that has not reported all of its divisions."""

    division: str
    name: str
    reported: int
    expected: int


@dataclass(frozen=True)
class Total:
    """One element of one division for one period. No `total`: nobody gave a number."""

    period: str
    division: str
    name: str
    element: str
    total: Decimal | None
    counted: int
    reported: int
    expected: int
    townships_reported: int
    townships_expected: int
    townships_counted: int
    missing: tuple[Behind, ...]
    townships_provisional: int = 0

    @property
    def is_complete(self) -> bool:
        return self.reported >= self.expected


@dataclass(frozen=True)
class LeftOut:
    element: str
    reason: WhyNot

    @property
    def message(self) -> str:
        return in_words(self.reason)


@dataclass(frozen=True)
class Totals:
    """`versions`: what the elements are called and measured in."""

    by: Level
    items: tuple[Total, ...]
    left_out: tuple[LeftOut, ...]
    versions: Mapping[str, DataElementVersion]
    grants: tuple[str, ...] = ()


async def read_totals(
    database: Database, session: AsyncSession, subject: Subject, question: ValueQuestion, by: Level | None
) -> Totals:
    """Sums of what the caller may read. Raises `NotGranted` for a division that is not wholly in its reach.

    Read in one snapshot; the read log and the audit event are written in the request's transaction.
    """
    async with database.snapshot() as snapshot:
        plan = await make_plan(snapshot, subject, question)
        plan, versions, left_out = await _only_additive(snapshot, plan, is_named=question.elements is not None)
        level = by or _level_of(plan)
        _check_whole(plan, level)
        items, rows = await _add_up(snapshot, plan, level)
    entries = grants.read_entries(ROUTE, plan.query.object_class, plan.request, plan.boxes, rows)
    await grants.log_read(session, subject, entries)
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_TOTALS_READ,
        "object_class",
        plan.query.object_class,
        purpose=plan.purpose,
        details={
            "grants": plan.grants,
            "elements": list(plan.request.elements),
            "periods": [str(period) for period in plan.query.periods],
            "division": plan.query.place.code if plan.query.place else None,
            "by": level,
            "totals": len(items),
        },
    )
    return Totals(level, items, left_out, versions, tuple(plan.grants))


async def _only_additive(
    session: AsyncSession, plan: Plan, *, is_named: bool
) -> tuple[Plan, Mapping[str, DataElementVersion], tuple[LeftOut, ...]]:
    """What was asked for by name and does not add up is refused; of everything granted it is left out, and told."""
    versions = {one.identifier: one for one in await registry.list_current_of(session, plan.request.elements)}
    reasons = {name: why_not_additive(version) for name, version in versions.items()}
    left_out = tuple(LeftOut(name, reason) for name, reason in reasons.items() if reason is not None)
    adding = tuple(name for name in plan.request.elements if reasons.get(name) is None)
    if left_out and (is_named or not adding):
        errors = [
            ErrorItem(
                "query:/elements",
                "element_not_additive",
                _("数据元 {element}：{reason}").format(element=one.element, reason=one.message),
            )
            for one in left_out
        ]
        raise QuestionInvalid(_("有 {count} 个数据元不能合计。").format(count=len(errors)), errors=errors)
    request = ScopeRequest(adding, plan.request.periods, plan.request.place)
    query = replace(plan.query, elements=adding)
    return replace(plan, request=request, query=query, boxes=plan.scope.boxes_for(request)), versions, left_out


def _level_of(plan: Plan) -> Level:
    """Of the place asked for; else the smallest that is granted as a whole, townships at the lowest."""
    places = [plan.query.place.code] if plan.query.place else [code for box in plan.boxes for code in box.divisions]
    deepest = max((LEVELS.index(level_of_code(code)) for code in places), default=0)
    return LEVELS[min(deepest, len(SUMMED) - 1)]


def _check_whole(plan: Plan, level: Level) -> None:
    """A county's total is of the whole county: who was granted one township is not told it by that name."""
    place, length = plan.query.place, CODE_LENGTHS[level]
    if place is not None:
        if len(place.code) <= length:
            return
        raise not_granted(
            [Outside("division_not_granted", one, division=place.code[:length]) for one in plan.request.elements]
        )
    outside = [
        Outside("division_not_granted", element, division=code[:length])
        for element in plan.request.elements
        for period in plan.request.periods
        for box in plan.scope.boxes_for(ScopeRequest([element], [period]))
        for code in sorted(box.divisions)
        if len(code) > length
    ]
    if outside:
        raise not_granted(list(dict.fromkeys(outside)))


async def _add_up(session: AsyncSession, plan: Plan, level: Level) -> tuple[tuple[Total, ...], int]:
    places = _granted_places(plan)
    units = {
        period: await find_units(session, places, plan.query.object_class, period) for period in plan.query.periods
    }
    cells = sum(map(len, units.values())) * len(plan.request.elements)
    if cells > MOST_CELLS:
        message = _("要合计的数据太多（{cells} 项，最多 {most} 项），请缩小报告期、区划或数据元的范围。")
        told = message.format(cells=cells, most=MOST_CELLS)
        raise QuestionInvalid(told, errors=[ErrorItem("query:/period", "too_many_totals", told)])
    found, in_review = await _select(session, plan)
    names = await _names(session, units, level)
    items = [
        total
        for period in plan.query.periods
        for total in add_up(period, units[period], found, plan.request.elements, level, names, in_review)
        if _is_granted(plan, total, period)
    ]
    return tuple(items), sum(one.reported for one in found)


async def _select(session: AsyncSession, plan: Plan) -> tuple[Sequence[TownshipTotal], Collection[tuple[str, str]]]:
    """What is in force; when it is asked for and granted, what waits for review too, of townships without any of it."""
    found = list(await store.select_totals(session, plan.scope, replace(plan.query, provisional=False)))
    if not plan.query.provisional:
        return found, ()
    in_force = {(one.period, one.township) for one in found}
    waiting = await store.select_totals(session, plan.scope, plan.query)
    taken = [one for one in waiting if (one.period, one.township) not in in_force]
    return [*found, *taken], {(one.period, one.township) for one in taken}


def _granted_places(plan: Plan) -> Sequence[str]:
    if plan.query.place is not None:
        return [plan.query.place.code]
    return sorted({code for box in plan.boxes for code in box.divisions})


def _is_granted(plan: Plan, total: Total, period: Period) -> bool:
    """Of several grants each has its own places: nothing is said of an element where it is not granted."""
    lineage = [total.division[:length] for length in CODE_LENGTHS.values() if length <= len(total.division)]
    return any(box.covers_division(lineage) for box in plan.scope.boxes_for(ScopeRequest([total.element], [period])))


async def find_units(session: AsyncSession, places: Sequence[str], object_class: str, period: Period) -> list[Unit]:
    """The townships of these places with how many divisions of each the form asks, on the period's last day."""
    townships = await geography.subtree_places(session, places, "township", period.last_day)
    if object_class == "township":
        return [Unit(one.code, one.name, one.lineage, 1) for one in townships]
    asked = await geography.subtree_places(session, places, "village", period.last_day)
    counts: dict[str, int] = defaultdict(int)
    for village in asked:
        counts[_township_of(village)] += 1
    return [Unit(one.code, one.name, one.lineage, counts[one.code]) for one in townships if counts[one.code]]


def _township_of(place: NamedPlace) -> str:
    return next((code for code in place.lineage if len(code) == CODE_LENGTHS["township"]), place.code)


async def _names(session: AsyncSession, units: Mapping[Period, Sequence[Unit]], level: Level) -> Mapping[str, str]:
    codes = {_above(unit, level) for of_period in units.values() for unit in of_period}
    return {code: division.name for code, division in (await geography.get_divisions(session, sorted(codes))).items()}


def _above(unit: Unit, level: Level) -> str:
    return next((code for code in unit.lineage if len(code) == CODE_LENGTHS[level]), unit.code)


def add_up(
    period: Period,
    units: Sequence[Unit],
    found: Sequence[TownshipTotal],
    elements: Sequence[str],
    level: Level,
    names: Mapping[str, str],
    in_review: Collection[tuple[str, str]] = (),
) -> list[Total]:
    """Townships' sums put together by the divisions above them, in the order of codes and of the elements asked.

    `in_review`: the periods and townships whose sums nobody has approved yet.
    """
    held = {(one.township, one.element): one for one in found if one.period == str(period)}
    groups: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        groups[_above(unit, level)].append(unit)
    totals = [
        _total(str(period), code, names.get(code, code), element, groups[code], held)
        for code in sorted(groups)
        for element in elements
    ]
    waiting = {code: sum((str(period), unit.code) in in_review for unit in groups[code]) for code in groups}
    return [replace(total, townships_provisional=waiting[total.division]) for total in totals]


def _total(
    period: str,
    code: str,
    name: str,
    element: str,
    units: Sequence[Unit],
    held: Mapping[tuple[str, str], TownshipTotal],
) -> Total:
    parts = [(unit, held.get((unit.code, element))) for unit in units]
    numbers = [part.total for _unit, part in parts if part is not None and part.total is not None]
    behind = [
        Behind(unit.code, unit.name, part.reported if part else 0, unit.expected)
        for unit, part in parts
        if part is None or part.reported < unit.expected
    ]
    return Total(
        period=period,
        division=code,
        name=name,
        element=element,
        total=sum(numbers, Decimal(0)) if numbers else None,
        counted=sum(part.counted for _unit, part in parts if part),
        reported=sum(part.reported for _unit, part in parts if part),
        expected=sum(unit.expected for unit in units),
        townships_reported=len(units) - len(behind),
        townships_expected=len(units),
        townships_counted=len(numbers),
        missing=tuple(behind),
    )
