"""The demo county's past year: every township reports every month, on the day it would have."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar import service as calendar
from hub.calendar.deadlines import standard_due
from hub.calendar.periods import Period
from hub.capture import bulk, opening
from hub.capture.bulk import AreaRows, FiledTownship, TownshipRows
from hub.capture.written_rows import written_rows
from hub.demo.values import Figures
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.imports.checking import look_back_on
from hub.kit import clock
from hub.kit.clock import CHINA
from hub.store.bulk import Writer
from hub.store.bulk_past import HeldRows
from hub.validation.bulk import check_table
from hub.validation.table import Table, TableReport

MONTHLY_FORMS = ("village-month", "township-month")
DOOR = "web"


class FiguresDoNotHold(AssertionError):
    """The demo's own figures break a rule of the registry: a fault of the program, told by its findings."""


@dataclass(frozen=True)
class Townships:
    """Who reports, and for which villages."""

    county: str
    authority: Subject
    reporters: Mapping[str, Subject]
    villages: Mapping[str, Sequence[str]]

    def asked(self, form: FormContent) -> dict[str, Sequence[str]]:
        """Township to the rows that its task asks for."""
        return {code: [code] if form.object_class == "township" else self.villages[code] for code in self.reporters}

    def divisions(self, form: FormContent) -> list[str]:
        return [division for codes in self.asked(form).values() for division in codes]


async def townships(session: AsyncSession, county: str) -> Sequence[str]:
    return await geography.subtree_codes(session, [county], "township", clock.today())


async def open_month(session: AsyncSession, authority: Subject, month: Period, *, due_on: date | None = None) -> None:
    for form in MONTHLY_FORMS:
        await opening.open_period(session, authority, form=form, period=str(month), due_on=due_on)


async def report(
    session: AsyncSession,
    authority: Subject,
    reporters: Mapping[str, Subject],
    months: Sequence[Period],
    figures: Figures,
    say: Callable[[str], object],
) -> None:
    """Open each month and have every township's rows filed for it, all of them at once."""
    if not months:
        return
    county = authority.organization.division or ""
    villages = {code: await geography.subtree_codes(session, [code], "village", clock.today()) for code in reporters}
    everybody = Townships(county, authority, reporters, villages)
    work_calendar = await calendar.work_calendar(session)
    published = [form for code in MONTHLY_FORMS if (form := await forms.find_newest(session, code)) is not None]
    ahead = _draw_ahead(everybody, published, months[0], figures)
    for number, month in enumerate(months, start=1):
        due = standard_due(month, work_calendar).day
        drawn = await ahead
        if number < len(months):
            ahead = _draw_ahead(everybody, published, months[number], figures)
        with clock.travel(datetime.combine(month.next().first_day, time(8, 30), CHINA)):
            await open_month(session, authority, month)
        with clock.travel(datetime.combine(due, time(15), CHINA)):
            for form in published:
                await _file(session, everybody, form, month, drawn[form.code])
        await session.flush()
        session.expunge_all()
        say(f"  {month}  {number}/{len(months)}")


def _draw_ahead(
    everybody: Townships, published: Sequence[FormContent], month: Period, figures: Figures
) -> asyncio.Task[dict[str, pl.DataFrame]]:
    """The next month's figures, drawn while the database files this one's."""

    def draw() -> dict[str, pl.DataFrame]:
        return {form.code: _cells(form, everybody.divisions(form), month, figures) for form in published}

    return asyncio.create_task(asyncio.to_thread(draw))


async def _file(
    session: AsyncSession, everybody: Townships, form: FormContent, month: Period, cells: pl.DataFrame
) -> None:
    """As the townships' own submissions: the figures are checked like any others, and numbered township by township."""
    asked = everybody.asked(form)
    scope = await grants.read_scope(session, everybody.authority, supervising=True)
    past = await look_back_on(session, scope, HeldRows([everybody.county], form.object_class), form, month)
    keys = pl.DataFrame({"division": everybody.divisions(form)})
    report = await asyncio.to_thread(check_table, form.spec, Table(keys, cells, past=past))
    _insist(report)
    rows = AreaRows(
        everybody.county,
        form,
        str(month),
        written_rows(form, report.values.insert_column(0, keys["division"]), report.missing),
        [TownshipRows(code, codes, Writer(everybody.reporters[code].name, DOOR)) for code, codes in asked.items()],
    )
    filed = [one for one in await bulk.file_area(session, rows) if one.submission is not None]
    await audit.record_all(session, [_event(everybody, one) for one in filed])


def _event(everybody: Townships, filed: FiledTownship) -> audit.Event:
    number = "" if filed.submission is None else filed.submission.number
    details = {"township": filed.township, "changed_rows": filed.counts.differing}
    actor = everybody.reporters[filed.township].actor
    return audit.Event(actor, AuditAction.SUBMISSION_RECORD, "submission", number, details)


def _cells(form: FormContent, divisions: Sequence[str], month: Period, figures: Figures) -> pl.DataFrame:
    specs = {field.identifier: field.spec for field in form.captured}
    drawn = [figures.draw(division, specs, month) for division in divisions]
    return pl.DataFrame(
        {name: [_text(row.get(name)) for row in drawn] for name in specs},
        schema_overrides=dict.fromkeys(specs, pl.String),
    )


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _insist(report: TableReport) -> None:
    if report.counts:
        told = "; ".join(f"{placed.finding.division} {placed.finding.message}" for placed in report.findings[:5])
        raise FiguresDoNotHold(told)
