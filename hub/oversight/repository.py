from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Row, Text, cast, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.models import Division
from hub.grants.models import DataRead
from hub.identity.models import Organization


async def list_codes_around(session: AsyncSession, code: str) -> Sequence[str]:
    """The division itself, everything inside it and everything it lies in: a read of any of these met it."""
    inside = select(Division.code).where(Division.lineage.bool_op("@>")(cast([code], ARRAY(Text))))
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
    asked = func.unnest(DataRead.elements).table_valued("element").render_derived(name="asked")
    key = (asked.c.element, DataRead.organization, DataRead.grant)
    statement = (
        select(
            asked.c.element,
            DataRead.organization,
            Organization.name.label("organization_name"),
            DataRead.purpose,
            DataRead.grant,
            func.count().label("reads"),
            func.max(DataRead.at).label("last_read_at"),
        )
        .select_from(DataRead)
        .join(asked, true())
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
