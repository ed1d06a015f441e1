from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, any_, exists, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

from hub.kit.db import Base
from hub.registry.models import (
    CodeList,
    DataElement,
    DataElementVersion,
    RegistrationStatusChange,
    RuleVersion,
)
from hub.registry.statuses import ENDED, QUALIFIED, UNDECIDED

Pair = tuple[str, int]


def add(session: AsyncSession, row: Base) -> None:
    session.add(row)


async def lock_registry(session: AsyncSession) -> None:
    """One writer at a time: each checks what is registered before it adds to it, and writes are rare."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("registry"))))


# Data elements


async def has_element(session: AsyncSession, identifier: str) -> bool:
    return await session.get(DataElement, identifier) is not None


async def list_versions(session: AsyncSession, identifier: str) -> Sequence[DataElementVersion]:
    statement = (
        select(DataElementVersion)
        .where(DataElementVersion.identifier == identifier)
        .order_by(DataElementVersion.version)
    )
    return (await session.scalars(statement)).all()


async def list_versions_of(session: AsyncSession, pairs: Iterable[Pair]) -> Sequence[DataElementVersion]:
    wanted = list(pairs)
    if not wanted:
        return []
    statement = select(DataElementVersion).where(
        tuple_(DataElementVersion.identifier, DataElementVersion.version).in_(wanted)
    )
    return (await session.scalars(statement)).all()


def _current(*conditions: ColumnElement[bool]) -> Select[str, int]:
    """The version of each element that is shown: the newest that is qualified or above, else the newest."""
    return (
        select(DataElementVersion.identifier, DataElementVersion.version)
        .where(*conditions)
        .ext(distinct_on(DataElementVersion.identifier))
        .order_by(
            DataElementVersion.identifier,
            DataElementVersion.registration_status.in_(QUALIFIED).desc(),
            DataElementVersion.version.desc(),
        )
    )


def _chosen(versions: Select[str, int]) -> Select[DataElementVersion]:
    chosen = versions.subquery()
    return select(DataElementVersion).join(
        chosen,
        and_(
            DataElementVersion.identifier == chosen.c.identifier,
            DataElementVersion.version == chosen.c.version,
        ),
    )


async def list_current(session: AsyncSession) -> Sequence[DataElementVersion]:
    statement = _chosen(_current()).order_by(DataElementVersion.identifier)
    return (await session.scalars(statement)).all()


async def list_current_of(session: AsyncSession, identifiers: Iterable[str]) -> Sequence[DataElementVersion]:
    wanted = list(identifiers)
    if not wanted:
        return []
    statement = _chosen(_current(DataElementVersion.identifier.in_(wanted)))
    return (await session.scalars(statement)).all()


async def list_current_of_form(
    session: AsyncSession, object_class: str, period_type: str
) -> Sequence[DataElementVersion]:
    statement = _chosen(_current()).where(
        DataElementVersion.object_class == object_class,
        DataElementVersion.period_type == period_type,
        DataElementVersion.registration_status.not_in(ENDED),
    )
    return (await session.scalars(statement)).all()


async def list_newest(session: AsyncSession) -> Sequence[DataElementVersion]:
    """The newest version of every element, whatever its status."""
    newest = aliased(DataElementVersion)
    top = select(func.max(newest.version)).where(newest.identifier == DataElementVersion.identifier)
    statement = (
        select(DataElementVersion)
        .where(DataElementVersion.version == top.correlate(DataElementVersion).scalar_subquery())
        .order_by(DataElementVersion.identifier)
    )
    return (await session.scalars(statement)).all()


async def list_pending(session: AsyncSession, limit: int) -> Sequence[DataElementVersion]:
    """The newest versions that nobody has approved yet, the latest proposals first."""
    newer = aliased(DataElementVersion)
    is_newest = ~exists().where(
        newer.identifier == DataElementVersion.identifier, newer.version > DataElementVersion.version
    )
    statement = (
        select(DataElementVersion)
        .where(DataElementVersion.registration_status.in_(UNDECIDED), is_newest)
        .order_by(DataElementVersion.created_at.desc(), DataElementVersion.identifier)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_pending_rules(session: AsyncSession, limit: int) -> Sequence[RuleVersion]:
    newer = aliased(RuleVersion)
    is_newest = ~exists().where(newer.identifier == RuleVersion.identifier, newer.version > RuleVersion.version)
    statement = (
        select(RuleVersion)
        .where(RuleVersion.registration_status.in_(UNDECIDED), is_newest)
        .order_by(RuleVersion.created_at.desc(), RuleVersion.identifier)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def list_assembled(
    session: AsyncSession, object_class: str, period_type: str, on: date
) -> Sequence[DataElementVersion]:
    """For each element the newest version that may stand on a form and is valid on that day."""
    versions = (
        select(DataElementVersion.identifier, DataElementVersion.version)
        .where(
            DataElementVersion.registration_status.in_(QUALIFIED),
            DataElementVersion.valid_from <= on,
            or_(DataElementVersion.valid_until.is_(None), DataElementVersion.valid_until >= on),
        )
        .ext(distinct_on(DataElementVersion.identifier))
        .order_by(DataElementVersion.identifier, DataElementVersion.version.desc())
    )
    statement = (
        _chosen(versions)
        .where(DataElementVersion.object_class == object_class, DataElementVersion.period_type == period_type)
        .order_by(DataElementVersion.position, DataElementVersion.identifier)
    )
    return (await session.scalars(statement)).all()


async def list_object_classes(session: AsyncSession) -> Sequence[tuple[str, str]]:
    statement = (
        select(DataElementVersion.object_class, DataElementVersion.period_type)
        .where(DataElementVersion.registration_status.in_(QUALIFIED))
        .distinct()
        .order_by(DataElementVersion.object_class, DataElementVersion.period_type)
    )
    return [(object_class, period_type) for object_class, period_type in await session.execute(statement)]


async def list_units(session: AsyncSession) -> Sequence[str]:
    """Every unit of measure that is in use, the commonest first."""
    unit = DataElementVersion.value_domain["unit"].astext
    statement = select(unit).where(unit.is_not(None)).group_by(unit).order_by(func.count().desc(), unit)
    return (await session.scalars(statement)).all()


async def list_topics(session: AsyncSession) -> Sequence[str]:
    """The sections of the forms."""
    statement = select(DataElementVersion.topic).distinct().order_by(DataElementVersion.topic)
    return (await session.scalars(statement)).all()


async def last_position(session: AsyncSession, object_class: str, period_type: str) -> int:
    statement = select(func.max(DataElementVersion.position)).where(
        DataElementVersion.object_class == object_class, DataElementVersion.period_type == period_type
    )
    return await session.scalar(statement) or 0


# Code lists


async def list_code_list_versions(session: AsyncSession, identifier: str) -> Sequence[CodeList]:
    statement = (
        select(CodeList)
        .where(CodeList.identifier == identifier)
        .options(selectinload(CodeList.permissible_values))
        .order_by(CodeList.version)
    )
    return (await session.scalars(statement)).all()


async def list_newest_code_lists(
    session: AsyncSession, *, after: str | None = None, limit: int | None = None
) -> Sequence[CodeList]:
    newest = (
        select(CodeList.identifier, CodeList.version)
        .ext(distinct_on(CodeList.identifier))
        .order_by(CodeList.identifier, CodeList.version.desc())
        .subquery()
    )
    statement = (
        select(CodeList)
        .join(newest, and_(CodeList.identifier == newest.c.identifier, CodeList.version == newest.c.version))
        .options(selectinload(CodeList.permissible_values))
        .order_by(CodeList.identifier)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(CodeList.identifier > after)
    return (await session.scalars(statement)).all()


async def list_code_lists_of(session: AsyncSession, pairs: Iterable[Pair]) -> Sequence[CodeList]:
    wanted = list(pairs)
    if not wanted:
        return []
    statement = (
        select(CodeList)
        .where(tuple_(CodeList.identifier, CodeList.version).in_(wanted))
        .options(selectinload(CodeList.permissible_values))
    )
    return (await session.scalars(statement)).all()


# Rules


async def list_rule_versions(session: AsyncSession, identifier: str) -> Sequence[RuleVersion]:
    statement = select(RuleVersion).where(RuleVersion.identifier == identifier).order_by(RuleVersion.version)
    return (await session.scalars(statement)).all()


async def list_rule_versions_of(session: AsyncSession, pairs: Iterable[Pair]) -> Sequence[RuleVersion]:
    wanted = list(pairs)
    if not wanted:
        return []
    statement = (
        select(RuleVersion)
        .where(tuple_(RuleVersion.identifier, RuleVersion.version).in_(wanted))
        .order_by(RuleVersion.identifier)
    )
    return (await session.scalars(statement)).all()


async def list_current_rules(
    session: AsyncSession,
    *,
    object_class: str | None = None,
    period_type: str | None = None,
    status: str | None = None,
    naming: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[RuleVersion]:
    """The newest qualified version of each rule, else the newest; with a status: the newest that has it."""
    versions = (
        select(RuleVersion.identifier, RuleVersion.version)
        .ext(distinct_on(RuleVersion.identifier))
        .order_by(
            RuleVersion.identifier,
            RuleVersion.registration_status.in_(QUALIFIED).desc(),
            RuleVersion.version.desc(),
        )
    )
    if status is not None:
        versions = versions.where(RuleVersion.registration_status == status)
    chosen = versions.subquery()
    statement = (
        select(RuleVersion)
        .join(chosen, and_(RuleVersion.identifier == chosen.c.identifier, RuleVersion.version == chosen.c.version))
        .order_by(RuleVersion.identifier)
        .limit(limit)
    )
    if object_class is not None:
        statement = statement.where(RuleVersion.object_class == object_class)
    if period_type is not None:
        statement = statement.where(RuleVersion.period_type == period_type)
    if naming is not None:
        statement = statement.where(literal(naming) == any_(RuleVersion.elements))
    if after is not None:
        statement = statement.where(RuleVersion.identifier > after)
    return (await session.scalars(statement)).all()


async def list_newest_rules(session: AsyncSession) -> Sequence[RuleVersion]:
    newest = (
        select(RuleVersion.identifier, func.max(RuleVersion.version).label("version"))
        .group_by(RuleVersion.identifier)
        .subquery()
    )
    statement = (
        select(RuleVersion)
        .join(newest, and_(RuleVersion.identifier == newest.c.identifier, RuleVersion.version == newest.c.version))
        .order_by(RuleVersion.identifier)
    )
    return (await session.scalars(statement)).all()


# Registration status


async def list_status_changes(
    session: AsyncSession, item_type: str, identifier: str
) -> Sequence[RegistrationStatusChange]:
    statement = (
        select(RegistrationStatusChange)
        .where(RegistrationStatusChange.item_type == item_type, RegistrationStatusChange.identifier == identifier)
        .order_by(RegistrationStatusChange.changed_at, RegistrationStatusChange.id)
    )
    return (await session.scalars(statement)).all()
