"""Which periods are in force, and how completely: counts of tasks, never a value."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.models import Collection


class HeldPeriod(NamedTuple):
    """Of so many townships that a form was opened for, how many have values in force."""

    form: str
    period: str
    reported: int
    expected: int


async def list_held_periods(session: AsyncSession, reach: str) -> Sequence[HeldPeriod]:
    """By form, newest first. `reach`: the division whose counties are meant."""
    # Under review, a submission is in force once it is approved.
    is_held = Collection.submission.is_not(None) & or_(
        Collection.wants_review.is_(False), Collection.approved.is_not(None)
    )
    statement = (
        select(Collection.form, Collection.period, func.count().filter(is_held), func.count())
        .where(Collection.area.startswith(reach, autoescape=True))
        .group_by(Collection.form, Collection.period)
        .order_by(Collection.form, Collection.period.desc())
    )
    return [HeldPeriod(*row) for row in await session.execute(statement)]
