"""What a request asks of the database, and how the database would go about it."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import AsyncCursor
from sqlalchemy.ext.asyncio import AsyncConnection

# They grow with every submission and every read: walking one of them from end to end is an error.
GROWING = frozenset(
    {
        "access_tokens",
        "audit_events",
        "collections",
        "data_element_versions",
        "data_reads",
        "divisions",
        "drafts",
        "element_search_entries",
        "idempotency_keys",
        "record_revisions",
        "records",
        "submissions",
    }
)


# What a connection is asked after it lay idle for a while, as it does in a slow test.
PINGS = frozenset({"", ";", "SELECT 1"})


@dataclass(frozen=True)
class Asked:
    statement: str
    parameters: Any


@contextmanager
def asked() -> Iterator[list[Asked]]:
    """Every statement of the block, but for the savepoints that only tests have."""
    statements: list[Asked] = []

    def noting(execute: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(execute)
        async def noted(cursor: object, statement: Any, parameters: Any = None, **options: Any) -> Any:
            if isinstance(statement, str) and statement not in PINGS and "SAVEPOINT" not in statement:
                statements.append(Asked(statement, parameters))
            return await execute(cursor, statement, parameters, **options)

        return noted

    # At the driver: SQLAlchemy does not see what `hub.kit.statements` asks.
    with pytest.MonkeyPatch.context() as patch:
        for name in ("execute", "executemany"):
            patch.setattr(AsyncCursor, name, noting(getattr(AsyncCursor, name)))
        yield statements


async def walked(connection: AsyncConnection, statement: Asked) -> set[str]:
    """The growing tables that a statement would walk from end to end although an index may be used.

    The tests' tables are small, so walking is made dear: what is walked all the same has no index that serves.
    """
    if statement.statement.startswith("DO "):  # makes the temporary tables that later statements name
        await connection.exec_driver_sql(statement.statement)
    if not statement.statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return set()
    await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    one = statement.parameters[0] if isinstance(statement.parameters, list) else statement.parameters
    plans = (await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement.statement}", one)).scalar_one()
    return {node["Relation Name"] for node in nodes(plans[0]["Plan"]) if node["Node Type"] == "Seq Scan"} & GROWING


async def wasted(connection: AsyncConnection, statement: Asked, scope: str) -> int:
    """Rows of the growing tables that a read looks at and throws away; it grows with the county, not with the form.

    Not told to avoid anything: the plan is the one that the database chooses for tables it has never counted.
    """
    await connection.exec_driver_sql("SELECT set_config('hub.divisions', %(scope)s, true)", {"scope": scope})
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.statement}"
    plans = (await connection.exec_driver_sql(explain, statement.parameters)).scalar_one()
    return sum(
        int(node.get("Rows Removed by Filter", 0)) * int(node["Actual Loops"])
        for node in nodes(plans[0]["Plan"])
        if node.get("Relation Name") in GROWING - {"divisions"}
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
