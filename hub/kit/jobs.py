"""Recurring background work of a serving process.

A job runs in every process of a hub, so it takes its own lock where two at once would do harm. A job
that fails is logged and tried again at its next turn: it never ends the loop.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from hub.kit.db import Database

logger = logging.getLogger(__name__)

FAILURES = Counter("hub_job_failures_total", "Turns of a recurring job that failed", ["job"])
LAST_SUCCESS = Gauge(
    "hub_job_last_success_timestamp_seconds", "When a recurring job last ended well", ["job"], multiprocess_mode="max"
)


@dataclass(frozen=True)
class RecurringJob:
    """`run` is called every `every_seconds`; it must be safe to run twice."""

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[object]]


async def _repeat(database: Database, job: RecurringJob) -> None:
    while True:
        try:
            await job.run(database)
            LAST_SUCCESS.labels(job.name).set_to_current_time()
        except Exception:
            FAILURES.labels(job.name).inc()
            logger.warning("job %s failed; it will run again", job.name, exc_info=True)
        await asyncio.sleep(job.every_seconds)


@asynccontextmanager
async def running(database: Database, jobs: Sequence[RecurringJob]) -> AsyncIterator[None]:
    """Run the jobs beside whatever the block does; they end with it."""
    for job in jobs:
        FAILURES.labels(job.name)  # a counter that first appears at 1 has not risen, as Prometheus sees it
    tasks = [asyncio.create_task(_repeat(database, job), name=job.name) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
