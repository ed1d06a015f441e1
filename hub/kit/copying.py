"""COPY into a staging table: the fast way in. SQLAlchemy has no COPY, so the driver's own connection is used."""

from collections.abc import Iterable, Sequence

from psycopg import AsyncConnection, sql
from sqlalchemy.ext.asyncio import AsyncSession

# Neither stands in text that we write: JSON escapes both, and codes and identifiers have no such characters.
SEPARATOR, QUOTE = "\x01", "\x02"


async def driver_connection(session: AsyncSession) -> AsyncConnection:
    """The driver's own connection, inside the session's transaction."""
    raw = await (await session.connection()).get_raw_connection()
    connection = raw.driver_connection
    if not isinstance(connection, AsyncConnection):
        raise TypeError("the hub speaks to PostgreSQL through psycopg only")
    return connection


def copied_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of text as `copy_in` reads them."""
    return "\n".join(map(SEPARATOR.join, rows)).encode()


async def copy_in(session: AsyncSession, table: str, columns: Sequence[str], lines: bytes) -> None:
    """Append lines (see `copied_lines`) to a table. PostgreSQL refuses COPY into a table with row-level security."""
    named = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, DELIMITER {}, QUOTE {}, FORCE_NOT_NULL ({}))").format(
        sql.Identifier(table), named, sql.Literal(SEPARATOR), sql.Literal(QUOTE), named
    )
    connection = await driver_connection(session)
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(lines)


async def copy_out(session: AsyncSession, query: sql.Composable) -> bytes:
    """The rows of a query as csv without a head. Row-level security binds it like any other query."""
    connection = await driver_connection(session)
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(query)
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join([bytes(piece) async for piece in copy])
