"""Work that is put off: wanted in one transaction, done later by whichever process is free, and again after a crash.

procrastinate keeps the queue in our own PostgreSQL (migration 0011, schema `jobs`). Only this module knows it.
A job runs at least once: a process that dies leaves its job to the next, so a job must find out what is done.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import procrastinate
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason, JobContext
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import Database

logger = logging.getLogger(__name__)

SCHEMA = "jobs"
QUEUE = "hub"
# A worker says that it lives every few seconds; one that has been silent for the second time is taken for dead.
HEARTBEAT_SECONDS, SILENT_SECONDS = 3.0, 12.0
RESTART_SECONDS = 1.0
# A notification wakes a worker at once; this is for the one that got lost.
POLL_SECONDS = 5.0
GRACE_SECONDS = 5.0
RETRY_SECONDS, RETRIES = 3, 50
KEPT_HOURS = 24 * 7


@dataclass(frozen=True)
class QueuedTask:
    """`run` gets what was deferred: the key of something that the task finds in the database."""

    name: str
    run: Callable[[Database, str], Awaitable[object]]


async def defer(session: AsyncSession, task: str, key: str) -> None:
    """Have a task done for this key once the transaction commits; never when it does not.

    Jobs of one task and key run one after another, never beside each other.
    """
    statement = text(
        "SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, :lock, NULL,"
        " jsonb_build_object('key', CAST(:key AS text)), NULL)::jobs.procrastinate_job_to_defer_v1])"
    )
    await session.execute(statement, {"queue": QUEUE, "task": task, "lock": f"{task}:{key}", "key": key})


@dataclass(frozen=True)
class Job:
    """A job as the queue holds it, for a week after its end. `is_ending`: told to stop, and still at work."""

    id: int
    task: str
    key: str
    status: str
    attempts: int
    wanted_at: datetime | None
    changed_at: datetime | None
    is_ending: bool


_JOBS = """
    SELECT job.id, job.task_name, job.args->>'key' AS key, CAST(job.status AS text) AS status, job.attempts,
        job.abort_requested, min(event.at) AS wanted_at, max(event.at) AS changed_at
    FROM jobs.procrastinate_jobs job LEFT JOIN jobs.procrastinate_events event ON event.job_id = job.id
    WHERE (CAST(:job AS bigint) IS NULL OR job.id = :job) AND (CAST(:before AS bigint) IS NULL OR job.id < :before)
    GROUP BY job.id ORDER BY job.id DESC LIMIT :limit"""


async def list_jobs(
    session: AsyncSession, *, limit: int, before: int | None = None, job: int | None = None
) -> Sequence[Job]:
    """Newest first."""
    rows = (await session.execute(text(_JOBS), {"limit": limit, "before": before, "job": job})).mappings()
    return [
        Job(
            id=row["id"],
            task=row["task_name"],
            key=row["key"] or "",
            status=row["status"],
            attempts=row["attempts"],
            wanted_at=row["wanted_at"],
            changed_at=row["changed_at"],
            is_ending=row["status"] == "doing" and row["abort_requested"],
        )
        for row in rows
    ]


async def cancel(session: AsyncSession, job: int) -> bool:
    """A job that waits is cancelled; one at work is told to stop, which it does at its next wait. False: it is over."""
    statement = text("SELECT jobs.procrastinate_cancel_job_v1(:job, true, false)")
    return (await session.execute(statement, {"job": job})).scalar_one() is not None


def _application(database: Database, tasks: Sequence[QueuedTask]) -> procrastinate.App:
    address = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=address, kwargs={"options": f"-c search_path={SCHEMA}"}, min_size=1, max_size=2, timeout=10
    )
    application = procrastinate.App(connector=connector)
    retry = procrastinate.RetryStrategy(max_attempts=RETRIES, wait=RETRY_SECONDS)
    for task in tasks:
        application.task(name=task.name, queue=QUEUE, retry=retry, pass_context=True)(_runner(database, task))
    return application


def _runner(database: Database, task: QueuedTask) -> Callable[[JobContext, str], Awaitable[None]]:
    async def run(context: JobContext, key: str) -> None:
        try:
            await task.run(database, key)
        except asyncio.CancelledError:
            # Somebody's word ends it for good; a server that stops leaves it to the next one.
            if context.abort_reason() is AbortReason.USER_REQUEST:
                raise JobAborted from None
            raise

    return run


async def _work(database: Database, tasks: Sequence[QueuedTask]) -> None:
    """Until cancelled. A worker ends when its database goes away; the next one begins when it is back."""
    while True:
        try:
            application = _application(database, tasks)
            async with application.open_async():
                await _work_and_tend(application)
        except Exception:
            logger.warning("the queue's worker ended; it will begin again", exc_info=True)
        await asyncio.sleep(RESTART_SECONDS)


async def _work_and_tend(application: procrastinate.App) -> None:
    tending = asyncio.create_task(_tend(application), name="queue.tend")
    try:
        await application.run_worker_async(
            queues=[QUEUE],
            install_signal_handlers=False,
            fetch_job_polling_interval=POLL_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=SILENT_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
        )
    finally:
        tending.cancel()
        await asyncio.gather(tending, return_exceptions=True)


async def _tend(application: procrastinate.App) -> None:
    """Jobs of workers that died are done again; jobs that ended long ago are forgotten."""
    manager = application.job_manager
    while True:
        for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
            logger.warning("job %s of a worker that died is done again", job.id)
            await manager.retry_job(job)
        await manager.prune_stalled_workers(SILENT_SECONDS)
        await manager.delete_old_jobs(
            nb_hours=KEPT_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
        )
        await asyncio.sleep(HEARTBEAT_SECONDS)


@asynccontextmanager
async def working(database: Database, tasks: Sequence[QueuedTask]) -> AsyncIterator[None]:
    """Do deferred jobs beside whatever the block does; a job that is under way when it ends is done again later."""
    if not tasks:
        yield
        return
    worker = asyncio.create_task(_work(database, tasks), name="queue")
    try:
        yield
    finally:
        # A first cancellation may be lost while the worker starts (asyncio.wait_for before Python 3.12), and the
        # process then never ended.
        while not worker.done():
            worker.cancel()
            await asyncio.wait([worker], timeout=GRACE_SECONDS)
