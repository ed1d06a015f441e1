"""The jobs page (P11): what runs, what waits, what failed; run again, run now, cancel."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.subject import Subject
from hub.imports import service as imports
from hub.imports.errors import ImportStateConflict
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render, see_other
from hub.oversight import jobs
from hub.oversight.errors import JobStateConflict
from hub.oversight.job_endpoints import CanRunJobs, JobId, JobName
from hub.oversight.jobs import ImportJob, QueuedJob, RecurringJobTurn

router = HubRouter(tags=["oversight"])

_Words = Mapping[str, Callable[[], str]]

_STATES: _Words = MappingProxyType(
    {
        "waiting": lambda: _("排队"),
        "running": lambda: _("运行中"),
        "ending": lambda: _("正在取消"),
        "done": lambda: _("完成"),
        "failed": lambda: _("失败"),
        "cancelled": lambda: _("已取消"),
    }
)
_TONES: Mapping[str, str] = MappingProxyType(
    {"running": "active", "ending": "warning", "done": "good", "failed": "error"}
)
_STEPS: _Words = MappingProxyType(
    {
        "reading": lambda: _("正在读文件"),
        "checking": lambda: _("正在检查"),
        "storing": lambda: _("正在写入"),
        "refused": lambda: _("没有通过检查"),
    }
)
_TASKS: _Words = MappingProxyType(
    {
        "audit.verify": lambda: _("核对审计日志"),
        "jobs.run": lambda: _("立即运行定时任务"),
        "audit.seal": lambda: _("封存审计日志"),
        "database.revive": lambda: _("看护私有数据库"),
        "exchange.forget_cursors": lambda: _("清理旧的读取位置"),
        "imports.forget_files": lambda: _("清理旧的导入文件"),
        "idempotency.forget": lambda: _("清理旧的重复提交记录"),
        "limits.forget": lambda: _("清理旧的调用计数"),
        "element-search-index": lambda: _("更新数据元检索"),
        "capture.remind": lambda: _("催报提醒"),
    }
)


@dataclass(frozen=True)
class Status:
    """A state as a tag."""

    label: str
    tone: str


@dataclass(frozen=True)
class ImportLine:
    job: ImportJob
    status: Status
    step: str


@dataclass(frozen=True)
class QueuedLine:
    """`about`: what a run-now is of."""

    job: QueuedJob
    name: str
    about: str
    status: Status
    may_cancel: bool
    may_retry: bool


@dataclass(frozen=True)
class RecurringLine:
    turn: RecurringJobTurn
    name: str
    every: str
    status: Status


@dataclass(frozen=True)
class JobsPage:
    """`failed`, `running`: how many of all kinds, said first."""

    imports: tuple[ImportLine, ...]
    queued: tuple[QueuedLine, ...]
    recurring: tuple[RecurringLine, ...]
    running: int
    failed: int
    at: datetime


@router.get("/jobs")
async def list_jobs(request: Request, session: Transaction, subject: CanRunJobs) -> Response:
    return render(request, "jobs.html", await _page(session, subject))


async def _page(session: AsyncSession, subject: Subject) -> JobsPage:
    found = await jobs.list_jobs(session, subject)
    states = [*(job.state for job in found.imports), *(job.state for job in found.queued)]
    return JobsPage(
        imports=tuple(ImportLine(job, _status(job.state), _word(_STEPS, job.step, "")) for job in found.imports),
        queued=tuple(_queued_line(job) for job in found.queued),
        recurring=tuple(_recurring_line(turn) for turn in found.recurring),
        running=sum(state in {"running", "ending"} for state in states),
        failed=states.count("failed") + sum(turn.state == "failed" for turn in found.recurring),
        at=clock.now(),
    )


def _word(words: _Words, key: str, otherwise: str) -> str:
    known = words.get(key)
    return otherwise if known is None else known()


def _status(state: str) -> Status:
    return Status(_word(_STATES, state, state), _TONES.get(state, "plain"))


def task_words(task: str) -> str:
    return _word(_TASKS, task, task)


def _queued_line(job: QueuedJob) -> QueuedLine:
    return QueuedLine(
        job,
        task_words(job.task),
        task_words(job.key) if job.task == "jobs.run" else "",
        _status(job.state),
        may_cancel=job.state in {"waiting", "running"},
        may_retry=job.state in {"failed", "cancelled"},
    )


def _recurring_line(turn: RecurringJobTurn) -> RecurringLine:
    status = Status(_("久未运行"), "warning") if turn.is_late and turn.state == "done" else _status(turn.state)
    return RecurringLine(turn, task_words(turn.name), _every(turn.every_seconds), status)


def _every(seconds: float) -> str:
    if seconds >= 3600:  # noqa: PLR2004 - an hour
        return _("每 {count} 小时").format(count=round(seconds / 3600))
    if seconds >= 60:  # noqa: PLR2004 - a minute
        return _("每 {count} 分钟").format(count=round(seconds / 60))
    return _("每 {count} 秒").format(count=round(seconds))


@router.post("/jobs/imports/{import_id}/cancellation")
async def cancel_import(session: Transaction, subject: CanRunJobs, import_id: UUID) -> Response:
    done = imports.cancel(session, subject, import_id)
    return await _after(done, _("已取消；已写入的县保持有效。"))


@router.post("/jobs/imports/{import_id}/repetition")
async def repeat_import(session: Transaction, subject: CanRunJobs, import_id: UUID) -> Response:
    done = imports.repeat(session, subject, import_id)
    return await _after(done, _("已重新排队。"))


@router.post("/jobs/{job_id}/cancellation")
async def cancel_job(session: Transaction, subject: CanRunJobs, job_id: JobId) -> Response:
    return await _after(jobs.cancel_queued(session, subject, job_id), _("已取消。"))


@router.post("/jobs/{job_id}/repetition")
async def repeat_job(session: Transaction, subject: CanRunJobs, job_id: JobId) -> Response:
    return await _after(jobs.run_again(session, subject, job_id), _("已重新排队。"))


@router.post("/recurring-jobs/{name}/turn")
async def run_recurring(session: Transaction, subject: CanRunJobs, name: JobName) -> Response:
    return await _after(jobs.run_now(session, subject, name), _("已排队，马上运行。"))


async def _after(done: Awaitable[object], notice: str) -> Response:
    """Back to the list; a job that moved on meanwhile says so there."""
    try:
        await done
    except (JobStateConflict, ImportStateConflict) as moved:
        return see_other("/jobs", refusal=moved.detail)
    return see_other("/jobs", notice=notice)
