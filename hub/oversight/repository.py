from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Row, Text, bindparam, cast, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.models import Division
from hub.grants.models import DataRead
from hub.identity.models import Organization


async def list_codes_around(session: AsyncSession, code: str) -> Sequence[str]:
    """The division itself, everything inside it and everything it lies in: a read of any of these met it."""
    inside = select(Division.code).where(Division.lineage.contains([code]))
    above = select(func.unnest(Division.lineage)).where(Division.code == code)
    return (await session.scalars(inside.union(above))).all()


async def list_usage(
    session: AsyncSession,
    codes: Sequence[str],
    *,
    since: datetime | None,
    until: datetime | None,
    after: tuple[str, str, str] | None,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Reads under grants, counted for each element, reader and purpose."""
    element = func.unnest(DataRead.elements).column_valued("element")
    key = (element, DataRead.organization, DataRead.grant)
    statement = (
        select(
            element,
            DataRead.organization,
            Organization.name.label("organization_name"),
            DataRead.purpose,
            DataRead.grant,
            func.count().label("reads"),
            func.max(DataRead.at).label("last_read_at"),
        )
        .join(element, bindparam("always", value=True))
        .join(Organization, Organization.code == DataRead.organization)
        .where(DataRead.grant.is_not(None), DataRead.divisions.bool_op("&&")(cast(list(codes), ARRAY(Text))))
        .group_by(*key, Organization.name, DataRead.purpose)
        .order_by(*key)
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(DataRead.at >= since)
    if until is not None:
        statement = statement.where(DataRead.at <= until)
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*(cast(part, Text) for part in after)))
    return (await session.execute(statement)).all()
