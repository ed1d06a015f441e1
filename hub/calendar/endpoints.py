from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query, Response

from hub.calendar import service
from hub.calendar.holidays import FIRST_YEAR, LAST_YEAR
from hub.calendar.schemas import CalendarYearRead, CalendarYearSummary, CalendarYearWrite, WorkingDayRead
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.paging import DEFAULT_LIMIT, After, Limit, Page, decode_key, page_of
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(prefix="/calendar", tags=["calendar"])

CanReadCalendar = Annotated[Subject, Depends(requires(Permission.CALENDAR_READ))]
CanManageCalendar = Annotated[Subject, Depends(requires(Permission.CALENDAR_MANAGE))]
Year = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR)]
# Ten years of working days; no deadline of the law is longer than one.
MOST_WORKING_DAYS = 2500
LAST_START = date(LAST_YEAR - 100, 12, 31)
Start = Annotated[
    date, Query(alias="from", le=LAST_START, description="the day of the event, which is not counted itself")
]


@router.get("/years")
async def list_years(
    session: Transaction, _subject: CanReadCalendar, limit: Limit = DEFAULT_LIMIT, after: After = None
) -> Page[CalendarYearSummary]:
    """The years whose holidays and moved weekends are known."""
    last = decode_key(after)
    summaries = [
        CalendarYearSummary(year=year.year, source=year.source, imported_at=year.imported_at, special_days=count)
        for year, count in await service.list_years(session)
        if last is None or str(year.year) > last
    ]
    return page_of(summaries, limit, read=lambda summary: summary, key=lambda summary: [str(summary.year)])


@router.get("/years/{year}")
async def get_year(session: Transaction, _subject: CanReadCalendar, year: Year) -> CalendarYearRead:
    return CalendarYearRead.of(*await service.get_year(session, year))


@router.put("/years/{year}", response_model=CalendarYearRead)
async def import_year(
    session: Transaction,
    subject: CanManageCalendar,
    idempotency: IdempotentWrite,
    year: Year,
    body: CalendarYearWrite,
) -> Response:
    """Enter the announcement of a year, in place of what was known of it."""

    async def write() -> CalendarYearRead:
        days = [day.announced() for day in body.days]
        return CalendarYearRead.of(*await service.import_year(session, subject, year, days, source=body.source))

    return await idempotency.once(session, subject.key, write, status=200)


@router.get("/working-days")
async def count_working_days(
    session: Transaction,
    _subject: CanReadCalendar,
    start: Annotated[
        date, Query(alias="from", le=LAST_START, description="the day of the event, which is not counted itself")
    ],
    days: Annotated[int, Query(ge=0, le=MOST_WORKING_DAYS)],
) -> WorkingDayRead:
    """The last day of a time limit. A year that is not known is counted by weekday, and the answer warns of it."""
    return WorkingDayRead.of(await service.working_days_after(session, start, days))
