from hub.audit import verification
from hub.audit.service import Sealer
from hub.kit.db import Database
from hub.kit.jobs import RecurringJob
from hub.kit.queue import QueuedTask


def sealing(sealer: Sealer) -> RecurringJob:
    """At most a second lies between an event's commit and its seal."""
    return RecurringJob("audit.seal", 1.0, sealer.seal)


def verifying(sealer: Sealer) -> QueuedTask:
    async def verify(database: Database, key: str) -> None:
        await verification.work(database, sealer, key)

    return QueuedTask(verification.TASK, verify)
