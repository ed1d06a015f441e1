from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.holidays import AnnouncedDay
from hub.calendar.models import CalendarYear, SpecialDay
from hub.kit import clock


async def list_years(session: AsyncSession) -> Sequence[CalendarYear]:
    return (await session.scalars(select(CalendarYear).order_by(CalendarYear.year))).all()


async def get_year(session: AsyncSession, year: int) -> CalendarYear | None:
    return await session.get(CalendarYear, year)


async def list_special_days(session: AsyncSession, year: int | None = None) -> Sequence[SpecialDay]:
    statement = select(SpecialDay).order_by(SpecialDay.day)
    if year is not None:
        statement = statement.where(SpecialDay.year == year)
    return (await session.scalars(statement)).all()


async def count_special_days(session: AsyncSession) -> dict[int, int]:
    rows = await session.execute(select(SpecialDay.year, func.count()).group_by(SpecialDay.year))
    return dict(list(rows))


async def list_working_flags(session: AsyncSession) -> Iterable[tuple[date, bool]]:
    return [
        (day, is_working) for day, is_working in await session.execute(select(SpecialDay.day, SpecialDay.is_working))
    ]


async def replace_year(session: AsyncSession, year: int, source: str, days: Sequence[AnnouncedDay]) -> None:
    """The row of the year first: two who replace it at once wait for each other there."""
    values = {"source": source, "imported_at": clock.now()}
    await session.execute(
        insert(CalendarYear).values(year=year, **values).on_conflict_do_update(index_elements=["year"], set_=values)
    )
    await session.execute(delete(SpecialDay).where(SpecialDay.year == year))
    await session.execute(
        insert(SpecialDay),
        [{"day": day.day, "year": year, "is_working": day.is_working, "name": day.name.strip()} for day in days],
    )
