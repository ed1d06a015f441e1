"""What became of a unit's figures, as its page shows it. The dataclasses are all that the template sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.kit import clock
from hub.oversight.served import Served
from hub.oversight.service import Usage

BAR_WIDTH, BAR_HEIGHT = 160, 14


@dataclass(frozen=True)
class UsageLine:
    element: str
    element_name: str
    organization: str
    purpose: str
    grant: str
    reads: int
    last_read_at: datetime


@dataclass(frozen=True)
class ServedLine:
    """One figure: how many departments it served. `bar` is its length in the drawing beside the numbers."""

    element: str
    element_name: str
    departments: int
    periods: int
    avoided: int
    bar: int


@dataclass(frozen=True)
class UsagePage:
    """Who read which of the unit's elements, for what purpose. `since`, `until`, `division`: as they were asked."""

    lines: tuple[UsageLine, ...]
    served: tuple[ServedLine, ...]
    departments: int
    forms_avoided: int
    items_avoided: int
    since: str
    until: str
    division: str
    printed_at: datetime
    next: str | None
    bar_width: int = BAR_WIDTH
    bar_height: int = BAR_HEIGHT


@dataclass(frozen=True)
class Asked:
    since: str
    until: str
    division: str


def usage_page(
    asked: Asked, shown: Sequence[Usage], served: Served, labels: Mapping[str, str], following: str | None
) -> UsagePage:
    most = max((one.departments for one in served.elements), default=1)
    return UsagePage(
        lines=tuple(
            UsageLine(
                one.element,
                labels.get(one.element, one.element),
                one.organization_name,
                one.purpose,
                one.grant,
                one.reads,
                one.last_read_at,
            )
            for one in shown
        ),
        served=tuple(
            ServedLine(
                one.element,
                labels.get(one.element, one.element),
                one.departments,
                one.periods,
                one.avoided,
                bar=one.departments * BAR_WIDTH // most,
            )
            for one in served.elements
        ),
        departments=served.departments,
        forms_avoided=served.forms_avoided,
        items_avoided=served.items_avoided,
        since=asked.since,
        until=asked.until,
        division=asked.division,
        printed_at=clock.now(),
        next=following,
    )
