"""Serving processes that share a listening socket: each takes one connection, and leaves the next to the others.

Whichever process is awake would otherwise take all that are waiting, keep them for as long as they are kept alive, and
with them all of their work: of 32 clients one of two processes was seen with 20 to 32, and served them one after
another while the other had nothing to do.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import uvloop

logger = logging.getLogger(__name__)

LEFT_TO_OTHERS_SECONDS = 0.002
# Without file descriptors (EMFILE) trying again at once would only keep the processor busy.
AFTER_FAILURE_SECONDS = 1.0

NewProtocol = Callable[[], asyncio.Protocol]


class SharedListener:
    """Takes connections until it is closed; as far as uvicorn asks, it is asyncio's own server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listening: socket.socket, new_protocol: NewProtocol) -> None:
        self._task = loop.create_task(_take(loop, listening, new_protocol), name="accepting")

    def close(self) -> None:
        self._task.cancel()

    async def wait_closed(self) -> None:
        await asyncio.wait([self._task])


async def _take(loop: asyncio.AbstractEventLoop, listening: socket.socket, new_protocol: NewProtocol) -> None:
    while True:
        try:
            connection, _address = await loop.sock_accept(listening)
            await loop.connect_accepted_socket(new_protocol, connection)
        except OSError:
            logger.warning("a connection could not be taken", exc_info=True)
            await asyncio.sleep(AFTER_FAILURE_SECONDS)
        await asyncio.sleep(LEFT_TO_OTHERS_SECONDS)


class SharingLoop(uvloop.Loop):
    """The event loop of a process that serves beside others."""

    async def create_server(self, protocol_factory: Any, *places: Any, **options: Any) -> Any:
        """As uvicorn calls it, with the socket that all of its processes were given."""
        listening = options.get("sock")
        if listening is None or options.get("ssl") is not None:
            return await super().create_server(protocol_factory, *places, **options)
        listening.setblocking(False)
        listening.listen(options["backlog"])
        return SharedListener(self, listening, protocol_factory)
