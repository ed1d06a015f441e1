"""The Excel door of a task: the form as a workbook, and the workbook back into the draft."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import drafting
from hub.capture.desk import DraftView
from hub.capture.rows import TypedEntry
from hub.capture.sheet_form import split_rows
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, PreconditionFailed
from hub.kit.i18n import gettext as _
from hub.kit.uploads.limits import FORM_LIMITS
from hub.kit.uploads.reading import read_upload
from hub.validation import Finding, Past, ValidationReport
from hub.workbooks.difference import CellDifference, Comparison, Counts, compare, count
from hub.workbooks.errors import WorkbookRefused
from hub.workbooks.layout import Identity
from hub.workbooks.matching import MatchedWorkbook, match_workbook
from hub.workbooks.template import WorkbookContent, write_workbook

DOOR = "excel"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class WorkbookFile:
    content: bytes
    filename: str
    etag: str


@dataclass(frozen=True)
class PlacedFinding:
    """A finding with the sheet and the cell that it speaks of; both empty when it is on none."""

    finding: Finding
    sheet: str
    cell: str


@dataclass(frozen=True)
class WorkbookReading:
    """What an uploaded workbook says. `is_stale`: the draft was changed after the workbook was downloaded."""

    view: DraftView
    counts: Counts
    differences: tuple[CellDifference, ...]
    findings: tuple[PlacedFinding, ...]
    entries: tuple[TypedEntry, ...]
    etag: str
    is_stale: bool
    is_stored: bool


async def make_workbook(session: AsyncSession, subject: Subject, collection_id: UUID) -> WorkbookFile:
    """The draft as it is now, to be filled in elsewhere."""
    view = await drafting.get_draft(session, subject, collection_id)
    past = await _past(session, subject, view)
    content = await asyncio.to_thread(write_workbook, WorkbookContent(view, past))
    collection = view.task.collection
    filename = f"{view.task.township_name}-{view.form.name}-{collection.period}.xlsx"
    return WorkbookFile(content, filename, view.etag)


async def _past(session: AsyncSession, subject: Subject, view: DraftView) -> Mapping[str, Past]:
    """What derived values look back on besides what the page shows."""
    if not view.form.spec.plan.derived_from:
        return {}
    sheet = await drafting.open_sheet(session, subject, view.task.collection, [])
    return {division: held.past for division, held in sheet.held.items()}


async def read_workbook(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    file: Path,
    *,
    filename: str,
    dry_run: bool,
    if_match: str | None,
) -> WorkbookReading:
    """What the workbook would change and what is wrong with it; unless it is a dry run, the draft is saved too.

    The workbook carries the ETag of the draft that it was made from. When somebody has saved since, nothing is
    stored until the caller sends the present ETag, having seen the differences from the present draft.
    """
    upload = await read_upload(file, filename=filename, limits=FORM_LIMITS)
    view = await drafting.get_draft(session, subject, collection_id)
    divisions = {row.division: row.division_name for row in split_rows(view)[0]}
    matched = await asyncio.to_thread(match_workbook, upload, Identity.of(view), view.form, divisions)
    if matched.faults or matched.identity is None:
        raise _refusal(matched)
    comparison = await asyncio.to_thread(compare, view, matched)
    report = await _check(session, subject, view, comparison)
    etag, is_stale, is_stored = view.etag, matched.identity.etag != view.etag, False
    if not dry_run and comparison.differences:
        saved = await _store(session, subject, view, comparison, if_match or matched.identity.etag)
        etag, is_stored = saved.etag, True
    return WorkbookReading(
        view=view,
        counts=count(comparison, report.findings),
        differences=comparison.differences,
        findings=tuple(_findings(view, matched, comparison, report)),
        entries=comparison.entries,
        etag=etag,
        is_stale=is_stale,
        is_stored=is_stored,
    )


async def _check(session: AsyncSession, subject: Subject, view: DraftView, comparison: Comparison) -> ValidationReport:
    sheet = await drafting.open_sheet(session, subject, view.task.collection, comparison.entries)
    return await drafting.check_entries(sheet, comparison.entries)


async def _store(
    session: AsyncSession, subject: Subject, view: DraftView, comparison: Comparison, if_match: str
) -> DraftView:
    collection_id = view.task.collection.id
    try:
        return await drafting.save_draft(
            session, subject, collection_id, comparison.entries, if_match=if_match, door=DOOR
        )
    except PreconditionFailed as stale:
        raise PreconditionFailed(
            _(
                "下载工作簿之后，草稿又被修改过，工作簿没有存入。请先试读（dry_run）核对差异，"
                "再带上 If-Match: {etag} 重新上传。"
            ).format(etag=view.etag),
            extra={"etag": view.etag},
        ) from stale


def _refusal(matched: MatchedWorkbook) -> WorkbookRefused:
    return WorkbookRefused(
        _("工作簿与本任务对不上，有 {count} 处，没有存入任何内容。").format(count=len(matched.faults)),
        errors=[ErrorItem("/file", fault.code, fault.message) for fault in matched.faults],
        extra={
            "places": [
                {"sheet": fault.sheet, "cell": fault.cell, "code": fault.code, "message": fault.message}
                for fault in matched.faults
            ]
        },
    )


def _findings(
    view: DraftView, matched: MatchedWorkbook, comparison: Comparison, report: ValidationReport
) -> Iterator[PlacedFinding]:
    return _placed(matched, [*_own_findings(view, matched, comparison), *_of_the_check(report, comparison)])


def _of_the_check(report: ValidationReport, comparison: Comparison) -> Iterator[Finding]:
    """One mistake, one finding: a cell whose formula was not taken is empty only for that."""
    formulas = {(division, field.identifier) for division, field, _cell in comparison.formulas}
    for finding in report.findings:
        if finding.code != "value-missing" or (finding.division, finding.element) not in formulas:
            yield finding


def _own_findings(view: DraftView, matched: MatchedWorkbook, comparison: Comparison) -> Iterator[Finding]:
    """What only a workbook can have."""
    names = {row.division: row.division_name for row in view.rows}
    for division, field, cell in comparison.formulas:
        message = _("{place} {name}：这一格是公式，没有采用；请改为数（复制后选择性粘贴为数值）。").format(
            place=names[division], name=field.spec.label
        )
        yield Finding(
            "error", "cell-formula", message, division, "", field.identifier, (field.identifier,), None, cell.text
        )
    for division, sheet, _cell in matched.hidden:
        message = _("{place}：这一行在工作表“{sheet}”里是隐藏的，其中的数照样读取了，请核对。")
        yield Finding("warning", "row-hidden", message.format(place=names[division], sheet=sheet), division)
    for name in matched.unread_sheets:
        message = _("工作表“{sheet}”不属于本表，没有读取。").format(sheet=name)
        yield Finding("warning", "sheet-not-read", message, "")


def _placed(matched: MatchedWorkbook, findings: Sequence[Finding]) -> Iterator[PlacedFinding]:
    hidden = {division: (sheet, cell) for division, sheet, cell in matched.hidden}
    for finding in findings:
        if finding.code == "row-hidden":
            sheet, cell = hidden[finding.division]
        elif finding.element is None:
            sheet, cell = matched.row_places.get(finding.division, ("", ""))
        else:
            sheet, cell = matched.places.get((finding.division, finding.element), ("", ""))
        yield PlacedFinding(finding, sheet, cell)
