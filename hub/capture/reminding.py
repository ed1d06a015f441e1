"""Reminders: one before a deadline, one escalation after it, and a person's own word; none after a submission (W07)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import SYSTEM
from hub.calendar import service as calendar
from hub.calendar.deadlines import WorkCalendar
from hub.capture import reminder_repository as repository
from hub.capture.desk import CollectionTask
from hub.capture.errors import NobodyToRemind, ReminderRefused
from hub.capture.models import Collection, Reminder
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.settings import settings

Kind = Literal["before_due", "overdue", "asked"]

LONGEST_NOTE = 500
# A deadline older than this was passed before the hub escalated anything; nobody is told of it now.
LATEST = timedelta(days=60)


async def remind_of_deadlines(database: Database) -> None:
    """One turn of the recurring job. Safe to repeat: what was said is not said again."""
    async with database.transaction() as session:
        await repository.take_turn(session)
        work_calendar = await calendar.work_calendar(session)
        now, today = clock.now(), clock.today()
        soon = clock.end_of_day(_last_day_to_remind(work_calendar, today))
        await _remind(session, "before_due", due_after=now, due_until=soon)
        passed = clock.end_of_day(_last_day_overdue(work_calendar, today))
        await _remind(session, "overdue", due_after=now - LATEST, due_until=min(passed, now))


def _last_day_to_remind(work_calendar: WorkCalendar, today: date) -> date:
    """Due dates up to this day are near: fewer working days are left than the setting says."""
    return work_calendar.add_working_days(today, settings().reminder_working_days).day


def _last_day_overdue(work_calendar: WorkCalendar, today: date) -> date:
    """Due dates up to this day passed a whole working day ago: a form due on Friday is escalated on Monday's end."""
    day = today - timedelta(days=1)
    while work_calendar.working_days_between(day, today - timedelta(days=1)).days < 1:
        day -= timedelta(days=1)
    return day


async def _remind(session: AsyncSession, kind: Kind, *, due_after: datetime, due_until: datetime) -> None:
    tasks = await repository.list_unreminded(
        session, kind, due_after=due_after, due_until=due_until, today=clock.today()
    )
    townships = await repository.add_reminders(session, [_reminder(task, kind) for task in tasks])
    if townships:
        details = {"kind": kind, "townships": townships}
        await audit.record(session, SYSTEM, AuditAction.COLLECTION_REMIND, "collections", kind, details=details)


def _reminder(collection: Collection, kind: Kind, *, sent_by: str | None = None, note: str | None = None) -> Reminder:
    return Reminder(
        area=collection.area,
        collection_id=collection.id,
        township=collection.township,
        kind=kind,
        sent_at=clock.now(),
        sent_on=clock.today(),
        sent_by=sent_by,
        note=note,
    )


async def ask_for_submission(
    session: AsyncSession, subject: Subject, *, form: str, period: str, note: str | None = None
) -> Sequence[str]:
    """Remind every township of this form and period that still has to act; at most once a day. Their codes.

    `NobodyToRemind` when all have submitted or were asked today.
    """
    note = (note or "").strip() or None
    if note is not None and len(note) > LONGEST_NOTE:
        message = _("最多{limit}个字").format(limit=LONGEST_NOTE)
        raise ReminderRefused(_("没有催报：附言太长。"), errors=[ErrorItem("/note", "note_too_long", message)])
    waiting = await repository.list_waiting(session, settings().county, form, period, clock.today())
    asked = [_reminder(task, "asked", sent_by=subject.name, note=note) for task in waiting]
    townships = await repository.add_reminders(session, asked)
    if not townships:
        raise NobodyToRemind(
            _("没有需要催报的乡镇：都已提交，或者今天已经催过。")
            if waiting
            else _("没有需要催报的乡镇：这一期没有开放，或者都已提交。")
        )
    await audit.record(
        session,
        subject.actor,
        AuditAction.COLLECTION_REMIND,
        "collections",
        f"{form}/{period}",
        details={"kind": "asked", "townships": list(townships)},
    )
    return townships


async def newest_reminders(session: AsyncSession, tasks: Sequence[CollectionTask]) -> Mapping[UUID, Reminder]:
    """The newest reminder of each task that still waits for its township."""
    waiting = [task.collection for task in tasks if task.state in {"open", "closed", "returned", "awaiting_sign_off"}]
    areas = sorted({collection.area for collection in waiting})
    found = await repository.list_reminders(session, areas, [collection.id for collection in waiting]) if areas else []
    return {reminder.collection_id: reminder for reminder in reversed(found)}


async def count_escalated(session: AsyncSession) -> int:
    """Tasks whose deadline passed a working day ago and that still wait."""
    return await repository.count_escalated(session, settings().county)
