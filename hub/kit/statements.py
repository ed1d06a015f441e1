"""Statements that never change, built once and handed to the driver as they stand.

For each execution SQLAlchemy finds a statement's text again by a key over the whole of it, wraps the driver's cursor
and rows, and changes between two stacks: two thirds of what a small statement costs. Where a request asks a dozen
of them, as every submission and every read does, that is most of its Python. What is asked here stands in the
session's own transaction, and fails as everything else does: with SQLAlchemy's errors.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb
from sqlalchemy import JSON, ClauseElement, Dialect, bindparam
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase

from hub.kit import json
from hub.kit.copying import driver_connection

Parameters = Mapping[str, Any]

_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]
# Where a session keeps the driver's connection, and of which transaction it is.
_DRIVER = "hub.driver"


class Statement:
    """`statement`: SQLAlchemy's, or text in the driver's own spelling (`%(name)s`). Rows come by name, as tuples.

    What is pending in the session is written first, but no object of the session learns of what a statement changes.
    """

    def __init__(self, statement: ClauseElement | str) -> None:
        self._fixed: Parameters = {}
        self._documents: frozenset[str] = frozenset()
        if isinstance(statement, str):
            self.text = statement
        else:
            compiled = statement.compile(dialect=_DIALECT)
            bound = getattr(compiled, "binds", {})
            self.text = str(compiled)
            given = {name for name, bind in bound.items() if bind.required}
            self._fixed = {
                name: value
                for name, value in compiled.params.items()
                if name not in given and f"%({name})s" in self.text
            }
            self._documents = frozenset(name for name, bind in bound.items() if isinstance(bind.type, JSON))

    async def rows(self, session: AsyncSession, parameters: Parameters) -> list[Any]:
        connection = await _driver(session)
        try:
            cursor = connection.cursor(row_factory=namedtuple_row)
            await cursor.execute(self.text, self._bound(parameters))
            return await cursor.fetchall()
        except psycopg.Error as error:
            raise await _told(session, connection, self.text, error) from error

    async def run(self, session: AsyncSession, *parameters: Parameters) -> None:
        """For each of the parameters; many go down one pipeline."""
        connection = await _driver(session)
        try:
            cursor = connection.cursor()
            if len(parameters) == 1:
                await cursor.execute(self.text, self._bound(parameters[0]))
            else:
                await cursor.executemany(self.text, [self._bound(one) for one in parameters])
        except psycopg.Error as error:
            raise await _told(session, connection, self.text, error) from error

    def _bound(self, parameters: Parameters) -> Parameters:
        if not self._documents:
            return {**self._fixed, **parameters} if self._fixed else parameters
        documents = {
            name: None if parameters[name] is None else Jsonb(parameters[name], json.for_database)
            for name in self._documents
        }
        return {**self._fixed, **parameters, **documents}


@asynccontextmanager
async def together(session: AsyncSession) -> AsyncIterator[None]:
    """What the block runs goes to the database in one go, and is waited for once, at the block's end.

    For statements of this module alone: the session's own would wait for answers that do not come. A failure may
    show itself only at the end of the block; nothing of the block is kept then.
    """
    connection = await _driver(session)
    try:
        async with connection.pipeline():
            yield
    except psycopg.Error as error:
        raise await _told(session, connection, "", error) from error


async def _driver(session: AsyncSession) -> psycopg.AsyncConnection:
    """Asked for once in a transaction, or in a savepoint, since the session begins it when it is asked."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    inside = session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()
    known: tuple[object, psycopg.AsyncConnection] | None = session.info.get(_DRIVER)
    if known is not None and known[0] is inside:
        return known[1]
    connection = await driver_connection(session)
    begun = session.sync_session.get_nested_transaction() or session.sync_session.get_transaction()
    session.info[_DRIVER] = (begun, connection)
    return connection


async def _told(
    session: AsyncSession, connection: psycopg.AsyncConnection, statement: str, error: psycopg.Error
) -> BaseException:
    """The failure as SQLAlchemy would raise it, without what was to be written."""
    if connection.closed:
        # It must find out itself that the connection is gone, and then trusts no other that is as old.
        await (await session.connection()).exec_driver_sql("SELECT 1")
    told: BaseException = DBAPIError.instance(statement, None, error, psycopg.Error, hide_parameters=True)
    return told


def first(rows: Sequence[Any]) -> Any:
    return rows[0] if rows else None


def insertion(table: type[DeclarativeBase], *absent: str) -> Insert:
    """A row by the names of its columns, all but those that the database fills in."""
    columns = [column for column in table.__table__.c if column.name not in absent]
    return insert(table).values({column.name: bindparam(column.name, type_=column.type) for column in columns})
