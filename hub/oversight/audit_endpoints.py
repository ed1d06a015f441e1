"""The audit log through the API: the same search, and the walk over the chain."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import repository, verification
from hub.audit.models import AuditEventRow, AuditVerification
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.paging import After, Limit, Page, bad_cursor, decode_position, page_of
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.oversight import audit_log
from hub.oversight.audit_log import Position, Search

router = ApiRouter(tags=["oversight"])

CanReadAudit = Annotated[Subject, Depends(requires(Permission.AUDIT_EVENT_READ))]
Word = Annotated[str, Query(max_length=200)]


class AuditEventRead(BaseModel):
    """`position`: its place in the chain; null for the second before it is sealed."""

    id: str
    at: datetime
    actor_kind: str
    actor_name: str
    organization: str | None
    action: str
    object_type: str
    object_id: str
    purpose: str | None
    outcome: str
    details: dict[str, Any]
    request_id: str
    position: int | None

    @classmethod
    def of(cls, event: AuditEventRow) -> Self:
        return cls(
            id=str(event.id),
            at=event.at,
            actor_kind=event.actor_kind,
            actor_name=event.actor_name,
            organization=event.organization,
            action=event.action,
            object_type=event.object_type,
            object_id=event.object_id,
            purpose=event.purpose,
            outcome=event.outcome,
            details=event.details,
            request_id=event.request_id,
            position=event.position,
        )


class VerificationRead(BaseModel):
    """`is_whole` is null until the walk has ended."""

    requested_by: str
    requested_at: datetime
    finished_at: datetime | None
    events: int | None
    is_whole: bool | None
    broken_position: int | None
    broken_event: str | None

    @classmethod
    def of(cls, found: AuditVerification) -> Self:
        return cls(
            requested_by=found.requested_by,
            requested_at=found.requested_at,
            finished_at=found.finished_at,
            events=found.events,
            is_whole=None if found.finished_at is None else found.broken_reason is None,
            broken_position=found.broken_position,
            broken_event=found.broken_event,
        )


class ChainRead(BaseModel):
    """How far the log is sealed, and what the last walk over it found."""

    sealed_events: int
    sealed_at: datetime | None
    unsealed_events: int
    verification: VerificationRead | None


def position_of(after: str | None) -> Position | None:
    """The cursor of a page of events."""
    found = decode_position(after, length=2)
    try:
        return None if found is None else (datetime.fromisoformat(str(found[0])), UUID(str(found[1])))
    except ValueError as error:
        raise bad_cursor() from error


def key_of(event: AuditEventRow) -> list[str]:
    return [event.at.isoformat(), str(event.id)]


@router.get("/audit-events")
async def list_events(
    session: Transaction,
    subject: CanReadAudit,
    *,
    since: Annotated[date | None, Query(alias="from", description="first day, in China")] = None,
    until: Annotated[date | None, Query(alias="to", description="last day")] = None,
    actor: Word = "",
    action: Annotated[str, Query(max_length=200, examples=["person.create"])] = "",
    object_type: Word = "",
    object_id: Word = "",
    outcome: Annotated[str, Query(max_length=20, examples=["refused"])] = "",
    limit: Limit = 100,
    after: After = None,
) -> Page[AuditEventRead]:
    """Newest first. That somebody looked is itself an event."""
    asked = Search(since, until, actor, action, object_type, object_id, outcome)
    found = await audit_log.search(session, subject, asked, after=position_of(after), limit=limit + 1)
    return page_of(found, limit, read=AuditEventRead.of, key=key_of)


@router.get("/audit-events/chain")
async def read_chain(session: Transaction, subject: CanReadAudit) -> ChainRead:
    return await chain_of(session)


@router.post("/audit-events/verification", status_code=202)
async def request_verification(session: Transaction, subject: CanReadAudit) -> VerificationRead:
    """Have the whole chain walked in the background, as `hub audit verify` does; see `/audit-events/chain`."""
    return VerificationRead.of(await verification.request(session, subject.actor))


async def chain_of(session: AsyncSession) -> ChainRead:
    head = await repository.get_last_head(session)
    unsealed, _oldest = await repository.count_unsealed(session)
    last = await repository.get_last_verification(session)
    return ChainRead(
        sealed_events=head.position if head else 0,
        sealed_at=head.signed_at if head else None,
        unsealed_events=unsealed,
        verification=None if last is None else VerificationRead.of(last),
    )
