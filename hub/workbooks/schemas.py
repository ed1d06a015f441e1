"""The workbook's answer on the wire."""

from typing import Any, Self

from pydantic import BaseModel, Field

from hub.capture.schemas import FindingRead
from hub.workbooks.difference import CellDifference
from hub.workbooks.service import PlacedFinding, WorkbookReading


class WorkbookCountsRead(BaseModel):
    """Cells that hold something in the workbook or in the draft, each counted once."""

    new: int
    changed: int = Field(description="another value or reason than in the draft, or cleared")
    same: int
    refused: int = Field(
        description="no value of the element (kept in the draft all the same), or a formula (not taken)"
    )


class CellDifferenceRead(BaseModel):
    division: str
    element: str
    sheet: str
    cell: str = Field(examples=["C6"])
    old: Any
    new: Any
    old_missing: Any
    new_missing: Any

    @classmethod
    def of(cls, one: CellDifference) -> Self:
        return cls(
            division=one.division,
            element=one.element,
            sheet=one.cell.sheet,
            cell=one.cell.name,
            old=one.old.value,
            new=one.new.value,
            old_missing=one.old.missing,
            new_missing=one.new.missing,
        )


class PlacedFindingRead(FindingRead):
    """`cell-formula`, `row-hidden` and `sheet-not-read` are found in workbooks only; the rest as in `/validation`."""

    sheet: str | None = Field(description="null when it is on no sheet")
    cell: str | None = Field(examples=["C6"])

    @classmethod
    def placed(cls, placed: PlacedFinding) -> Self:
        found = FindingRead.of(placed.finding).model_dump()
        return cls(**found, sheet=placed.sheet or None, cell=placed.cell or None)


class WorkbookRead(BaseModel):
    dry_run: bool
    stored: bool = Field(description="the draft now holds what the workbook holds; false when nothing differs")
    valid: bool = Field(description="false while there is an error; warnings do not count")
    counts: WorkbookCountsRead
    differences: list[CellDifferenceRead] = Field(description="from the draft as it is now")
    findings: list[PlacedFindingRead]
    stale: bool = Field(description="the draft was changed after the workbook was downloaded")
    etag: str = Field(description="of the draft; send it as `If-Match` to store a stale workbook knowingly")

    @classmethod
    def of(cls, reading: WorkbookReading, *, dry_run: bool) -> Self:
        counts = reading.counts
        return cls(
            dry_run=dry_run,
            stored=reading.is_stored,
            valid=all(placed.finding.severity != "error" for placed in reading.findings),
            counts=WorkbookCountsRead(new=counts.new, changed=counts.changed, same=counts.same, refused=counts.refused),
            differences=[CellDifferenceRead.of(one) for one in reading.differences],
            findings=[PlacedFindingRead.placed(placed) for placed in reading.findings],
            stale=reading.is_stale,
            etag=reading.etag,
        )
