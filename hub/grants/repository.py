from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ARRAY, Text, cast, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.grants.models import AccessGrant, DataRead
from hub.registry.models import DataElementVersion


async def next_serial(session: AsyncSession) -> int:
    serial: int = (await session.execute(text("SELECT nextval('access_grant_serials')"))).scalar_one()
    return serial


def add(session: AsyncSession, row: AccessGrant | DataRead) -> None:
    session.add(row)


async def get_grant(session: AsyncSession, number: str) -> AccessGrant | None:
    return await session.get(AccessGrant, number)


async def get_grant_for_update(session: AsyncSession, number: str) -> AccessGrant | None:
    return await session.get(AccessGrant, number, with_for_update=True, populate_existing=True)


async def list_grants(
    session: AsyncSession, *, seen_by: str | None, states: Collection[str] = (), after: int | None, limit: int
) -> Sequence[AccessGrant]:
    """In the order they were asked for. `seen_by`: the organisation that asks or answers; None: every one."""
    statement = select(AccessGrant).order_by(AccessGrant.serial).limit(limit)
    if seen_by is not None:
        statement = statement.where((AccessGrant.organization == seen_by) | (AccessGrant.steward == seen_by))
    if states:
        statement = statement.where(AccessGrant.state.in_(sorted(states)))
    if after is not None:
        statement = statement.where(AccessGrant.serial > after)
    return (await session.scalars(statement)).all()


async def list_grants_of(session: AsyncSession, organization: str) -> Sequence[AccessGrant]:
    """What an organisation holds or held, newest first."""
    statement = (
        select(AccessGrant)
        .where(AccessGrant.organization == organization, AccessGrant.state.in_(("active", "suspended", "revoked")))
        .order_by(AccessGrant.serial.desc())
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def list_grants_on_element(session: AsyncSession, identifier: str) -> Sequence[AccessGrant]:
    statement = (
        select(AccessGrant)
        .where(
            AccessGrant.elements.bool_op("@>")(cast([identifier], ARRAY(Text))),
            AccessGrant.state.in_(("active", "suspended")),
        )
        .order_by(AccessGrant.serial)
    )
    return (await session.scalars(statement)).all()


async def list_element_versions(session: AsyncSession, identifiers: Iterable[str]) -> Sequence[DataElementVersion]:
    statement = (
        select(DataElementVersion)
        .where(DataElementVersion.identifier.in_(sorted(set(identifiers))))
        .order_by(DataElementVersion.identifier, DataElementVersion.version)
    )
    return (await session.scalars(statement)).all()
