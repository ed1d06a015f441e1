"""What the commands share: who runs them, what they say, and the database they work on."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

from hub.audit.service import Actor
from hub.backup.restoring import finish_interrupted
from hub.kit.db import Database
from hub.kit.errors import HubError
from hub.kit.installation import DatabaseAddress, open_database
from hub.kit.postgres import PostgresError
from hub.settings import settings

Result = TypeVar("Result")


def say(line: str) -> None:
    """To people; what a program reads goes to standard output."""
    sys.stderr.write(f"{line}\n")


@contextmanager
def failures_told() -> Iterator[None]:
    """An expected failure is one sentence and status 1, never a stack trace."""
    try:
        yield
    except ValidationError as error:
        for fault in error.errors():
            say(f"HUB_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}")
        sys.exit(1)
    except HubError as error:
        say(error.detail)
        for item in error.errors:
            say(f"{item.pointer}: {item.message}")
        sys.exit(1)
    except PostgresError as error:
        say(str(error))
        sys.exit(1)
    except DBAPIError as error:
        # What follows the first line quotes the row that was refused.
        say(f"database: {str(error.orig).partition(chr(10))[0]}")
        sys.exit(1)


def operator() -> Actor:
    """Who sits at the command line, as the audit log names them."""
    return Actor("system", "cli", getpass.getuser())


def with_database(work: Callable[[Database], Awaitable[Result]]) -> Result:
    """Do something on the hub's database, beside a running server or alone."""

    async def run(address: DatabaseAddress) -> Result:
        database = Database(address.application_url, pool_size=2)
        try:
            await finish_interrupted(database, settings().data_dir)
            return await work(database)
        finally:
            await database.close()

    with open_database(settings()) as address:
        return asyncio.run(run(address))


def as_owner(work: Callable[[DatabaseAddress, Database], Awaitable[Result]]) -> Result:
    """Do something that the serving role may not."""

    async def run(address: DatabaseAddress) -> Result:
        owner = Database(address.owner_url, pool_size=1)
        try:
            return await work(address, owner)
        finally:
            await owner.close()

    with open_database(settings()) as address:
        return asyncio.run(run(address))
