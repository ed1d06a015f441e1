"""The states of a collection, what may be done in which, and what is said of it.

The short way: open, submitted; a submission is final. The longer one, where somebody chose it: awaiting sign-off
(the township's leader), in review (the county), returned. Corrections are possible at any time, by the same way.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal

from hub.kit.clock import CHINA

Stage = Literal["awaiting_sign_off", "in_review", "returned"]
CollectionState = Literal["open", "submitted", "closed", "awaiting_sign_off", "in_review", "returned"]
Action = Literal[
    "save", "submit", "request_sign_off", "sign", "refuse_sign_off", "take_back", "approve", "return", "revoke"
]

_TYPED: frozenset[CollectionState] = frozenset({"open", "submitted", "closed", "returned"})
# `closed` takes what is sent no longer, or not yet: the lock says which, so it is asked before this table.
_SENT = _TYPED - {"closed"}

# In which states each action is possible at all; who may take it is said by the permission and by whose task it is.
POSSIBLE: Mapping[Action, frozenset[CollectionState]] = MappingProxyType(
    {
        "save": _TYPED,
        "submit": _SENT,
        "request_sign_off": _SENT,
        "sign": frozenset({"awaiting_sign_off"}),
        "refuse_sign_off": frozenset({"awaiting_sign_off"}),
        "take_back": frozenset({"awaiting_sign_off", "in_review"}),
        "approve": frozenset({"in_review"}),
        # What the county approved it first takes back: a value is either approved or returned.
        "return": frozenset({"in_review", "submitted"}),
        "revoke": frozenset({"submitted"}),
    }
)


def can(action: Action, state: CollectionState, *, wants_review: bool = False) -> bool:
    """Whether the action is possible in this state of a task, with or without the county's review."""
    if state == "submitted" and action in {"return", "revoke"}:
        return wants_review is (action == "revoke")
    return state in POSSIBLE[action]


def collection_state(
    *,
    opens_on: date,
    closes_at: datetime | None,
    is_submitted: bool,
    now: datetime,
    stage: Stage | None = None,
    excepted_until: datetime | None = None,
) -> CollectionState:
    """`closed` is a task that takes no first submission now: no longer, or (see `opens_on`) not yet."""
    if stage is not None:
        return stage
    if is_submitted:
        return "submitted"
    if is_excepted(excepted_until, now):
        return "open"
    if is_before_opening(opens_on, now) or is_after_closing(closes_at, now):
        return "closed"
    return "open"


def is_before_opening(opens_on: date, now: datetime) -> bool:
    """Days are days in China, whatever clock the server keeps."""
    return now.astimezone(CHINA).date() < opens_on


def is_after_closing(closes_at: datetime | None, now: datetime) -> bool:
    return closes_at is not None and now > closes_at


def is_excepted(excepted_until: datetime | None, now: datetime) -> bool:
    """An exception ends by itself: nobody has to shut what was opened."""
    return excepted_until is not None and now <= excepted_until


def is_late(*, due_at: datetime, first_submitted_at: datetime | None, now: datetime) -> bool:
    """Late locks nothing. A correction of what came in time makes nothing late."""
    return (first_submitted_at or now) > due_at
