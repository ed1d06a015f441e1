"""The township's desk on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from hub.calendar.schemas import CalendarWarningRead
from hub.capture.confirmations import Confirmation
from hub.capture.desk import CollectionTask, OpenedPeriod
from hub.capture.lifecycle import CollectionState
from hub.capture.models import Submission
from hub.capture.rows import MAXIMUM_ROWS, DraftRow, TypedEntry
from hub.kit.wire import WireDate, WireInput
from hub.store.rows import HistoryEntry
from hub.validation import Finding, ValidationReport


class PeriodOpening(WireInput):
    form: str = Field(max_length=100, examples=["village-month"])
    period: str = Field(max_length=20, examples=["2026-10"])
    opens_on: WireDate | None = Field(default=None, description="first submissions from this day on; default: today")
    due_on: WireDate | None = Field(
        default=None, description="default: the fifth working day after the period's end; locks nothing"
    )
    closes_on: WireDate | None = Field(
        default=None, description="the last day of first submissions; default: none; corrections stay possible"
    )
    review: bool = Field(
        default=False, description="true: the county reviews each submission before its values are served"
    )


class CollectionRead(BaseModel):
    id: UUID
    form: str
    form_version: int
    object_class: str
    township: str
    township_name: str
    period: str
    state: CollectionState = Field(
        description="`closed`: takes no first submission, either no longer (`closes_at`) or not yet (`opens_on`); "
        "`awaiting_sign_off`: a leader of the township is to sign; `in_review`: the county is to approve, the values "
        "are provisional; `returned`: sent back. More may come"
    )
    opens_on: date
    due_at: datetime
    closes_at: datetime | None
    excepted_until: datetime | None = Field(description="until when its lock is lifted")
    is_late: bool
    wants_sign_off: bool
    wants_review: bool
    submission: str | None = Field(description="the number of the newest submission")
    approved: str | None = Field(description="under review, the newest submission whose values are served")

    @classmethod
    def of(cls, task: CollectionTask) -> Self:
        collection = task.collection
        return cls(
            id=collection.id,
            form=collection.form,
            form_version=collection.form_version,
            object_class=collection.object_class,
            township=collection.township,
            township_name=task.township_name,
            period=collection.period,
            state=task.state,
            opens_on=collection.opens_on,
            due_at=collection.due_at,
            closes_at=collection.closes_at,
            excepted_until=collection.excepted_until,
            is_late=task.is_late,
            wants_sign_off=collection.wants_sign_off,
            wants_review=collection.wants_review,
            submission=collection.submission,
            approved=collection.approved,
        )


class OpenedPeriodRead(BaseModel):
    items: list[CollectionRead]
    warnings: list[CalendarWarningRead] = Field(description="years whose holidays nobody has entered yet")

    @classmethod
    def of(cls, opened: OpenedPeriod) -> Self:
        return cls(
            items=[CollectionRead.of(task) for task in opened.tasks],
            warnings=[CalendarWarningRead(year=warning.year, message=warning.message) for warning in opened.warnings],
        )


class DraftRowRead(BaseModel):
    division: str
    division_name: str
    values: dict[str, Any] = Field(description="what is typed; before anything is, what was submitted")
    missing: dict[str, Any] = Field(description="why there is no value: none, not_applicable, not_yet_known, refused")
    previous: dict[str, Any] = Field(description="the preceding period's values, captured elements only")
    supplied: dict[str, Any] = Field(description="what departments supply; read-only")
    derived: dict[str, Any] = Field(description="computed from what is typed; read-only")


class DraftRead(BaseModel):
    rows: list[DraftRowRead]

    @classmethod
    def of(cls, rows: Sequence[DraftRow]) -> Self:
        return cls(
            rows=[
                DraftRowRead(
                    division=row.division,
                    division_name=row.division_name,
                    values=dict(row.values),
                    missing=dict(row.missing),
                    previous=dict(row.previous),
                    supplied=dict(row.supplied),
                    derived=dict(row.derived),
                )
                for row in rows
            ]
        )


class DraftRowWrite(WireInput):
    """What GET answers may be sent back as it is: what is read-only there is ignored here."""

    division: str = Field(max_length=100, examples=["433124102200"])
    values: dict[str, Any] = Field(default_factory=dict)
    missing: dict[str, Any] = Field(default_factory=dict)
    division_name: Any = Field(default=None, description="ignored")
    previous: Any = Field(default=None, description="ignored")
    supplied: Any = Field(default=None, description="ignored")
    derived: Any = Field(default=None, description="ignored")


class DraftWrite(WireInput):
    rows: list[DraftRowWrite] = Field(max_length=MAXIMUM_ROWS, description="replaces all that was typed")

    def entries(self) -> list[TypedEntry]:
        return [TypedEntry(row.division, row.values, row.missing) for row in self.rows]


class FindingRead(BaseModel):
    severity: str = Field(description="`error` blocks; `warning` passes with a reason")
    code: str
    division: str
    element: str | None = Field(description="the one that is blamed")
    elements: list[str] = Field(description="all that the rule names")
    rule: str | None
    value: Any = Field(description="what was seen in the blamed cell")
    message: str

    @classmethod
    def of(cls, finding: Finding) -> Self:
        return cls(
            severity=finding.severity,
            code=finding.code,
            division=finding.division,
            element=finding.element,
            elements=list(finding.elements),
            rule=finding.rule,
            value=finding.value,
            message=finding.message,
        )


class ValidationRead(BaseModel):
    valid: bool = Field(description="false while there is an error; warnings do not count")
    findings: list[FindingRead]

    @classmethod
    def of(cls, report: ValidationReport) -> Self:
        return cls(valid=report.is_valid, findings=[FindingRead.of(finding) for finding in report.findings])


class ConfirmationWrite(WireInput):
    code: str = Field(max_length=100)
    division: str = Field(max_length=100)
    element: str | None = Field(default=None, max_length=200)
    reason: str = Field(max_length=2000)
    rule: str | None = Field(default=None, max_length=200, description="only this rule's warning at that cell")

    def confirmation(self) -> Confirmation:
        return Confirmation(self.code, self.division, self.element, self.reason, self.rule)


class SubmissionCreate(WireInput):
    confirm_warnings: list[ConfirmationWrite] = Field(default_factory=list, max_length=MAXIMUM_ROWS)
    reason: str | None = Field(default=None, max_length=2000, description="wanted for a correction")


class ConfirmedWarningRead(BaseModel):
    code: str
    division: str
    element: str | None
    elements: list[str]
    rule: str | None
    rule_version: int | None
    value: Any
    message: str
    reason: str


class ReceiptRead(BaseModel):
    number: str
    collection: UUID
    submitted_at: datetime
    checksum: str = Field(description="SHA-256, in hex, over number, collection, submitted_at and content")
    supersedes: str | None = Field(description="the submission that this one corrects")
    form: str
    form_version: int
    township: str
    period: str
    submitted_by: str
    signed_by: str | None = Field(description="the leader, where the township wants two steps")
    door: str
    reason: str | None
    warnings: list[ConfirmedWarningRead] = Field(description="warnings that passed, each with its reason")
    changed_rows: int

    @classmethod
    def of(cls, submission: Submission) -> Self:
        return cls(
            number=submission.number,
            collection=submission.collection_id,
            submitted_at=submission.submitted_at,
            checksum=submission.checksum,
            supersedes=submission.supersedes,
            form=submission.form,
            form_version=submission.form_version,
            township=submission.township,
            period=submission.period,
            submitted_by=submission.submitted_by,
            signed_by=submission.signed_by,
            door=submission.door,
            reason=submission.reason,
            warnings=[ConfirmedWarningRead(**warning) for warning in submission.warnings],
            changed_rows=submission.changed_rows,
        )


class ValueChangeRead(BaseModel):
    """One line of a value's history."""

    at: datetime
    by: str
    division: str
    element: str
    old: Any
    new: Any
    old_missing: str | None
    new_missing: str | None
    door: str
    reason: str | None
    submission: str
    revision: int

    @classmethod
    def of(cls, change: HistoryEntry) -> Self:
        return cls(
            at=change.submitted_at,
            by=change.actor,
            division=change.division,
            element=change.element,
            old=change.old,
            new=change.new,
            old_missing=change.old_missing,
            new_missing=change.new_missing,
            door=change.door,
            reason=change.reason,
            submission=change.submission,
            revision=change.revision,
        )
