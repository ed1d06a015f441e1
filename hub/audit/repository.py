from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow, AuditHead

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


async def set_links(session: AsyncSession, links: Sequence[tuple[UUID, int, bytes]]) -> None:
    connection = await session.connection()
    statement = (
        update(AuditEventRow)
        .where(AuditEventRow.id == bindparam("event"))
        .values(position=bindparam("at"), chain_sha256=bindparam("link"))
    )
    await connection.execute(statement, [{"event": i, "at": p, "link": c} for i, p, c in links])


def add_event(session: AsyncSession, event: AuditEventRow) -> None:
    session.add(event)


def add_head(session: AsyncSession, head: AuditHead) -> None:
    session.add(head)


async def each_sealed(session: AsyncSession) -> AsyncIterator[AuditEventRow]:
    statement = select(AuditEventRow).where(AuditEventRow.position.is_not(None)).order_by(AuditEventRow.position)
    async for event in await session.stream_scalars(statement.execution_options(yield_per=2000)):
        yield event


async def each_unsealed(session: AsyncSession) -> AsyncIterator[AuditEventRow]:
    statement = select(AuditEventRow).where(AuditEventRow.position.is_(None)).order_by(AuditEventRow.id)
    async for event in await session.stream_scalars(statement.execution_options(yield_per=2000)):
        yield event


async def list_heads(session: AsyncSession) -> Sequence[AuditHead]:
    return (await session.scalars(select(AuditHead).order_by(AuditHead.position))).all()
