"""Receipts: made for whom they concern, and held against what the hub has."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.chain import SigningKey
from hub.capture import service as capture
from hub.capture.models import Collection, Submission
from hub.forms import service as forms
from hub.geography import service as geography
from hub.identity.subject import Subject
from hub.receipts.receipt import Document, ReceiptNames, make_document
from hub.settings import settings


@dataclass(frozen=True)
class Receipt:
    """`superseded_by` is the newest submission of the task when it is another one."""

    document: Document
    collection: Collection
    is_own: bool
    may_see_values: bool

    @property
    def superseded_by(self) -> str | None:
        newest = self.collection.submission
        return None if newest == self.document["head"]["number"] else newest


async def read_receipt(session: AsyncSession, subject: Subject, number: str) -> Receipt:
    """The signed document; with the content for the township itself and for the authority, which leaves a trace."""
    submission = await capture.get_submission(session, subject, number)
    task = await capture.get_collection(session, subject, submission.collection_id)
    is_own = capture.is_own(subject, task.collection)
    may_see = capture.may_see_values(subject, task.collection)
    form = await forms.get_form(session, submission.form, submission.form_version)
    divisions = await geography.get_divisions(session, [row["division"] for row in submission.content])
    names = ReceiptNames(task.township_name, {code: division.name for code, division in divisions.items()})
    key = SigningKey.load_or_create(settings().data_dir)
    if may_see and not is_own:
        await _record_reading(session, subject, submission)
    document = make_document(submission, form, names, key, with_content=may_see)
    return Receipt(document, task.collection, is_own, may_see)


async def _record_reading(session: AsyncSession, subject: Subject, submission: Submission) -> None:
    elements = {name for row in submission.content for name in row["values"]}
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_VALUES_READ,
        "submission",
        submission.number,
        purpose="supervision",
        details={"township": submission.township, "elements": sorted(elements)},
    )


@dataclass(frozen=True)
class HeldSubmission:
    """What the database has of a receipt's number."""

    submission: Submission
    superseded_by: str | None


async def find_held(session: AsyncSession, number: str) -> HeldSubmission | None:
    """For whoever sits at the hub's own command line."""
    found = await capture.find_filed(session, number)
    if found is None:
        return None
    submission, newest = found
    return HeldSubmission(submission, None if newest == number else newest)
