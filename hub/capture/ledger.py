"""Beside a draft: who typed which cell and when, which batches came, which reasons were given. Pure.

It describes one content of the draft. When the whole draft was replaced through another door, its
cells and batches say nothing any more and are begun anew; reasons stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from hub.capture.cells import Place
from hub.capture.confirmations import Confirmation

# A page sends one batch after the other; whoever was away for longer is told everything.
BATCHES_KEPT = 64
# One event of the audit log says that somebody is at work on a draft for this long.
TOLD_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class Saved:
    """By whom (a username) and when a cell, or the whole draft, was saved."""

    by: str
    at: datetime


@dataclass(frozen=True)
class Batch:
    """One batch that was merged: after it the draft had this tag; these of its cells were not written."""

    sequence: int
    tag: str
    key: str
    unwritten: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Explanations:
    """Reasons typed so far, for warnings and for a correction: kept with the draft until it is submitted."""

    confirmations: tuple[Confirmation, ...] = ()
    reason: str = ""

    def with_changes(self, changes: Sequence[Confirmation], reason: str | None) -> "Explanations":
        """The newest word for each warning; an empty one takes it back."""
        kept = {_warning_of(one): one for one in (*self.confirmations, *changes)}
        given = tuple(one for one in kept.values() if one.reason.strip())
        return Explanations(given, self.reason if reason is None else reason)

    def to_stored(self) -> dict[str, Any]:
        return {"confirmations": [vars(one) for one in self.confirmations], "reason": self.reason}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Explanations":
        given = tuple(Confirmation(**one) for one in stored.get("confirmations", ()))
        return cls(given, stored.get("reason", ""))


NOTHING_EXPLAINED = Explanations()


def _warning_of(one: Confirmation) -> tuple[str, str, str | None, str | None]:
    return one.code, one.division, one.element, one.rule


@dataclass(frozen=True)
class Ledger:
    """`told`: when the audit log last heard of each person."""

    whole: Saved | None = None
    cells: Mapping[Place, tuple[Saved, int]] = field(default_factory=dict)
    batches: tuple[Batch, ...] = ()
    told: Mapping[str, datetime] = field(default_factory=dict)
    explanations: Explanations = Explanations()

    @property
    def sequence(self) -> int:
        return self.batches[-1].sequence if self.batches else 0

    def begun_anew(self, whole: Saved | None) -> "Ledger":
        """The draft was replaced, or there is none: all its cells are of whoever did that."""
        return Ledger(whole, told=self.told, explanations=self.explanations)

    def batch(self, key: str) -> Batch | None:
        return next((one for one in reversed(self.batches) if one.key == key), None)

    def sequence_at(self, tag: str) -> int | None:
        """How far the draft was when it had this tag; None when that is not known."""
        return next((one.sequence for one in reversed(self.batches) if one.tag == tag), None)

    def saved(self, place: Place) -> Saved | None:
        return self.cells[place][0] if place in self.cells else self.whole

    def since(self, sequence: int) -> list[Place]:
        return [place for place, (_saved, at) in self.cells.items() if at > sequence]

    def is_to_be_told(self, saved: Saved) -> bool:
        last = self.told.get(saved.by)
        return last is None or saved.at - last >= TOLD_EVERY

    def with_batch(
        self, saved: Saved, changed: Sequence[Place], unwritten: Sequence[Place], *, key: str, tag: str
    ) -> "Ledger":
        """`tag`: of the draft after the batch."""
        sequence = self.sequence + 1
        batch = Batch(sequence, tag, key, tuple(unwritten))
        return replace(
            self,
            cells={**self.cells, **dict.fromkeys(changed, (saved, sequence))},
            batches=(*self.batches, batch)[-BATCHES_KEPT:],
            told={**self.told, saved.by: saved.at} if self.is_to_be_told(saved) else self.told,
        )

    def beginning_at(self, tag: str) -> "Ledger":
        """A draft that other doors left with this tag: pages that know it lack nothing but what follows."""
        return self if self.batches else replace(self, batches=(Batch(0, tag, ""),))

    def to_stored(self) -> dict[str, Any]:
        cells: dict[str, dict[str, list[Any]]] = {}
        for (division, element), (saved, sequence) in self.cells.items():
            cells.setdefault(division, {})[element] = [saved.by, saved.at.isoformat(), sequence]
        return {
            "whole": None if self.whole is None else [self.whole.by, self.whole.at.isoformat()],
            "cells": cells,
            "batches": [[one.sequence, one.tag, one.key, [list(p) for p in one.unwritten]] for one in self.batches],
            "told": {name: at.isoformat() for name, at in self.told.items()},
            "explanations": self.explanations.to_stored(),
        }

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Ledger":
        whole = stored["whole"]
        return cls(
            whole=None if whole is None else Saved(whole[0], datetime.fromisoformat(whole[1])),
            cells={
                (division, element): (Saved(by, datetime.fromisoformat(at)), sequence)
                for division, elements in stored["cells"].items()
                for element, (by, at, sequence) in elements.items()
            },
            batches=tuple(
                Batch(sequence, tag, key, tuple((division, element) for division, element in places))
                for sequence, tag, key, places in stored["batches"]
            ),
            told={name: datetime.fromisoformat(at) for name, at in stored["told"].items()},
            explanations=Explanations.from_stored(stored["explanations"]),
        )
