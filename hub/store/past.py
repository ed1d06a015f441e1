"""What was held in earlier periods: what rules look back on, and what stands beside an empty cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import set_scope
from hub.store import repository
from hub.store.rows import ValueQuery
from hub.store.scope import ReadScope


@dataclass(frozen=True)
class PastRow:
    division: str
    period: str
    values: Mapping[str, Any]


async def select_past(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> list[PastRow]:
    """The values alone of whole rows, for who may read all elements of all periods there: a township its own.

    Of a form with rules on last year it is the largest read there is, so reasons and versions stay behind.
    """
    divisions = frozenset().union(*(box.divisions for box in scope.boxes if box.is_whole))
    if not divisions:
        return []
    await set_scope(session, divisions)
    places = [query.place.code] if query.place else divisions
    periods = [str(period) for period in query.periods]
    found = await repository.list_past(session, query.object_class, periods, places)
    return [PastRow(row.division, row.period, row.payload) for row in found]
