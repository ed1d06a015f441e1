"""Reading through the second wall: values are seen only by the functions of migration 0012.

Whole pages become text inside PostgreSQL: a loop over rows in Python takes longer than reading them. The
statements go to psycopg as they stand, with its own placeholders; they are constants but for a column each.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, and_, any_, bindparam, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.models import Division
from hub.kit import json
from hub.kit.statements import Statement, first
from hub.store.models import AreaClock, StoreGeneration
from hub.store.rows import TextForm

_VALUE_COLUMNS = "period, division, entity, payload, missing, versions, revision, submission, submitted_at"
_HISTORY_COLUMNS = f"{_VALUE_COLUMNS}, changed, actor, door, reason"


# Asked after the rows, in the same statement: nearly always one look into an empty index (migration 0016).
_LEFT_OUT = (
    "CASE WHEN (%(question)s::jsonb ->> 'provisional')::boolean THEN 0"
    " ELSE provisional_count(%(question)s::jsonb) END AS provisional"
)


@dataclass(frozen=True)
class Asked:
    """What the transaction may read, and what is asked, as the database's functions take them."""

    context: Sequence[Mapping[str, Any]]
    question: Mapping[str, Any]


def asking(columns: str, function: str, *, further: str = "", rest: str = "") -> str:
    """Set the context and ask, in one statement: the function's argument is made of the context, so it comes first."""
    return (
        f"SELECT {columns} FROM (SELECT set_config('hub.boxes', %(context)s, true)) AS context (boxes),"  # noqa: S608
        f" {function}(CASE WHEN context.boxes <> '' THEN %(question)s::jsonb END{further}) {rest}"
    )


async def run(session: AsyncSession, statement: str, asked: Asked, **parameters: Any) -> list[Any]:
    given = {"context": json.dumps(asked.context), "question": json.dumps(asked.question), **parameters}
    return await Statement(statement).rows(session, given)


async def ask(
    session: AsyncSession, columns: str, function: str, asked: Asked, *, rest: str = "", **parameters: Any
) -> list[Any]:
    return await run(session, asking(columns, function, rest=rest), asked, **parameters)


async def list_values(session: AsyncSession, asked: Asked) -> Sequence[Any]:
    """Ordered by (period, division, entity), the key a reader pages by. A cell that may be read is in the payload."""
    return await ask(session, _VALUE_COLUMNS, "granted_values", asked)


async def count_values(session: AsyncSession, asked: Asked) -> tuple[int, int]:
    """How many rows, and how many values are left out as provisional."""
    columns = f"granted_count AS rows, {_LEFT_OUT}"
    found = first(await ask(session, columns, "granted_count", asked))
    return found.rows, found.provisional


async def list_withheld_versions(session: AsyncSession, asked: Asked) -> dict[str, int]:
    """The newest version of each element that is granted under earlier versions only, where it was met."""
    found = await ask(
        session,
        "key, max(value::int) AS version",
        "granted_values",
        asked,
        rest="AS v CROSS JOIN LATERAL jsonb_each_text(v.withheld) GROUP BY key",
    )
    return {row.key: row.version for row in found}


async def list_history(session: AsyncSession, asked: Asked) -> Sequence[Any]:
    """Every state of these rows, oldest first within a row."""
    return await ask(session, _HISTORY_COLUMNS, "granted_history", asked)


_TEXT = asking(
    "coalesce(string_agg(v.line, %(separator)s) FILTER (WHERE n <= %(limit)s), '') AS text,"
    " count(*) FILTER (WHERE n <= %(limit)s) AS rows,"
    " count(*) > %(limit)s AS has_more, max(v.period) FILTER (WHERE n = %(limit)s) AS period,"
    " max(v.division) FILTER (WHERE n = %(limit)s) AS division,"
    " max(v.entity) FILTER (WHERE n = %(limit)s) AS entity,"
    f" {_LEFT_OUT}",
    "granted_lines",
    further=", %(form)s",
    rest="WITH ORDINALITY AS v (period, division, entity, line, n)",
)


async def read_text(session: AsyncSession, asked: Asked, form: TextForm, limit: int) -> Any:
    """At most `limit` rows as one text, how many they are, whether there are more, and the last one's key."""
    one_more = Asked(asked.context, {**asked.question, "limit": limit + 1})
    separator = "," if form == "json" else ""
    return first(await run(session, _TEXT, one_more, form=form, limit=limit, separator=separator))


# Rows alike in form, period, elements and places are told together: the read log knows no single rows.
_OF_FOUND = """
SELECT (SELECT coalesce(string_agg(line, ','), '') FROM found WHERE elements <> '') AS text,
    (SELECT count(*) FROM found) AS rows, last.area, last.seq,
    (SELECT jsonb_agg(alike) FROM (
        SELECT object_class, period, elements, covering, count(*) AS rows, array_agg(DISTINCT division) AS divisions
        FROM found WHERE elements <> '' GROUP BY object_class, period, elements, covering
    ) AS alike) AS groups,
    (SELECT jsonb_agg(withheld) FROM found WHERE withheld <> '{}') AS withheld
FROM (SELECT area, seq FROM found ORDER BY area DESC, seq DESC LIMIT 1) AS last
"""


async def read_changes(session: AsyncSession, asked: Asked, places: Sequence[Collection[str]]) -> Any:
    """Revisions in order within each area as one text, how many they are, and where the last one stands; None: none.

    `covering` of a group has a 1 for each of these places that its rows lie in. A row without elements is withheld
    altogether, and stands in no text and no group.
    """
    given = {f"place_{index}": sorted(divisions) for index, divisions in enumerate(places)}
    covering = ", ".join(f"(v.lineage && %({name})s::text[])::int" for name in given)
    found = asking(f"v.*, concat({covering}) AS covering", "granted_change_lines", rest="AS v")
    return first(await run(session, f"WITH found AS MATERIALIZED ({found}) {_OF_FOUND}", asked, **given))


_GENERATION = Statement(select(StoreGeneration.generation))


async def get_generation(session: AsyncSession) -> UUID:
    generation: UUID = first(await _GENERATION.rows(session, {})).generation
    return generation


_PLACES = bindparam("places", type_=ARRAY(Text))
_ABOVE = select(func.unnest(Division.lineage)).where(Division.code == any_(_PLACES))
# From the few thousand clocks and counties, never from the hundreds of thousands of divisions. The level stands in
# the statement's text, or PostgreSQL could not know that the index of counties has them all.
_IS_COUNTY: ColumnElement[bool] = literal_column("divisions.level = 'county'")
# As one document: read by the driver as three thousand rows, it took twice as long.
_CLOCKS = (
    select(func.json_object_agg(AreaClock.area, aggregate_order_by(AreaClock.seq, AreaClock.area)))
    .join(Division, and_(Division.code == AreaClock.area, _IS_COUNTY), isouter=True)
    .where(or_(Division.lineage.bool_op("&&")(_PLACES), AreaClock.area.in_(_ABOVE)))
    .scalar_subquery()
)
_STANDING = Statement(select(StoreGeneration.generation, _CLOCKS.label("clocks")))


async def list_all_clocks(session: AsyncSession) -> dict[str, int]:
    return {row.area: row.seq for row in await session.execute(select(AreaClock.area, AreaClock.seq))}


async def get_standing(session: AsyncSession, divisions: Collection[str]) -> tuple[UUID, dict[str, int]]:
    """The generation, and the clocks of the areas that these divisions lie in, or that lie in them."""
    found = first(await _STANDING.rows(session, {"places": sorted(divisions)}))
    return found.generation, found.clocks or {}


async def list_clocks_at(
    session: AsyncSession, context: Sequence[Mapping[str, Any]], areas: Collection[str], instant: datetime
) -> dict[str, int]:
    """Where the clocks of these areas stood at an instant."""
    statement = (
        "SELECT c.area, c.seq FROM (SELECT set_config('hub.boxes', %(context)s, true)) AS context (boxes),"
        " clocks_at(CASE WHEN context.boxes <> '' THEN %(areas)s::text[] END, %(instant)s) AS c ORDER BY c.area"
    )
    given = {"context": json.dumps(context), "areas": sorted(areas), "instant": instant}
    found = await Statement(statement).rows(session, given)
    return {row.area: row.seq for row in found}
