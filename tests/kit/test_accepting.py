"""Serving processes that share a socket share its connections."""

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from hub.kit.accepting import SharingLoop

CONNECTIONS = 20


class Taken(asyncio.Protocol):
    """Remembers what it was connected to, and tells when."""

    def __init__(self, found: list[asyncio.BaseTransport], arrived: asyncio.Semaphore) -> None:
        self._found, self._arrived = found, arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._found.append(transport)
        self._arrived.release()


def run(work: Coroutine[Any, Any, None]) -> None:
    async def work_and_let_all_close() -> None:
        await work
        await asyncio.sleep(0.05)

    with asyncio.Runner(loop_factory=SharingLoop) as runner:
        runner.run(work_and_let_all_close())


async def _until(arrived: asyncio.Semaphore, count: int) -> None:
    async with asyncio.timeout(60):
        for _number in range(count):
            await arrived.acquire()


@pytest.fixture
def shared() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


def test_each_takes_its_share_of_what_comes_at_once(shared: socket.socket) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        arrived, found = asyncio.Semaphore(0), list[list[asyncio.BaseTransport]]([[], []])
        places = [shared.dup(), shared.dup()]
        servers = [
            await loop.create_server(lambda taken=taken: Taken(taken, arrived), sock=place, backlog=100, ssl=None)
            for taken, place in zip(found, places, strict=True)
        ]
        callers = [socket.create_connection(shared.getsockname()) for _number in range(CONNECTIONS)]
        await _until(arrived, CONNECTIONS)
        await asyncio.sleep(0.05)  # the last one is being handed over
        assert min(map(len, found)) >= CONNECTIONS // 4, found
        for server in servers:
            server.close()
            await server.wait_closed()
        for transport in (*found[0], *found[1]):
            # As uvloop's own server does: an answer is not held back until the caller says that it got the one before.
            assert transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            transport.close()
        for opened in (*callers, *places):
            opened.close()

    run(serve())


def test_the_next_one_is_left_to_the_others(shared: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.kit.accepting.LEFT_TO_OTHERS_SECONDS", 60.0)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        arrived, found = asyncio.Semaphore(0), list[asyncio.BaseTransport]()
        server = await loop.create_server(lambda: Taken(found, arrived), sock=shared, backlog=100, ssl=None)
        callers = [socket.create_connection(shared.getsockname()) for _number in range(2)]
        await _until(arrived, 1)
        await asyncio.sleep(0.05)
        assert len(found) == 1
        with shared.dup() as another:
            left, _address = await loop.sock_accept(another)
        server.close()
        await server.wait_closed()
        found[0].close()
        for opened in (left, *callers):
            opened.close()

    run(serve())


def test_what_is_closed_takes_nothing_more(shared: socket.socket) -> None:
    async def serve() -> None:
        arrived, found = asyncio.Semaphore(0), list[asyncio.BaseTransport]()
        server = await asyncio.get_running_loop().create_server(
            lambda: Taken(found, arrived), sock=shared, backlog=100, ssl=None
        )
        server.close()
        await server.wait_closed()
        with socket.create_connection(shared.getsockname()):
            await asyncio.sleep(0.05)
        assert found == []

    run(serve())


def test_a_connection_that_fails_is_not_the_last(shared: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.kit.accepting.AFTER_FAILURE_SECONDS", 0.01)

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        accept, tries = loop.sock_accept, []

        async def fail_at_first(listening: socket.socket) -> tuple[socket.socket, Any]:
            tries.append(listening)
            if len(tries) == 1:
                raise OSError("no file descriptors are left")
            return await accept(listening)

        monkeypatch.setattr(loop, "sock_accept", fail_at_first)
        arrived, found = asyncio.Semaphore(0), list[asyncio.BaseTransport]()
        server = await loop.create_server(lambda: Taken(found, arrived), sock=shared, backlog=100, ssl=None)
        with socket.create_connection(shared.getsockname()):
            await _until(arrived, 1)
        server.close()
        await server.wait_closed()
        found[0].close()

    run(serve())
