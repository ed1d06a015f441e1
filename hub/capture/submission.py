"""Submitting: all or nothing, final, numbered. A correction is another submission that supersedes."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import repository
from hub.capture.checksum import submission_checksum
from hub.capture.confirmations import Confirmation, ConfirmedWarning, reason_for
from hub.capture.drafting import check_entries, door_of, newest_submission, open_sheet, typed_entries
from hub.capture.errors import DraftNotValid, NothingChanged, ReasonRequired
from hub.capture.locks import find_lock
from hub.capture.models import Collection, Draft, Submission
from hub.capture.rows import NOTHING_HELD, Sheet, SubmittedRow, submitted_rows
from hub.capture.schemas import FindingRead
from hub.capture.service import own, reach_of
from hub.forms.content import FormContent
from hub.identity.subject import Subject
from hub.kit import clock, json
from hub.kit.db import set_scope
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.json import Written
from hub.store import recording
from hub.store.revisions import RowWrite
from hub.store.rows import Recorded, Writing
from hub.validation import Finding, ValidationReport

DOORS_OF_FILES = frozenset({"excel", "import"})


async def submit_draft(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    *,
    confirmations: Sequence[Confirmation] = (),
    reason: str | None = None,
) -> Submission:
    """Check what is typed and, when nothing stands against it, make it the record.

    The collection is locked first, so that of two people who submit at once one finds it submitted;
    the area's clock is locked last, inside `record_values`.
    """
    collection = own(subject, await repository.lock_collection(session, reach_of(subject), collection_id))
    await set_scope(session, [collection.township])
    earlier = await newest_submission(session, collection)
    draft = await repository.get_draft(session, collection.area, collection.id)
    reason = (reason or "").strip() or None
    _check_takes(collection, earlier, draft, reason)
    entries = typed_entries(draft, earlier)
    sheet = await open_sheet(session, subject, collection, entries)
    report = await check_entries(sheet, entries)
    confirmed = _confirm(report, sheet.form, confirmations, earlier)
    rows = submitted_rows(sheet, report.typed_rows)
    door = _door(subject, draft)
    content = [row.to_stored() for row in rows]
    if earlier is not None and content == earlier.content:
        raise NothingChanged(_("提交的内容与上一次完全相同，不需要再次提交。"))
    await repository.delete_draft(session, collection.area, collection.id)
    spelled = Written(json.canonical(content))
    recorded = await recording.record_values(session, _writing(subject, collection, sheet, rows, reason, door))
    submission = _submission(subject, collection, recorded, content, confirmed, reason, earlier, door)
    submission.checksum = submission_checksum(recorded.number, collection.id, recorded.submitted_at, spelled)
    await _file(session, subject, collection, submission, spelled)
    return submission


def _check_takes(collection: Collection, earlier: Submission | None, draft: Draft | None, reason: str | None) -> None:
    """A first submission may be locked; a correction wants something that changed, and a reason."""
    if earlier is None:
        lock = find_lock(collection, clock.now())
        if lock is not None:
            raise lock
    elif draft is None:
        raise NothingChanged(_("提交后没有改动，不需要再次提交。"))
    elif reason is None:
        message = _("这是对已提交数据的更正，请填写更正原因。")
        raise ReasonRequired(message, errors=[ErrorItem("/reason", "reason_missing", message)])


def _confirm(
    report: ValidationReport, form: FormContent, confirmations: Sequence[Confirmation], earlier: Submission | None
) -> list[ConfirmedWarning]:
    """The warnings with their reasons; `DraftNotValid` with every finding while anything stands against submitting."""
    carried = [] if earlier is None else [_confirmed(warning) for warning in earlier.warnings]
    reasons = [reason_for(warning, confirmations, carried) for warning in report.warnings]
    if report.errors or None in reasons:
        raise DraftNotValid(
            _("还不能提交：有 {errors} 处错误、{warnings} 处提醒需要说明原因。没有保存任何提交内容，草稿不变。").format(
                errors=len(report.errors), warnings=reasons.count(None)
            ),
            extra={"findings": [FindingRead.of(finding) for finding in report.findings]},
        )
    return [
        _with_reason(form, warning, reason)
        for warning, reason in zip(report.warnings, reasons, strict=True)
        if reason is not None
    ]


def _confirmed(stored: dict[str, Any]) -> ConfirmedWarning:
    return ConfirmedWarning(**{**stored, "elements": tuple(stored["elements"])})


def _with_reason(form: FormContent, warning: Finding, reason: str) -> ConfirmedWarning:
    return ConfirmedWarning(
        code=warning.code,
        division=warning.division,
        element=warning.element,
        elements=warning.elements,
        rule=warning.rule,
        rule_version=None if warning.rule is None else form.rule_versions[warning.rule],
        value=warning.value,
        message=warning.message,
        reason=reason,
    )


def _door(subject: Subject, draft: Draft | None) -> str:
    """What came in a file stays known as that when its draft is submitted from a page as it is."""
    return draft.door if draft is not None and draft.door in DOORS_OF_FILES else door_of(subject)


def _writing(
    subject: Subject,
    collection: Collection,
    sheet: Sheet,
    rows: Sequence[SubmittedRow],
    reason: str | None,
    door: str,
) -> Writing:
    return Writing(
        area=collection.area,
        object_class=collection.object_class,
        period=collection.period,
        rows=[_row_write(sheet, row) for row in rows],
        actor=subject.name,
        door=door,
        reason=reason,
    )


def _row_write(sheet: Sheet, row: SubmittedRow) -> RowWrite:
    """The whole row: what a department supplied to it stays in it, under the version it was supplied under."""
    held = sheet.held.get(row.division, NOTHING_HELD)
    return RowWrite(
        division=row.division,
        payload={**held.supplied, **row.values, **row.derived},
        missing=row.missing,
        versions={**sheet.form.versions, **held.supplied_versions} if held.supplied else sheet.form.versions,
    )


def _submission(
    subject: Subject,
    collection: Collection,
    recorded: Recorded,
    content: list[Any],
    confirmed: Sequence[ConfirmedWarning],
    reason: str | None,
    earlier: Submission | None,
    door: str,
) -> Submission:
    return Submission(
        area=collection.area,
        number=recorded.number,
        collection_id=collection.id,
        township=collection.township,
        form=collection.form,
        form_version=collection.form_version,
        period=collection.period,
        submitted_at=recorded.submitted_at,
        submitted_by=subject.name,
        door=door,
        reason=reason,
        supersedes=earlier.number if earlier else None,
        content=content,
        warnings=[asdict(warning) for warning in confirmed],
        changed_rows=len(recorded.changed),
    )


async def _file(
    session: AsyncSession, subject: Subject, collection: Collection, submission: Submission, content: Written
) -> None:
    await repository.file_submission(session, collection, submission, content)
    await audit.record(
        session,
        subject.actor,
        AuditAction.SUBMISSION_RECORD,
        "submission",
        submission.number,
        details={
            "collection": str(collection.id),
            "township": collection.township,
            "rows": len(submission.content),
            "changed_rows": submission.changed_rows,
            "warnings": len(submission.warnings),
            "supersedes": submission.supersedes,
        },
    )
