"""What /metrics tells: the counters of every serving process, and a few figures asked of the database.

A figure of the database is asked for when Prometheus asks, at most every few seconds, in a transaction that
ends itself when the database is slow: whoever watches must not be what is watched.
"""

import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import Database
from hub.settings import figures_folder

Measure = Callable[[AsyncSession], Awaitable[None]]

ASKED_EVERY_SECONDS = 5.0
STATEMENT_MILLISECONDS = 2000


def gauge(name: str, documentation: str, labels: Sequence[str] = ()) -> Gauge:
    """A figure that any process may set for all of them."""
    return Gauge(name, documentation, labels, multiprocess_mode="mostrecent")


UP = gauge("hub_database_up", "1 when the database answered")
BYTES = gauge("hub_database_bytes", "Size of the hub's database")
CONNECTIONS = gauge("hub_database_connections", "Connections of the serving role")
# RELIABILITY REL-R8. Of other roles' transactions PostgreSQL tells the serving role nothing: postgres_exporter does.
IDLE = gauge("hub_idle_in_transaction_seconds", "How long the serving role's longest idle transaction has been idle")
OLDEST = gauge("hub_oldest_transaction_seconds", "Age of the serving role's oldest transaction")
LOCK_WAIT = gauge("hub_lock_wait_seconds", "How long the longest wait for a lock has lasted, the area clocks' included")
QUEUE = gauge("hub_queue_jobs", "Deferred jobs by status", ["status"])
QUEUE_STATUSES = ("todo", "doing", "succeeded", "failed", "cancelled", "aborting", "aborted")

_ACTIVITY = """
SELECT pg_database_size(current_database()) AS bytes,
       count(*) AS connections,
       coalesce(max(extract(epoch FROM clock_timestamp() - state_change))
                FILTER (WHERE state LIKE 'idle in transaction%'), 0) AS idle,
       coalesce(max(extract(epoch FROM clock_timestamp() - xact_start))
                FILTER (WHERE pid <> pg_backend_pid()), 0) AS oldest,
       (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)
          FROM pg_locks WHERE NOT granted) AS lock_wait
  FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user
"""


async def measure_database(session: AsyncSession) -> None:
    found = (await session.execute(text(_ACTIVITY))).one()
    BYTES.set(found.bytes)
    CONNECTIONS.set(found.connections)
    IDLE.set(found.idle)
    OLDEST.set(found.oldest)
    LOCK_WAIT.set(found.lock_wait)


async def measure_queue(session: AsyncSession) -> None:
    counted = await session.execute(
        text("SELECT status::text, count(*) AS jobs FROM jobs.procrastinate_jobs GROUP BY status")
    )
    counts = {row.status: row.jobs for row in counted}
    for status in QUEUE_STATUSES:
        QUEUE.labels(status).set(counts.get(status, 0))


class Figures:
    """The figures of one serving process and, where there are several, of all of them."""

    def __init__(self, measures: Sequence[Measure]) -> None:
        self._measures = (measure_database, measure_queue, *measures)
        self._asked_at = float("-inf")

    async def text(self, database: Database) -> bytes:
        """Prometheus' text format."""
        now = time.monotonic()
        if now - self._asked_at >= ASKED_EVERY_SECONDS:
            self._asked_at = now
            await self._ask(database)
        folder = figures_folder()
        if folder is None:
            return generate_latest()
        _forget_dead_processes(folder)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]  # the library's own omission
        return generate_latest(registry)

    async def _ask(self, database: Database) -> None:
        try:
            async with database.transaction() as session:
                await session.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_MILLISECONDS}"))
                for measure in self._measures:
                    await measure(session)
        except SQLAlchemyError:
            UP.set(0)
        else:
            UP.set(1)


def _forget_dead_processes(folder: Path) -> None:
    """What a killed process was working on is nobody's work now."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and not _is_alive(pid):
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]  # the library's own omission


def _is_alive(pid: int) -> bool:
    with suppress(PermissionError):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True
