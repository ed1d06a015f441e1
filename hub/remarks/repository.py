from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Text, cast, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.models import Collection
from hub.grants.models import AccessGrant, DataRead
from hub.remarks.models import Attachment, Flag, Remark

_Noted = type[Remark] | type[Attachment] | type[Flag]


@dataclass(frozen=True)
class Spot:
    """Where something is said: a task, and in it one cell, or None for both: the submission as a whole."""

    area: str
    collection_id: UUID
    division: str | None = None
    element: str | None = None


def _at(table: _Noted, spot: Spot, *, is_whole: bool) -> list[ColumnElement[bool]]:
    """`is_whole`: the spot alone; otherwise a spot without a cell means the task with all its cells."""
    found = [table.area == spot.area, table.collection_id == spot.collection_id]
    if spot.division is not None or is_whole:
        found += [
            table.division.is_not_distinct_from(spot.division),
            table.element.is_not_distinct_from(spot.element),
        ]
    return found


async def lock_remarks(session: AsyncSession, spot: Spot) -> None:
    """Whoever adds to a task meets here, so that its limits hold; saving the draft waits for nobody."""
    key = f"remarks\n{spot.area}\n{spot.collection_id}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def list_remarks(session: AsyncSession, spot: Spot) -> Sequence[Remark]:
    """Oldest first."""
    statement = select(Remark).where(*_at(Remark, spot, is_whole=False)).order_by(Remark.made_at, Remark.id)
    return (await session.scalars(statement)).all()


async def count_remarks(session: AsyncSession, spot: Spot) -> int:
    statement = select(func.count()).select_from(Remark).where(*_at(Remark, spot, is_whole=False))
    return (await session.execute(statement)).scalar_one()


async def add_remark(session: AsyncSession, remark: Remark) -> bool:
    """False when a remark of this id is there already: the same form was sent again."""
    statement = insert(Remark).values({column.name: getattr(remark, column.name) for column in Remark.__table__.c})
    added = await session.scalar(statement.on_conflict_do_nothing().returning(Remark.id))
    return added is not None


async def get_remark(session: AsyncSession, area: str, remark_id: UUID) -> Remark | None:
    return await session.get(Remark, (area, remark_id))


async def list_attachments(session: AsyncSession, spot: Spot) -> Sequence[Attachment]:
    """Oldest first, without their contents."""
    statement = (
        select(Attachment)
        .where(*_at(Attachment, spot, is_whole=False))
        .order_by(Attachment.attached_at, Attachment.id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def find_same_attachment(session: AsyncSession, spot: Spot, sha256: bytes) -> Attachment | None:
    """The file that lies there already: a form sent twice adds nothing."""
    statement = select(Attachment).where(
        *_at(Attachment, spot, is_whole=True), Attachment.sha256 == sha256, Attachment.withdrawn_at.is_(None)
    )
    return (await session.scalars(statement.limit(1))).first()


async def measure_attachments(session: AsyncSession, spot: Spot) -> tuple[int, int]:
    """How many files a task keeps, and how many bytes they are."""
    task = Spot(spot.area, spot.collection_id)
    statement = select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(
        *_at(Attachment, task, is_whole=False), Attachment.withdrawn_at.is_(None)
    )
    count, size = (await session.execute(statement)).one()
    return count, size


async def get_attachment(
    session: AsyncSession, spot: Spot, attachment_id: UUID
) -> Row[*tuple[Attachment, bytes | None]] | None:
    """The file with its content."""
    statement = select(Attachment, Attachment.content).where(
        *_at(Attachment, spot, is_whole=False), Attachment.id == attachment_id
    )
    return (await session.execute(statement)).one_or_none()


async def withdraw_attachment(session: AsyncSession, attachment: Attachment, *, by: str, at: datetime) -> None:
    """The content goes at once; the next backup no longer has it."""
    statement = (
        update(Attachment)
        .where(Attachment.area == attachment.area, Attachment.id == attachment.id)
        .values(content=None, withdrawn_by=by, withdrawn_at=at)
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


async def list_flags(session: AsyncSession, spot: Spot) -> Sequence[Flag]:
    """Newest first, cleared ones too."""
    statement = select(Flag).where(*_at(Flag, spot, is_whole=False)).order_by(Flag.flagged_at.desc(), Flag.id.desc())
    return (await session.scalars(statement)).all()


async def list_open_flags(
    session: AsyncSession, *, township: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[*tuple[Flag, Collection]]]:
    """The work list: what waits longest comes first. Row security narrows it to the caller's divisions."""
    statement = (
        select(Flag, Collection)
        .join(Collection, (Collection.area == Flag.area) & (Collection.id == Flag.collection_id))
        .where(Flag.cleared_at.is_(None))
        .order_by(Flag.flagged_at, Flag.id)
        .limit(limit)
    )
    if township is not None:
        statement = statement.where(Flag.township == township)
    if after is not None:
        statement = statement.where(tuple_(Flag.flagged_at, Flag.id) > after)
    return (await session.execute(statement)).all()


async def get_flag_for_update(session: AsyncSession, flag_id: UUID) -> Flag | None:
    """Of the divisions that the transaction may touch; row security says which."""
    statement = select(Flag).where(Flag.id == flag_id).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).one_or_none()


def add(session: AsyncSession, row: Attachment | Flag) -> None:
    session.add(row)


async def list_reads_of(
    session: AsyncSession, element: str, divisions: Sequence[str]
) -> Sequence[Row[*tuple[str, int, datetime]]]:
    """For each grant: how often the element of any of these divisions was read under it, and when last."""
    statement = (
        select(DataRead.grant, func.count(), func.max(DataRead.at))
        .where(
            DataRead.grant.is_not(None),
            DataRead.elements.bool_op("@>")(cast([element], ARRAY(Text))),
            DataRead.divisions.bool_op("&&")(cast(list(divisions), ARRAY(Text))),
        )
        .group_by(DataRead.grant)
    )
    return (await session.execute(statement)).all()  # type: ignore[return-value]  # the condition says: not null


async def list_grants(session: AsyncSession, numbers: Sequence[str]) -> Sequence[AccessGrant]:
    statement = select(AccessGrant).where(AccessGrant.number.in_(numbers)).order_by(AccessGrant.serial)
    return (await session.scalars(statement)).all()
