"""What an operator's alerts ask of the log: does the sealer keep up, and when was the last backup."""

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import repository
from hub.audit.actions import AuditAction
from hub.kit import clock
from hub.kit.figures import gauge

UNSEALED_EVENTS = gauge("hub_audit_unsealed_events", "Committed events that are not yet sealed")
UNSEALED_SECONDS = gauge("hub_audit_unsealed_seconds", "Age of the oldest event that is not yet sealed")
BACKUP = gauge("hub_backup_last_timestamp_seconds", "When the last backup ended; 0 when there was none")


async def measure_log(session: AsyncSession) -> None:
    count, oldest = await repository.count_unsealed(session)
    UNSEALED_EVENTS.set(count)
    UNSEALED_SECONDS.set((clock.now() - oldest).total_seconds() if oldest else 0)
    backup = await repository.last_event_at(session, AuditAction.DATABASE_BACKUP, "database")
    BACKUP.set(backup.timestamp() if backup else 0)
