"""The statements of `bulk`. Plain INSERT … SELECT from a temporary table, which nobody else can see."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString, NamedTuple

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.copying import copy_in, copy_out, driver_connection
from hub.kit.statements import Statement

_STAGED = ("writer", "content", "answered")

# Kept for the connection's life and emptied at every commit: making tables for each county would cost more than
# the county. Unlogged heaps of their own, so COPY and the merge write no log but the records' own. What is
# compressed here stays so on its way into the records: with LZ4 where the server can, as migration 0015 has it.
_OPEN_STAGING = (
    "DO $$ BEGIN IF to_regclass('pg_temp.staged_rows') IS NULL THEN"
    " CREATE TEMPORARY TABLE staged_documents (writer integer, content jsonb, answered integer[])"
    " ON COMMIT DELETE ROWS;"
    " CREATE TEMPORARY TABLE staged_answers (place bigint, identifiers text[], versions jsonb)"
    " WITH (toast_tuple_target = 128) ON COMMIT DELETE ROWS;"
    " ALTER TABLE staged_answers ALTER COLUMN identifiers SET STORAGE MAIN, ALTER COLUMN versions SET STORAGE MAIN;"
    " CREATE TEMPORARY TABLE staged_rows (writer integer, division text, entity text, payload jsonb,"
    " missing jsonb, versions jsonb, revision integer, changed text[]) ON COMMIT DELETE ROWS;"
    " IF 'lz4' = ANY ((SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression')::text[]) THEN"
    " ALTER TABLE staged_documents ALTER COLUMN content SET COMPRESSION lz4;"
    " ALTER TABLE staged_answers ALTER COLUMN identifiers SET COMPRESSION lz4,"
    " ALTER COLUMN versions SET COMPRESSION lz4;"
    " ALTER TABLE staged_rows ALTER COLUMN payload SET COMPRESSION lz4, ALTER COLUMN changed SET COMPRESSION lz4,"
    " ALTER COLUMN versions SET COMPRESSION lz4; END IF;"
    " ELSE DELETE FROM staged_documents; DELETE FROM staged_answers; DELETE FROM staged_rows; END IF; END $$"
)

# What hundreds of rows have alike is compressed here, once; each of them takes it as it lies.
_STAGE_ANSWERS = Statement(
    "INSERT INTO staged_answers (place, identifiers, versions)"
    " SELECT a.place, CAST(a.one AS text[]), CAST(%(versions)s AS jsonb)"
    " FROM unnest(CAST(%(answers)s AS text[])) WITH ORDINALITY AS a (one, place)"
)

# The one parse of a document serves its submission and its rows: what is nested in it is taken out as it lies there.
# Every row is taken for a new one, all of whose answers are changes, until `find_changes` knows better.
_SPREAD = Statement(
    "INSERT INTO staged_rows (writer, division, entity, payload, missing, versions, revision, changed)"
    " SELECT d.writer, e.one ->> 'division', coalesce(e.one ->> 'entity', ''),"
    " (e.one -> 'values') || (e.one -> 'derived'), e.one -> 'missing', a.versions, 1, a.identifiers"
    " FROM staged_documents d CROSS JOIN LATERAL jsonb_array_elements(d.content) WITH ORDINALITY AS e (one, place)"
    " JOIN staged_answers a ON a.place = d.answered[e.place]"
)

_KEEP_SUPPLIED = Statement(
    "UPDATE staged_rows s SET payload = k.payload || s.payload, versions = s.versions || k.versions"
    " FROM (SELECT r.division, r.entity, jsonb_object_agg(e.key, e.value) AS payload,"
    " jsonb_object_agg(e.key, r.versions -> e.key) AS versions"
    " FROM records r, jsonb_each(r.payload) e"
    " WHERE r.area = %(area)s AND r.object_class = %(object_class)s AND r.period = %(period)s AND e.key = ANY(%(kept)s)"
    " GROUP BY r.division, r.entity) k WHERE k.division = s.division AND k.entity = s.entity"
)

# `revisions.changed_identifiers` once more, set-wise; a property test holds the two together. What is the same in
# every cell has no `changed`.
_FIND_CHANGES = Statement(
    "UPDATE staged_rows s SET revision = f.revision, changed = f.changed"
    " FROM (SELECT t.division, t.entity, r.revision + 1 AS revision,"
    ' (SELECT array_agg(k.key ORDER BY k.key COLLATE "C")'
    " FROM jsonb_object_keys(r.payload || r.missing || t.payload || t.missing) AS k (key)"
    " WHERE r.payload -> k.key IS DISTINCT FROM t.payload -> k.key"
    " OR r.missing -> k.key IS DISTINCT FROM t.missing -> k.key"
    " OR (t.payload ? k.key AND r.versions -> k.key IS DISTINCT FROM t.versions -> k.key)) AS changed"
    " FROM staged_rows t JOIN records r"
    " ON r.area = %(area)s AND r.object_class = %(object_class)s AND r.period = %(period)s"
    " AND r.division = t.division AND r.entity = t.entity) f"
    " WHERE f.division = s.division AND f.entity = s.entity"
)

_COUNT_CHANGES = Statement(
    "SELECT writer, count(*)::int AS total, (count(*) FILTER (WHERE revision = 1))::int AS new,"
    " (count(*) FILTER (WHERE revision > 1 AND changed IS NOT NULL))::int AS changed FROM staged_rows GROUP BY writer"
)

# A row that somebody else wrote meanwhile breaks the revisions' key: new rows need not look for one in `records`.
_MERGE = Statement(
    "WITH numbered AS (SELECT c.*, w.number, w.actor, w.door, w.reason,"
    " w.first + row_number() OVER (PARTITION BY c.writer"
    ' ORDER BY c.division COLLATE "C", c.entity COLLATE "C") - 1 AS seq'
    " FROM staged_rows c JOIN unnest(CAST(%(writers)s AS integer[]), CAST(%(numbers)s AS text[]),"
    " CAST(%(firsts)s AS bigint[]), CAST(%(actors)s AS text[]), CAST(%(doors)s AS text[]), CAST(%(reasons)s AS text[]))"
    " AS w (writer, number, first, actor, door, reason) USING (writer) WHERE c.changed IS NOT NULL),"
    " told AS (INSERT INTO record_revisions (area, object_class, period, division, entity, revision, seq, kind,"
    " payload, missing, versions, changed, submission, submitted_at, actor, door, reason)"
    " SELECT %(area)s, %(object_class)s, %(period)s, n.division, n.entity, n.revision, n.seq,"
    " CASE WHEN n.revision = 1 THEN 'value' WHEN n.payload ?| n.changed THEN 'correction' ELSE 'withdrawal' END,"
    " n.payload, n.missing, n.versions, n.changed, n.number, %(submitted_at)s, n.actor, n.door, n.reason"
    " FROM numbered n),"
    " renewed AS (UPDATE records r SET payload = n.payload, missing = n.missing, versions = n.versions,"
    " revision = n.revision, seq = n.seq, submission = n.number, submitted_at = %(submitted_at)s"
    " FROM numbered n WHERE n.revision > 1 AND r.area = %(area)s AND r.object_class = %(object_class)s"
    " AND r.period = %(period)s AND r.division = n.division AND r.entity = n.entity)"
    " INSERT INTO records (area, object_class, period, division, entity, payload, missing, versions, revision, seq,"
    " submission, submitted_at) SELECT %(area)s, %(object_class)s, %(period)s, n.division, n.entity, n.payload,"
    " n.missing, n.versions, n.revision, n.seq, n.number, %(submitted_at)s FROM numbered n WHERE n.revision = 1"
)


_LOCK_HELD = Statement(
    "SELECT 1 FROM records r WHERE r.area = %(area)s AND r.object_class = %(object_class)s AND r.period = %(period)s"
    " AND r.division IN (SELECT division FROM staged_rows) ORDER BY r.division, r.entity FOR UPDATE"
)


class Numbered(NamedTuple):
    """A submission: its writer, its number, the first position of its rows in the area's order, its deed."""

    writer: int
    number: str
    first: int
    actor: str
    door: str
    reason: str | None


async def stage(session: AsyncSession, lines: bytes, answers: Sequence[str], versions: str) -> None:
    """What was staged before goes: within one transaction a second county may follow."""
    connection = await driver_connection(session)
    await connection.execute(_OPEN_STAGING)
    await copy_in(session, "staged_documents", _STAGED, lines)
    await _STAGE_ANSWERS.run(session, {"answers": list(answers), "versions": versions})
    await _SPREAD.run(session, {})


async def lock_held(session: AsyncSession, area: str, object_class: str, period: str) -> bool:
    """In the order in which every writer locks rows, so that two never wait for each other. Whether there are any."""
    return bool(await _LOCK_HELD.rows(session, {"area": area, "object_class": object_class, "period": period}))


async def keep_supplied(session: AsyncSession, area: str, object_class: str, period: str, kept: Sequence[str]) -> None:
    key = {"area": area, "object_class": object_class, "period": period}
    await _KEEP_SUPPLIED.run(session, {**key, "kept": list(kept)})


async def find_changes(session: AsyncSession, area: str, object_class: str, period: str) -> None:
    await _FIND_CHANGES.run(session, {"area": area, "object_class": object_class, "period": period})


async def count_changes(session: AsyncSession) -> list[tuple[int, int, int, int]]:
    """Writer, rows, new rows, changed rows."""
    return [(row.writer, row.total, row.new, row.changed) for row in await _COUNT_CHANGES.rows(session, {})]


async def merge(
    session: AsyncSession,
    area: str,
    object_class: str,
    period: str,
    submitted_at: datetime,
    numbered: Sequence[Numbered],
) -> None:
    columns: dict[str, Any] = dict(
        zip(
            ("writers", "numbers", "firsts", "actors", "doors", "reasons"),
            map(list, zip(*numbered, strict=True)),
            strict=True,
        )
    )
    key = {"area": area, "object_class": object_class, "period": period}
    await _MERGE.run(session, {**key, **columns, "submitted_at": submitted_at})


# One unpacking for all elements of a row; `->>` would unpack the document once for each.
_COLUMNS = sql.SQL(
    "SELECT r.division, r.entity, {columns} FROM records r, jsonb_to_record(r.payload) AS x({types})"
    " WHERE r.area = ANY({areas}) AND r.object_class = {object_class} AND r.period = ANY({periods})"
)


async def copy_values(
    session: AsyncSession, areas: Sequence[str], object_class: str, period: str, identifiers: Sequence[str]
) -> bytes:
    """The values of one period as csv without a head: division, entity, then a column for each identifier."""
    statement = _COLUMNS.format(
        columns=sql.SQL(", ").join(sql.Identifier("x", name) for name in identifiers),
        types=sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in identifiers),
        areas=sql.Literal(list(areas)),
        object_class=sql.Literal(object_class),
        periods=sql.Literal([period]),
    )
    return await copy_out(session, statement)


async def copy_statistics(
    session: AsyncSession,
    areas: Sequence[str],
    object_class: str,
    periods: Sequence[str],
    statistics: Sequence["Aggregate"],
    fewest: int,
) -> bytes:
    """Means and standard deviations over periods as csv: division, entity, then one column for each statistic; null
    where fewer than `fewest` periods have a number that the element may have.
    """
    columns = [
        sql.SQL("CASE WHEN count({0}) >= {1} THEN round({2}({0}), {3}) END").format(
            _number(one), sql.Literal(fewest), sql.SQL(_AGGREGATES[one.kind]), sql.Literal(one.decimals)
        )
        for one in statistics
    ]
    identifiers = list(dict.fromkeys(one.identifier for one in statistics))
    statement = _COLUMNS.format(
        columns=sql.SQL(", ").join(columns),
        types=sql.SQL(", ").join(sql.SQL("{} jsonb").format(sql.Identifier(name)) for name in identifiers),
        areas=sql.Literal(list(areas)),
        object_class=sql.Literal(object_class),
        periods=sql.Literal(list(periods)),
    ) + sql.SQL(" GROUP BY r.division, r.entity")
    return await copy_out(session, statement)


def _number(one: "Aggregate") -> sql.Composed:
    """What is held may predate the element's present domain: then it does not count."""
    return sql.SQL(
        "CASE WHEN jsonb_typeof({0}) = 'number' THEN"
        " CASE WHEN ({0})::numeric BETWEEN {1} AND {2} THEN ({0})::numeric END END"
    ).format(sql.Identifier("x", one.identifier), sql.Literal(one.minimum), sql.Literal(one.maximum))


class Aggregate(NamedTuple):
    """A statistic of one element over periods; `kind` is "mean" or "deviation"."""

    identifier: str
    kind: str
    decimals: int
    minimum: Decimal
    maximum: Decimal


_AGGREGATES: Mapping[str, LiteralString] = {"mean": "avg", "deviation": "stddev_pop"}
