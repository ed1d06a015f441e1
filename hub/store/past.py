"""What was held in earlier periods: what rules look back on, and what stands beside an empty cell."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.levels import county_of
from hub.kit.db import set_scope
from hub.store import repository
from hub.store.rows import ValueQuery
from hub.store.scope import ReadScope


@dataclass(frozen=True)
class PastRow:
    division: str
    period: str
    values: Mapping[str, Any]


async def select_past(
    session: AsyncSession, scope: ReadScope, query: ValueQuery, asked: Collection[str]
) -> list[PastRow]:
    """The values alone of whole rows, for who may read all elements of all periods there: a township its own.

    Of a form with rules on last year it is the largest read there is, so reasons and versions stay behind, and only
    the divisions that are `asked` for are looked up, all of one county.
    """
    divisions = frozenset().union(*(box.divisions for box in scope.boxes if box.is_whole))
    if not divisions or not asked:
        return []
    await set_scope(session, divisions)
    places = [query.place.code] if query.place else divisions
    periods = [str(period) for period in query.periods]
    area = county_of(next(iter(asked)))
    found = await repository.list_past(session, area, query.object_class, periods, asked, places)
    return [PastRow(row.division, row.period, row.payload) for row in found]
