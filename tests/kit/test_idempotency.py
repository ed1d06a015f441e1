import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from hub.kit.db import Database
from hub.kit.idempotency import Idempotency, IdempotencyKey, IdempotencyKeyReused


def sent(key: str | None, body: bytes = b"body") -> Idempotency:
    return Idempotency(key, "POST /things", body)


class Writes:
    """Counts how often the write really ran."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self) -> dict[str, object]:
        self.count += 1
        await asyncio.sleep(0.01)
        return {"number": self.count, "at": "2026-11-22", "a": Decimal("1.10")}


@pytest.mark.full_transaction
class TestOnce:
    async def test_answers_the_same_again(self, database: Database) -> None:
        writes = Writes()
        answers = []
        for _ in range(3):
            async with database.transaction() as session:
                answers.append((await sent("k").once(session, "person:1", writes)).body)
        assert (writes.count, len(set(answers))) == (1, 1)

    async def test_refuses_another_body(self, database: Database) -> None:
        writes = Writes()
        async with database.transaction() as session:
            await sent("k").once(session, "person:1", writes)
        with pytest.raises(IdempotencyKeyReused):
            async with database.transaction() as session:
                await sent("k", b"other").once(session, "person:1", writes)
        assert writes.count == 1

    async def test_keys_are_each_callers_own(self, database: Database) -> None:
        writes = Writes()
        for caller in ("person:1", "person:2"):
            async with database.transaction() as session:
                await sent("k").once(session, caller, writes)
        assert writes.count == 2

    async def test_without_a_key_every_request_counts(self, database: Database) -> None:
        writes = Writes()
        for _ in range(2):
            async with database.transaction() as session:
                await sent(None).once(session, "person:1", writes)
        assert writes.count == 2

    async def test_of_many_at_once_one_executes(self, database: Database) -> None:
        writes = Writes()

        async def request() -> bytes:
            async with database.transaction() as session:
                return bytes((await sent("k").once(session, "person:1", writes)).body)

        answers = await asyncio.gather(*(request() for _ in range(12)))
        assert (writes.count, len(set(answers))) == (1, 1)

    async def test_a_failed_write_keeps_no_key(self, database: Database) -> None:
        async def fail() -> None:
            raise RuntimeError

        with pytest.raises(RuntimeError):
            async with database.transaction() as session:
                await sent("k").once(session, "person:1", fail)
        async with database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
