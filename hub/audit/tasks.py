from hub.audit.service import Sealer
from hub.kit.jobs import RecurringJob


def sealing(sealer: Sealer) -> RecurringJob:
    """At most a second lies between an event's commit and its seal."""
    return RecurringJob("audit.seal", 1.0, sealer.seal)
