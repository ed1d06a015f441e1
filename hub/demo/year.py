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
    figures, villages = Figures(), await _villages(session, reporters)
    work_calendar = await calendar.work_calendar(session)
    for number, month in enumerate(months, start=1):
        due = standard_due(month, work_calendar).day
        with clock.travel(datetime.combine(month.next().first_day, time(8, 30), CHINA)):
            await open_month(session, authority, month)
        with clock.travel(datetime.combine(due, time(15), CHINA)):
            for township, reporter in reporters.items():
                await _submit(
                    session, reporter, {"village": villages[township], "township": [township]}, month, figures
                )
        await session.flush()
        session.expunge_all()
        say(f"  {month}  {number}/{len(months)}")


async def _villages(session: AsyncSession, reporters: Mapping[str, Subject]) -> dict[str, Sequence[str]]:
    return {code: await geography.subtree_codes(session, [code], "village", clock.today()) for code in reporters}


async def _submit(
    session: AsyncSession, reporter: Subject, rows: Mapping[str, Sequence[str]], month: Period, figures: Figures
) -> None:
    for task in await capture.list_collections(session, reporter, period=str(month), limit=10):
        collection = task.collection
        form = await forms.get_form(session, collection.form, collection.form_version)
        asked = {field.identifier: field.spec for field in form.captured}
        entries = [TypedEntry(code, figures.draw(code, asked, month)) for code in rows[form.object_class]]
        await drafting.save_draft(session, reporter, collection.id, entries, if_match="*")
        await submission.submit_draft(session, reporter, collection.id)
