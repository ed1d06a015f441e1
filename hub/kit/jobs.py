"""Recurring background work of a serving process.

A job runs in every process of a hub, so it takes its own lock where two at once would do harm. A job
that fails is logged and tried again at its next turn: it never ends the loop. How the last turn ended stands
in the database, where whichever process answers can show it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prometheus_client import Counter, Gauge
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, Database
from hub.kit.errors import HubError
from hub.kit.queue import QueuedTask, defer

logger = logging.getLogger(__name__)

FAILURES = Counter("hub_job_failures_total", "Turns of a recurring job that failed", ["job"])
LAST_SUCCESS = Gauge(
    "hub_job_last_success_timestamp_seconds", "When a recurring job last ended well", ["job"], multiprocess_mode="max"
)


RUN_NOW = "jobs.run"
# A job of every second says that it is well once a minute; what changes is said at once.
SAID_EVERY = timedelta(minutes=1)


class JobTurn(Base):
    """How a recurring job's last turn ended. `error` names the failure; its own words may quote values."""

    __tablename__ = "job_turns"

    job: Mapped[str] = mapped_column(primary_key=True)
    every_seconds: Mapped[float]
    ended_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None]


@dataclass(frozen=True)
class RecurringJob:
    """`run` is called every `every_seconds`; it must be safe to run twice."""

    name: str
    every_seconds: float
    run: Callable[[Database], Awaitable[object]]


@dataclass
class _Said:
    """What this process wrote last about a job, so that it does not write the same every second."""

    error: str | None = None
    at: datetime | None = field(default=None)

    def is_news(self, error: str | None) -> bool:
        return self.at is None or error != self.error or clock.now() - self.at >= SAID_EVERY


async def _repeat(database: Database, job: RecurringJob) -> None:
    said = _Said()
    while True:
        error = await _turn(database, job)
        if said.is_news(error):
            await _say(database, job, error)
            said.error, said.at = error, clock.now()
        await asyncio.sleep(job.every_seconds)


async def _turn(database: Database, job: RecurringJob) -> str | None:
    """Run it once; None when it went well, else what kind of failure it was."""
    try:
        await job.run(database)
    except Exception as error:
        FAILURES.labels(job.name).inc()
        logger.warning("job %s failed; it will run again", job.name, exc_info=True)
        return error.detail if isinstance(error, HubError) else type(error).__name__
    LAST_SUCCESS.labels(job.name).set_to_current_time()
    return None


async def _say(database: Database, job: RecurringJob, error: str | None) -> None:
    """Leave the turn's end in the database; without a database there is nobody to read it either."""
    now = clock.now()
    seen = {"failed_at": now, "error": error} if error else {"succeeded_at": now, "error": None}
    told = {"every_seconds": job.every_seconds, "ended_at": now, **seen}
    statement = insert(JobTurn).values(job=job.name, **told)
    try:
        async with database.transaction() as session:
            await session.execute(statement.on_conflict_do_update(index_elements=["job"], set_=told))
    except Exception:
        logger.warning("the turn of job %s could not be written down", job.name, exc_info=True)


async def list_turns(session: AsyncSession) -> Sequence[JobTurn]:
    return (await session.scalars(select(JobTurn).order_by(JobTurn.job))).all()


async def run_soon(session: AsyncSession, job: str) -> None:
    """Have a recurring job take a turn now, in whichever process is free, once the transaction commits."""
    await defer(session, RUN_NOW, job)


def running_now(jobs: Sequence[RecurringJob]) -> QueuedTask:
    """The queue's side of `run_soon`."""
    known = {job.name: job for job in jobs}

    async def run(database: Database, name: str) -> None:
        job = known.get(name)
        if job is not None:
            await _say(database, job, await _turn(database, job))

    return QueuedTask(RUN_NOW, run)


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
