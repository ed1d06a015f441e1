"""Reading and writing every table of the hub whole, by what the database says of itself.

All of it goes through psycopg's own connection inside the session's transaction: COPY is not
SQLAlchemy's business.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row
from sqlalchemy.ext.asyncio import AsyncSession

# The one condition of the policies `owner_backs_up` (migration 0014): with it, the owner sees every row.
_SEE_EVERY_ROW = "SELECT set_config('hub.backup', 'on', true)"
_LOCK_TIMEOUT = "10s"

_OWN = """
WITH own AS (
    SELECT relation.oid, nspname AS schema_name, relname AS name, relkind, relrowsecurity, relforcerowsecurity
    FROM pg_class AS relation JOIN pg_namespace AS namespace ON namespace.oid = relnamespace
    WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
      AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND relname <> 'alembic_version'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = relation.oid AND deptype = 'e')
)
"""
_TABLES = """
SELECT schema_name, name, relforcerowsecurity AS is_forced,
    ARRAY(
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = own.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
    ) AS columns
FROM own WHERE relkind = 'r' ORDER BY schema_name, name
"""
_SEQUENCES = "SELECT schema_name, name FROM own WHERE relkind = 'S' ORDER BY schema_name, name"
_FOREIGN_KEYS = """
SELECT schema_name, own.name AS table_name, conname AS name, pg_get_constraintdef(pg_constraint.oid) AS definition
FROM pg_constraint JOIN own ON own.oid = conrelid
WHERE contype = 'f' AND conparentid = 0 ORDER BY schema_name, own.name, conname
"""
# The owner sees every row when one permissive policy is the backup's, and no restrictive one that binds the owner
# lacks the backup's condition.
_HIDDEN = """
SELECT name FROM own
WHERE relkind IN ('r', 'p') AND relrowsecurity AND relforcerowsecurity AND (
    NOT EXISTS (
        SELECT FROM pg_policies WHERE schemaname = schema_name AND tablename = own.name
          AND policyname = 'owner_backs_up' AND permissive = 'PERMISSIVE' AND current_user = ANY (roles)
    )
    OR EXISTS (
        SELECT FROM pg_policies WHERE schemaname = schema_name AND tablename = own.name
          AND permissive = 'RESTRICTIVE' AND roles && ARRAY['public', current_user]::name[]
          AND position('hub.backup' IN coalesce(qual, '')) = 0
    )
)
ORDER BY name
"""


@dataclass(frozen=True)
class Table:
    schema_name: str
    name: str
    columns: list[str]
    is_forced: bool

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema_name, self.name)

    @property
    def copied(self) -> sql.Composed:
        names = sql.SQL(", ").join(sql.Identifier(column) for column in self.columns)
        return sql.SQL("{} ({})").format(self.identifier, names)


@dataclass(frozen=True)
class ForeignKey:
    schema_name: str
    table_name: str
    name: str
    definition: str


async def _driver(session: AsyncSession) -> psycopg.AsyncConnection:
    held = await (await session.connection()).get_raw_connection()
    return cast(psycopg.AsyncConnection, held.driver_connection)


async def begin_reading(session: AsyncSession) -> None:
    """One snapshot of everything, which no other transaction waits for. Nothing may have been read before."""
    driver = await _driver(session)
    await driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    await driver.execute(_SEE_EVERY_ROW)
    await _forget_timeouts(driver)


async def begin_writing(session: AsyncSession) -> None:
    driver = await _driver(session)
    await driver.execute(_SEE_EVERY_ROW)
    await driver.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_TIMEOUT))
    await _forget_timeouts(driver)


async def _forget_timeouts(driver: psycopg.AsyncConnection) -> None:
    """A table takes as long as it takes, and reading the file in between is no idling."""
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        await driver.execute(sql.SQL("SET LOCAL {} = 0").format(sql.Identifier(name)))
    await driver.execute("SET LOCAL datestyle = 'ISO'")


async def count_other_sessions(session: AsyncSession) -> int:
    """Who else is connected to this database; PostgreSQL's own workers have no user."""
    driver = await _driver(session)
    await driver.execute("SELECT pg_stat_clear_snapshot()")  # a transaction sees the same answer ever after
    cursor = await driver.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL"
    )
    row = await cursor.fetchone()
    return row[0] if row else 0


async def list_tables(session: AsyncSession) -> Sequence[Table]:
    async with (await _driver(session)).cursor(row_factory=class_row(Table)) as cursor:
        await cursor.execute(_OWN.encode() + _TABLES.encode())
        return await cursor.fetchall()


async def list_hidden_tables(session: AsyncSession) -> list[str]:
    """Tables of which the owner might not see every row, even now: never to be left out in silence."""
    cursor = await (await _driver(session)).execute(_OWN.encode() + _HIDDEN.encode())
    return [name for (name,) in await cursor.fetchall()]


async def list_foreign_keys(session: AsyncSession) -> Sequence[ForeignKey]:
    async with (await _driver(session)).cursor(row_factory=class_row(ForeignKey)) as cursor:
        await cursor.execute(_OWN.encode() + _FOREIGN_KEYS.encode())
        return await cursor.fetchall()


async def read_sequences(session: AsyncSession) -> list[dict[str, object]]:
    """Where every sequence stands. Read after the tables: a number may be left out then, never be given twice."""
    read = []
    async with (await _driver(session)).cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_OWN.encode() + _SEQUENCES.encode())
        for found in await cursor.fetchall():
            identifier = sql.Identifier(found["schema_name"], found["name"])
            await cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(identifier))
            read.append({**found, **(await cursor.fetchone() or {})})
    return read


async def set_sequence(session: AsyncSession, schema_name: str, name: str, last_value: int, is_called: bool) -> None:
    driver = await _driver(session)
    named = sql.Identifier(schema_name, name).as_string(driver)
    await driver.execute("SELECT setval(%s::regclass, %s, %s)", [named, last_value, is_called])


async def copy_out(session: AsyncSession, table: Table, write: Callable[[bytes], None]) -> int:
    """The table in COPY's text format; the number of its rows."""
    statement = sql.SQL("COPY (SELECT {columns} FROM ONLY {table}) TO STDOUT").format(
        columns=sql.SQL(", ").join(sql.Identifier(column) for column in table.columns), table=table.identifier
    )
    async with (await _driver(session)).cursor() as cursor:
        async with cursor.copy(statement) as copy:
            async for data in copy:
                write(bytes(data))
        return cursor.rowcount


async def copy_in(session: AsyncSession, table: Table, chunks: Iterable[bytes]) -> int:
    """Fill the table; the number of rows it holds then."""
    async with (await _driver(session)).cursor() as cursor:
        async with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table.copied)) as copy:
            for chunk in chunks:
                await copy.write(chunk)
        await cursor.execute(sql.SQL("SELECT count(*) FROM ONLY {}").format(table.identifier))
        row = await cursor.fetchone()
        return row[0] if row else 0


async def empty(session: AsyncSession, tables: Sequence[Table]) -> None:
    if tables:
        names = sql.SQL(", ").join(table.identifier for table in tables)
        await (await _driver(session)).execute(sql.SQL("TRUNCATE {}").format(names))


async def open_for_loading(session: AsyncSession, tables: Sequence[Table], keys: Sequence[ForeignKey]) -> None:
    """Let COPY in: it is refused behind row-level security, and neither triggers nor foreign keys have a say in what
    was consistent when it was backed up. Nobody sees this: it is undone in the same transaction.
    """
    driver = await _driver(session)
    for key in keys:
        await driver.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(*_named(key)))
    for table in tables:
        await driver.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(table.identifier))
        if table.is_forced:
            await driver.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table.identifier))


async def close_after_loading(session: AsyncSession, tables: Sequence[Table], keys: Sequence[ForeignKey]) -> None:
    """The foreign keys are checked again for every row that was loaded."""
    driver = await _driver(session)
    for key in keys:
        statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
        # PostgreSQL's own wording of the constraint that was dropped.
        await driver.execute(statement.format(*_named(key), sql.SQL(key.definition)))
    for table in tables:
        if table.is_forced:
            await driver.execute(sql.SQL("ALTER TABLE {} FORCE ROW LEVEL SECURITY").format(table.identifier))
        await driver.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(table.identifier))


def _named(key: ForeignKey) -> tuple[sql.Identifier, sql.Identifier]:
    return sql.Identifier(key.schema_name, key.table_name), sql.Identifier(key.name)


async def has_any_event(session: AsyncSession) -> bool:
    """Every deed leaves an audit event, so a hub without one was never used."""
    cursor = await (await _driver(session)).execute("SELECT EXISTS (SELECT FROM audit_events)")
    row = await cursor.fetchone()
    return bool(row and row[0])


async def get_newest_head(session: AsyncSession) -> tuple[int, str] | None:
    """The last signed position of the audit log and its link."""
    cursor = await (await _driver(session)).execute(
        "SELECT position, encode(chain_sha256, 'hex') FROM audit_heads ORDER BY position DESC LIMIT 1"
    )
    return await cursor.fetchone()


async def begin_generation(session: AsyncSession, generation: UUID) -> None:
    """From here on every change cursor of before is answered 410."""
    await (await _driver(session)).execute("UPDATE store_generation SET generation = %s", [generation])


async def end_sign_ins(session: AsyncSession) -> int:
    """What was signed out or revoked after the backup must not come back to life: everybody signs in again."""
    driver = await _driver(session)
    sessions = await driver.execute("UPDATE sessions SET ended_at = now() WHERE ended_at IS NULL")
    tokens = await driver.execute("UPDATE access_tokens SET revoked_at = now() WHERE revoked_at IS NULL")
    return sessions.rowcount + tokens.rowcount
