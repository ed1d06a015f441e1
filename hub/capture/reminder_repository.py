from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.models import Collection, Reminder
from hub.capture.repository import within
from hub.kit.db import uuid7

REMINDED = ("area", "collection_id", "township", "kind", "sent_at", "sent_on", "sent_by", "note", "id")
# Two serving processes whose turns meet would both find nobody reminded.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('capture.reminding', 0))")


def waits() -> ColumnElement[bool]:
    """Tasks on which the township is to act: nothing submitted yet, or sent back to it."""
    return or_(
        Collection.stage == "returned",
        and_(Collection.submission.is_(None), or_(Collection.stage.is_(None), Collection.stage == "awaiting_sign_off")),
    )


async def take_turn(session: AsyncSession) -> None:
    await session.execute(_LOCK)


async def list_unreminded(
    session: AsyncSession, kind: str, *, due_after: datetime, due_until: datetime, today: date
) -> Sequence[Collection]:
    """Tasks that wait, are due in this span, can be filled in, and have no such reminder."""
    reminded = select(Reminder.id).where(
        Reminder.area == Collection.area, Reminder.collection_id == Collection.id, Reminder.kind == kind
    )
    statement = (
        select(Collection)
        .where(
            waits(),
            Collection.due_at > due_after,
            Collection.due_at <= due_until,
            Collection.opens_on <= today,
            ~reminded.exists(),
        )
        .order_by(Collection.area, Collection.township, Collection.form)
    )
    return (await session.scalars(statement)).all()


async def list_waiting(session: AsyncSession, reach: str, form: str, period: str, today: date) -> Sequence[Collection]:
    statement = (
        select(Collection)
        .where(within(reach), waits(), Collection.form == form, Collection.period == period)
        .where(Collection.opens_on <= today)
        .order_by(Collection.township)
    )
    return (await session.scalars(statement)).all()


async def add_reminders(session: AsyncSession, reminders: Sequence[Reminder]) -> Sequence[str]:
    """The townships that had no such reminder yet: of two at once, one is kept."""
    if not reminders:
        return []
    rows = [{name: getattr(one, name) for name in REMINDED if name != "id"} | {"id": uuid7()} for one in reminders]
    statement = insert(Reminder).values(rows).on_conflict_do_nothing().returning(Reminder.township)
    return sorted((await session.scalars(statement)).all())


async def list_reminders(
    session: AsyncSession, areas: Sequence[str], collections: Sequence[UUID]
) -> Sequence[Reminder]:
    """Newest first."""
    statement = (
        select(Reminder)
        .where(Reminder.area.in_(areas), Reminder.collection_id.in_(collections))
        .order_by(Reminder.id.desc())
    )
    return (await session.scalars(statement)).all()


async def count_escalated(session: AsyncSession, reach: str) -> int:
    """Tasks that were escalated and still wait."""
    statement = (
        select(func.count())
        .select_from(Collection)
        .join(Reminder, and_(Reminder.area == Collection.area, Reminder.collection_id == Collection.id))
        .where(within(reach), waits(), Reminder.kind == "overdue")
    )
    return (await session.execute(statement)).scalar_one()
