from typing import Annotated

from fastapi import Depends, Query, Response

from hub.geography import service
from hub.geography.levels import Level
from hub.geography.schemas import DivisionCreate, DivisionRead, SuccessionCreate
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.paging import DEFAULT_LIMIT, After, Limit, Page, decode_key, page_of
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(prefix="/divisions", tags=["divisions"])

CanReadDivisions = Annotated[Subject, Depends(requires(Permission.DIVISION_READ))]
CanManageDivisions = Annotated[Subject, Depends(requires(Permission.DIVISION_MANAGE))]


@router.get("")
async def list_divisions(
    session: Transaction,
    _subject: CanReadDivisions,
    parent: Annotated[str | None, Query(max_length=12, description="only its direct children")] = None,
    level: Level | None = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a name, or the beginning of a code")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[DivisionRead]:
    found = await service.list_divisions(
        session, parent=parent, level=level, q=q, after=decode_key(after), limit=limit + 1
    )
    return page_of(found, limit, read=DivisionRead.of, key=lambda division: [division.code])


@router.post("", status_code=201, response_model=DivisionRead)
async def add_division(
    session: Transaction, subject: CanManageDivisions, idempotency: IdempotentWrite, body: DivisionCreate
) -> Response:
    async def write() -> DivisionRead:
        return DivisionRead.of(await service.add_division(session, subject, **body.model_dump()))

    return await idempotency.once(session, subject.key, write)


@router.get("/{code}")
async def get_division(session: Transaction, _subject: CanReadDivisions, code: str) -> DivisionRead:
    return DivisionRead.of(await service.get_division(session, code))


@router.post("/{code}/succession", status_code=201, response_model=DivisionRead)
async def succeed(
    session: Transaction,
    subject: CanManageDivisions,
    idempotency: IdempotentWrite,
    code: str,
    body: SuccessionCreate,
) -> Response:
    """Close a merged division. Its past values keep their place; new periods ask the successor."""

    async def write() -> DivisionRead:
        division = await service.succeed(session, subject, code, successor=body.successor, closed_on=body.closed_on)
        return DivisionRead.of(division)

    return await idempotency.once(session, subject.key, write)
