"""Waiting for changes without holding anything: one reader of the clocks for all who wait in this process.

LISTEN and NOTIFY would tell a moment sooner, and cost the submitters more than half their pace: a transaction
that notifies holds one lock of the whole server through its commit (docs/decisions/area-clock-and-cursor.md
has the figures). So nobody is told; while anybody waits, the clocks are read four times a second.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from hub.kit.db import Database
from hub.store import service as store

LOOK_EVERY_SECONDS = 0.25


class _Waiter:
    def __init__(self, clocks: Mapping[str, int]) -> None:
        self.clocks = clocks
        self.has_news = asyncio.Event()


class ClockWatch:
    """The clocks of one database, read while anybody waits for them and never otherwise."""

    def __init__(self, database: Database, *, look_every: float = LOOK_EVERY_SECONDS) -> None:
        self._database = database
        self._look_every = look_every
        self._waiters: set[_Waiter] = set()
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiters)

    async def wait_beyond(self, clocks: Mapping[str, int], seconds: float) -> bool:
        """Until one of these areas' clocks stands beyond its reading here; False when the time is over.

        What went on after the reading and before this call is met by the first look.
        """
        waiter = _Waiter(clocks)
        self._waiters.add(waiter)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await waiter.has_news.wait()
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    async def _look(self) -> None:
        while self._waiters:
            # A database that restarts is met again at the next look; who waits is not told of it.
            with suppress(SQLAlchemyError, OSError):
                async with self._database.transaction() as session:
                    now = await store.read_all_clocks(session)
                for waiter in self._waiters:
                    if any(seq > waiter.clocks.get(area, 0) for area, seq in now.items() if area in waiter.clocks):
                        waiter.has_news.set()
            await asyncio.sleep(self._look_every)
