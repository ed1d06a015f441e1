"""How long a link lives, and where it leads."""

import re
from datetime import datetime, timedelta
from typing import Literal

from hub.capture.errors import CollectionClosed
from hub.capture.lifecycle import is_excepted
from hub.capture.locks import find_lock, find_stage_lock
from hub.capture.models import Collection
from hub.delegations.models import Delegation

# Short, so that the squares of the QR code are large. The township in it tells the second wall whose rows are meant.
ADDRESS = "/v/{township}/{token}"
LIVES = timedelta(days=14)
PREFIX = "hubv"
_TOWNSHIP = re.compile(r"[0-9]{9}")
_TOKEN = re.compile(PREFIX + r"_[A-Za-z0-9_-]{43}")

Obstacle = Literal["submitted", "waiting", "locked"]
Ending = Literal["revoked", "expired", "submitted", "waiting", "locked"]


def is_well_formed(township: str, token: str) -> bool:
    return bool(_TOWNSHIP.fullmatch(township) and _TOKEN.fullmatch(token))


def address_of(township: str, token: str) -> str:
    return ADDRESS.format(township=township, token=token)


def expiry(collection: Collection, now: datetime) -> datetime:
    """The task's due instant; where that is behind it, the end of its exception or its lock. At most 14 days.

    What came back is not bound by days (`capture.locks`), and being late locks nothing: a township that is late
    needs its villages as well.
    """
    limit = None
    if collection.submission is None:
        if now <= collection.due_at:
            limit = collection.due_at
        elif is_excepted(collection.excepted_until, now):
            limit = collection.excepted_until
        else:
            limit = collection.closes_at
    longest = now + LIVES
    return longest if limit is None else min(longest, limit)


def find_obstacle(collection: Collection, now: datetime) -> Obstacle | None:
    """Why nothing of this task can be given to a village now. Before it opens, drafts can be typed already."""
    if find_stage_lock(collection) is not None:
        return "waiting"
    if collection.submission is not None:
        return None if collection.stage == "returned" else "submitted"
    return "locked" if isinstance(find_lock(collection, now), CollectionClosed) else None


def find_ending(delegation: Delegation, collection: Collection, now: datetime) -> Ending | None:
    """Why the link opens nothing any more, or None while it lives."""
    if delegation.revoked_at is not None:
        return "revoked"
    if delegation.submission != collection.submission:
        return "submitted"
    return find_obstacle(collection, now) or ("expired" if now > delegation.expires_at else None)
