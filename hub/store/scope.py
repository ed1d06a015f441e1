"""What a caller may read of the values: the only key that opens them. Only `hub.grants` makes one.

A scope is a union of boxes, one for each grant. A box says which elements, of which divisions, for
which periods. What no box covers is named to the caller, never silently left out.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hub.calendar.periods import Period

ClosedReason = Literal["grant_expired", "grant_suspended", "grant_revoked", "grant_not_in_token", "element_not_shared"]
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


class RowReader:
    """Says, row by row, which identifiers may be read. Keeps what it worked out for a period."""

    def __init__(self, scope: ReadScope) -> None:
        self._scope = scope
        self._boxes_of_period: dict[str, tuple[ScopeBox, ...]] = {}

    def boxes(self, period: str, lineage: Collection[str]) -> list[ScopeBox]:
        of_period = self._boxes_of_period.get(period)
        if of_period is None:
            parsed = Period.parse(period)
            of_period = tuple(box for box in self._scope.boxes if box.covers_period(parsed))
            self._boxes_of_period[period] = of_period
        return [box for box in of_period if box.covers_division(lineage)]

    def split(
        self, period: str, lineage: Collection[str], identifiers: Iterable[str], versions: Mapping[str, int]
    ) -> tuple[list[str], list[str]]:
        """The identifiers that may be read, and those granted only under an earlier version."""
        boxes = self.boxes(period, lineage)
        if any(box.elements is None for box in boxes):
            return list(identifiers), []
        readable: list[str] = []
        withheld: list[str] = []
        for identifier in identifiers:
            granting = [box for box in boxes if box.covers_element(identifier)]
            if not granting:
                continue
            version = versions.get(identifier)
            if version is None or any(box.covers_version(identifier, version) for box in granting):
                readable.append(identifier)
            else:
                withheld.append(identifier)
        return readable, withheld
