from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from hub.delegations.models import Delegation


async def lock_delegations(session: AsyncSession, area: str, collection_id: UUID) -> None:
    """Two people making a link for one village meet here; of the two links the later one lives."""
    key = f"delegations\n{area}\n{collection_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def find_by_token(session: AsyncSession, area: str, token_sha256: bytes) -> Delegation | None:
    """Locked, because whoever comes by a link always writes; of the townships that the transaction may touch."""
    statement = (
        select(Delegation)
        .where(Delegation.area == area, Delegation.token_sha256 == token_sha256)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def get_newest_for_update(
    session: AsyncSession, area: str, collection_id: UUID, division: str
) -> Delegation | None:
    """The village's newest link, revoked or not."""
    statement = (
        select(Delegation)
        .where(
            Delegation.area == area,
            Delegation.collection_id == collection_id,
            Delegation.division == division,
        )
        .order_by(Delegation.made_at.desc(), Delegation.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def list_newest(session: AsyncSession, area: str, collection_id: UUID) -> Sequence[Delegation]:
    """The newest link of each village."""
    statement = (
        select(Delegation)
        .where(Delegation.area == area, Delegation.collection_id == collection_id)
        .ext(distinct_on(Delegation.division))
        .order_by(Delegation.division, Delegation.made_at.desc(), Delegation.id.desc())
    )
    return (await session.scalars(statement)).all()


async def list_that_filled(
    session: AsyncSession, area: str, collection_id: UUID, division: str, element: str
) -> Sequence[Delegation]:
    """The links by which this cell came, oldest first."""
    statement = (
        select(Delegation)
        .where(
            Delegation.area == area,
            Delegation.collection_id == collection_id,
            Delegation.division == division,
            Delegation.filled.has_key(element),
        )
        .order_by(Delegation.made_at, Delegation.id)
    )
    return (await session.scalars(statement)).all()


async def revoke(
    session: AsyncSession, area: str, collection_id: UUID, division: str, *, by: str, at: datetime
) -> Sequence[UUID]:
    """End the village's link; empty when it had none."""
    statement = (
        update(Delegation)
        .where(
            Delegation.area == area,
            Delegation.collection_id == collection_id,
            Delegation.division == division,
            Delegation.revoked_at.is_(None),
        )
        .values(revoked_by=by, revoked_at=at)
        .returning(Delegation.id)
        .execution_options(synchronize_session=False)
    )
    return (await session.scalars(statement)).all()


async def add(session: AsyncSession, delegation: Delegation) -> None:
    session.add(delegation)
    await session.flush()
