"""Keeping a private database server alive while the hub serves."""

import asyncio

from hub.kit.db import Database
from hub.kit.installation import DatabaseAddress
from hub.kit.jobs import RecurringJob


def reviving(address: DatabaseAddress) -> RecurringJob:
    """A killed database server is back within seconds, without anybody being called."""

    async def revive(_database: Database) -> None:
        await asyncio.to_thread(address.revive)

    return RecurringJob("database.revive", 1.0, revive)
