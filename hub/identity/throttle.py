"""How long to wait after failed sign-ins: guessing is slow, and nobody is locked out for long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=15)
FREE_FAILURES = 5
FREE_FAILURES_OF_ADDRESS = 20
FIRST_WAIT = timedelta(seconds=15)


@dataclass(frozen=True)
class Failures:
    """Failures inside the window, and when the last one was."""

    count: int
    last_at: datetime | None


def wait_until(account: Failures, address: Failures) -> datetime | None:
    """When the next try is allowed; None: now. Each failure past the free ones doubles the wait, to 15 minutes."""
    waits = [
        failures.last_at + min(FIRST_WAIT * 2 ** min(failures.count - free, 10), WINDOW)
        for failures, free in ((account, FREE_FAILURES), (address, FREE_FAILURES_OF_ADDRESS))
        if failures.last_at is not None and failures.count >= free
    ]
    return max(waits, default=None)
