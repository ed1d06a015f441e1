from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.exchange.models import ChangeCursor, DeliveryReceipt


async def get_cursor(session: AsyncSession, cursor_id: UUID) -> ChangeCursor | None:
    return await session.get(ChangeCursor, cursor_id)


_CURSOR = insert(ChangeCursor).on_conflict_do_nothing()


async def put_cursor(session: AsyncSession, cursor: Mapping[str, Any]) -> None:
    """Keep a cursor; one with the same id says the same."""
    await (await session.connection()).execute(_CURSOR, dict(cursor))


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
