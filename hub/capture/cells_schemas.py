"""The cells door on the wire: what a page sends of what was typed, and what it hears back."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from hub.capture.cells import CellChange, CellText
from hub.capture.confirmations import Confirmation
from hub.capture.ledger import Explanations
from hub.capture.merging import CellBatch, HeldCell, MergedCells
from hub.kit.wire import WireInput

MAXIMUM_CHANGES = 5000
MAXIMUM_REASON = 2000


class CellTextWrite(WireInput):
    """Texts as the page shows them; how long a value may be is judged cell by cell."""

    value: str = ""
    missing: str = ""

    def text(self) -> CellText:
        return CellText(self.value, self.missing)


class CellChangeWrite(CellTextWrite):
    division: str = Field(max_length=100)
    element: str = Field(max_length=200)
    was: CellTextWrite

    def change(self) -> CellChange:
        return CellChange(self.division, self.element, self.text(), self.was.text())


class WarningReasonWrite(WireInput):
    """The reason for one warning; an empty one takes it back."""

    code: str = Field(max_length=200)
    division: str = Field(max_length=100)
    element: str | None = Field(default=None, max_length=200)
    rule: str | None = Field(default=None, max_length=200)
    reason: str = Field(max_length=MAXIMUM_REASON)

    def confirmation(self) -> Confirmation:
        return Confirmation(self.code, self.division, self.element, self.reason, self.rule)


class CellBatchWrite(WireInput):
    base: str = Field(max_length=200, description="the draft's `ETag` as last heard")
    submission: str | None = Field(default=None, max_length=40, description="the newest one the page knows of")
    key: str = Field(min_length=8, max_length=100, description="the same when the same batch is sent again")
    changes: list[CellChangeWrite] = Field(default_factory=list, max_length=MAXIMUM_CHANGES)
    reasons: list[WarningReasonWrite] = Field(default_factory=list, max_length=MAXIMUM_CHANGES)
    reason: str | None = Field(default=None, max_length=MAXIMUM_REASON, description="of a correction")

    def batch(self) -> CellBatch:
        return CellBatch(
            base=self.base,
            submission=self.submission,
            key=self.key,
            changes=tuple(change.change() for change in self.changes),
            confirmations=tuple(reason.confirmation() for reason in self.reasons),
            reason=self.reason,
        )


class CellTextRead(BaseModel):
    value: str
    missing: str

    @classmethod
    def of(cls, text: CellText) -> Self:
        return cls(value=text.value, missing=text.missing)


class HeldCellRead(CellTextRead):
    division: str
    element: str
    saved_by: str | None
    saved_at: datetime | None

    @classmethod
    def of_held(cls, held: HeldCell) -> Self:
        division, element = held.place
        return cls(
            division=division,
            element=element,
            value=held.text.value,
            missing=held.text.missing,
            saved_by=held.saved_by,
            saved_at=held.saved_at,
        )


class ConflictRead(BaseModel):
    division: str
    element: str
    mine: CellTextRead
    theirs: CellTextRead
    saved_by: str | None
    saved_at: datetime | None

    @classmethod
    def of(cls, change: CellChange, held: HeldCell) -> Self:
        return cls(
            division=change.division,
            element=change.element,
            mine=CellTextRead.of(change.now),
            theirs=CellTextRead.of(held.text),
            saved_by=held.saved_by,
            saved_at=held.saved_at,
        )


class RefusedCellRead(BaseModel):
    division: str
    element: str
    code: str
    message: str


class WarningReasonRead(BaseModel):
    code: str
    division: str
    element: str | None
    rule: str | None
    reason: str


class ExplanationsRead(BaseModel):
    reasons: list[WarningReasonRead]
    reason: str

    @classmethod
    def of(cls, given: Explanations) -> Self:
        reasons = [
            WarningReasonRead(
                code=one.code, division=one.division, element=one.element, rule=one.rule, reason=one.reason
            )
            for one in given.confirmations
        ]
        return cls(reasons=reasons, reason=given.reason)


class MergedCellsRead(BaseModel):
    etag: str
    saved_at: datetime | None
    submission: str | None
    applied: list[tuple[str, str]]
    conflicts: list[ConflictRead]
    refused: list[RefusedCellRead]
    others: list[HeldCellRead]
    is_whole: bool
    derived: dict[str, dict[str, str]]
    explanations: ExplanationsRead

    @classmethod
    def of(cls, merged: MergedCells) -> Self:
        return cls(
            etag=merged.tag,
            saved_at=merged.saved_at,
            submission=merged.submission,
            applied=list(merged.applied),
            conflicts=[ConflictRead.of(change, held) for change, held in merged.conflicts],
            refused=[
                RefusedCellRead(division=one.place[0], element=one.place[1], code=one.code, message=one.message)
                for one in merged.refused
            ],
            others=[HeldCellRead.of_held(held) for held in merged.others],
            is_whole=merged.is_whole,
            derived={division: dict(values) for division, values in merged.derived.items()},
            explanations=ExplanationsRead.of(merged.explanations),
        )
