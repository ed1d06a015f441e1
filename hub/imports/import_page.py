"""Imports as their pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.calendar.words import period_words
from hub.imports.files import file_of
from hub.imports.models import ImportFinding
from hub.imports.schemas import CountsRead, ImportRead, ProblemRead
from hub.imports.service import ImportStatus
from hub.imports.states import OVER
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, cell

_TONES: Mapping[str, str] = {
    "received": "active",
    "reading": "active",
    "checking": "active",
    "storing": "active",
    "done": "good",
    "refused": "error",
    "failed": "error",
    "cancelled": "plain",
}


@dataclass(frozen=True)
class ImportLine:
    id: str
    filename: str
    form: str
    period: str
    state: str
    tone: str
    requested_by: str
    created_at: datetime


@dataclass(frozen=True)
class ImportsPage:
    """The imports so far, and the form that sends a file. `faults` by field; a file cannot be given back."""

    lines: tuple[ImportLine, ...]
    forms: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]
    next: str | None
    largest: int

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


@dataclass(frozen=True)
class FindingLine:
    severity: str
    tone: str
    place: str
    division: str
    value: str
    message: str


@dataclass(frozen=True)
class ImportPage:
    """One import: how far it is, what came of it, and what may be done with it now.

    `share`: of its rows, in hundredths, for the bar. `waits`: somebody is still at work on it.
    """

    line: ImportLine
    is_trial: bool
    waits: bool
    refreshes: bool
    share: int
    progress: str
    counts: CountsRead
    is_checked: bool
    problems: tuple[ProblemRead, ...]
    finding_counts: tuple[tuple[str, str, int], ...]
    findings: tuple[FindingLine, ...]
    next: str | None
    severity: str
    areas: tuple[str, ...]
    may_submit: bool
    may_cancel: bool
    wants_reason: bool
    has_errors: bool
    typed: Mapping[str, str]
    fault: str | None


def state_words(state: str) -> str:
    return {
        "received": _("已收到"),
        "reading": _("正在读取"),
        "checking": _("正在检查"),
        "storing": _("正在写入"),
        "done": _("已完成"),
        "refused": _("未写入"),
        "failed": _("中断"),
        "cancelled": _("已取消"),
    }.get(state, state)


def import_line(status: ImportStatus, forms: Mapping[str, str]) -> ImportLine:
    given = status.given
    state = _("试算完成") if given.state == "done" and given.dry_run else state_words(given.state)
    return ImportLine(
        id=str(given.id),
        filename=given.filename,
        form=forms.get(given.form or "", given.form or "—"),
        period=period_words(given.period) if given.period else "—",
        state=state,
        tone="active" if given.state == "done" and given.dry_run else _TONES.get(given.state, "plain"),
        requested_by=given.requested_by,
        created_at=given.created_at,
    )


@dataclass(frozen=True)
class ImportView:
    """How the page is asked for: whether it refreshes itself, which findings, and what was typed before a fault."""

    refreshes: bool = True
    severity: str = ""
    typed: Mapping[str, str] | None = None
    fault: str | None = None


def import_page(
    status: ImportStatus,
    forms: Mapping[str, str],
    findings: Sequence[ImportFinding],
    following: str | None,
    view: ImportView,
) -> ImportPage:
    given, read = status.given, ImportRead.of(status)
    waits = given.state not in OVER
    total = read.progress.total
    at = read.progress.stored if given.state == "storing" else read.progress.checked
    has_errors = any(one.severity == "error" for one in read.finding_counts)
    wants_reason = any(problem.code == "reason_missing" for problem in read.problems)
    return ImportPage(
        line=import_line(status, forms),
        is_trial=given.dry_run,
        waits=waits,
        refreshes=waits and view.refreshes,
        share=min(100 * at // total, 100) if total else 0,
        progress=_("已处理 {at} 行，共 {total} 行").format(at=at, total=total) if total else _("还没有读到数据行"),
        counts=read.counts,
        is_checked=read.valid is not None,
        problems=tuple(read.problems),
        finding_counts=tuple((one.severity, one.code, one.count) for one in read.finding_counts),
        findings=tuple(_finding_line(one) for one in findings),
        next=following,
        severity=view.severity,
        areas=tuple(read.progress.areas),
        # A file of which no row could be read has nothing to store, however often it is asked.
        may_submit=_may_submit(status) and (total > 0 or wants_reason or not read.problems),
        may_cancel=waits,
        wants_reason=wants_reason,
        has_errors=has_errors,
        typed=view.typed or {},
        fault=view.fault,
    )


def _may_submit(status: ImportStatus) -> bool:
    """`service.submit` decides; a file that lies no more cannot be stored."""
    given = status.given
    is_over = given.state in OVER and given.state != "cancelled"
    return is_over and not (given.state == "done" and not given.dry_run) and file_of(given.id).exists()


def _finding_line(finding: ImportFinding) -> FindingLine:
    place = " ".join(part for part in (finding.sheet, finding.cell) if part)
    return FindingLine(
        severity=_("错误") if finding.severity == "error" else _("提醒"),
        tone="error" if finding.severity == "error" else "warning",
        place=place or _("文件里没有这一行"),
        division=finding.division,
        value=cell(finding.value),
        message=finding.message,
    )
