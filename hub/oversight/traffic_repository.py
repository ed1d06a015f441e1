from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.grants.models import DataRead
from hub.kit import clock

Step = Literal["day", "hour"]


@dataclass(frozen=True)
class TrafficAsked:
    """Which calls are meant: between two instants, of one reader or of all."""

    since: datetime
    until: datetime
    reader: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        found = [DataRead.at >= self.since, DataRead.at <= self.until]
        if self.reader:
            found.append(DataRead.reader == self.reader)
        return found


def _calls() -> ColumnElement[int]:
    """A call writes a line for each grant it drew on, all with one instant."""
    return func.count(DataRead.at.distinct())


async def count_over_time(session: AsyncSession, asked: TrafficAsked, step: Step) -> Sequence[Row[*tuple[Any, ...]]]:
    """Calls of each reader in each day or hour, as China's clock has them."""
    local = func.timezone(literal_column(f"'{clock.CHINA.key}'"), DataRead.at)
    start = func.date_trunc(literal_column(f"'{step}'"), local).label("start")
    statement = (
        select(start, DataRead.reader, _calls().label("calls"))
        .where(*asked.conditions())
        .group_by(start, DataRead.reader)
        .order_by(start)
    )
    return (await session.execute(statement)).all()


async def count_by_service(session: AsyncSession, asked: TrafficAsked) -> Sequence[Row[*tuple[Any, ...]]]:
    """Each reader's calls by what they asked of, most first."""
    key = (DataRead.reader, DataRead.reader_kind, DataRead.organization, DataRead.object_class, DataRead.route)
    statement = (
        select(*key, _calls().label("calls"), func.max(DataRead.at).label("last_at"))
        .where(*asked.conditions())
        .group_by(*key)
        .order_by(_calls().desc(), *key)
    )
    return (await session.execute(statement)).all()
