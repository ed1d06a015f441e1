from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.exchange.models import ChangeCursor, DeliveryReceipt
from hub.kit.statements import Statement, first, insertion

_HELD = Statement(select(*ChangeCursor.__table__.c).where(ChangeCursor.id == bindparam("id")))


async def get_cursor(session: AsyncSession, cursor_id: UUID) -> ChangeCursor | None:
    """Of the cursor's own attributes, and not the session's object."""
    found: ChangeCursor | None = first(await _HELD.rows(session, {"id": cursor_id}))
    return found


_CURSOR = Statement(insertion(ChangeCursor).on_conflict_do_nothing())


async def put_cursor(session: AsyncSession, cursor: Mapping[str, Any]) -> None:
    """Keep a cursor; one with the same id says the same."""
    await _CURSOR.run(session, cursor)


async def delete_cursors_before(session: AsyncSession, instant: datetime) -> None:
    await session.execute(delete(ChangeCursor).where(ChangeCursor.created_at < instant))


def add(session: AsyncSession, receipt: DeliveryReceipt) -> None:
    session.add(receipt)


async def list_last_deliveries(session: AsyncSession, grants: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """When each program last told of a delivery under each of these grants."""
    statement = (
        select(DeliveryReceipt.grant, DeliveryReceipt.client, func.max(DeliveryReceipt.recorded_at))
        .where(DeliveryReceipt.grant.in_(sorted(grants)))
        .group_by(DeliveryReceipt.grant, DeliveryReceipt.client)
    )
    return {(grant, client): last for grant, client, last in await session.execute(statement)}
