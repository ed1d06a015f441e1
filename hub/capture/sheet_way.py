"""Where a township's form stands on the longer way, as its page says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.capture.desk import DraftView
from hub.capture.lifecycle import can
from hub.capture.rows import DraftRow
from hub.kit.shown import Choice


@dataclass(frozen=True)
class SheetWay:
    """Where the form goes from here, where somebody chose the longer way.

    `returned`: why it came back, empty when it did not; `cells`: those that came back (each one's anchor and
    its reason). `typed`, `faults`: of a take-back that was refused.
    """

    wants_sign_off: bool = False
    wants_review: bool = False
    returned: str = ""
    returned_by: str = ""
    returned_at: datetime | None = None
    cells: tuple[Choice, ...] = ()
    can_take_back: bool = False
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)


def sheet_way(view: DraftView, rows: Sequence[DraftRow]) -> SheetWay:
    collection, returned = view.task.collection, view.returned
    names = {row.division: row.division_name for row in rows}
    labels = view.form.spec.by_identifier
    return SheetWay(
        wants_sign_off=collection.wants_sign_off,
        wants_review=collection.wants_review,
        returned=returned.reason if returned else "",
        returned_by=returned.by if returned else "",
        returned_at=returned.at if returned else None,
        cells=tuple(
            Choice(
                f"#v.{one.division}.{one.element}",
                f"{names.get(one.division, one.division)} {labels[one.element].label}：{one.reason}",
            )
            for one in (returned.cells if returned else ())
        ),
        can_take_back=can("take_back", view.task.state),
    )
