"""The demo county's past year: every township reports every month, on the day it would have."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.calendar.deadlines import standard_due
from hub.calendar.periods import Period
from hub.capture import drafting, opening, submission
from hub.capture import service as capture
from hub.capture.rows import TypedEntry
from hub.demo.values import Figures
from hub.forms import service as forms
from hub.geography import service as geography
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.clock import CHINA

MONTHLY_FORMS = ("village-month", "township-month")


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
    say: Callable[[str], object],
) -> None:
    """Open each month and let every township submit it."""
    figures = Figures()
    work_calendar = await calendar.work_calendar(session)
    for number, month in enumerate(months, start=1):
        due = standard_due(month, work_calendar).day
        with clock.travel(datetime.combine(month.next().first_day, time(8, 30), CHINA)):
            await open_month(session, authority, month)
        with clock.travel(datetime.combine(due, time(15), CHINA)):
            for reporter in reporters.values():
                await _submit(session, reporter, month, figures)
        await session.flush()
        session.expunge_all()
        say(f"  {month}  {number}/{len(months)}")


async def _submit(session: AsyncSession, reporter: Subject, month: Period, figures: Figures) -> None:
    for task in await capture.list_collections(session, reporter, period=str(month), limit=10):
        form = await forms.get_form(session, task.collection.form, task.collection.form_version)
        asked = {field.identifier: field.spec for field in form.captured}
        draft = await drafting.get_draft(session, reporter, task.collection.id)
        entries = [TypedEntry(row.division, figures.draw(row.division, asked, month)) for row in draft.rows]
        await drafting.save_draft(session, reporter, task.collection.id, entries, if_match="*")
        await submission.submit_draft(session, reporter, task.collection.id)
