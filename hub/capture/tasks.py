from hub.capture.reminding import remind_of_deadlines
from hub.kit.jobs import RecurringJob


def reminding() -> RecurringJob:
    """A deadline is a day: every five minutes is early enough to be told of it."""
    return RecurringJob("capture.remind", 300, remind_of_deadlines)
