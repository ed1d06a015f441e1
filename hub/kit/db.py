"""The database: engine, sessions, base class and column types."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat
from psycopg import IsolationLevel
from psycopg.types.json import set_json_dumps, set_json_loads
from sqlalchemy import DateTime, Engine, MetaData, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from hub.kit import json
from hub.kit.statements import Statement

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own class attribute
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[Any]: JSONB(none_as_null=True),
    }


def uuid7() -> UUID:
    """A time-ordered id; the standard library has it only from Python 3.14."""
    return uuid_utils.compat.uuid7()


# psycopg is used beside SQLAlchemy (COPY, LISTEN): both speak the same exact JSON.
set_json_dumps(json.dumps)
set_json_loads(json.loads)


# Where a session keeps which scope its transaction was given, and whether others share its transaction (tests).
_SCOPE, _SHARED = "hub.scope", "hub.shared"


def _session_options(url: str) -> str:
    """A transaction left open holds its area's clock (RELIABILITY REL-R8); what the operator's address says comes last
    and counts. PgBouncer has to be told to ignore `options`, and to set this itself (docs/runbook.md).
    """
    given = make_url(url).query.get("options", "")
    return f"-c idle_in_transaction_session_timeout=15s {given if isinstance(given, str) else ' '.join(given)}".strip()


# A connection that answered so lately is taken for alive: asking each one each time was a tenth of a submission.
TRUSTED_SECONDS = 1.0
_USED_AT = "hub.used_at"


def _look_at_connections(engine: Engine) -> None:
    """Every connection that is handed out is alive, and no other than any other.

    One that lay idle while the database was restarted is replaced before anybody meets it. One whose last user was
    cut off between SQLAlchemy's setting of AUTOCOMMIT or READ ONLY and its note to take that back is made ordinary
    again: it would tear the next request's transaction to pieces, or refuse its writes.
    """

    def note(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_USED_AT] = time.monotonic()

    def look(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        _make_ordinary(connection)
        used_at = record.info.get(_USED_AT)
        if used_at is None or time.monotonic() - used_at < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)


def _make_ordinary(connection: Any) -> None:
    """As a transaction of a request wants it; looking costs nothing, the properties are kept by psycopg."""
    held = connection.driver_connection
    if held.autocommit:
        connection.autocommit = False
    if held.isolation_level not in {None, IsolationLevel.READ_COMMITTED}:
        connection.set_isolation_level(IsolationLevel.READ_COMMITTED)
    if held.read_only:
        connection.set_read_only(False)


class Database:
    """One engine and its sessions. A process has one; tests bind it to a connection they roll back."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=5,
            pool_timeout=10,
            hide_parameters=True,  # an error would repeat what was to be written
            json_serializer=json.for_database,
            json_deserializer=json.loads,
            connect_args={"connect_timeout": 5, "options": _session_options(url)},
        )
        _look_at_connections(self.engine.sync_engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._is_bound = False

    def bind(self, connection: AsyncConnection) -> None:
        """Make every session a savepoint of one connection's transaction (tests only)."""
        self._sessions = async_sessionmaker(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint", info={_SHARED: True}
        )
        self._is_bound = True

    def unbind(self) -> None:
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._is_bound = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncSession]:
        """A read-only REPEATABLE READ transaction of its own, for a stream that outlives its request."""
        async with self._sessions() as session, session.begin():
            if not self._is_bound:  # a savepoint has its transaction's isolation level
                await session.connection(
                    execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                )
            yield session

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[AsyncSession]:
        """A read of one statement, without a transaction's beginning and end around it; what it changes is kept."""
        async with self._sessions() as session:
            if not self._is_bound:
                await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            yield session
            if session.dirty or self._is_bound:
                await session.commit()

    async def close(self) -> None:
        await self.engine.dispose()


_SET_SCOPE = Statement("SELECT set_config('hub.divisions', %(divisions)s, true)")


async def set_scope(session: AsyncSession, divisions: Iterable[str]) -> None:
    """Tell row-level security which divisions' rows this transaction may touch.

    Local to the transaction: a session-wide SET behind a transaction pooler leaked another
    client's rows (DESIGN.md §5). What the transaction was told already is not said again; a savepoint
    that is rolled back takes its scope with it, so each has its own.
    """
    scope = ",".join(sorted(divisions))
    told = (session.get_nested_transaction() or session.get_transaction(), scope)
    if session.info.get(_SCOPE) == told and not session.info.get(_SHARED):
        return
    await _SET_SCOPE.run(session, {"divisions": scope})
    session.info[_SCOPE] = (session.get_nested_transaction() or session.get_transaction(), scope)
