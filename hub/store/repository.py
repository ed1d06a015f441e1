from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    String,
    TableValuedAlias,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import Insert, array, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.dml import ReturningInsert

from hub.geography.models import Division
from hub.store.models import AreaClock, Record, RecordRevision, StoreGeneration
from hub.store.rows import Position

# A submitter who waits longer than this for another one's commit is told to come back (REL-R8). It holds to
# the end of the transaction: nothing after the clock may wait long either.
_BOUNDED_WAIT = text("SET LOCAL lock_timeout = '5s'")


_HELD = ("division", "entity", "payload", "missing", "versions", "revision", "submission", "submitted_at")
_HELD_FOR_UPDATE = (
    select(*(getattr(Record, name) for name in _HELD))
    .where(
        Record.area == bindparam("area"),
        Record.object_class == bindparam("object_class"),
        Record.period == bindparam("period"),
        Record.division == any_(bindparam("divisions", type_=ARRAY(Text))),
    )
    .order_by(Record.division, Record.entity)
    .with_for_update()
)


async def list_held_for_update(
    session: AsyncSession, area: str, object_class: str, period: str, divisions: Collection[str]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The rows of these divisions, locked in one order so that two writers never wait for each other."""
    key = {"area": area, "object_class": object_class, "period": period, "divisions": sorted(divisions)}
    return (await session.execute(_HELD_FOR_UPDATE, key)).all()


def _advancing_statement() -> ReturningInsert[int]:
    statement = insert(AreaClock)
    return statement.on_conflict_do_update(
        index_elements=[AreaClock.area], set_={"seq": AreaClock.seq + statement.excluded.seq}
    ).returning(AreaClock.seq)


_ADVANCE = _advancing_statement()


async def advance_clock(session: AsyncSession, area: str, steps: int) -> int:
    """Move the area's clock and hold its row to the end of the transaction; its new reading."""
    await session.execute(_BOUNDED_WAIT)
    seq: int = (await session.execute(_ADVANCE, {"area": area, "seq": steps})).scalar_one()
    return seq


def _writing_statement() -> Insert:
    """A revision, and with it the record, which is always its newest revision: each document is sent once."""
    columns: dict[str, ColumnElement[Any]] = {
        column.name: bindparam(f"new_{column.name}", type_=column.type) for column in RecordRevision.__table__.c
    }
    # As PostgreSQL spells arrays: an array of sixty names for each of twenty rows is dear to take apart and spell.
    columns["changed"] = cast(bindparam("new_changed", type_=Text), ARRAY(Text))
    held = [column.name for column in Record.__table__.c]
    revision = (
        insert(RecordRevision)
        .values(columns)
        .returning(*(getattr(RecordRevision, name) for name in held))
        .cte("revision")
    )
    statement = insert(Record).from_select(held, select(*(revision.c[name] for name in held)))
    key = ["area", "object_class", "period", "division", "entity"]
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: statement.excluded[name] for name in held if name not in key}
    )


_WRITING = _writing_statement()


async def add_revisions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One plain VALUES row in each statement, which a database distributed by area takes too (DESIGN.md §6).

    psycopg prepares the statement once and sends all rows down one pipeline. Several rows in one
    statement would be a text of its own for each number of rows, too long for psycopg's cache of
    parsed statements: parsing it again took longer than writing the rows.
    """
    connection = await session.connection()
    await connection.execute(_WRITING, [{f"new_{name}": value for name, value in row.items()} for row in rows])


async def get_generation(session: AsyncSession) -> UUID:
    generation: UUID = (await session.execute(select(StoreGeneration.generation))).scalar_one()
    return generation


def _overlaps(lineage: InstrumentedAttribute[list[str]], codes: Collection[str]) -> ColumnElement[bool]:
    return lineage.bool_op("&&")(cast(array(sorted(codes), type_=Text), ARRAY(Text)))


async def list_clocks(session: AsyncSession, divisions: Collection[str]) -> dict[str, int]:
    """The clocks of the areas that these divisions lie in, or that lie in them."""
    if not divisions:
        return {}
    inside = select(Division.code).where(_overlaps(Division.lineage, divisions))
    above = select(func.unnest(Division.lineage)).where(Division.code.in_(sorted(divisions)))
    statement = select(AreaClock.area, AreaClock.seq).where(or_(AreaClock.area.in_(inside), AreaClock.area.in_(above)))
    return {row.area: row.seq for row in await session.execute(statement.order_by(AreaClock.area))}


async def list_clocks_at(session: AsyncSession, areas: Collection[str], instant: datetime) -> dict[str, int]:
    """Where the clocks of these areas stood at an instant, as far as the transaction's divisions show."""
    newest = (
        select(RecordRevision.seq)
        .where(RecordRevision.area == AreaClock.area, RecordRevision.submitted_at <= instant)
        .order_by(RecordRevision.seq.desc())
        .limit(1)
        .correlate(AreaClock)
        .scalar_subquery()
    )
    statement = select(AreaClock.area, func.coalesce(newest, 0).label("seq")).where(AreaClock.area.in_(sorted(areas)))
    return {row.area: row.seq for row in await session.execute(statement)}


@dataclass(frozen=True)
class RowFilter:
    """Which rows of the value tables: of one object class, of these periods, inside these divisions."""

    object_class: str
    periods: Sequence[str]
    divisions: Collection[str]
    as_of: datetime | None = None
    elements: Sequence[str] | None = None


# Beyond these, picking members one by one costs both sides more than carrying the whole object.
_MOST_PICKED = 16


def _picked(column: InstrumentedAttribute[dict[str, Any]], elements: Sequence[str] | None) -> ColumnElement[Any]:
    """Only these members of a JSON object: reading 8 of 60 elements need not carry the other 52."""
    if elements is None or len(elements) > _MOST_PICKED:
        return column.expression
    pairs = [part for identifier in elements for part in (cast(identifier, Text), column[identifier])]
    return func.jsonb_strip_nulls(func.jsonb_build_object(*pairs), type_=column.type)


def _source(rows: RowFilter) -> type[Record] | type[RecordRevision]:
    return Record if rows.as_of is None else RecordRevision


def _filtered(statement: Select[*tuple[Any, ...]], rows: RowFilter) -> Select[*tuple[Any, ...]]:
    source = _source(rows)
    statement = statement.join(Division, Division.code == source.division).where(
        source.object_class == rows.object_class,
        source.period.in_(list(rows.periods)),
        _overlaps(Division.lineage, rows.divisions),
    )
    if rows.as_of is not None:
        statement = statement.where(RecordRevision.submitted_at <= rows.as_of)
    return statement


async def list_values(
    session: AsyncSession, rows: RowFilter, after: Position | None, limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Ordered by (period, division, entity), the key a reader pages by."""
    source = _source(rows)
    key = (source.period, source.division, source.entity)
    statement = _filtered(
        select(
            source.period,
            source.division,
            source.entity,
            _picked(source.payload, rows.elements).label("payload"),
            source.missing,
            _picked(source.versions, rows.elements).label("versions"),
            source.revision,
            source.submitted_at,
            Division.lineage,
        ),
        rows,
    )
    if after is not None:
        statement = statement.where(tuple_(*key) > tuple_(*(literal(part, String) for part in after)))
    if rows.as_of is None:
        statement = statement.order_by(*key)
    else:
        # The newest revision of each row that had been submitted by then.
        statement = statement.ext(distinct_on(*key)).order_by(*key, RecordRevision.revision.desc())
    return (await session.execute(statement.limit(limit))).all()


_PAST = (
    select(Record.division, Record.period, Record.payload)
    .join(Division, Division.code == Record.division)
    .where(
        Record.object_class == bindparam("object_class"),
        Record.period == any_(bindparam("periods", type_=ARRAY(Text))),
        Division.lineage.bool_op("&&")(bindparam("places", type_=ARRAY(Text))),
    )
)


async def list_past(
    session: AsyncSession, object_class: str, periods: Sequence[str], places: Collection[str]
) -> Sequence[Row[str, str, dict[str, Any]]]:
    key = {"object_class": object_class, "periods": list(periods), "places": sorted(places)}
    return (await session.execute(_PAST, key)).all()


async def count_values(session: AsyncSession, rows: RowFilter) -> int:
    source = _source(rows)
    found = _filtered(select(source.period, source.division, source.entity), rows).distinct()
    return await session.scalar(select(func.count()).select_from(found.subquery())) or 0


async def list_newest_versions(session: AsyncSession, rows: RowFilter, identifiers: Iterable[str]) -> dict[str, int]:
    """For each identifier, the newest element version that any of these rows' values was captured under."""
    source = _source(rows)
    names = list(identifiers)
    columns = [func.max(cast(source.versions.op("->>")(name), BigInteger)) for name in names]
    found = (await session.execute(_filtered(select(*columns), rows))).one()
    return {name: version for name, version in zip(names, found, strict=True) if version is not None}


_CHANGE = (
    "area",
    "seq",
    "object_class",
    "period",
    "division",
    "entity",
    "kind",
    "payload",
    "missing",
    "versions",
    "changed",
    "revision",
    "submitted_at",
)


async def list_changes(
    session: AsyncSession,
    spans: Mapping[str, tuple[int, int]],
    *,
    divisions: Collection[str],
    identifiers: Collection[str] | None,
    limit: int,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Revisions in order within each area, after a clock's earlier reading and up to its later one."""
    span = _span_table(spans)
    in_span = and_(
        RecordRevision.area == span.c.area, RecordRevision.seq > span.c.low, RecordRevision.seq <= span.c.high
    )
    statement = (
        select(*(getattr(RecordRevision, name) for name in _CHANGE), Division.lineage)
        .join(span, in_span)
        .join(Division, Division.code == RecordRevision.division)
        .where(_overlaps(Division.lineage, divisions))
        .order_by(RecordRevision.area, RecordRevision.seq)
        .limit(limit)
    )
    if identifiers is not None:
        statement = statement.where(
            RecordRevision.changed.bool_op("&&")(cast(array(sorted(identifiers), type_=Text), ARRAY(Text)))
        )
    return (await session.execute(statement)).all()


def _span_table(spans: Mapping[str, tuple[int, int]]) -> TableValuedAlias:
    """The spans as a table: a condition for each of 3,000 counties would be no statement any more."""
    areas = sorted(spans)
    return (
        func.unnest(
            cast(areas, ARRAY(Text)),
            cast([spans[area][0] for area in areas], ARRAY(BigInteger)),
            cast([spans[area][1] for area in areas], ARRAY(BigInteger)),
        )
        .table_valued("area", "low", "high")
        .render_derived(name="span")
    )


async def list_revisions(
    session: AsyncSession, rows: RowFilter, limit: int
) -> Sequence[Row[RecordRevision, list[str]]]:
    """Every state of these rows, oldest first within a row."""
    statement = (
        select(RecordRevision, Division.lineage)
        .join(Division, Division.code == RecordRevision.division)
        .where(
            RecordRevision.object_class == rows.object_class,
            RecordRevision.period.in_(list(rows.periods)),
            _overlaps(Division.lineage, rows.divisions),
        )
        .order_by(RecordRevision.division, RecordRevision.entity, RecordRevision.revision)
        .limit(limit)
    )
    return (await session.execute(statement)).all()
