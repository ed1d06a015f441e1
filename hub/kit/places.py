"""How much a process works on at once. What is more waits a little, and what cannot wait is told to come back.

Without this, thrice the load that a process can carry makes every answer late, and none in time. A request
is turned away before any of its work has begun: what was acknowledged is never among what is lost. The wait
is in the order of arrival.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Counter, Gauge

from hub.kit.errors import ServiceUnavailable
from hub.kit.i18n import gettext as _

SHED = Counter("hub_requests_shed_total", "Requests turned away because too many were waiting", ["reason"])
WORKING = Gauge("hub_requests_working", "Requests that are being worked on", multiprocess_mode="livesum")
WAITING = Gauge("hub_requests_waiting", "Requests that wait for a place", multiprocess_mode="livesum")

LONGEST_WAIT_SECONDS = 8.0
# Callers that were all turned away at one moment must not all come back at one moment.
RETRY_FROM_SECONDS, RETRY_SPREAD_SECONDS = 3, 8
# They work on nothing, but each holds a connection.
ASIDE = 1000


class Overloaded(ServiceUnavailable):
    code = "overloaded"


class Places:
    """The places of one serving process: `working` at once, `waiting` more in a queue."""

    def __init__(self, *, working: int, waiting: int, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._free = asyncio.Semaphore(working)
        self._queue = waiting
        self._longest_wait = longest_wait
        self._waiting = 0
        self._aside = 0

    def check(self) -> None:
        """Turn a request away at the door when it would find no room in the queue."""
        if self._free.locked() and self._waiting >= self._queue:
            raise _overloaded("full")

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place for as long as the block lasts."""
        await self._take()
        WORKING.inc()
        try:
            yield
        finally:
            WORKING.dec()
            self._free.release()

    async def _take(self) -> None:
        self.check()
        if not self._free.locked():
            await self._free.acquire()
            return
        self._waiting += 1
        WAITING.inc()
        try:
            async with asyncio.timeout(self._longest_wait):
                await self._free.acquire()
        except TimeoutError:
            raise _overloaded("waited") from None
        finally:
            self._waiting -= 1
            WAITING.dec()

    @asynccontextmanager
    async def aside(self) -> AsyncIterator[None]:
        """For what waits for its caller: a long poll (`wait=`), or a large file that is taken in piece by piece."""
        if self._aside >= ASIDE:
            raise _overloaded("aside")
        self._aside += 1
        try:
            yield
        finally:
            self._aside -= 1


def _overloaded(reason: str) -> Overloaded:
    SHED.labels(reason).inc()
    return Overloaded(
        _("当前使用人数过多，请稍后重试；已保存的内容不会丢失。"),
        retry_after=RETRY_FROM_SECONDS + secrets.randbelow(RETRY_SPREAD_SECONDS),
    )
