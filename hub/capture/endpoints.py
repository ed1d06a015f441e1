"""The township's desk through the API: collections, drafts, validation, submission, receipts, history."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Path, Query, Response

from hub.calendar.periods import Period, PeriodFault
from hub.capture import drafting, opening, service, submission
from hub.capture.lifecycle import CollectionState
from hub.capture.schemas import (
    CollectionRead,
    DraftRead,
    DraftWrite,
    OpenedPeriodRead,
    PeriodOpening,
    ReceiptRead,
    SubmissionCreate,
    ValidationRead,
    ValueChangeRead,
)
from hub.capture.turns import SubmittingTurn
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.idempotency import IdempotentWrite
from hub.kit.json import JSONResponse
from hub.kit.paging import After, Limit, Page, decode_position, page_of, page_within
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(tags=["capture"])

CanOpenCollections = Annotated[Subject, Depends(requires(Permission.COLLECTION_OPEN))]
CanReadCollections = Annotated[Subject, Depends(requires(Permission.COLLECTION_READ))]
CanWriteDrafts = Annotated[Subject, Depends(requires(Permission.DRAFT_WRITE))]
CanSubmit = Annotated[Subject, Depends(requires(Permission.SUBMISSION_RECORD))]
CanReadSubmissions = Annotated[Subject, Depends(requires(Permission.SUBMISSION_READ))]

DivisionCode = Annotated[str | None, Query(max_length=12, examples=["433124102"])]
IfMatch = Annotated[str | None, Header(description="the draft's `ETag`, or `*` to overwrite whatever is there")]


@router.post("/collections", status_code=201, response_model=OpenedPeriodRead)
async def open_period(
    session: Transaction, subject: CanOpenCollections, body: PeriodOpening, idempotency: IdempotentWrite
) -> Response:
    """Open a period with the form's newest version for every township of the county that has no such task yet."""

    async def write() -> OpenedPeriodRead:
        return OpenedPeriodRead.of(await opening.open_period(session, subject, **body.model_dump()))

    return await idempotency.once(session, subject.key, write)


@router.get("/collections")
async def list_collections(
    session: Transaction,
    subject: CanReadCollections,
    *,
    township: DivisionCode = None,
    period: Annotated[str | None, Query(max_length=20, examples=["2026-10"])] = None,
    state: CollectionState | None = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[CollectionRead]:
    """Newest period first. A township sees its own."""
    position = decode_position(after, length=3)
    found = await service.list_collections(
        session,
        subject,
        township=township,
        period=_spelled(period),
        state=state,
        after=None if position is None else (str(position[0]), str(position[1]), str(position[2])),
        limit=limit + 1,
    )
    return page_of(
        found,
        limit,
        read=CollectionRead.of,
        key=lambda task: [task.collection.period, task.collection.township, task.collection.form],
    )


def _spelled(period: str | None) -> str | None:
    try:
        return None if period is None else str(Period.parse(period))
    except PeriodFault as fault:
        raise Unprocessable(str(fault), errors=[ErrorItem("query:/period", "period_not_valid", str(fault))]) from fault


@router.get("/collections/{collection_id}")
async def read_collection(session: Transaction, subject: CanReadCollections, collection_id: UUID) -> CollectionRead:
    return CollectionRead.of(await service.get_collection(session, subject, collection_id))


@router.get("/collections/{collection_id}/draft", response_model=DraftRead)
async def read_draft(session: Transaction, subject: CanWriteDrafts, collection_id: UUID) -> Response:
    """The form with what is typed (or was submitted), what was there last period, and what is computed."""
    draft = await drafting.get_draft(session, subject, collection_id)
    return JSONResponse(DraftRead.of(draft.rows), headers={"ETag": draft.etag})


@router.put("/collections/{collection_id}/draft", response_model=DraftRead)
async def save_draft(
    session: Transaction,
    subject: CanWriteDrafts,
    collection_id: UUID,
    body: DraftWrite,
    idempotency: IdempotentWrite,
    if_match: IfMatch = None,
) -> Response:
    """Replace all that was typed, exactly as it is sent: odd values are validation's work."""
    etag = ""

    async def write() -> DraftRead:
        nonlocal etag
        draft = await drafting.save_draft(session, subject, collection_id, body.entries(), if_match=if_match)
        etag = draft.etag
        return DraftRead.of(draft.rows)

    return await idempotency.once(session, subject.key, write, status=200, headers=lambda _answer: {"ETag": etag})


@router.post("/collections/{collection_id}/validation")
async def check_draft(session: Transaction, subject: CanWriteDrafts, collection_id: UUID) -> ValidationRead:
    """Every finding in one answer; changes nothing."""
    return ValidationRead.of(await drafting.check_draft(session, subject, collection_id))


@router.post("/collections/{collection_id}/submission", status_code=201, response_model=ReceiptRead)
async def submit_draft(
    _turn: SubmittingTurn,
    session: Transaction,
    subject: CanSubmit,
    collection_id: UUID,
    idempotency: IdempotentWrite,
    body: SubmissionCreate | None = None,
) -> Response:
    """Make what is typed the record, whole or not at all; after a submission, a correction that wants a reason."""
    asked = body or SubmissionCreate()

    async def write() -> ReceiptRead:
        submitted = await submission.submit_draft(
            session,
            subject,
            collection_id,
            confirmations=[confirmation.confirmation() for confirmation in asked.confirm_warnings],
            reason=asked.reason,
        )
        return ReceiptRead.of(submitted)

    return await idempotency.once(session, subject.key, write, headers=_location)


def _location(answer: Any) -> dict[str, str]:
    return {"Location": f"/api/v1/submissions/{answer.number}"}


@router.get("/submissions/{number}")
async def read_submission(
    session: Transaction, subject: CanReadSubmissions, number: Annotated[str, Path(max_length=40)]
) -> ReceiptRead:
    """The receipt: whose, when, over which content, what it corrects, which warnings passed and why."""
    return ReceiptRead.of(await service.get_submission(session, subject, number))


@router.get("/collections/{collection_id}/history")
async def list_history(
    session: Transaction,
    subject: CanReadSubmissions,
    collection_id: UUID,
    division: DivisionCode = None,
    element: Annotated[str | None, Query(max_length=200)] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[ValueChangeRead]:
    """Who changed what, when, from what to what, through which door and why: by row, oldest first."""
    history = await service.list_history(session, subject, collection_id, division=division, element=element)
    return page_within(
        history,
        after,
        limit,
        read=ValueChangeRead.of,
        key=lambda change: [change.division, change.entity, change.revision, change.element],
    )
