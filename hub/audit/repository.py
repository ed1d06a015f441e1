from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow, AuditHead, AuditVerification
from hub.kit.statements import Statement, insertion

# One for the whole database; any fixed number will do.
SEALER_LOCK = 0x5EA1


async def lock_sealing(session: AsyncSession) -> None:
    """One sealer at a time, to the end of its transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(SEALER_LOCK)))


async def get_last_link(session: AsyncSession) -> tuple[int, bytes] | None:
    statement = (
        select(AuditEventRow.position, AuditEventRow.chain_sha256)
        .where(AuditEventRow.position.is_not(None))
        .order_by(AuditEventRow.position.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row.position, row.chain_sha256)


async def list_unsealed(session: AsyncSession, limit: int) -> Sequence[tuple[UUID, bytes]]:
    statement = (
        select(AuditEventRow.id, AuditEventRow.sha256)
        .where(AuditEventRow.position.is_(None))
        .order_by(AuditEventRow.id)
        .limit(limit)
    )
    return [(row.id, row.sha256) for row in await session.execute(statement)]


async def count_unsealed(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many events wait for the sealer, and since when the first one does."""
    statement = select(func.count(), func.min(AuditEventRow.at)).where(AuditEventRow.position.is_(None))
    count, oldest = (await session.execute(statement)).one()
    return count, oldest


async def last_event_at(session: AsyncSession, action: str, object_type: str) -> datetime | None:
    """For objects there are few events of: the index is by object."""
    statement = select(func.max(AuditEventRow.at)).where(
        AuditEventRow.object_type == object_type, AuditEventRow.action == action
    )
    return await session.scalar(statement)


async def set_links(session: AsyncSession, links: Sequence[tuple[UUID, int, bytes]]) -> None:
    connection = await session.connection()
    statement = (
        update(AuditEventRow)
        .where(AuditEventRow.id == bindparam("sealed_event"))
        .values(position=bindparam("sealed_position"), chain_sha256=bindparam("sealed_link"))
    )
    await connection.execute(
        statement,
        [{"sealed_event": event, "sealed_position": position, "sealed_link": link} for event, position, link in links],
    )


_EVENT = Statement(insertion(AuditEventRow, "position", "chain_sha256"))


async def add_event(session: AsyncSession, event: Mapping[str, Any]) -> None:
    await _EVENT.run(session, event)


async def add_events(session: AsyncSession, events: Sequence[Mapping[str, Any]]) -> None:
    await _EVENT.run(session, *events)


def add_head(session: AsyncSession, head: AuditHead) -> None:
    session.add(head)


async def list_sealed(session: AsyncSession, *, after: int, limit: int) -> Sequence[AuditEventRow]:
    """The next events in the order of the chain; read and let go, whatever the length of the log."""
    session.expunge_all()
    statement = (
        select(AuditEventRow).where(AuditEventRow.position > after).order_by(AuditEventRow.position).limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_unsealed_events(session: AsyncSession) -> Sequence[AuditEventRow]:
    return (await session.scalars(select(AuditEventRow).where(AuditEventRow.position.is_(None)))).all()


async def list_heads(session: AsyncSession) -> Sequence[AuditHead]:
    return (await session.scalars(select(AuditHead).order_by(AuditHead.position))).all()


@dataclass(frozen=True)
class EventsAsked:
    """Which events are meant; what is empty does not narrow. With an `object_id`, `object_types` names every type
    it may be of: an id alone would find no way into the index.
    """

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    action: str = ""
    object_types: tuple[str, ...] = ()
    object_id: str = ""
    outcome: str = ""


def events_statement(asked: EventsAsked, *, after: tuple[datetime, UUID] | None, limit: int) -> Select[AuditEventRow]:
    """Newest first. Every question has an index: by time, actor, action or object (migration 0018)."""
    event = AuditEventRow
    statement = select(event).order_by(event.at.desc(), event.id.desc()).limit(limit)
    if asked.since is not None:
        statement = statement.where(event.at >= asked.since)
    if asked.until is not None:
        statement = statement.where(event.at <= asked.until)
    if asked.actor:
        statement = statement.where(event.actor_name == asked.actor)
    if asked.action:
        statement = statement.where(event.action == asked.action)
    if asked.object_types:
        statement = statement.where(event.object_type.in_(asked.object_types))
    if asked.object_id:
        statement = statement.where(event.object_id == asked.object_id)
    if asked.outcome:
        statement = statement.where(event.outcome == asked.outcome)
    if after is not None:
        # The first of the two alone is what an index is entered by.
        statement = statement.where(event.at <= after[0], tuple_(event.at, event.id) < tuple_(*after))
    return statement


async def list_events(
    session: AsyncSession, asked: EventsAsked, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AuditEventRow]:
    return (await session.scalars(events_statement(asked, after=after, limit=limit))).all()


async def get_last_head(session: AsyncSession) -> AuditHead | None:
    return await session.scalar(select(AuditHead).order_by(AuditHead.position.desc()).limit(1))


def add_verification(session: AsyncSession, verification: AuditVerification) -> None:
    session.add(verification)


async def get_verification(session: AsyncSession, verification_id: UUID) -> AuditVerification | None:
    return await session.get(AuditVerification, verification_id, populate_existing=True)


async def get_last_verification(session: AsyncSession) -> AuditVerification | None:
    return await session.scalar(select(AuditVerification).order_by(AuditVerification.id.desc()).limit(1))
