from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hub.store.models import ProvisionalRecord, Record, RecordRevision


async def add(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await (await session.connection()).execute(insert(ProvisionalRecord), list(rows))


async def remove(session: AsyncSession, area: str, submission: str) -> int:
    """How many rows there were."""
    statement = delete(ProvisionalRecord).where(
        ProvisionalRecord.area == area, ProvisionalRecord.submission == submission
    )
    found = await session.execute(statement.returning(ProvisionalRecord.division))
    return len(found.all())


async def list_brought_about(session: AsyncSession, area: str, submission: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows whose present state a submission brought about, each with the state before it, locked in one order."""
    made, before = aliased(RecordRevision), aliased(RecordRevision)
    statement = (
        select(
            Record.object_class,
            Record.period,
            Record.division,
            Record.entity,
            before.payload,
            before.missing,
            before.versions,
            Record.versions.label("present_versions"),
        )
        .select_from(made)
        .join(Record, and_(*_same_row(Record, made), Record.revision == made.revision))
        .join(before, and_(*_same_row(before, made), before.revision == made.revision - 1), isouter=True)
        .where(made.area == area, made.submission == submission)
        .order_by(Record.division, Record.entity)
        .with_for_update(of=Record)
    )
    return (await session.execute(statement)).all()


def _same_row(one: Any, other: Any) -> list[ColumnElement[bool]]:
    keys = ("area", "object_class", "period", "division", "entity")
    return [getattr(one, key) == getattr(other, key) for key in keys]
