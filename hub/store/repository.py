from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Text,
    any_,
    bindparam,
    cast,
    func,
    join,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from hub.geography.models import Division
from hub.kit.statements import Statement, first
from hub.store.models import AreaClock, Record, RecordRevision

# A submitter who waits longer than this for another one's commit is told to come back (REL-R8). It holds to
# the end of the transaction: nothing after the clock may wait long either.
LONGEST_WAIT = "5s"


_HELD = ("division", "entity", "payload", "missing", "versions", "revision", "submission", "submitted_at")
_ASKED = func.unnest(bindparam("divisions", type_=ARRAY(Text))).table_valued("division").render_derived(name="asked")
# Each row is looked up by its whole key, whatever the planner believes of a table that it has not counted for a
# while: it would rather walk a whole period, and look up every row's division for row-level security.
_LOCKED = (
    select(*(getattr(Record, name) for name in _HELD))
    .where(
        Record.area == bindparam("area"),
        Record.object_class == bindparam("object_class"),
        Record.period == bindparam("period"),
        Record.division == _ASKED.c.division,
    )
    .order_by(Record.entity)
    .with_for_update()
    .lateral("held")
)
_HELD_FOR_UPDATE = Statement(select(*(_LOCKED.c[name] for name in _HELD)).select_from(_ASKED.join(_LOCKED, true())))


async def list_held_for_update(
    session: AsyncSession, area: str, object_class: str, period: str, divisions: Collection[str]
) -> Sequence[Any]:
    """The rows of these divisions, locked in one order so that two writers never wait for each other."""
    key = {"area": area, "object_class": object_class, "period": period, "divisions": sorted(divisions)}
    return await _HELD_FOR_UPDATE.rows(session, key)


def _advancing_statement() -> ReturningInsert[int]:
    """The wait for the clock is bounded in the very statement that waits."""
    bounded = select(func.set_config("lock_timeout", bindparam("wait", type_=Text), True).label("wait")).subquery(
        "bounded"
    )
    moved = select(bindparam("area", type_=Text), bindparam("seq", type_=BigInteger)).where(bounded.c.wait != "")
    statement = insert(AreaClock).from_select(["area", "seq"], moved)
    return statement.on_conflict_do_update(
        index_elements=[AreaClock.area], set_={"seq": AreaClock.seq + statement.excluded.seq}
    ).returning(AreaClock.seq)


_ADVANCE = Statement(_advancing_statement())


async def advance_clock(session: AsyncSession, area: str, steps: int) -> int:
    """Move the area's clock and hold its row to the end of the transaction; its new reading."""
    seq: int = first(await _ADVANCE.rows(session, {"area": area, "seq": steps, "wait": LONGEST_WAIT})).seq
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


_WRITING = Statement(_writing_statement())


async def add_revisions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """One plain VALUES row in each statement, which a database distributed by area takes too (DESIGN.md §6).

    psycopg prepares the statement once and sends all rows down one pipeline. Several rows in one
    statement would be a text of its own for each number of rows, too long for psycopg's cache of
    parsed statements: parsing it again took longer than writing the rows.
    """
    await _WRITING.run(session, *({f"new_{name}": value for name, value in row.items()} for row in rows))


# OFFSET 0 keeps the look-up by the whole key together, for the same reason as above.
_PERIODS = func.unnest(bindparam("periods", type_=ARRAY(Text))).table_valued("period").render_derived(name="of")
_PASSED = (
    select(Record.division, Record.period, Record.payload)
    .where(
        Record.area == bindparam("area"),
        Record.object_class == bindparam("object_class"),
        Record.period == _PERIODS.c.period,
        Record.division == Division.code,
    )
    .offset(0)
    .lateral("passed")
)
_PAST = Statement(
    select(_PASSED.c.division, _PASSED.c.period, _PASSED.c.payload)
    .select_from(join(join(Division, _PERIODS, true()), _PASSED, true()))
    .where(
        Division.code == any_(bindparam("divisions", type_=ARRAY(Text))),
        Division.lineage.bool_op("&&")(bindparam("places", type_=ARRAY(Text))),
    )
)


async def list_past(
    session: AsyncSession,
    area: str,
    object_class: str,
    periods: Sequence[str],
    divisions: Collection[str],
    places: Collection[str],
) -> Sequence[Any]:
    """Of these divisions, those inside `places`."""
    key = {"area": area, "object_class": object_class, "periods": list(periods)}
    return await _PAST.rows(session, {**key, "divisions": list(divisions), "places": sorted(places)})
