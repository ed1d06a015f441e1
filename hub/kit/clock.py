"""The one clock. Times are aware UTC; days are days in China, where every deadline is counted."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")

_travelled: ContextVar[datetime | None] = ContextVar("hub_clock", default=None)


def now() -> datetime:
    return _travelled.get() or datetime.now(UTC)


def today() -> date:
    return now().astimezone(CHINA).date()


def end_of_day(day: date) -> datetime:
    """The last microsecond of a day in China: what a date means where an instant is wanted."""
    return datetime.combine(day, time.max, CHINA).astimezone(UTC)


@contextmanager
def travel(instant: datetime) -> Iterator[None]:
    """Stand at another instant. For the demo county's past year and for tests only."""
    token = _travelled.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _travelled.reset(token)
