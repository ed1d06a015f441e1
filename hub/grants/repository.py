from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Integer, Text, any_, bindparam, cast, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.grants.models import AccessGrant, DataRead
from hub.kit.statements import Statement, insertion
from hub.registry.models import DataElementVersion


async def next_serial(session: AsyncSession) -> int:
    serial: int = (await session.execute(text("SELECT nextval('access_grant_serials')"))).scalar_one()
    return serial


def add(session: AsyncSession, row: AccessGrant) -> None:
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


_TERMS = Statement(
    select(
        AccessGrant.number,
        AccessGrant.organization,
        AccessGrant.state,
        AccessGrant.element_versions,
        AccessGrant.divisions,
        AccessGrant.period_from,
        AccessGrant.period_to,
        AccessGrant.valid_until,
        AccessGrant.scenario,
        AccessGrant.includes_provisional,
    )
    .where(
        AccessGrant.organization == bindparam("organization"),
        AccessGrant.state == any_(literal(["active", "suspended", "revoked"], ARRAY(Text))),
    )
    .order_by(AccessGrant.serial.desc())
)


async def list_terms_of(session: AsyncSession, organization: str) -> Sequence[Any]:
    """What an organisation holds or held, newest first, as far as reading goes."""
    return await _TERMS.rows(session, {"organization": organization})


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


_VERSIONS = Statement(
    select(
        DataElementVersion.identifier,
        DataElementVersion.version,
        DataElementVersion.registration_status,
        DataElementVersion.is_breaking,
        DataElementVersion.sharing_type,
        DataElementVersion.source_organization,
        DataElementVersion.steward,
        DataElementVersion.object_class,
        DataElementVersion.period_type,
        DataElementVersion.valid_until,
        DataElementVersion.superseded_by,
        DataElementVersion.datatype,
        cast(DataElementVersion.value_domain.op("->>")("decimals"), Integer).label("decimals"),
    )
    .where(DataElementVersion.identifier == any_(bindparam("identifiers", type_=ARRAY(Text))))
    .order_by(DataElementVersion.identifier, DataElementVersion.version)
)


async def list_element_versions(session: AsyncSession, identifiers: Iterable[str]) -> Sequence[Any]:
    return await _VERSIONS.rows(session, {"identifiers": sorted(set(identifiers))})


async def add_reads(session: AsyncSession, reads: Sequence[Mapping[str, Any]]) -> None:
    await _READ.run(session, *reads)


_READ = Statement(insertion(DataRead))
