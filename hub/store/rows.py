"""The shapes that go into the store and come out of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hub.calendar.periods import Period
from hub.store.revisions import Kind, RowWrite
from hub.store.scope import Place, ScopeBox

Position = tuple[str, str, str]
# How the database writes a page. "table" is for a program that reads it back: CSV without a header, and text
# stays as it is.
TextForm = Literal["json", "ndjson", "csv", "table"]


@dataclass(frozen=True)
class Writing:
    """The rows of one form for one period, inside one area. `actor` is a username or a client's id.

    `number`: the submission was filed before, and is recorded only now. What is held under an identifier of
    `kept` (what departments supply) stays in its row, whatever is written.
    """

    area: str
    object_class: str
    period: str
    rows: Sequence[RowWrite]
    actor: str
    door: str
    reason: str | None = None
    number: str | None = None
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangedRow:
    division: str
    entity: str
    revision: int
    seq: int
    kind: Kind
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """`number` names the submission; `changed` are the rows that differ from what was held."""

    number: str
    submitted_at: datetime
    changed: tuple[ChangedRow, ...]


@dataclass(frozen=True)
class ValueQuery:
    """Which values: no `elements` means all that may be read, no `place` wherever it may be read.

    `provisional`: those that nobody has approved yet, and them alone.
    """

    object_class: str
    periods: tuple[Period, ...]
    elements: tuple[str, ...] | None = None
    place: Place | None = None
    as_of: datetime | None = None
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One row as it may be read. An identifier in `values` with null has no value; `missing` says why."""

    period: str
    division: str
    entity: str
    values: dict[str, Any]
    missing: dict[str, str]
    versions: dict[str, int]
    revision: int
    submission: str
    submitted_at: datetime


@dataclass(frozen=True)
class ValuePage:
    rows: tuple[ValueRow, ...]
    next: Position | None


@dataclass(frozen=True)
class TextPage:
    """A page of rows as they go over the wire. `provisional`: how many values the whole question leaves out."""

    text: str
    rows: int
    next: Position | None
    provisional: int = 0


@dataclass(frozen=True)
class ChangeGroup:
    """Changed rows alike in what may be read of them; `boxes` are those they were read under."""

    object_class: str
    period: str
    elements: tuple[str, ...]
    divisions: tuple[str, ...]
    rows: int
    boxes: tuple[ScopeBox, ...]


@dataclass(frozen=True)
class ChangeSlice:
    """`text` is the rows as they go over the wire, narrowed to what may be read, `groups` what is in them.

    `clocks` is where to go on. `withheld`: elements that changed under a version nobody consented to.
    """

    text: str
    groups: tuple[ChangeGroup, ...]
    clocks: dict[str, int]
    withheld: dict[str, int]

    @property
    def rows(self) -> int:
        return sum(group.rows for group in self.groups)


@dataclass(frozen=True)
class HistoryEntry:
    """One identifier of one row, from what to what, by whom, when and through which door."""

    division: str
    entity: str
    element: str
    old: Any
    new: Any
    old_missing: str | None
    new_missing: str | None
    revision: int
    submission: str
    submitted_at: datetime
    actor: str
    door: str
    reason: str | None
