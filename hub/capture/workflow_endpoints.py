"""The longer way of a submission through the API: sign-off, review, returns, take-backs, lock exceptions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Response

from hub.capture import exceptions, review, service, signing
from hub.capture.endpoints import CanReadCollections, CanSubmit
from hub.capture.schemas import CollectionRead, ReceiptRead, SubmissionCreate
from hub.capture.turns import SubmittingTurn
from hub.capture.workflow_schemas import (
    Approval,
    CollectionStepsRead,
    LockExceptionGrant,
    LockExceptionRead,
    LockExceptionsRead,
    ReasonGiven,
    SubmissionReturn,
    WorkflowRead,
    WorkflowWrite,
)
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(tags=["capture"])

CanSign = Annotated[Subject, Depends(requires(Permission.SUBMISSION_SIGN))]
CanReview = Annotated[Subject, Depends(requires(Permission.SUBMISSION_REVIEW))]
CanTakeBack = Annotated[Subject, Depends(requires(Permission.SUBMISSION_TAKE_BACK))]
CanExcept = Annotated[Subject, Depends(requires(Permission.COLLECTION_EXCEPT))]
CanManageWorkflow = Annotated[Subject, Depends(requires(Permission.TOWNSHIP_WORKFLOW_MANAGE))]

TownshipCode = Annotated[str, Path(max_length=12, examples=["433124102"])]


@router.post("/collections/{collection_id}/sign-off-request", status_code=201, response_model=CollectionRead)
async def request_sign_off(
    session: Transaction,
    subject: CanSubmit,
    collection_id: UUID,
    idempotency: IdempotentWrite,
    body: SubmissionCreate | None = None,
) -> Response:
    """Send the draft to the township's leader, who signs before it is submitted. Checked first, with all findings.

    From then on it is `awaiting_sign_off` and locked. Only where the township wants two steps: 409
    `sign_off_not_wanted` elsewhere, while a plain submission there is 409 `sign_off_required`.
    """
    asked = body or SubmissionCreate()

    async def write() -> CollectionRead:
        task = await signing.request_sign_off(
            session,
            subject,
            collection_id,
            confirmations=[confirmation.confirmation() for confirmation in asked.confirm_warnings],
            reason=asked.reason,
        )
        return CollectionRead.of(task)

    return await idempotency.once(session, subject.key, write)


@router.post("/collections/{collection_id}/sign-off", status_code=201, response_model=ReceiptRead)
async def sign_off(
    _turn: SubmittingTurn, session: Transaction, subject: CanSign, collection_id: UUID, idempotency: IdempotentWrite
) -> Response:
    """Sign what the clerk sent: it is submitted in both names. Nobody signs what they sent: 403 `own_sign_off`."""

    async def write() -> ReceiptRead:
        return ReceiptRead.of(await signing.sign(session, subject, collection_id))

    return await idempotency.once(session, subject.key, write, headers=_location)


def _location(answer: Any) -> dict[str, str]:
    return {"Location": f"/api/v1/submissions/{answer.number}"}


@router.post("/collections/{collection_id}/sign-off-refusal", response_model=CollectionRead)
async def refuse_sign_off(
    session: Transaction, subject: CanSign, collection_id: UUID, body: ReasonGiven, idempotency: IdempotentWrite
) -> Response:
    """Send it back to the clerk, with a reason."""

    async def write() -> CollectionRead:
        task = await signing.refuse_sign_off(session, subject, collection_id, reason=body.reason)
        return CollectionRead.of(task)

    return await idempotency.once(session, subject.key, write, status=200)


@router.post("/collections/{collection_id}/approval", response_model=CollectionRead)
async def approve_submission(
    session: Transaction,
    subject: CanReview,
    collection_id: UUID,
    idempotency: IdempotentWrite,
    body: Approval | None = None,
) -> Response:
    """Approve a submission in review: from now on its values are served. Of two at once one gets 409."""
    asked = body or Approval()

    async def write() -> CollectionRead:
        task = await review.approve(session, subject, collection_id, submission=asked.submission, note=asked.note)
        return CollectionRead.of(task)

    return await idempotency.once(session, subject.key, write, status=200)


@router.post("/collections/{collection_id}/return", response_model=CollectionRead)
async def return_submission(
    session: Transaction,
    subject: CanReview,
    collection_id: UUID,
    body: SubmissionReturn,
    idempotency: IdempotentWrite,
) -> Response:
    """Send a submission back with a reason, and reasons at cells: only those open again, without any all do.

    In review its provisional values are gone. Where nobody reviews, what was submitted is served until it is
    corrected. The township's answer comes as the `reason` of its next submission.
    """

    async def write() -> CollectionRead:
        task = await review.return_submission(
            session, subject, collection_id, reason=body.reason, cells=body.returned(), submission=body.submission
        )
        return CollectionRead.of(task)

    return await idempotency.once(session, subject.key, write, status=200)


@router.post("/collections/{collection_id}/take-back", response_model=CollectionRead)
async def take_back(
    session: Transaction, subject: CanTakeBack, collection_id: UUID, body: ReasonGiven, idempotency: IdempotentWrite
) -> Response:
    """The township: what waits for sign-off or review, which becomes a draft again. The county: its own approval.

    Values whose approval is taken back are provisional again; `GET /changes` tells of them as `withdrawal`
    (as `correction`, where an earlier approved value stands again).
    """

    async def write() -> CollectionRead:
        return CollectionRead.of(await review.take_back(session, subject, collection_id, reason=body.reason))

    return await idempotency.once(session, subject.key, write, status=200)


@router.get("/collections/{collection_id}/steps")
async def list_steps(session: Transaction, subject: CanReadCollections, collection_id: UUID) -> CollectionStepsRead:
    """Who sent, signed, approved, returned or took back what, when and why: oldest first."""
    return CollectionStepsRead.of(await service.list_steps(session, subject, collection_id))


@router.post("/collections/{collection_id}/lock-exceptions", status_code=201, response_model=LockExceptionRead)
async def grant_lock_exception(
    session: Transaction,
    subject: CanExcept,
    collection_id: UUID,
    body: LockExceptionGrant,
    idempotency: IdempotentWrite,
) -> Response:
    """Open one township's locked task until the end of a day. It closes by itself."""

    async def write() -> LockExceptionRead:
        granted = await exceptions.grant_exception(
            session, subject, collection_id, reason=body.reason, until=body.until
        )
        return LockExceptionRead.of(granted)

    return await idempotency.once(session, subject.key, write)


@router.get("/collections/{collection_id}/lock-exceptions")
async def list_lock_exceptions(
    session: Transaction, subject: CanReadCollections, collection_id: UUID
) -> LockExceptionsRead:
    """Oldest first, ended ones too."""
    return LockExceptionsRead.of(await exceptions.list_exceptions(session, subject, collection_id))


@router.post("/collections/{collection_id}/lock-exceptions/{exception_id}/end", response_model=LockExceptionRead)
async def end_lock_exception(
    session: Transaction, subject: CanExcept, collection_id: UUID, exception_id: UUID, idempotency: IdempotentWrite
) -> Response:
    """Before its time. One that has ended stays as it is."""

    async def write() -> LockExceptionRead:
        return LockExceptionRead.of(await exceptions.end_exception(session, subject, collection_id, exception_id))

    return await idempotency.once(session, subject.key, write, status=200)


@router.get("/townships/{township}/workflow")
async def read_workflow(session: Transaction, subject: CanManageWorkflow, township: TownshipCode) -> WorkflowRead:
    """Whether this township has its leader sign."""
    wanted = await signing.wants_sign_off(session, subject, township)
    return WorkflowRead(township=township, wants_sign_off=wanted)


@router.put("/townships/{township}/workflow")
async def choose_workflow(
    session: Transaction, subject: CanManageWorkflow, township: TownshipCode, body: WorkflowWrite
) -> WorkflowRead:
    """Switch the leader's sign-off on or off, for all the township's tasks. Without a leader: 409 `nobody_signs`."""
    wanted = await signing.choose_sign_off(session, subject, township, wanted=body.wants_sign_off)
    return WorkflowRead(township=township, wants_sign_off=wanted)
