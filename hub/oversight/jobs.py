"""What works in the background: imports, deferred jobs, recurring ones. Looking, cancelling, running again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.identity.subject import Subject
from hub.imports import service as imports
from hub.imports.service import TASK as IMPORT_TASK
from hub.imports.service import ImportStatus
from hub.kit import clock, jobs, queue
from hub.kit.errors import NotFound
from hub.kit.i18n import gettext as _
from hub.oversight.errors import JobStateConflict

State = Literal["waiting", "running", "ending", "done", "failed", "cancelled"]

# The queue's own words; `aborted` is a job that was cancelled at work.
_STATES: dict[str, State] = {
    "todo": "waiting",
    "doing": "running",
    "succeeded": "done",
    "failed": "failed",
    "cancelled": "cancelled",
    "aborting": "ending",
    "aborted": "cancelled",
}
_IMPORT_STATES: dict[str, State] = {
    "received": "waiting",
    "done": "done",
    "refused": "failed",
    "failed": "failed",
    "cancelled": "cancelled",
}
# Rows of one page; older imports have a page of their own.
SHOWN = 50


@dataclass(frozen=True)
class ImportJob:
    """An import as work: `step` is its own state. `error`: the first sentence of what stopped it."""

    id: UUID
    filename: str
    state: State
    step: str
    rows_done: int
    rows_total: int
    requested_by: str
    since: datetime
    error: str
    may_cancel: bool
    may_retry: bool


@dataclass(frozen=True)
class QueuedJob:
    id: int
    task: str
    key: str
    state: State
    attempts: int
    wanted_at: datetime | None
    changed_at: datetime | None


@dataclass(frozen=True)
class RecurringJobTurn:
    """`state` is `failed` until a turn ends well again; a job that is silent for three turns is said to be late."""

    name: str
    every_seconds: float
    state: Literal["done", "failed"]
    ended_at: datetime
    error: str
    is_late: bool


@dataclass(frozen=True)
class Jobs:
    imports: Sequence[ImportJob]
    queued: Sequence[QueuedJob]
    recurring: Sequence[RecurringJobTurn]


async def list_jobs(session: AsyncSession, subject: Subject) -> Jobs:
    given = await imports.list_imports(session, subject, after=None, limit=SHOWN)
    queued = await queue.list_jobs(session, limit=SHOWN)
    turns = await jobs.list_turns(session)
    return Jobs(
        [_import_job(status) for status in given],
        # An import's own job says less than the import.
        [_queued_job(job) for job in queued if job.task != IMPORT_TASK],
        [_turn(turn) for turn in turns],
    )


def _import_job(status: ImportStatus) -> ImportJob:
    given = status.given
    state = _IMPORT_STATES.get(given.state, "running")
    is_trial = given.state == "done" and given.dry_run
    first = given.problems[0] if given.problems else {}
    return ImportJob(
        id=given.id,
        filename=given.filename,
        state=state,
        step=given.state,
        rows_done=given.rows_stored if given.state in {"storing", "done"} else given.rows_checked,
        rows_total=given.rows_total,
        requested_by=given.requested_by,
        since=given.finished_at or given.started_at or given.created_at,
        error=str(first.get("message", "")) if state == "failed" else "",
        may_cancel=state in {"waiting", "running"} or is_trial,
        may_retry=state == "failed",
    )


def _queued_job(job: queue.Job) -> QueuedJob:
    state: State = "ending" if job.is_ending else _STATES.get(job.status, "waiting")
    return QueuedJob(job.id, job.task, job.key, state, job.attempts, job.wanted_at, job.changed_at)


def _turn(turn: jobs.JobTurn) -> RecurringJobTurn:
    late = clock.now() - turn.ended_at > 3 * max(jobs.SAID_EVERY, _seconds(turn.every_seconds))
    return RecurringJobTurn(
        turn.job, turn.every_seconds, "failed" if turn.error else "done", turn.ended_at, turn.error or "", late
    )


def _seconds(every: float) -> timedelta:
    return timedelta(seconds=every)


async def cancel_queued(session: AsyncSession, subject: Subject, job_id: int) -> QueuedJob:
    """One that waits never begins; one at work stops at its next wait."""
    job = await _get(session, job_id)
    if not await queue.cancel(session, job.id):
        raise JobStateConflict(_("这个任务已经结束，不能取消。"))
    await audit.record(session, subject.actor, AuditAction.JOB_CANCEL, "job", f"{job.task}:{job.id}")
    return _queued_job(await _get(session, job_id))


async def run_again(session: AsyncSession, subject: Subject, job_id: int) -> None:
    """The same task with the same key, as a new job: what was stays to be seen."""
    job = await _get(session, job_id)
    if _queued_job(job).state not in {"failed", "cancelled"}:
        raise JobStateConflict(_("只有失败或已取消的任务可以重新运行。"))
    await queue.defer(session, job.task, job.key)
    await audit.record(session, subject.actor, AuditAction.JOB_RETRY, "job", f"{job.task}:{job.id}")


async def run_now(session: AsyncSession, subject: Subject, name: str) -> None:
    """A turn of a recurring job beside its clock; it is safe to run twice."""
    if name not in {turn.job for turn in await jobs.list_turns(session)}:
        raise NotFound(_("没有这个定时任务。"))
    await jobs.run_soon(session, name)
    await audit.record(session, subject.actor, AuditAction.JOB_RUN, "job", name)


async def _get(session: AsyncSession, job_id: int) -> queue.Job:
    found = await queue.list_jobs(session, limit=1, job=job_id)
    if not found:
        raise NotFound(_("没有这个任务。"))
    return found[0]
