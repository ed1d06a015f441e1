"""The demo county's past year: every township reports every month, on the day it would have."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar import service as calendar
from hub.calendar.deadlines import standard_due
from hub.calendar.periods import Period
from hub.capture import bulk, opening
from hub.capture.bulk import AreaRows, FiledTownship, TownshipRows
from hub.capture.written_rows import WrittenRows
from hub.demo.checking import DrawnForm
from hub.demo.values import Figures
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.clock import CHINA
from hub.kit.computing import one_ahead
from hub.store.bulk import Writer

MONTHLY_FORMS = ("village-month", "township-month")
DOOR = "web"
# So many are drawn and checked at once, while the database files those before them.
MONTHS_AT_ONCE = 3


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
    county = authority.organization.division or ""
    villages = {code: await geography.subtree_codes(session, [code], "village", clock.today()) for code in reporters}
    everybody = Townships(county, authority, reporters, villages)
    work_calendar = await calendar.work_calendar(session)
    published = [form for code in MONTHLY_FORMS if (form := await forms.find_newest(session, code)) is not None]
    number = 0
    async for month, rows in _checked_ahead(everybody, published, months, figures):
        due = standard_due(month, work_calendar).day
        with clock.travel(datetime.combine(month.next().first_day, time(8, 30), CHINA)):
            await open_month(session, authority, month, due_on=due)
        with clock.travel(datetime.combine(due, time(15), CHINA)):
            for form, written in zip(published, rows, strict=True):
                await _file(session, everybody, form, month, written)
        await session.flush()
        session.expunge_all()
        number += 1
        say(f"  {month}  {number}/{len(months)}")


async def _checked_ahead(
    everybody: Townships, published: Sequence[FormContent], months: Sequence[Period], figures: Figures
) -> AsyncIterator[tuple[Period, Sequence[WrittenRows]]]:
    """Each month with the rows of every form; the next months are drawn and checked while these are filed."""
    drawn = [DrawnForm(form, everybody.asked(form), figures) for form in published]
    parts = [months[first : first + MONTHS_AT_ONCE] for first in range(0, len(months), MONTHS_AT_ONCE)]

    def check(part: Sequence[Period]) -> list[tuple[Period, Sequence[WrittenRows]]]:
        return list(zip(part, zip(*(form.next_months(part) for form in drawn), strict=True), strict=True))

    async with aclosing(one_ahead(check, parts)) as written:
        async for checked in written:
            for one in checked:
                yield one


async def _file(
    session: AsyncSession, everybody: Townships, form: FormContent, month: Period, written: WrittenRows
) -> None:
    """As the townships' own submissions, numbered township by township."""
    townships = [
        TownshipRows(code, codes, Writer(everybody.reporters[code].name, DOOR))
        for code, codes in everybody.asked(form).items()
    ]
    rows = AreaRows(everybody.county, form, str(month), written, townships)
    filed = [one for one in await bulk.file_area(session, rows) if one.submission is not None]
    await audit.record_all(session, [_event(everybody, one) for one in filed])


def _event(everybody: Townships, filed: FiledTownship) -> audit.Event:
    number = "" if filed.submission is None else filed.submission.number
    details = {"township": filed.township, "changed_rows": filed.counts.differing}
    actor = everybody.reporters[filed.township].actor
    return audit.Event(actor, AuditAction.SUBMISSION_RECORD, "submission", number, details)
