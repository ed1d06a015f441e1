"""Computing that takes milliseconds, off the event loop."""

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

Parameters = ParamSpec("Parameters")
Part = TypeVar("Part")
Result = TypeVar("Result")

# One at a time in each process: Python computes in one thread anyway, and a second one only takes turns away
# from the event loop, where somebody may be holding an area's clock.
_TURN = CapacityLimiter(1)


async def compute(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """What `function` returns or raises. In the caller's language: the context goes along."""
    return await to_thread.run_sync(functools.partial(function, *arguments, **named), limiter=_TURN)


async def one_ahead(function: Callable[[Part], Result], parts: Iterable[Part]) -> AsyncGenerator[Result]:
    """`function` of each part in order, in a thread: the next one is computed while the caller works with this one.

    Closed before its end, it waits for what is being computed.
    """
    waiting = iter(parts)

    def begin() -> asyncio.Task[Result] | None:
        for part in waiting:
            return asyncio.create_task(asyncio.to_thread(function, part))
        return None

    ahead = begin()
    try:
        while ahead is not None:
            result = await ahead
            ahead = begin()
            yield result
    finally:
        if ahead is not None:
            await asyncio.wait([ahead])
