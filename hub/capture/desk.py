"""What the services of the township's desk answer, for the API and for pages alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.calendar.deadlines import CalendarWarning
from hub.capture.ledger import NOTHING_EXPLAINED, Explanations
from hub.capture.lifecycle import CollectionState, collection_state, is_late
from hub.capture.locks import Cell
from hub.capture.models import Collection
from hub.capture.rows import DraftRow, HeldRow
from hub.capture.steps import Return
from hub.forms.content import FormContent
from hub.kit.errors import HubError


@dataclass(frozen=True)
class CollectionTask:
    """A collection as it stands at one moment."""

    collection: Collection
    township_name: str
    state: CollectionState
    is_late: bool

    @property
    def is_submitted(self) -> bool:
        """Whether it came to the county at all, whatever became of it there."""
        return self.collection.first_submitted_at is not None

    @classmethod
    def of(cls, collection: Collection, township_name: str, now: datetime) -> "CollectionTask":
        return cls(
            collection,
            township_name,
            collection_state(
                opens_on=collection.opens_on,
                closes_at=collection.closes_at,
                is_submitted=collection.submission is not None,
                now=now,
                stage=collection.stage,  # type: ignore[arg-type]  # a check constraint keeps it to the three
                excepted_until=collection.excepted_until,
            ),
            is_late(due_at=collection.due_at, first_submitted_at=collection.first_submitted_at, now=now),
        )


@dataclass(frozen=True)
class OpenedPeriod:
    """The collections that were opened, and the years whose working days were only guessed by weekday."""

    tasks: tuple[CollectionTask, ...]
    warnings: tuple[CalendarWarning, ...]


@dataclass(frozen=True)
class DraftView:
    """The form of one township as it is now. `is_typed`: something was typed since the newest submission.

    `held`: by division, what the hub has beside what is typed.
    `returned`: what the county sent back and why; then only its `open_cells` may be changed (None: all may).
    `lock`: why nothing may be changed at all at present. `explanations`: reasons typed so far.
    """

    task: CollectionTask
    form: FormContent
    rows: tuple[DraftRow, ...]
    held: Mapping[str, HeldRow]
    etag: str
    is_typed: bool
    saved_at: datetime | None
    returned: Return | None = None
    lock: HubError | None = None
    explanations: Explanations = NOTHING_EXPLAINED

    @property
    def open_cells(self) -> frozenset[Cell] | None:
        return None if self.returned is None else self.returned.open_cells
