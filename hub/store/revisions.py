"""What a write changes in a row, and what kind of change that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Kind = Literal["value", "correction", "withdrawal"]


@dataclass(frozen=True)
class RowWrite:
    """The full row of a form: an identifier that is not in `payload` is not answered.

    `payload` holds values as they go over the wire, `missing` the reasons why there is none, and
    `versions` the element version each identifier was captured under.
    """

    division: str
    payload: Mapping[str, Any]
    missing: Mapping[str, str]
    versions: Mapping[str, int]
    entity: str = ""

    @property
    def key(self) -> tuple[str, str]:
        return self.division, self.entity


@dataclass(frozen=True)
class HeldRow:
    """What the store holds of a row, or held once."""

    payload: Mapping[str, Any]
    missing: Mapping[str, str]
    versions: Mapping[str, int]
    revision: int
    submission: str
    submitted_at: datetime


def changed_identifiers(held: HeldRow | None, written: RowWrite) -> list[str]:
    """The identifiers whose value, reason or version differs; a row that is new has answered all it names."""
    if held is None:
        return sorted({*_answered(written.payload), *written.missing})
    named = {*_answered(held.payload), *held.missing, *_answered(written.payload), *written.missing}
    return sorted(identifier for identifier in named if _differs(held, written, identifier))


def _answered(payload: Mapping[str, Any]) -> set[str]:
    return {identifier for identifier, value in payload.items() if value is not None}


def _differs(held: HeldRow, written: RowWrite, identifier: str) -> bool:
    old, new = held.payload.get(identifier), written.payload.get(identifier)
    # Python calls True and 1 equal; to a reader they are two answers.
    if old != new or isinstance(old, bool) is not isinstance(new, bool):
        return True
    if held.missing.get(identifier) != written.missing.get(identifier):
        return True
    return new is not None and held.versions.get(identifier) != written.versions.get(identifier)


def kind_of(revision: int, changed: list[str], payload: Mapping[str, Any]) -> Kind:
    """First a value, then corrections; a withdrawal leaves nothing of what changed."""
    if revision == 1:
        return "value"
    if changed and all(payload.get(identifier) is None for identifier in changed):
        return "withdrawal"
    return "correction"
