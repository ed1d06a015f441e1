"""Sign-off, review, returns and lock exceptions on the wire."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from hub.capture.models import CollectionStep, LockException
from hub.capture.review import MOST_RETURNED_CELLS
from hub.capture.steps import ReturnedCell
from hub.kit.wire import WireDate, WireInput

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class ReasonGiven(WireInput):
    reason: Sentence


class Approval(WireInput):
    submission: str | None = Field(
        default=None, max_length=40, description="the one that was looked at; 409 when another stands there now"
    )
    note: str | None = Field(default=None, max_length=2000)


class ReturnedCellWrite(WireInput):
    division: str = Field(max_length=100, examples=["433124102200"])
    element: str = Field(max_length=200, examples=["village_migrant_workers"])
    reason: str = Field(default="", max_length=2000, description="default: the overall reason")


class SubmissionReturn(WireInput):
    reason: Sentence
    cells: list[ReturnedCellWrite] = Field(
        default_factory=list, max_length=MOST_RETURNED_CELLS, description="only these open again; none: all do"
    )
    submission: str | None = Field(default=None, max_length=40, description="the one that was looked at")

    def returned(self) -> list[ReturnedCell]:
        return [ReturnedCell(cell.division, cell.element, cell.reason) for cell in self.cells]


class LockExceptionGrant(WireInput):
    reason: Sentence
    until: WireDate = Field(description="the last day, in China", examples=["2026-11-30"])


class LockExceptionRead(BaseModel):
    id: UUID
    collection: UUID
    township: str
    reason: str
    until: datetime
    granted_by: str
    granted_at: datetime
    ended_by: str | None = Field(description="who ended it before its time")
    ended_at: datetime | None

    @classmethod
    def of(cls, exception: LockException) -> Self:
        return cls(
            id=exception.id,
            collection=exception.collection_id,
            township=exception.township,
            reason=exception.reason,
            until=exception.until,
            granted_by=exception.granted_by,
            granted_at=exception.granted_at,
            ended_by=exception.ended_by,
            ended_at=exception.ended_at,
        )


class LockExceptionsRead(BaseModel):
    items: list[LockExceptionRead]

    @classmethod
    def of(cls, exceptions: Sequence[LockException]) -> Self:
        return cls(items=[LockExceptionRead.of(one) for one in exceptions])


class ReturnedCellRead(BaseModel):
    division: str
    element: str
    reason: str


class CollectionStepRead(BaseModel):
    action: str = Field(
        description="request_sign_off, sign, refuse_sign_off, take_back, approve, return, revoke; more may come"
    )
    at: datetime
    by: str
    organization: str
    submission: str | None = Field(description="the newest submission at that moment")
    reason: str | None
    cells: list[ReturnedCellRead] = Field(description="of a return: those that opened again; none: all did")

    @classmethod
    def of(cls, step: CollectionStep) -> Self:
        return cls(
            action=step.action,
            at=step.at,
            by=step.actor,
            organization=step.organization,
            submission=step.submission,
            reason=step.reason,
            cells=[ReturnedCellRead(**cell) for cell in step.details.get("cells", ())],
        )


class CollectionStepsRead(BaseModel):
    items: list[CollectionStepRead]

    @classmethod
    def of(cls, steps: Sequence[CollectionStep]) -> Self:
        return cls(items=[CollectionStepRead.of(step) for step in steps])


class WorkflowWrite(WireInput):
    wants_sign_off: bool


class WorkflowRead(BaseModel):
    township: str
    wants_sign_off: bool = Field(description="true: a leader of the township signs before anything is submitted")
