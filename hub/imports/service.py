"""Taking a file in, telling how far it is, storing it after a trial, calling it off."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period, PeriodFault
from hub.identity.subject import Subject
from hub.imports import repository
from hub.imports.errors import ImportNotFound, ImportRequestInvalid, ImportStateConflict
from hub.imports.files import file_of
from hub.imports.models import Import, ImportArea, ImportFinding
from hub.imports.recognition import load_forms
from hub.imports.states import OVER
from hub.kit import clock
from hub.kit.db import set_scope, uuid7
from hub.kit.errors import ErrorItem
from hub.kit.files import make_durable
from hub.kit.i18n import current_language
from hub.kit.i18n import gettext as _
from hub.kit.multipart import ReceivedForm
from hub.kit.queue import defer
from hub.settings import settings

TASK = "imports.work"
FIELDS = frozenset({"form", "period", "dry_run", "accept_partial", "reason", "csrf_token"})
YES, NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})
LONGEST_REASON = 2000


@dataclass(frozen=True)
class Options:
    """What a caller asks for along with a file. Nothing is stored unless asked."""

    form: str | None = None
    period: str | None = None
    dry_run: bool = True
    accept_partial: bool = False
    reason: str | None = None


@dataclass(frozen=True)
class ImportStatus:
    """An import with the counties that are stored."""

    given: Import
    areas: Sequence[ImportArea]


def read_options(fields: Mapping[str, str], forms: Mapping[str, object]) -> Options:
    """The form's fields, or `ImportRequestInvalid` with everything that is wrong with them."""
    faults = [
        ErrorItem(f"/{name}", "extra_forbidden", _("没有这个字段，请检查拼写。"))
        for name in sorted(fields.keys() - FIELDS)
    ]
    flags = {}
    for name, default in (("dry_run", True), ("accept_partial", False)):
        word = fields.get(name, "").strip().lower() or str(default).lower()
        if word not in YES | NO:
            faults.append(ErrorItem(f"/{name}", "bool_parsing", _("必须是 true 或 false。")))
        flags[name] = word in YES
    form = fields.get("form", "").strip() or None
    if form is not None and form not in forms:
        message = _("没有已发布、按村或乡镇填报的表“{form}”。").format(form=form[:100])
        faults.append(ErrorItem("/form", "form_unknown", message))
    period = None
    try:
        period = str(Period.parse(fields["period"].strip())) if fields.get("period", "").strip() else None
    except PeriodFault as fault:
        faults.append(ErrorItem("/period", "period_not_valid", str(fault)))
    reason = fields.get("reason", "").strip() or None
    if reason is not None and len(reason) > LONGEST_REASON:
        faults.append(ErrorItem("/reason", "string_too_long", _("太长。")))
    if faults:
        raise ImportRequestInvalid(_("请求内容有 {count} 处错误。").format(count=len(faults)), faults)
    return Options(form, period, flags["dry_run"], flags["accept_partial"], reason)


async def receive(session: AsyncSession, subject: Subject, received: ReceivedForm) -> ImportStatus:
    """Keep the file and have it worked on once this transaction commits."""
    options = read_options(received.fields, await load_forms(session))
    given = Import(
        id=uuid7(),
        reach=_reach(subject),
        filename=received.filename,
        file_bytes=received.size,
        file_sha256=received.sha256,
        language=current_language(),
        form=options.form,
        period=options.period,
        dry_run=options.dry_run,
        accept_partial=options.accept_partial,
        reason=options.reason,
        requested_by=subject.name,
    )
    await repository.add_import(session, given)
    await defer(session, TASK, str(given.id))
    await _record(session, subject, AuditAction.IMPORT_RECEIVE, given)
    kept = file_of(given.id)
    received.file.replace(kept)
    make_durable(kept.parent)
    return ImportStatus(given, ())


def _reach(subject: Subject) -> str:
    return subject.organization.division or settings().county


async def _record(session: AsyncSession, subject: Subject, action: AuditAction, given: Import) -> None:
    await audit.record(
        session,
        subject.actor,
        action,
        "import",
        str(given.id),
        details={
            "file_sha256": given.file_sha256.hex(),
            "file_bytes": given.file_bytes,
            "dry_run": given.dry_run,
            "accept_partial": given.accept_partial,
        },
    )


async def get_import(session: AsyncSession, subject: Subject, import_id: UUID) -> ImportStatus:
    given = _visible(subject, await repository.get_import(session, import_id))
    return ImportStatus(given, await repository.list_areas(session, [given.id]))


def _visible(subject: Subject, given: Import | None) -> Import:
    """An authority sees what lies inside its own division."""
    if given is None or not given.reach.startswith(_reach(subject)):
        raise ImportNotFound(_("没有这次导入。"))
    return given


async def list_imports(
    session: AsyncSession, subject: Subject, *, after: UUID | None, limit: int
) -> Sequence[ImportStatus]:
    found = await repository.list_imports(session, _reach(subject), after=after, limit=limit)
    areas = await repository.list_areas(session, [given.id for given in found])
    return [ImportStatus(given, [area for area in areas if area.import_id == given.id]) for given in found]


async def list_findings(
    session: AsyncSession,
    subject: Subject,
    import_id: UUID,
    *,
    code: str | None = None,
    severity: str | None = None,
    after: int = 0,
    limit: int,
) -> Sequence[ImportFinding]:
    """One page in the order of the file; whatever the page, `finding_counts` of the import are exact."""
    given = _visible(subject, await repository.get_import(session, import_id))
    await set_scope(session, [given.reach])
    return await repository.list_findings(session, given.id, code=code, severity=severity, after=after, limit=limit)


async def submit(
    session: AsyncSession, subject: Subject, import_id: UUID, *, accept_partial: bool, reason: str | None
) -> ImportStatus:
    """Store a file that was tried out, refused or broken off, without sending it again."""
    given = _visible(subject, await repository.lock_import(session, import_id))
    if given.state not in OVER or given.state == "cancelled":
        raise ImportStateConflict(_("这次导入还在进行或已取消。"))
    if given.state == "done" and not given.dry_run:
        raise ImportStateConflict(_("这次导入已经写入，不能重复写入。"))
    if not file_of(given.id).exists():
        raise ImportStateConflict(_("导入的文件已清理，请重新上传。"))
    given.dry_run, given.accept_partial = False, accept_partial
    given.reason = (reason or "").strip() or given.reason
    return await _begin_again(session, subject, given)


async def repeat(session: AsyncSession, subject: Subject, import_id: UUID) -> ImportStatus:
    """One that failed, once more and as it was asked for: a trial stays a trial."""
    given = _visible(subject, await repository.lock_import(session, import_id))
    if given.state not in {"failed", "refused"}:
        raise ImportStateConflict(_("只有失败的导入可以重新运行。"))
    if not file_of(given.id).exists():
        raise ImportStateConflict(_("导入的文件已清理，请重新上传。"))
    return await _begin_again(session, subject, given)


async def _begin_again(session: AsyncSession, subject: Subject, given: Import) -> ImportStatus:
    given.requested_by = subject.name
    given.language = current_language()
    given.state, given.attempts, given.finished_at = "received", 0, None
    given.problems, given.rows_checked = [], 0
    await defer(session, TASK, str(given.id))
    await _record(session, subject, AuditAction.IMPORT_RECEIVE, given)
    return ImportStatus(given, await repository.list_areas(session, [given.id]))


async def cancel(session: AsyncSession, subject: Subject, import_id: UUID) -> ImportStatus:
    """Stop before the next county. What is stored stays stored: submissions are corrected, never undone."""
    given = _visible(subject, await repository.lock_import(session, import_id))
    if given.state in {"failed", "cancelled"} or (given.state == "done" and not given.dry_run):
        raise ImportStateConflict(_("这次导入已经结束，不能取消。"))
    given.state, given.finished_at = "cancelled", clock.now()
    await _record(session, subject, AuditAction.IMPORT_CANCEL, given)
    return ImportStatus(given, await repository.list_areas(session, [given.id]))
