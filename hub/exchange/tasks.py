from hub.exchange import cursors
from hub.kit.jobs import RecurringJob


def forgetting_old_cursors() -> RecurringJob:
    """Every six hours is often enough for what is kept for over a year."""
    return RecurringJob("exchange.forget_cursors", 6 * 3600, cursors.forget_old)
