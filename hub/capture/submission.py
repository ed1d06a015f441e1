"""Submitting: all or nothing, final, numbered. A correction is another submission that supersedes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import repository
from hub.capture.checksum import submission_checksum
from hub.capture.confirmations import Confirmation, ConfirmedWarning, confirmed_warning, reason_for
from hub.capture.drafting import check_entries, door_of, newest_submission, open_sheet, typed_entries
from hub.capture.errors import DraftNotValid, NothingChanged, ReasonRequired, SignOffRequired
from hub.capture.locks import changed_cells, check_cells, check_may_edit, find_lock
from hub.capture.models import Collection, Draft, Submission
from hub.capture.rows import NOTHING_HELD, Sheet, SubmittedRow, cell_names, stored_entries, submitted_rows
from hub.capture.schemas import FindingRead
from hub.capture.service import own, reach_of
from hub.capture.steps import Return, find_return
from hub.forms.content import FormContent
from hub.identity.subject import Subject
from hub.kit import clock, json
from hub.kit.db import set_scope
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.json import Written
from hub.store.provisional import holding_values
from hub.store.recording import recording_values
from hub.store.revisions import RowWrite
from hub.store.rows import Recorded, Writing
from hub.validation import Finding, ValidationReport

DOORS_OF_FILES = frozenset({"excel", "import"})


@dataclass(frozen=True)
class Filing:
    """A draft that nothing stands against, ready to be filed. `signed_by`: the leader, where one signs."""

    sheet: Sheet
    rows: Sequence[SubmittedRow]
    confirmed: Sequence[ConfirmedWarning]
    reason: str | None
    earlier: Submission | None
    door: str
    submitted_by: str
    signed_by: str | None = None


async def submit_draft(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    *,
    confirmations: Sequence[Confirmation] = (),
    reason: str | None = None,
) -> Submission:
    """Check what is typed and, when nothing stands against it, make it the record, or hand it to the county's review.

    The collection is locked first, so that of two people who submit at once one finds it submitted;
    the area's clock is locked last, inside the store.
    """
    collection = own(subject, await repository.lock_collection(session, reach_of(subject), collection_id))
    await set_scope(session, [collection.township])
    check_may_edit(collection)
    if collection.wants_sign_off:
        raise SignOffRequired(_("本单位的报表由签发人签发后提交，请先送签。"))
    answered = await find_return(session, collection)
    filing = await prepare(session, subject, collection, confirmations, reason, answered)
    return await file_submission(session, subject, collection, filing)


async def prepare(
    session: AsyncSession,
    subject: Subject,
    collection: Collection,
    confirmations: Sequence[Confirmation],
    reason: str | None,
    answered: Return | None,
) -> Filing:
    """What would be filed; refuses with everything that stands against it. `answered`: the return this answers."""
    earlier = await newest_submission(session, collection)
    draft = await repository.get_draft(session, collection.area, collection.id)
    reason = (reason or "").strip() or None
    _check_takes(collection, earlier, draft, reason, answered)
    entries = typed_entries(draft, earlier)
    sheet = await open_sheet(session, subject, collection, entries)
    report = await check_entries(sheet, entries)
    confirmed = _confirm(report, sheet.form, confirmations, earlier)
    rows = submitted_rows(sheet, report.typed_rows)
    if earlier is not None:
        _check_changes(sheet, rows, earlier, answered)
    return Filing(sheet, rows, confirmed, reason, earlier, _door(subject, draft), subject.name)


async def file_submission(
    session: AsyncSession, subject: Subject, collection: Collection, filing: Filing
) -> Submission:
    """The submission, its values as records or, where the county reviews, as provisional ones, and the receipt."""
    content = [row.to_stored() for row in filing.rows]
    spelled = Written(json.canonical(content))
    writing = _writing(collection, filing)
    recording = holding_values if collection.wants_review else recording_values
    async with recording(session, writing) as recorded:
        submission = _submission(collection, filing, recorded, content)
        submission.checksum = submission_checksum(recorded.number, collection.id, recorded.submitted_at, spelled)
        await _file(session, subject, collection, submission, spelled)
    return submission


def _check_takes(
    collection: Collection,
    earlier: Submission | None,
    draft: Draft | None,
    reason: str | None,
    answered: Return | None,
) -> None:
    """A first submission may be locked; a correction wants something that changed, and a reason.

    What was returned comes back whenever it is ready: the county asked for it. It wants an answer.
    """
    if answered is None and earlier is None:
        lock = find_lock(collection, clock.now())
        if lock is not None:
            raise lock
    elif answered is None and draft is None:
        raise NothingChanged(_("提交后没有改动，不需要再次提交。"))
    elif reason is None:
        message = _("这是对已提交数据的更正，请填写更正原因。")
        if answered is not None:
            message = _("请写明对退回意见的答复。")
        raise ReasonRequired(message, errors=[ErrorItem("/reason", "reason_missing", message)])


def _check_changes(sheet: Sheet, rows: Sequence[SubmittedRow], earlier: Submission, answered: Return | None) -> None:
    """A correction corrects something; an answer to a return may be that the value is right, but changes no other."""
    content = [row.to_stored() for row in rows]
    if answered is None:
        if content == earlier.content:
            raise NothingChanged(_("提交的内容与上一次完全相同，不需要再次提交。"))
        return
    changed = changed_cells(stored_entries(content), stored_entries(earlier.content))
    check_cells(answered.open_cells, changed, say=cell_names(sheet))


def _confirm(
    report: ValidationReport, form: FormContent, confirmations: Sequence[Confirmation], earlier: Submission | None
) -> list[ConfirmedWarning]:
    """The warnings with their reasons; `DraftNotValid` with every finding while anything stands against submitting."""
    carried = [] if earlier is None else [confirmed_warning(warning) for warning in earlier.warnings]
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


def _writing(collection: Collection, filing: Filing) -> Writing:
    return Writing(
        area=collection.area,
        object_class=collection.object_class,
        period=collection.period,
        rows=[_row_write(filing.sheet, row) for row in filing.rows],
        actor=filing.submitted_by,
        door=filing.door,
        reason=filing.reason,
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


def _submission(collection: Collection, filing: Filing, recorded: Recorded, content: list[Any]) -> Submission:
    earlier = filing.earlier
    return Submission(
        area=collection.area,
        number=recorded.number,
        collection_id=collection.id,
        township=collection.township,
        form=collection.form,
        form_version=collection.form_version,
        period=collection.period,
        submitted_at=recorded.submitted_at,
        submitted_by=filing.submitted_by,
        signed_by=filing.signed_by,
        door=filing.door,
        reason=filing.reason,
        supersedes=earlier.number if earlier else None,
        content=content,
        warnings=[asdict(warning) for warning in filing.confirmed],
        changed_rows=_count_changed(collection, recorded, content, earlier),
    )


def _count_changed(
    collection: Collection, recorded: Recorded, content: Sequence[Any], earlier: Submission | None
) -> int:
    """Against what is held; in review, where nothing is compared yet, against the submission before."""
    if not collection.wants_review:
        return len(recorded.changed)
    before = [] if earlier is None else earlier.content
    return sum(row not in before for row in content)


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
