"""The uploaded workbook before anything is stored, as a page. The dataclasses are all that the template sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.calendar.words import period_words
from hub.capture.desk import CollectionTask
from hub.capture.rows import typed_text
from hub.forms.content import FormContent
from hub.kit import json
from hub.kit.errors import HubError
from hub.kit.i18n import gettext as _
from hub.kit.shown import cell
from hub.workbooks.difference import CellDifference, Content, Counts
from hub.workbooks.errors import WorkbookRefused
from hub.workbooks.layout import IDENTITY_SHEET, reason_words
from hub.workbooks.service import WorkbookReading

# A page of ten thousand lines helps nobody; the counts say how many there are.
MOST_LINES = 500
# So many faults stand open; the rest is folded, and what can be done stays in sight.
OPEN_FAULTS = 20
NOTHING = Counts(0, 0, 0, 0)


@dataclass(frozen=True)
class PlacedLine:
    """One sentence and where in the workbook it belongs: `place` is the sheet's name and the cell's."""

    place: str
    message: str


@dataclass(frozen=True)
class DifferenceLine:
    place: str
    unit: str
    element: str
    old: str
    new: str


@dataclass(frozen=True)
class WorkbookPage:
    """`emptied`: how many cells that hold something now would hold nothing.

    `draft` is the whole draft as the workbook would make it, as JSON, sent back by the button that stores it.
    """

    id: str
    form_name: str
    period: str
    township: str
    refusal: str = ""
    refusals: tuple[PlacedLine, ...] = ()
    counts: Counts = NOTHING
    emptied: int = 0
    open_faults: int = OPEN_FAULTS
    errors: tuple[PlacedLine, ...] = ()
    warnings: tuple[PlacedLine, ...] = ()
    differences: tuple[DifferenceLine, ...] = ()
    more_differences: int = 0
    is_stale: bool = False
    etag: str = ""
    draft: str = ""


def preview_page(reading: WorkbookReading) -> WorkbookPage:
    view = reading.view
    lines = [
        (placed.finding.severity, PlacedLine(_place(placed.sheet, placed.cell), placed.finding.message))
        for placed in reading.findings
    ]
    names = {row.division: row.division_name for row in view.rows}
    shown = reading.differences[:MOST_LINES]
    return WorkbookPage(
        **_task(view.task, view.form.name),
        counts=reading.counts,
        open_faults=OPEN_FAULTS,
        emptied=sum(one.new.is_blank for one in reading.differences),
        errors=tuple(line for severity, line in lines if severity == "error"),
        warnings=tuple(line for severity, line in lines if severity == "warning"),
        differences=tuple(_difference(one, view.form, names.get(one.division, one.division)) for one in shown),
        more_differences=len(reading.differences) - len(shown),
        is_stale=reading.is_stale,
        etag=reading.etag,
        draft=json.dumps({"rows": [entry.to_stored() for entry in reading.entries]}) if reading.differences else "",
    )


def refusal_page(task: CollectionTask, form_name: str, refusal: HubError) -> WorkbookPage:
    """Why the file was not taken: one sentence, or a list with the place of each fault."""
    places: Sequence[dict[str, str]] = [{"sheet": "", "cell": "", "message": one.message} for one in refusal.errors]
    if isinstance(refusal, WorkbookRefused):
        places = refusal.extra["places"]
    return WorkbookPage(
        **_task(task, form_name),
        refusal=refusal.detail,
        refusals=tuple(_refused(one) for one in places),
    )


def _refused(one: Mapping[str, str]) -> PlacedLine:
    # The hidden sheet that says whose workbook it is is no place that anybody could look at.
    is_hidden = one["sheet"] == IDENTITY_SHEET
    return PlacedLine("" if is_hidden else _place(one["sheet"], one["cell"]), one["message"])


def _task(task: CollectionTask, form_name: str) -> dict[str, Any]:
    collection = task.collection
    return {
        "id": str(collection.id),
        "form_name": form_name,
        "period": period_words(collection.period),
        "township": task.township_name,
    }


def _place(sheet: str, name: str) -> str:
    return " ".join(part for part in (sheet, name) if part)


def _difference(one: CellDifference, form: FormContent, unit: str) -> DifferenceLine:
    label = form.spec.by_identifier[one.element].label
    return DifferenceLine(_place(one.cell.sheet, one.cell.name), unit, label, _said(one.old), _said(one.new))


def _said(content: Content) -> str:
    if content.value is not None:
        return cell(content.value)
    words = {reason: word for word, reason in reason_words().items()}
    missing = typed_text(content.missing)
    return words.get(missing, missing) or _("空")
