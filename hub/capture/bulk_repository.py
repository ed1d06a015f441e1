from collections.abc import Collection as Codes
from collections.abc import Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.models import Collection, Draft, Submission
from hub.kit.json import Written
from hub.store.models import Record


async def list_collections_of(
    session: AsyncSession, form: str, period: str, townships: Codes[str]
) -> Sequence[Collection]:
    statement = select(Collection).where(
        Collection.form == form, Collection.period == period, Collection.township.in_(sorted(townships))
    )
    return (await session.scalars(statement)).all()


async def list_periods_opened(session: AsyncSession, form: str, area_beginning: str) -> Sequence[str]:
    """Newest first."""
    statement = (
        select(Collection.period)
        .where(Collection.form == form, Collection.area.startswith(area_beginning, autoescape=True))
        .distinct()
        .order_by(Collection.period.desc())
    )
    return (await session.scalars(statement)).all()


async def lock_collections(
    session: AsyncSession, area: str, form: str, period: str, townships: Codes[str]
) -> Sequence[Collection]:
    """By township: whoever locks several takes them in this order."""
    statement = (
        select(Collection)
        .where(
            Collection.area == area,
            Collection.form == form,
            Collection.period == period,
            Collection.township.in_(sorted(townships)),
        )
        .order_by(Collection.township)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def list_drafted_elsewhere(
    session: AsyncSession, area: str, collections: Sequence[Collection], door: str
) -> Sequence[str]:
    """The townships among these that have a draft of their own, not one that came through this door."""
    statement = select(Draft.township).where(
        Draft.area == area,
        Draft.collection_id.in_([collection.id for collection in collections]),
        Draft.door != door,
    )
    return (await session.scalars(statement)).all()


async def delete_drafts(session: AsyncSession, area: str, collections: Sequence[Collection], door: str) -> None:
    """The drafts that came through this door; a township's own stay."""
    statement = delete(Draft).where(
        Draft.area == area,
        Draft.collection_id.in_([collection.id for collection in collections]),
        Draft.door == door,
    )
    await session.execute(statement.execution_options(synchronize_session=False))


async def list_rows_held(
    session: AsyncSession, area: str, object_class: str, period: str, divisions: Codes[str]
) -> Sequence[Record]:
    statement = select(Record).where(
        Record.area == area,
        Record.object_class == object_class,
        Record.period == period,
        Record.division.in_(sorted(divisions)),
        Record.entity == "",
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def add_submissions(session: AsyncSession, submissions: Sequence[tuple[Submission, Written, Written]]) -> None:
    """Each with its content and warnings spelled already; all of them down one pipeline."""
    columns = [column.name for column in Submission.__table__.columns if column.name not in {"content", "warnings"}]
    rows = [
        {name: getattr(one, name) for name in columns} | {"content": content, "warnings": warnings}
        for one, content, warnings in submissions
    ]
    connection = await session.connection()
    await connection.execute(insert(Submission), rows)
