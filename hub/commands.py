"""What the commands share: who runs them, what they say, and the database they work on."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from hub.audit.service import Actor
from hub.backup.restoring import finish_interrupted
from hub.kit.db import Database
from hub.kit.installation import DatabaseAddress, open_database
from hub.settings import settings

Result = TypeVar("Result")


def say(line: str) -> None:
    """To people; what a program reads goes to standard output."""
    sys.stderr.write(f"{line}\n")


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
