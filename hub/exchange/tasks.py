from hub.exchange import cursors
from hub.kit.jobs import RecurringJob

# Every six hours is often enough for what is kept for over a year.
FORGETTING_CURSORS = RecurringJob("exchange.forget_cursors", 6 * 3600.0, cursors.forget_old)
