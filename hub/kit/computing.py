"""Computing that takes milliseconds, off the event loop."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

# One at a time in each process: Python computes in one thread anyway, and a second one only takes turns away
# from the event loop, where somebody may be holding an area's clock.
_TURN = CapacityLimiter(1)


async def compute(
    function: Callable[Parameters, Result], *arguments: Parameters.args, **named: Parameters.kwargs
) -> Result:
    """What `function` returns or raises. In the caller's language: the context goes along."""
    return await to_thread.run_sync(functools.partial(function, *arguments, **named), limiter=_TURN)
