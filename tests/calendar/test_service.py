from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import SYSTEM
from hub.calendar import service
from hub.calendar.errors import CalendarYearInvalid
from hub.calendar.holidays import AnnouncedDay
from tests.people import People

NEW_YEAR = AnnouncedDay(date(2027, 1, 1), is_working=False, name="元旦")


class TestImportShipped:
    async def test_counts_over_the_national_day_holiday(self, session: AsyncSession) -> None:
        assert await service.import_shipped(session, SYSTEM) == [2025, 2026]
        assert await service.import_shipped(session, SYSTEM) == []
        dated = await service.working_days_after(session, date(2026, 9, 30), 3)
        # 1 to 7 October are off; Saturday the 10th is worked.
        assert (dated.day, dated.warnings) == (date(2026, 10, 10), ())
        due = await service.working_days_after(session, date(2025, 12, 31), 2)
        assert (due.day, due.warnings) == (date(2026, 1, 5), ())

    async def test_an_unknown_year_is_a_warning(self, session: AsyncSession) -> None:
        await service.import_shipped(session, SYSTEM)
        dated = await service.working_days_after(session, date(2026, 12, 30), 3)
        assert (dated.day, [warning.year for warning in dated.warnings]) == (date(2027, 1, 4), [2027])


class TestImportYear:
    async def test_replaces_the_year(self, session: AsyncSession, people: People) -> None:
        subject = people.subject("administrator")
        await service.import_year(session, subject, 2027, [NEW_YEAR], source="通知一")
        worked = AnnouncedDay(date(2027, 1, 3), is_working=True, name="元旦调休")
        off = AnnouncedDay(date(2027, 1, 4), is_working=False, name="元旦")
        year, days = await service.import_year(session, subject, 2027, [off, worked], source="通知二")
        assert (year.source, [day.day for day in days]) == ("通知二", [date(2027, 1, 3), date(2027, 1, 4)])
        calendar = await service.work_calendar(session)
        assert calendar.is_working_day(date(2027, 1, 1))
        assert calendar.is_working_day(date(2027, 1, 3))

    async def test_tells_every_fault_and_keeps_what_was_known(self, session: AsyncSession, people: People) -> None:
        subject = people.subject("administrator")
        await service.import_year(session, subject, 2027, [NEW_YEAR], source="通知一")
        days = [
            NEW_YEAR,
            NEW_YEAR,
            AnnouncedDay(date(2026, 12, 31), is_working=False, name="元旦"),
            AnnouncedDay(date(2027, 1, 5), is_working=True, name=" "),
        ]
        with pytest.raises(CalendarYearInvalid) as refused:
            await service.import_year(session, subject, 2027, days, source=" ")
        assert {(item.pointer, item.code) for item in refused.value.errors} == {
            ("/source", "source_missing"),
            ("/days/1/day", "day_duplicate"),
            ("/days/2/day", "day_outside_year"),
            ("/days/3/is_working", "day_working_already"),
            ("/days/3/name", "name_not_valid"),
        }
        year, kept = await service.get_year(session, 2027)
        assert (year.source, len(kept)) == ("通知一", 1)

    async def test_a_year_without_holidays_is_not_taken_for_known(self, session: AsyncSession, people: People) -> None:
        with pytest.raises(CalendarYearInvalid) as refused:
            await service.import_year(session, people.subject("administrator"), 2027, [], source="通知")
        assert [item.code for item in refused.value.errors] == ["days_missing"]
