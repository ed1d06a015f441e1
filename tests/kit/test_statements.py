"""Statements that go to the driver as they stand behave as every other statement of the session does."""

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditHead
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.json import Written
from hub.kit.statements import Statement, first, insertion, together

HEADS = Statement(select(AuditHead.position, AuditHead.key_id).order_by(AuditHead.position))
ADD_HEAD = Statement(insertion(AuditHead))


def head(position: int, key: str = "k") -> dict[str, object]:
    return {
        "position": position,
        "chain_sha256": b"1",
        "signed_at": clock.now(),
        "key_id": key,
        "signature": b"2",
    }


async def test_rows_come_by_name_and_what_is_pending_is_written_first(session: AsyncSession) -> None:
    session.add(AuditHead(**head(1)))
    await ADD_HEAD.run(session, head(2, "two"), head(3))
    assert [(row.position, row.key_id) for row in await HEADS.rows(session, {})] == [(1, "k"), (2, "two"), (3, "k")]
    assert first([]) is None


async def test_documents_are_spelled_by_our_own_writer(session: AsyncSession) -> None:
    held = Statement("SELECT %(document)s::jsonb AS document")
    exact = '{"n": 1.10}'
    assert str(first(await held.rows(session, {"document": Written(exact).text})).document["n"]) == "1.10"


async def test_fixed_values_of_a_statement_are_kept(session: AsyncSession) -> None:
    some = Statement(select(text("1 AS one")).where(bindparam("given") == 3).limit(5))
    assert len(await some.rows(session, {"given": 3})) == 1
    assert await some.rows(session, {"given": 4}) == []


async def test_a_failure_is_sqlalchemys_and_names_no_value(session: AsyncSession) -> None:
    await ADD_HEAD.run(session, head(1, "secret-key"))
    with pytest.raises(IntegrityError) as failed:
        async with session.begin_nested():
            await ADD_HEAD.run(session, head(1, "secret-key"))
    assert "secret-key" not in str(failed.value)
    assert len(await HEADS.rows(session, {})) == 1


async def test_together_all_is_written_and_rows_may_be_asked_for(session: AsyncSession) -> None:
    session.add(AuditHead(**head(1)))
    async with together(session):
        await ADD_HEAD.run(session, head(2), head(3))
        await ADD_HEAD.run(session, head(4))
        assert len(await HEADS.rows(session, {})) == 4
        await ADD_HEAD.run(session, head(5))
    assert [row.position for row in await HEADS.rows(session, {})] == [1, 2, 3, 4, 5]


async def test_together_nothing_is_waited_for_before_the_end(session: AsyncSession) -> None:
    slow_failure = Statement("SELECT CASE WHEN pg_sleep(0.2) IS NULL THEN 1 ELSE 1 / (random() * 0)::int END")
    begun: list[str] = []

    async def write() -> None:
        async with session.begin_nested(), together(session):
            await ADD_HEAD.run(session, head(1))
            begun.append("the first")
            await slow_failure.run(session, {})
            begun.append("the one that fails")

    with pytest.raises(DBAPIError, match="division by zero"):
        await write()
    assert begun == ["the first", "the one that fails"]
    assert await HEADS.rows(session, {}) == []


async def test_together_a_failure_names_no_value(session: AsyncSession) -> None:
    with pytest.raises(IntegrityError) as failed:
        async with session.begin_nested(), together(session):
            await ADD_HEAD.run(session, head(1, "secret-key"), head(1, "secret-key"))
    assert "secret-key" not in str(failed.value)


@pytest.mark.full_transaction
async def test_a_connection_that_is_gone_is_not_handed_out_again(database: Database) -> None:
    one = Statement("SELECT 1 AS one")

    async def lose_the_connection() -> None:
        async with database.transaction() as session:
            pid = first(await Statement("SELECT pg_backend_pid() AS pid").rows(session, {})).pid
            async with database.transaction() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await one.rows(session, {})

    with pytest.raises(DBAPIError):
        await lose_the_connection()
    for _turn in range(3):
        async with database.transaction() as session:
            assert first(await one.rows(session, {})).one == 1
