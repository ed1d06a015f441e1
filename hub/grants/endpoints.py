"""Asking for access and answering it (Order 809, arts. 20 to 27)."""

from typing import Annotated

from fastapi import Depends, Path, Query, Response

from hub.grants import service
from hub.grants.lifecycle import Decision, GrantState
from hub.grants.schemas import AccessGrantCreate, AccessGrantRead, ApprovalWrite, Reason
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import Idempotency, IdempotentWrite
from hub.kit.paging import After, Limit, Page, bad_cursor, decode_position, page_of
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(prefix="/access-grants", tags=["grants"])

CanRequestGrants = Annotated[Subject, Depends(requires(Permission.ACCESS_GRANT_REQUEST))]
CanReadGrants = Annotated[Subject, Depends(requires(Permission.ACCESS_GRANT_READ))]
CanDecideGrants = Annotated[Subject, Depends(requires(Permission.ACCESS_GRANT_DECIDE))]

Number = Annotated[str, Path(max_length=40, examples=["AG-2026-000001"])]


@router.post("", status_code=201, response_model=AccessGrantRead)
async def request_grant(
    session: Transaction, subject: CanRequestGrants, body: AccessGrantCreate, idempotency: IdempotentWrite
) -> Response:
    """Ask to read elements of divisions for periods. 422 names everything that is missing in one answer."""

    async def write() -> AccessGrantRead:
        return AccessGrantRead.of(await service.request_grant(session, subject, body))

    return await idempotency.once(session, subject.key, write)


@router.get("")
async def list_grants(
    session: Transaction,
    subject: CanReadGrants,
    *,
    state: Annotated[list[GrantState] | None, Query(description="only grants in these states")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[AccessGrantRead]:
    """The grants that the caller's organisation asked for or answers, in the order they were asked for."""
    position = decode_position(after, length=1)
    if position is not None and not isinstance(position[0], int):
        raise bad_cursor()
    serial = None if position is None else position[0]
    found = await service.list_grants(session, subject, states=state or (), after=serial, limit=limit + 1)
    return page_of(found, limit, read=AccessGrantRead.of, key=lambda grant: [grant.serial])


@router.get("/{number}")
async def get_grant(session: Transaction, subject: CanReadGrants, number: Number) -> AccessGrantRead:
    return AccessGrantRead.of(await service.get_grant(session, subject, number))


@router.post("/{number}/approval", status_code=201, response_model=AccessGrantRead)
async def approve_grant(
    session: Transaction,
    subject: CanDecideGrants,
    number: Number,
    idempotency: IdempotentWrite,
    body: ApprovalWrite | None = None,
) -> Response:
    """Grant what was asked or less, or end a suspension. Only the steward, and never for its own request."""
    asked = body or ApprovalWrite()

    async def write() -> AccessGrantRead:
        grant = await service.decide(session, subject, number, "approval", reason=asked.reason, terms=asked.terms)
        return AccessGrantRead.of(grant)

    return await idempotency.once(session, subject.key, write)


@router.post("/{number}/refusal", status_code=201, response_model=AccessGrantRead)
async def refuse_grant(
    session: Transaction, subject: CanDecideGrants, number: Number, body: Reason, idempotency: IdempotentWrite
) -> Response:
    """Refuse, with the reason (Order 809, art. 21)."""
    return await _decide(session, subject, number, "refusal", body.reason, idempotency)


@router.post("/{number}/revocation", status_code=201, response_model=AccessGrantRead)
async def revoke_grant(
    session: Transaction, subject: CanDecideGrants, number: Number, body: Reason, idempotency: IdempotentWrite
) -> Response:
    """End a grant for good, at once: live tokens read nothing under it any more."""
    return await _decide(session, subject, number, "revocation", body.reason, idempotency)


@router.post("/{number}/suspension", status_code=201, response_model=AccessGrantRead)
async def suspend_grant(
    session: Transaction, subject: CanDecideGrants, number: Number, body: Reason, idempotency: IdempotentWrite
) -> Response:
    """Stop a grant until it is approved again (Order 809, art. 27)."""
    return await _decide(session, subject, number, "suspension", body.reason, idempotency)


async def _decide(
    session: Transaction,
    subject: Subject,
    number: str,
    decision: Decision,
    reason: str,
    idempotency: Idempotency,
) -> Response:
    async def write() -> AccessGrantRead:
        return AccessGrantRead.of(await service.decide(session, subject, number, decision, reason=reason))

    return await idempotency.once(session, subject.key, write)
