from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Row, Text, cast, func, select, true, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.models import Division
from hub.grants.models import DataRead
from hub.identity.models import ApiClient, Organization


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


async def list_readings(
    session: AsyncSession, codes: Sequence[str], *, since: datetime | None, until: datetime | None
) -> Sequence[Row[*tuple[str, str, str, str]]]:
    """Element, object class, period, department: each once. A read that found nothing served nobody."""
    asked = func.unnest(DataRead.elements).table_valued("element").render_derived(name="asked")
    of_period = func.unnest(DataRead.periods).table_valued("period").render_derived(name="of_period")
    statement = (
        select(asked.c.element, DataRead.object_class, of_period.c.period, DataRead.organization)
        .select_from(DataRead)
        .join(asked, true())
        .join(of_period, true())
        .join(Organization, Organization.code == DataRead.organization)
        .where(
            DataRead.grant.is_not(None),
            DataRead.rows > 0,
            Organization.kind == "department",
            DataRead.divisions.bool_op("&&")(cast(list(codes), ARRAY(Text))),
        )
        .distinct()
    )
    if since is not None:
        statement = statement.where(DataRead.at >= since)
    if until is not None:
        statement = statement.where(DataRead.at <= until)
    return (await session.execute(statement)).all()


async def list_live_clients(session: AsyncSession, codes: Sequence[str]) -> Sequence[Row[*tuple[str, str]]]:
    """The organisation's code and the program's id, for every program that is not disabled."""
    statement = (
        select(Organization.code, ApiClient.client_id)
        .join(ApiClient, ApiClient.organization_id == Organization.id)
        .where(Organization.code.in_(codes), ApiClient.disabled_at.is_(None))
        .order_by(ApiClient.client_id)
    )
    return (await session.execute(statement)).all()


async def list_reads_by_grant(session: AsyncSession, element: str) -> dict[str, tuple[int, datetime]]:
    """How often the element was read under each grant, and when last."""
    statement = (
        select(DataRead.grant, func.count(), func.max(DataRead.at))
        .where(DataRead.grant.is_not(None), DataRead.elements.bool_op("@>")(cast([element], ARRAY(Text))))
        .group_by(DataRead.grant)
    )
    return {grant: (count, last) for grant, count, last in await session.execute(statement) if grant is not None}
