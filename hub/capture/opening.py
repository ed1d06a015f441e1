"""Opening a period: one collection for each township that the form applies to."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar import service as calendar
from hub.calendar.deadlines import CalendarWarning, standard_due
from hub.calendar.periods import Period, PeriodFault
from hub.capture import repository, workflow_repository
from hub.capture.desk import CollectionTask, OpenedPeriod
from hub.capture.errors import CollectionExists, CollectionRefused
from hub.capture.models import Collection
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.geography.levels import county_of
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.settings import settings

# A row of these forms is a division inside the township. A register of persons has another desk.
COLLECTED_OBJECT_CLASSES = ("village", "township")


@dataclass(frozen=True)
class _Schedule:
    opens_on: date
    due_at: datetime
    closes_at: datetime | None
    warnings: tuple[CalendarWarning, ...]


@dataclass(frozen=True)
class _Way:
    """Which townships have their leader sign, and whether the county reviews."""

    signed: frozenset[str]
    wants_review: bool


async def open_period(
    session: AsyncSession,
    subject: Subject,
    *,
    form: str,
    period: str,
    opens_on: date | None = None,
    due_on: date | None = None,
    closes_on: date | None = None,
    review: bool = False,
) -> OpenedPeriod:
    """Open the period with the form's newest version for every township that the hub serves.

    Townships that have the task already are left as they are, so that a township founded later can be
    added; when none is left to open, `CollectionExists`.
    """
    content, asked_period = _check(form, await forms.find_newest(session, form), period)
    schedule = await _schedule(session, asked_period, opens_on, due_on, closes_on)
    reach = settings().county
    await repository.lock_opening(session, reach, form, period)
    opened = frozenset(await repository.list_opened_townships(session, reach, form, period))
    townships = await geography.subtree_codes(session, [reach], "township", asked_period.last_day)
    wanted = [code for code in townships if code not in opened]
    if not wanted:
        raise CollectionExists(_("{period}的这张表已经对所有乡镇开放，不能重复开放。").format(period=period))
    way = _Way(await workflow_repository.list_signed_townships(session, wanted), wants_review=review)
    collections = [_collection(content, period, township, schedule, way) for township in wanted]
    await repository.add_collections(session, collections)
    details = {"form_version": content.version, "townships": wanted, "review": review}
    await audit.record(
        session, subject.actor, AuditAction.COLLECTION_OPEN, "collections", f"{form}/{period}", details=details
    )
    names = await geography.get_divisions(session, wanted)
    now = clock.now()
    tasks = tuple(CollectionTask.of(collection, names[collection.township].name, now) for collection in collections)
    return OpenedPeriod(tasks, schedule.warnings)


def _check(form: str, content: FormContent | None, period: str) -> tuple[FormContent, Period]:
    faults = []
    parsed = None
    try:
        parsed = Period.parse(period)
    except PeriodFault as fault:
        faults.append(ErrorItem("/period", "period_not_valid", str(fault)))
    if content is None:
        message = _("没有已发布的表“{form}”。").format(form=form)
        faults.append(ErrorItem("/form", "form_unknown", message))
    elif content.object_class not in COLLECTED_OBJECT_CLASSES:
        message = _("表“{form}”不按村或乡镇填报。").format(form=form)
        faults.append(ErrorItem("/form", "form_not_collected", message))
    elif parsed is not None and parsed.type != content.period_type:
        message = _("报告期“{period}”的长短与表“{form}”不符。").format(period=period, form=form)
        faults.append(ErrorItem("/period", "period_wrong_type", message))
    if faults or content is None or parsed is None:
        raise _refused(faults)
    return content, parsed


async def _schedule(
    session: AsyncSession, period: Period, opens_on: date | None, due_on: date | None, closes_on: date | None
) -> _Schedule:
    """Due by default on the fifth working day after the period's end, counted with the calendar that is known.

    What was not given follows what was: only days that were given can contradict each other.
    """
    warnings: tuple[CalendarWarning, ...] = ()
    if due_on is None:
        due = standard_due(period, await calendar.work_calendar(session))
        due_on, warnings = min(due.day, closes_on or due.day), due.warnings
    opens_on = opens_on or min(clock.today(), due_on)
    faults = []
    if due_on < opens_on:
        message = _("截止日期 {due} 早于开放日期 {opens}。").format(due=due_on, opens=opens_on)
        faults.append(ErrorItem("/due_on", "due_before_opening", message))
    if closes_on is not None and closes_on < due_on:
        message = _("关闭日期 {closes} 早于截止日期 {due}。").format(closes=closes_on, due=due_on)
        faults.append(ErrorItem("/closes_on", "closes_before_due", message))
    if faults:
        raise _refused(faults)
    closes_at = None if closes_on is None else clock.end_of_day(closes_on)
    return _Schedule(opens_on, clock.end_of_day(due_on), closes_at, warnings)


def _refused(faults: list[ErrorItem]) -> CollectionRefused:
    return CollectionRefused(_("不能这样开放：有 {count} 处错误。").format(count=len(faults)), errors=faults)


def _collection(content: FormContent, period: str, township: str, schedule: _Schedule, way: _Way) -> Collection:
    return Collection(
        area=county_of(township),
        form=content.code,
        form_version=content.version,
        object_class=content.object_class,
        period=period,
        township=township,
        opens_on=schedule.opens_on,
        due_at=schedule.due_at,
        closes_at=schedule.closes_at,
        wants_sign_off=township in way.signed,
        wants_review=way.wants_review,
    )
