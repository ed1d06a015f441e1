from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from hub.capture.models import Collection, CollectionStep, LockException, TownshipWorkflow
from hub.capture.repository import within


async def add_step(session: AsyncSession, step: CollectionStep) -> None:
    session.add(step)
    await session.flush()


async def get_newest_step(
    session: AsyncSession, area: str, collection_id: UUID, *actions: str
) -> CollectionStep | None:
    statement = (
        select(CollectionStep)
        .where(
            CollectionStep.area == area,
            CollectionStep.collection_id == collection_id,
            CollectionStep.action.in_(actions),
        )
        .order_by(CollectionStep.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def list_steps(session: AsyncSession, area: str, collection_id: UUID) -> Sequence[CollectionStep]:
    """Oldest first: the ids are ordered by time."""
    statement = (
        select(CollectionStep)
        .where(CollectionStep.area == area, CollectionStep.collection_id == collection_id)
        .order_by(CollectionStep.id)
    )
    return (await session.scalars(statement)).all()


async def move(session: AsyncSession, collection: Collection, changes: Mapping[str, object]) -> None:
    """Write these columns of a collection that is locked."""
    statement = update(Collection).where(Collection.area == collection.area, Collection.id == collection.id)
    await session.execute(statement.values(dict(changes)), execution_options={"synchronize_session": False})
    for name, value in changes.items():
        set_committed_value(collection, name, value)


async def count_by_stage(session: AsyncSession, reach: str, below: str) -> dict[str, int]:
    """Of the tasks of these counties, in the divisions whose codes begin like this one's."""
    statement = (
        select(Collection.stage, func.count())
        .where(within(reach), Collection.stage.is_not(None), Collection.township.startswith(below, autoescape=True))
        .group_by(Collection.stage)
    )
    return {stage: count for stage, count in await session.execute(statement) if stage is not None}


async def list_of_periods(session: AsyncSession, reach: str, form: str, periods: Sequence[str]) -> Sequence[Collection]:
    statement = (
        select(Collection)
        .where(within(reach), Collection.form == form, Collection.period.in_(periods))
        .order_by(Collection.township, Collection.period)
    )
    return (await session.scalars(statement)).all()


async def add_exception(session: AsyncSession, exception: LockException) -> None:
    session.add(exception)
    await session.flush()


async def list_exceptions(session: AsyncSession, area: str, collection_id: UUID) -> Sequence[LockException]:
    statement = (
        select(LockException)
        .where(LockException.area == area, LockException.collection_id == collection_id)
        .order_by(LockException.id)
    )
    return (await session.scalars(statement)).all()


async def get_workflow(session: AsyncSession, area: str, township: str) -> TownshipWorkflow | None:
    return await session.get(TownshipWorkflow, (area, township), populate_existing=True)


async def list_signed_townships(session: AsyncSession, townships: Sequence[str]) -> frozenset[str]:
    """Those of these townships that have their leader sign."""
    statement = select(TownshipWorkflow.township).where(
        TownshipWorkflow.township.in_(townships), TownshipWorkflow.wants_sign_off
    )
    return frozenset(await session.scalars(statement))


async def put_workflow(
    session: AsyncSession, area: str, township: str, *, wants_sign_off: bool, changed_by: str, at: datetime
) -> None:
    """The setting, and with it every task of the township: submitting asks the task alone."""
    values = {"wants_sign_off": wants_sign_off, "changed_by": changed_by, "changed_at": at}
    statement = insert(TownshipWorkflow).values(area=area, township=township, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["area", "township"], set_=values))
    tasks = update(Collection).where(Collection.area == area, Collection.township == township)
    await session.execute(tasks.values(wants_sign_off=wants_sign_off), execution_options={"synchronize_session": False})
