"""What imports look like over the wire."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from hub.imports.models import ImportFinding
from hub.imports.service import ImportStatus
from hub.kit.wire import WireInput


class ProblemRead(BaseModel):
    code: str
    message: str
    places: list[str] = Field(description="cells, columns, sheets or divisions; the first fifty")
    choices: list[str] = Field(description="what may be said instead")


class ProgressRead(BaseModel):
    total: int = Field(description="rows of the file; 0 until it is read")
    checked: int
    stored: int = Field(description="rows of the counties that are stored")
    areas: list[str] = Field(description="the counties that are stored: each whole or not at all")


class CountsRead(BaseModel):
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0


class FindingCountRead(BaseModel):
    severity: str
    code: str
    count: int


class ImportRead(BaseModel):
    id: UUID
    state: str = Field(
        description="received, reading, checking, storing; at the end done, refused, failed or cancelled"
    )
    dry_run: bool
    accept_partial: bool
    reason: str | None
    filename: str
    sha256: str
    form: str | None = Field(description="as asked for, then as recognised")
    form_version: int | None
    period: str | None
    progress: ProgressRead
    counts: CountsRead = Field(description="rows; of a trial, what storing would do")
    valid: bool | None = Field(description="no error in any row and no problem with the file; null until it is checked")
    finding_counts: list[FindingCountRead] = Field(description="exact, however many findings are listed")
    problems: list[ProblemRead] = Field(description="what is wrong with the file as a whole, all at once")
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, status: ImportStatus) -> Self:
        given, areas = status.given, status.areas
        counted = [(*key.split(" ", 1), count) for key, count in sorted(given.finding_counts.items())]
        stored = {name: sum(area.counts[name] for area in areas) for name in ("new", "changed", "same")}
        is_checked = given.state in {"storing", "done", "refused", "failed"}
        return cls(
            id=given.id,
            state=given.state,
            dry_run=given.dry_run,
            accept_partial=given.accept_partial,
            reason=given.reason,
            filename=given.filename,
            sha256=given.file_sha256.hex(),
            form=given.form,
            form_version=given.form_version,
            period=given.period,
            progress=ProgressRead(
                total=given.rows_total,
                checked=given.rows_checked,
                stored=sum(stored.values()),
                areas=sorted(area.area for area in areas),
            ),
            counts=CountsRead(**(given.counts if given.dry_run else {**given.counts, **stored})),
            valid=not (given.problems or any(c[0] == "error" for c in counted)) if is_checked else None,
            finding_counts=[FindingCountRead(severity=s, code=c, count=n) for s, c, n in counted],
            problems=[ProblemRead(**problem) for problem in given.problems],
            requested_by=given.requested_by,
            created_at=given.created_at,
            started_at=given.started_at,
            finished_at=given.finished_at,
        )


class ImportFindingRead(BaseModel):
    severity: str
    code: str
    sheet: str | None
    line: int | None = Field(description="null: about a row that is not in the file")
    cell: str | None
    division: str
    element: str | None
    elements: list[str]
    rule: str | None
    value: Any
    message: str

    @classmethod
    def of(cls, finding: ImportFinding) -> Self:
        return cls(
            severity=finding.severity,
            code=finding.code,
            sheet=finding.sheet,
            line=finding.line,
            cell=finding.cell,
            division=finding.division,
            element=finding.element,
            elements=finding.elements,
            rule=finding.rule,
            value=finding.value,
            message=finding.message,
        )


class ImportSubmission(WireInput):
    accept_partial: bool = Field(default=False, description="store the good rows although others are bad")
    reason: str | None = Field(default=None, max_length=2000, description="wanted when submitted values are corrected")
