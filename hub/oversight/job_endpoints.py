"""Background work through the API: for administrators and whoever runs imports."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import Depends, Path, Response
from pydantic import BaseModel

from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.oversight import jobs
from hub.oversight.jobs import QueuedJob, RecurringJobTurn

router = ApiRouter(tags=["oversight"])

CanRunJobs = Annotated[Subject, Depends(requires(Permission.IMPORT_RUN))]
JobId = Annotated[int, Path(ge=1, lt=2**63)]
JobName = Annotated[str, Path(max_length=100)]


class QueuedJobRead(BaseModel):
    """`state`: waiting, running, ending, done, failed or cancelled."""

    id: int
    task: str
    key: str
    state: str
    attempts: int
    wanted_at: datetime | None
    changed_at: datetime | None

    @classmethod
    def of(cls, job: QueuedJob) -> Self:
        return cls(
            id=job.id,
            task=job.task,
            key=job.key,
            state=job.state,
            attempts=job.attempts,
            wanted_at=job.wanted_at,
            changed_at=job.changed_at,
        )


class RecurringJobRead(BaseModel):
    """`error`: what kind of failure the last turn was; null when it ended well."""

    name: str
    every_seconds: float
    ended_at: datetime
    error: str | None
    is_late: bool

    @classmethod
    def of(cls, turn: RecurringJobTurn) -> Self:
        return cls(
            name=turn.name,
            every_seconds=turn.every_seconds,
            ended_at=turn.ended_at,
            error=turn.error or None,
            is_late=turn.is_late,
        )


class JobsRead(BaseModel):
    """Imports have addresses of their own: `/imports`."""

    queued: list[QueuedJobRead]
    recurring: list[RecurringJobRead]


@router.get("/jobs")
async def list_jobs(session: Transaction, subject: CanRunJobs) -> JobsRead:
    """The newest deferred jobs, and how the recurring ones are."""
    found = await jobs.list_jobs(session, subject)
    return JobsRead(
        queued=[QueuedJobRead.of(job) for job in found.queued],
        recurring=[RecurringJobRead.of(turn) for turn in found.recurring],
    )


@router.post("/jobs/{job_id}/cancellation")
async def cancel_job(session: Transaction, subject: CanRunJobs, job_id: JobId) -> QueuedJobRead:
    """One that waits never begins; one at work stops at its next wait."""
    return QueuedJobRead.of(await jobs.cancel_queued(session, subject, job_id))


@router.post("/jobs/{job_id}/repetition", status_code=202, response_class=Response)
async def repeat_job(session: Transaction, subject: CanRunJobs, job_id: JobId) -> Response:
    """The same work once more, as a new job."""
    await jobs.run_again(session, subject, job_id)
    return Response(status_code=202)


@router.post("/recurring-jobs/{name}/turn", status_code=202, response_class=Response)
async def run_recurring(session: Transaction, subject: CanRunJobs, name: JobName) -> Response:
    """A turn of a recurring job now, beside its clock."""
    await jobs.run_now(session, subject, name)
    return Response(status_code=202)
