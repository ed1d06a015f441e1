"""What a caller may read of the values: the only key that opens them. Only `hub.grants` makes one.

A scope is a union of boxes, one for each grant. A box says which elements, of which divisions, for
which periods. What no box covers is named to the caller, never silently left out.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from hub.calendar.periods import Period

ClosedReason = Literal[
    "grant_expired",
    "grant_suspended",
    "grant_revoked",
    "grant_not_in_token",
    "element_not_shared",
    "provisional_not_granted",
]
OutsideCode = Literal[
    "element_not_granted",
    "element_version_not_granted",
    "period_not_granted",
    "division_not_granted",
    "grant_expired",
    "grant_suspended",
    "grant_revoked",
    "grant_not_in_token",
    "element_not_shared",
    "provisional_not_granted",
]


@dataclass(frozen=True)
class ScopeBox:
    """One grant, or a township's own division.

    `elements` maps an identifier to the first of its versions that is *not* covered (a breaking one
    needs consent again), None: all are; no mapping at all means every element. `divisions` are codes
    whose subtrees are meant.
    """

    elements: Mapping[str, int | None] | None
    divisions: frozenset[str]
    first_day: date = date.min
    last_day: date = date.max
    grant: str | None = None
    purpose: str = ""
    includes_provisional: bool = False

    @property
    def is_whole(self) -> bool:
        """Every element of every period."""
        return self.elements is None and self.first_day == date.min and self.last_day == date.max

    def covers_element(self, identifier: str) -> bool:
        return self.elements is None or identifier in self.elements

    def covers_version(self, identifier: str, version: int) -> bool:
        """Whether a value captured under this version of the element is meant."""
        if self.elements is None:
            return True
        first_not_covered = self.elements.get(identifier, 0)
        return first_not_covered is None or version < first_not_covered

    def covers_period(self, period: Period) -> bool:
        """By days, so that a grant from 2026-01 to 2026-06 also covers 2026-Q1 but not the year 2026."""
        return self.first_day <= period.first_day and period.last_day <= self.last_day

    def covers_division(self, lineage: Collection[str]) -> bool:
        """`lineage`: the codes from the province down to the division itself."""
        return not self.divisions.isdisjoint(lineage)


@dataclass(frozen=True)
class ClosedBox:
    """What was granted and may not be read now. It opens nothing; it explains a refusal."""

    box: ScopeBox
    reason: ClosedReason


@dataclass(frozen=True)
class Place:
    """A division that is asked for, with the codes from the province down to itself."""

    code: str
    lineage: frozenset[str]


@dataclass(frozen=True)
class ScopeRequest:
    """What a caller asks for. No place: wherever it is granted."""

    elements: Sequence[str]
    periods: Sequence[Period]
    place: Place | None = None


@dataclass(frozen=True)
class Outside:
    """One thing that lies outside the scope; `grant` is the grant that would have covered it once."""

    code: OutsideCode
    element: str
    period: Period | None = None
    division: str | None = None
    grant: str | None = None


@dataclass(frozen=True)
class ReadScope:
    """The union of a caller's boxes. An empty one reads nothing: deny by default."""

    boxes: tuple[ScopeBox, ...]
    closed: tuple[ClosedBox, ...] = ()

    @property
    def divisions(self) -> frozenset[str]:
        return frozenset().union(*(box.divisions for box in self.boxes))

    @property
    def elements(self) -> frozenset[str] | None:
        """Every element of any box; None: all there are."""
        named: set[str] = set()
        for box in self.boxes:
            if box.elements is None:
                return None
            named.update(box.elements)
        return frozenset(named)

    @property
    def has_version_limits(self) -> bool:
        return any(
            first_not_covered is not None
            for box in self.boxes
            if box.elements is not None
            for first_not_covered in box.elements.values()
        )

    @property
    def fingerprint(self) -> str:
        """Equal for equal reach: a cursor made under another reach would skip what was granted since."""
        lines = sorted(
            "|".join(
                (
                    box.grant or "",
                    "*" if box.elements is None else ",".join(sorted(box.elements)),
                    ",".join(sorted(box.divisions)),
                    f"{box.first_day}..{box.last_day}",
                )
            )
            for box in self.boxes
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def of_provisional(self) -> "ReadScope":
        """What of it reaches values that nobody has approved yet; the rest explains a refusal."""
        shut = [ClosedBox(box, "provisional_not_granted") for box in self.boxes if not box.includes_provisional]
        return ReadScope(tuple(box for box in self.boxes if box.includes_provisional), (*shut, *self.closed))

    def boxes_for(self, request: ScopeRequest) -> tuple[ScopeBox, ...]:
        """The boxes that a request draws on: whose grants, and so whose purposes, it is read under."""
        return tuple(
            box
            for box in self.boxes
            if any(box.covers_element(identifier) for identifier in request.elements)
            and any(box.covers_period(period) for period in request.periods)
            and (request.place is None or box.covers_division(request.place.lineage))
        )


def outside(scope: ReadScope, request: ScopeRequest) -> list[Outside]:
    """Everything of the request that no box covers: elements, then periods, then the place."""
    return [found for identifier in request.elements for found in _outside_of_element(scope, request, identifier)]


def _outside_of_element(scope: ReadScope, request: ScopeRequest, identifier: str) -> Iterator[Outside]:
    boxes = [box for box in scope.boxes if box.covers_element(identifier)]
    if not boxes:
        yield _closed_or_never(scope.closed, identifier)
        return
    for period in request.periods:
        of_period = [box for box in boxes if box.covers_period(period)]
        if not of_period:
            yield Outside("period_not_granted", identifier, period=period)
        elif request.place is not None and not any(box.covers_division(request.place.lineage) for box in of_period):
            yield Outside("division_not_granted", identifier, division=request.place.code)
            return


def _closed_or_never(closed: Iterable[ClosedBox], identifier: str) -> Outside:
    for shut in closed:
        if shut.box.covers_element(identifier):
            return Outside(shut.reason, identifier, grant=shut.box.grant)
    return Outside("element_not_granted", identifier)


def context_of(boxes: Iterable[ScopeBox]) -> list[dict[str, Any]]:
    """Boxes as the database's functions take them (migration 0012)."""
    return [
        {
            "elements": None if box.elements is None else dict(box.elements),
            "divisions": sorted(box.divisions),
            "first_day": box.first_day.isoformat(),
            "last_day": box.last_day.isoformat(),
            **({"provisional": True} if box.includes_provisional else {}),
        }
        for box in boxes
    ]


def asked_boxes(scope: ReadScope, request: ScopeRequest | None) -> list[dict[str, Any]]:
    """The application's own wall: what it believes may be read of a request, or at all, in the same form.

    The database lets through what both this and the transaction's context name. It is worked out here on
    its own: only the elements, and of each grant only the days, that the request asks for.
    """
    if request is None:
        return context_of(scope.boxes)
    first = min((period.first_day for period in request.periods), default=date.min)
    last = max((period.last_day for period in request.periods), default=date.max)
    return context_of(
        ScopeBox(
            elements={
                identifier: _first_not_covered(box, identifier)
                for identifier in request.elements
                if box.covers_element(identifier)
            },
            divisions=box.divisions,
            first_day=max(box.first_day, first),
            last_day=min(box.last_day, last),
        )
        for box in scope.boxes_for(request)
    )


def _first_not_covered(box: ScopeBox, identifier: str) -> int | None:
    return None if box.elements is None else box.elements[identifier]
