"""What was held in earlier periods: what rules look back on, and what stands beside an empty cell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import set_scope
from hub.store import repository
from hub.store.repository import RowFilter
from hub.store.rows import ValueQuery
from hub.store.scope import ReadScope, RowReader


@dataclass(frozen=True)
class PastRow:
    division: str
    period: str
    values: Mapping[str, Any]


async def select_past(session: AsyncSession, scope: ReadScope, query: ValueQuery) -> list[PastRow]:
    """The values alone of whole rows, for who may read all elements of them: a township its own.

    Of a form with rules on last year it is the largest read there is, so reasons and versions stay behind.
    """
    if not scope.boxes:
        return []
    await set_scope(session, scope.divisions)
    rows = RowFilter(
        object_class=query.object_class,
        periods=[str(period) for period in query.periods],
        divisions=[query.place.code] if query.place else scope.divisions,
        elements=query.elements,
    )
    return list(_readable(RowReader(scope), await repository.list_past(session, rows)))


def _readable(reader: RowReader, found: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[PastRow]:
    for row in found:
        if any(box.elements is None for box in reader.boxes(row.period, row.lineage)):
            yield PastRow(row.division, row.period, row.payload)
