"""The working calendar: which years are known, and what they say."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar import repository
from hub.calendar.deadlines import Dated, WorkCalendar
from hub.calendar.errors import CalendarYearInvalid
from hub.calendar.holidays import AnnouncedDay, check_year, read_announcement, read_year
from hub.calendar.models import CalendarYear, SpecialDay
from hub.identity.subject import Subject
from hub.kit.errors import NotFound
from hub.kit.i18n import gettext as _

SHIPPED = Path(__file__).parent / "data"
SHIPPED_SOURCES: Mapping[int, str] = MappingProxyType(
    {
        2025: "国务院办公厅关于2025年部分节假日安排的通知（国办发明电〔2024〕12号）",
        2026: "国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号）",
    }
)


async def work_calendar(session: AsyncSession) -> WorkCalendar:
    """What deadlines are counted with. Years that are not known are counted by weekday, with a warning."""
    years = await repository.list_years(session)
    return WorkCalendar(
        special_days=dict(await repository.list_working_flags(session)),
        known_years=frozenset(year.year for year in years),
    )


async def working_days_after(session: AsyncSession, start: date, count: int) -> Dated:
    return (await work_calendar(session)).add_working_days(start, count)


async def list_years(session: AsyncSession) -> Sequence[tuple[CalendarYear, int]]:
    """The known years, each with the number of its special days."""
    counts = await repository.count_special_days(session)
    return [(year, counts.get(year.year, 0)) for year in await repository.list_years(session)]


async def get_year(session: AsyncSession, year: int) -> tuple[CalendarYear, Sequence[SpecialDay]]:
    found = await repository.get_year(session, year)
    if found is None:
        raise NotFound(_("{year}年的放假安排尚未录入。").format(year=year))
    return found, await repository.list_special_days(session, year)


async def import_year(
    session: AsyncSession, subject: Subject, year: int, days: Sequence[AnnouncedDay], *, source: str
) -> tuple[CalendarYear, Sequence[SpecialDay]]:
    """Enter a year's announcement in place of what was known of that year."""
    await _take_over(session, subject.actor, year, days, source)
    return await get_year(session, year)


async def import_file(
    session: AsyncSession, actor: audit.Actor, file: Path, *, source: str
) -> tuple[CalendarYear, Sequence[SpecialDay]]:
    """Enter an announcement from a file; its first day says which year it is of."""
    days, faults = await asyncio.to_thread(read_announcement, file)
    if faults or not days:
        raise CalendarYearInvalid(_("放假安排有 {count} 处错误。").format(count=len(faults)), errors=faults)
    year = days[0].day.year
    await _take_over(session, actor, year, days, source)
    return await get_year(session, year)


async def import_shipped(session: AsyncSession, actor: audit.Actor) -> list[int]:
    """Enter the announcements that the hub carries along, of years that nobody has entered yet."""
    known = {year.year for year in await repository.list_years(session)}
    missing = [year for year in SHIPPED_SOURCES if year not in known]
    for year in missing:
        days = await asyncio.to_thread(read_year, SHIPPED / f"{year}.csv")
        await _take_over(session, actor, year, days, SHIPPED_SOURCES[year])
    return missing


async def _take_over(
    session: AsyncSession, actor: audit.Actor, year: int, days: Sequence[AnnouncedDay], source: str
) -> None:
    faults = check_year(year, days, source)
    if faults:
        raise CalendarYearInvalid(_("放假安排有 {count} 处错误。").format(count=len(faults)), errors=faults)
    await repository.replace_year(session, year, source.strip(), days)
    await audit.record(
        session, actor, AuditAction.CALENDAR_YEAR_IMPORT, "calendar_year", str(year), details={"days": len(days)}
    )
