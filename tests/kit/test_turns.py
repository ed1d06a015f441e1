"""Turns: so many at once of one name, in the order of arrival, and nobody waits without end."""

import asyncio

import pytest

from hub.kit.turns import Turns, TurnTooFar

PATIENT = 60.0


async def test_who_comes_later_waits_in_order_and_other_names_do_not() -> None:
    turns = Turns(at_once=2, longest_wait=PATIENT)
    go, order = asyncio.Event(), []

    async def work(name: str, number: int) -> None:
        async with turns.one(name):
            order.append((name, number))
            await go.wait()

    tasks = [asyncio.create_task(work("one", number)) for number in range(5)]
    tasks.append(asyncio.create_task(work("another", 0)))
    await asyncio.sleep(0.01)
    assert order == [("one", 0), ("one", 1), ("another", 0)]
    go.set()
    await asyncio.gather(*tasks)
    assert order[3:] == [("one", 2), ("one", 3), ("one", 4)]
    assert turns._lines == {}


async def test_a_wait_ends() -> None:
    turns = Turns(at_once=1, longest_wait=0.01)
    async with turns.one("one"):
        with pytest.raises(TurnTooFar):
            async with turns.one("one"):
                pass
    async with turns.one("one"):
        pass


async def test_a_turn_is_given_back_by_who_fails_and_by_who_hangs_up() -> None:
    turns = Turns(at_once=1, longest_wait=PATIENT)

    async def fail() -> None:
        async with turns.one("one"):
            waiting = asyncio.create_task(turns.one("one").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            raise ValueError("fails")

    with pytest.raises(ValueError, match="fails"):
        await fail()
    assert turns._lines == {}
