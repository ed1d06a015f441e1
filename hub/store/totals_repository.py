"""Sums, asked through the second wall like rows (migration 0012)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.store.reading_repository import Asked, ask

_COLUMNS = (
    "v.period, t.code AS township, cell.name AS element,"
    " sum(CASE WHEN jsonb_typeof(cell.value) = 'number' THEN cell.value::numeric END) AS total,"
    " count(DISTINCT v.division) FILTER (WHERE jsonb_typeof(cell.value) = 'number') AS counted,"
    " count(DISTINCT v.division) AS reported"
)
# A cell that may be read is in the payload, if only as null; what may not is no part of any sum or count.
# Each row is taken apart once: looked up by name, whole rows would be sorted, once for each of their cells.
_REST = (
    "AS v JOIN divisions d ON d.code = v.division"
    " CROSS JOIN LATERAL (SELECT code FROM unnest(d.lineage) AS code WHERE length(code) = %(township_length)s) AS t"
    " CROSS JOIN LATERAL jsonb_each(v.payload) AS cell (name, value)"
    " WHERE cell.name = ANY (%(elements)s::text[])"
    " GROUP BY v.period, t.code, cell.name ORDER BY v.period, t.code, cell.name"
)


async def list_totals(
    session: AsyncSession, asked: Asked, elements: Sequence[str], township_length: int
) -> Sequence[Row[Any]]:
    """A sum for each period, township and element, of how many divisions with a number, and of how many with a row."""
    given = {"elements": list(elements), "township_length": township_length}
    return await ask(session, _COLUMNS, "granted_values", asked, rest=_REST, **given)
