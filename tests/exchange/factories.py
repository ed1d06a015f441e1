"""A department with a grant, values to read, and programs that call."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from hub.app import create_app
from hub.kit.db import Database
from hub.store.revisions import RowWrite
from hub.store.rows import Recorded
from tests.grants.factories import create_grant
from tests.people import People
from tests.store.factories import create_values


async def submit(database: Database, *rows: RowWrite, **changes: Any) -> Recorded:
    async with database.transaction() as session:
        return await create_values(session, *rows, **changes)


async def grant(database: Database, **changes: Any) -> str:
    async with database.transaction() as session:
        return (await create_grant(session, **changes)).number


@asynccontextmanager
async def calling(
    database: Database, people: People, name: str, *, grants: tuple[str, ...] = ()
) -> AsyncIterator[httpx.AsyncClient]:
    """The application, called by a program whose token is bound to these grants."""
    headers = await people.authorization(name, grants=grants)
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        yield client
