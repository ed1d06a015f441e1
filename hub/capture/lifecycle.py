"""When a collection takes a first submission, and what is said of it. Corrections are possible at any time."""

from datetime import date, datetime
from typing import Literal

from hub.kit.clock import CHINA

CollectionState = Literal["open", "submitted", "closed"]


def collection_state(
    *, opens_on: date, closes_at: datetime | None, is_submitted: bool, now: datetime
) -> CollectionState:
    """`closed` is a task that takes no first submission now: no longer, or (see `opens_on`) not yet."""
    if is_submitted:
        return "submitted"
    if is_before_opening(opens_on, now) or is_after_closing(closes_at, now):
        return "closed"
    return "open"


def is_before_opening(opens_on: date, now: datetime) -> bool:
    """Days are days in China, whatever clock the server keeps."""
    return now.astimezone(CHINA).date() < opens_on


def is_after_closing(closes_at: datetime | None, now: datetime) -> bool:
    return closes_at is not None and now > closes_at


def is_late(*, due_at: datetime, first_submitted_at: datetime | None, now: datetime) -> bool:
    """Late locks nothing. A correction of what came in time makes nothing late."""
    return (first_submitted_at or now) > due_at
