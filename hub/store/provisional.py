"""Values that nobody has approved yet, and what happens to records when an approval is taken back.

They stand apart from the records, so every read of records is right without knowing of them. Whoever writes here
advances the area's clock: what a reader was told of the state of things holds no longer.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit import clock
from hub.kit.statements import together
from hub.store import provisional_repository as repository
from hub.store.recording import advance_area, number_of, record_values
from hub.store.revisions import RowWrite
from hub.store.rows import Recorded, Writing


async def hold_values(session: AsyncSession, writing: Writing) -> Recorded:
    """`holding_values` where nothing else is written with the rows."""
    async with holding_values(session, writing) as recorded:
        return recorded


@asynccontextmanager
async def holding_values(session: AsyncSession, writing: Writing) -> AsyncIterator[Recorded]:
    """Keep the rows as provisional under a new number, or under the one they were filed with before.

    The caller has set a scope that covers the rows, and writes in the block what belongs to them, as with
    `recording_values`.
    """
    seq = await advance_area(session, writing.area, 1)
    number, submitted_at = writing.number or number_of(writing.area, seq), clock.now()
    await repository.add(session, [_row(writing, row, number, submitted_at) for row in writing.rows])
    async with together(session):
        yield Recorded(number, submitted_at, ())


def _row(writing: Writing, row: RowWrite, number: str, submitted_at: datetime) -> dict[str, object]:
    return {
        "area": writing.area,
        "object_class": writing.object_class,
        "period": writing.period,
        "division": row.division,
        "entity": row.entity,
        "payload": {name: value for name, value in row.payload.items() if value is not None},
        "missing": dict(row.missing),
        "versions": dict(row.versions),
        "revision": 0,
        "submission": number,
        "submitted_at": submitted_at,
    }


async def drop_values(session: AsyncSession, area: str, submission: str) -> None:
    """Provisional rows that are nobody's any more: their submission was returned or taken back."""
    await repository.remove(session, area, submission)
    await advance_area(session, area, 1)


async def approve_values(session: AsyncSession, writing: Writing) -> Recorded:
    """The provisional rows of a submission become records, now and under its number."""
    await repository.remove(session, writing.area, writing.number or "")
    return await record_values(session, writing)


async def revoke_values(
    session: AsyncSession, area: str, submission: str, *, actor: str, door: str, reason: str, kept: Sequence[str]
) -> Recorded | None:
    """Every row whose present state a submission brought about goes back to the state before: a new revision.

    Where there was none before, the values are withdrawn, and departments' feeds say so. None: there was no such row.
    """
    rows = await repository.list_brought_about(session, area, submission)
    if not rows:
        return None
    writing = Writing(
        area=area,
        object_class=rows[0].object_class,
        period=rows[0].period,
        rows=[
            RowWrite(
                row.division, row.payload or {}, row.missing or {}, row.versions or row.present_versions, row.entity
            )
            for row in rows
        ],
        actor=actor,
        door=door,
        reason=reason,
        number=submission,
        kept=tuple(kept),
    )
    return await record_values(session, writing)
