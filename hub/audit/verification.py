"""The walk over the whole chain that `hub audit verify` does, asked for on a page and done in the background."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import repository, service
from hub.audit.actions import AuditAction
from hub.audit.errors import VerificationUnderWay
from hub.audit.models import AuditVerification
from hub.audit.service import Actor, Sealer
from hub.kit import clock
from hub.kit.db import Database, uuid7
from hub.kit.i18n import gettext as _
from hub.kit.queue import defer

TASK = "audit.verify"
# A walk that has not ended by then was lost with its process; 2 million events take a second.
GIVEN_UP_AFTER = timedelta(hours=1)


async def request(session: AsyncSession, actor: Actor) -> AuditVerification:
    """One at a time: a second one would find the same."""
    last = await repository.get_last_verification(session)
    if last is not None and last.finished_at is None and clock.now() - last.requested_at < GIVEN_UP_AFTER:
        raise VerificationUnderWay(_("正在核对审计日志，请稍后看结果。"))
    asked = AuditVerification(id=uuid7(), requested_by=actor.name, requested_at=clock.now())
    repository.add_verification(session, asked)
    await session.flush()
    await defer(session, TASK, str(asked.id))
    await service.record(session, actor, AuditAction.AUDIT_EVENTS_VERIFY, "audit_verification", str(asked.id))
    return asked


async def get_last(session: AsyncSession) -> AuditVerification | None:
    return await repository.get_last_verification(session)


async def work(database: Database, sealer: Sealer, key: str) -> None:
    """The queue's task: seals what is pending, walks, and writes down what was found. Safe to do again."""
    async with database.transaction() as session:
        asked = await repository.get_verification(session, UUID(key))
        if asked is None or asked.finished_at is not None:
            return
        asked.started_at = clock.now()
    await sealer.seal(database)
    async with database.transaction() as session:
        verdict = await sealer.verify(session)
    async with database.transaction() as session:
        asked = await repository.get_verification(session, UUID(key))
        if asked is not None:
            asked.finished_at, asked.events = clock.now(), verdict.events
            if verdict.broken is not None:
                asked.broken_position = verdict.broken.position
                asked.broken_event, asked.broken_reason = verdict.broken.event_id, verdict.broken.reason
