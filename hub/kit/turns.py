"""Turns for work that meets at one place in the database anyway, whose order is then that of arrival."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


class TurnTooFar(Exception):
    """So many stood in line that a turn did not come in time."""


@dataclass
class _Line:
    free: asyncio.Semaphore
    members: int = 0


class Turns:
    """`at_once` for each name; who comes later waits in line, and holds nothing meanwhile."""

    def __init__(self, *, at_once: int, longest_wait: float) -> None:
        self._at_once = at_once
        self._longest_wait = longest_wait
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def one(self, name: str) -> AsyncIterator[None]:
        """A turn for as long as the block lasts; `TurnTooFar` when it does not come."""
        line = self._lines.setdefault(name, _Line(asyncio.Semaphore(self._at_once)))
        line.members += 1
        try:
            await self._wait(line)
            try:
                yield
            finally:
                line.free.release()
        finally:
            line.members -= 1
            if not line.members:
                del self._lines[name]

    async def _wait(self, line: _Line) -> None:
        try:
            async with asyncio.timeout(self._longest_wait):
                await line.free.acquire()
        except TimeoutError as error:
            raise TurnTooFar from error
