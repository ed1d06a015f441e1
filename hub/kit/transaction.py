"""One request, one transaction, committed before the response."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import Database


def database_of(request: Request) -> Database:
    """The process's database, which the composition root put there."""
    database: Database = request.app.state.database
    return database


async def app_database(request: Request) -> Database:
    """As a dependency: one that is not `async` would run in another thread, for each request anew."""
    return database_of(request)


async def request_transaction(request: Request) -> AsyncIterator[AsyncSession]:
    async with database_of(request).transaction() as session:
        yield session


# FastAPI's default scope ends after the response was sent: a client saw 201 for a failed commit.
Transaction = Annotated[AsyncSession, Depends(request_transaction, scope="function")]
AppDatabase = Annotated[Database, Depends(app_database)]
