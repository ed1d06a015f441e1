from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from psycopg import AsyncConnection
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    Row,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.files import DivisionRow
from hub.geography.models import Division
from hub.kit.statements import Statement, first


async def get_division(session: AsyncSession, code: str) -> Division | None:
    return await session.get(Division, code)


_LINEAGE = Statement(select(Division.lineage).where(Division.code == bindparam("code")))


async def get_lineage(session: AsyncSession, code: str) -> list[str] | None:
    found = first(await _LINEAGE.rows(session, {"code": code}))
    return found.lineage if found is not None else None


async def list_divisions_by_code(session: AsyncSession, codes: Iterable[str]) -> Sequence[Division]:
    return (await session.scalars(select(Division).where(Division.code.in_(list(codes))))).all()


async def list_divisions(
    session: AsyncSession,
    *,
    parent: str | None = None,
    level: str | None = None,
    text_part: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[Division]:
    """By code, which is also the order of the tree's own lists."""
    statement = select(Division).order_by(Division.code).limit(limit)
    if parent is not None:
        statement = statement.where(Division.parent_code == parent)
    if level is not None:
        statement = statement.where(Division.level == level)
    if text_part is not None:
        statement = statement.where(
            or_(
                Division.name.icontains(text_part, autoescape=True),
                Division.code.startswith(text_part, autoescape=True),
            )
        )
    if after is not None:
        statement = statement.where(Division.code > after)
    return (await session.scalars(statement)).all()


def _is_open(on: date | BindParameter[date]) -> ColumnElement[bool]:
    return and_(
        or_(Division.opened_on.is_(None), Division.opened_on <= on),
        or_(Division.closed_on.is_(None), Division.closed_on > on),
    )


_SUBTREE = Statement(
    select(Division.code, Division.name, Division.lineage)
    .where(
        Division.lineage.bool_op("&&")(bindparam("codes", type_=ARRAY(Text))),
        Division.level == bindparam("level"),
        _is_open(bindparam("on", type_=Date)),
    )
    .order_by(Division.code)
)


async def list_subtree(
    session: AsyncSession, codes: Sequence[str], level: str, on: date
) -> Sequence[Row[str, str, list[str]]]:
    """Code, name and lineage, by code."""
    return await _SUBTREE.rows(session, {"codes": list(codes), "level": level, "on": on})


_WITH_PARENTS = Statement(
    select(Division.code, Division.name, Division.parent_code)
    .where(
        Division.lineage.bool_op("&&")(bindparam("codes", type_=ARRAY(Text))),
        Division.lineage.bool_op("@>")(bindparam("within", type_=ARRAY(Text))),
        Division.level == bindparam("level"),
        _is_open(bindparam("on", type_=Date)),
    )
    .order_by(Division.code)
)


async def list_with_parents(
    session: AsyncSession, codes: Sequence[str], within: str, level: str, on: date
) -> Sequence[Row[str, str, str | None]]:
    """Code, name and parent of the level's divisions inside `codes` that also lie inside `within`, by code."""
    return await _WITH_PARENTS.rows(session, {"codes": list(codes), "within": [within], "level": level, "on": on})


async def has_open_children(session: AsyncSession, code: str, on: date) -> bool:
    statement = select(Division.code).where(Division.parent_code == code, _is_open(on)).limit(1)
    return await session.scalar(statement) is not None


async def lock_tree(session: AsyncSession) -> None:
    """One import or succession at a time: each of them checks the tree before it changes it."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("geography.divisions"))))


async def _driver(session: AsyncSession) -> AsyncConnection:
    """The driver's own connection, inside the session's transaction: SQLAlchemy has no COPY."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, AsyncConnection):
        raise TypeError("the hub speaks to PostgreSQL through psycopg only")
    return connection


async def stage_divisions(
    session: AsyncSession, rows: Iterable[DivisionRow], lineages: Mapping[str, Sequence[str]]
) -> None:
    """COPY the file beside the tree: 660,000 rows one by one would take minutes."""
    await session.execute(text("DROP TABLE IF EXISTS staged_divisions"))
    await session.execute(
        text(
            "CREATE TEMPORARY TABLE staged_divisions (line integer, code text, name text, level text,"
            " parent_code text, lineage text[]) ON COMMIT DROP"
        )
    )
    connection = await _driver(session)
    async with connection.cursor() as cursor, cursor.copy("COPY staged_divisions FROM STDIN") as copy:
        for row in rows:
            await copy.write_row((*row, "{" + ",".join(lineages[row.code]) + "}"))
    await session.execute(text("ANALYZE staged_divisions"))


async def list_staged_conflicts(
    session: AsyncSession, code_system: str, code_year: int
) -> Sequence[tuple[int, str, str, str | None, bool]]:
    """Staged rows that contradict what is held: line, code, held name, held parent, whether the place is another."""
    statement = text(
        "SELECT s.line, s.code, d.name, d.parent_code, d.parent_code IS NOT DISTINCT FROM s.parent_code AS other"
        " FROM staged_divisions s JOIN divisions d USING (code)"
        " WHERE d.parent_code IS DISTINCT FROM s.parent_code"
        " OR ((d.code_system, d.code_year) IS DISTINCT FROM (CAST(:code_system AS text), CAST(:code_year AS integer))"
        " AND d.name <> s.name) ORDER BY s.line"
    )
    rows = await session.execute(statement, {"code_system": code_system, "code_year": code_year})
    return [(line, code, name, parent, other) for line, code, name, parent, other in rows]


async def merge_staged(session: AsyncSession, code_system: str, code_year: int) -> tuple[int, int]:
    """Take over what is staged: how many divisions are new, and how many were renamed."""
    parameters = {"code_system": code_system, "code_year": code_year}
    renamed = await session.scalars(
        text(
            "UPDATE divisions d SET name = s.name FROM staged_divisions s"
            " WHERE d.code = s.code AND d.name <> s.name RETURNING d.code"
        )
    )
    renamed_count = len(renamed.all())
    await session.execute(
        text(
            "INSERT INTO division_codes (code_system, code_year, code, division_code)"
            " SELECT CAST(:code_system AS text), CAST(:code_year AS integer), s.code, s.code"
            " FROM staged_divisions s JOIN divisions d USING (code)"
            " WHERE (d.code_system, d.code_year)"
            " IS DISTINCT FROM (CAST(:code_system AS text), CAST(:code_year AS integer))"
            " ON CONFLICT DO NOTHING"
        ),
        parameters,
    )
    added = await session.scalar(
        text(
            "WITH added AS (INSERT INTO divisions (code, name, level, parent_code, lineage, code_system, code_year)"
            " SELECT code, name, level, parent_code, lineage, CAST(:code_system AS text),"
            " CAST(:code_year AS integer) FROM staged_divisions"
            " ON CONFLICT (code) DO NOTHING RETURNING 1) SELECT count(*) FROM added"
        ),
        parameters,
    )
    await session.execute(text("DROP TABLE staged_divisions"))
    return added or 0, renamed_count


def add_division(session: AsyncSession, division: Division) -> None:
    session.add(division)


async def add_division_codes(
    session: AsyncSession, code_system: str, code_year: int, pairs: Sequence[tuple[str, str]]
) -> None:
    """(their code, our code); a pair that is held already is left alone."""
    await session.execute(
        text(
            "INSERT INTO division_codes (code_system, code_year, code, division_code)"
            " SELECT CAST(:code_system AS text), CAST(:code_year AS integer), pair.theirs, pair.ours"
            " FROM unnest(CAST(:theirs AS text[]), CAST(:ours AS text[])) AS pair (theirs, ours)"
            " ON CONFLICT DO NOTHING"
        ),
        {
            "code_system": code_system,
            "code_year": code_year,
            "theirs": [theirs for theirs, _ours in pairs],
            "ours": [ours for _theirs, ours in pairs],
        },
    )
