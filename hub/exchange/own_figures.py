"""A township's own figures back: what it reported, what departments supplied, and its county's totals beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import PERIODS_IN_A_YEAR, Period, PeriodType
from hub.exchange.adding import why_not_additive
from hub.exchange.disclosure import ToldTotal, is_returned, tell, withheld_words
from hub.exchange.totals import Total, Unit, add_up, find_units
from hub.geography.levels import county_of
from hub.grants import service as grants
from hub.grants.returning import county_totals_scope
from hub.grants.service import ReadEntry
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.errors import NotFound
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.registry.service import DescribedElement
from hub.store import service as store
from hub.store import totals
from hub.store.rows import ValueQuery, ValueRow
from hub.store.scope import ReadScope
from hub.store.totals import TownshipTotal

ROUTE = "/my-figures"
# A township's villages over a year, and more.
MOST_ROWS = 20_000
# Townships report villages and themselves; households and persons are nobody's totals.
_RETURNED = frozenset({"village", "township"})


@dataclass(frozen=True)
class FormChoice:
    """A form that has elements in force, and its periods of the year that have begun, newest first."""

    object_class: str
    period_type: PeriodType
    periods: tuple[Period, ...]

    @property
    def key(self) -> str:
        return f"{self.object_class}.{self.period_type}"


@dataclass(frozen=True)
class Figure:
    """One element for one period: the township's own sum, and what is told of the county's."""

    period: str
    element: DescribedElement
    own: Decimal | None
    told: ToldTotal
    why: str
    townships_reported: int
    townships_expected: int


@dataclass(frozen=True)
class FormFigures:
    """`rows` are the township's own, whole; `supplied` are the columns that departments gave back."""

    choice: FormChoice
    elements: tuple[DescribedElement, ...]
    rows: tuple[ValueRow, ...]
    figures: tuple[Figure, ...]

    @property
    def supplied(self) -> tuple[DescribedElement, ...]:
        return tuple(one for one in self.elements if one.version.source == "supplied")


async def list_forms(session: AsyncSession, year: int) -> list[FormChoice]:
    """What is reported most often comes first: villages before townships, months before years."""
    found = []
    for object_class, period_type in await registry.list_object_classes(session):
        if object_class in _RETURNED:
            periods = _periods(cast(PeriodType, period_type), year)
            if periods:
                found.append(FormChoice(object_class, cast(PeriodType, period_type), periods))
    return sorted(found, key=lambda one: (one.object_class != "village", -PERIODS_IN_A_YEAR[one.period_type]))


def _periods(period_type: PeriodType, year: int) -> tuple[Period, ...]:
    today = clock.today()
    periods = [Period(year, period_type, number) for number in range(PERIODS_IN_A_YEAR[period_type], 0, -1)]
    return tuple(period for period in periods if period.first_day <= today)


async def read_own_figures(
    database: Database, session: AsyncSession, subject: Subject, choices: Sequence[FormChoice]
) -> list[FormFigures]:
    """The figures of these forms and periods. Raises `NotFound` for whom is no township.

    One snapshot. The own rows are in the read log like every read; of the county's sums, which name nobody, the
    audit log tells.
    """
    own = subject.organization.division
    if subject.organization.kind != "township" or own is None:
        raise NotFound(_("这一页是给乡镇的。"))
    async with database.snapshot() as snapshot:
        scope = await grants.read_scope(snapshot, subject)
        found = [await _of_form(snapshot, subject, scope, own, choice) for choice in choices]
    entries = [
        ReadEntry(
            ROUTE,
            of_form.choice.object_class,
            scope.boxes[0],
            [one.version.identifier for one in of_form.elements],
            [own],
            [str(period) for period in of_form.choice.periods],
            len(of_form.rows),
        )
        for of_form in found
        if of_form.rows
    ]
    await grants.log_read(session, subject, entries)
    told = sum(one.told.county is not None for of_form in found for one in of_form.figures)
    details = {"forms": [choice.key for choice in choices], "county_totals": told}
    await audit.record(session, subject.actor, AuditAction.DATA_TOTALS_READ, "division", own, details=details)
    return found


async def _of_form(
    session: AsyncSession, subject: Subject, scope: ReadScope, own: str, choice: FormChoice
) -> FormFigures:
    versions = await registry.list_assembled(session, choice.object_class, choice.period_type, clock.today())
    elements = tuple(await registry.describe(session, versions))
    identifiers = tuple(one.version.identifier for one in elements)
    page = await store.select_values(
        session, scope, ValueQuery(choice.object_class, choice.periods, identifiers), after=None, limit=MOST_ROWS
    )
    adding = tuple(one for one in elements if why_not_additive(one.version) is None)
    asked = tuple(one.version.identifier for one in adding)
    sums = await totals.select_totals(
        session, county_totals_scope(subject), ValueQuery(choice.object_class, choice.periods, asked)
    )
    figures = []
    for period in choice.periods:
        units = await find_units(session, [county_of(own)], choice.object_class, period)
        figures += _figures(period, units, sums, adding, own)
    return FormFigures(choice, elements, page.rows, tuple(figures))


def _figures(
    period: Period, units: Sequence[Unit], sums: Sequence[TownshipTotal], adding: Sequence[DescribedElement], own: str
) -> list[Figure]:
    asked = [one.version.identifier for one in adding]
    county = {one.element: one for one in add_up(period, units, sums, asked, "county", {})}
    mine = {
        one.element: one
        for one in add_up(period, [unit for unit in units if unit.code == own], sums, asked, "township", {})
    }
    return [
        _figure(period, one, county[one.version.identifier], mine.get(one.version.identifier))
        for one in adding
        if one.version.identifier in county
    ]


def _figure(period: Period, element: DescribedElement, county: Total, own: Total | None) -> Figure:
    told = tell(county, own) if is_returned(element.version) else ToldTotal(None, None, "not_shared")
    return Figure(
        period=str(period),
        element=element,
        own=own.total if own is not None else None,
        told=told,
        why=withheld_words(told.withheld, county) if told.withheld else "",
        townships_reported=county.townships_reported,
        townships_expected=county.townships_expected,
    )
