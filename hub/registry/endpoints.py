from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.idempotency import IdempotentWrite
from hub.kit.paging import (
    DEFAULT_LIMIT,
    After,
    Limit,
    Page,
    bad_cursor,
    decode_key,
    decode_position,
    encode_position,
    page_of,
    page_within,
)
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.registry import code_lists, service
from hub.registry.file_models import ObjectClass, PeriodType
from hub.registry.models import DataElementVersion
from hub.registry.schemas import (
    CodeListCreate,
    CodeListRead,
    CodeListRevisedRead,
    CodeListVersionCreate,
    DataElementCreate,
    DataElementRead,
    DataElementVersionCreate,
    RegistrationStatusChangeRead,
    RegistrationStatusWrite,
    RuleRead,
    RuleStatusWrite,
    Sensitivity,
    SharingType,
    Source,
    Status,
)
from hub.registry.statuses import RegistrationStatus

router = ApiRouter(tags=["registry"])

CanReadElements = Annotated[Subject, Depends(requires(Permission.DATA_ELEMENT_READ))]
CanRegisterElements = Annotated[Subject, Depends(requires(Permission.DATA_ELEMENT_REGISTER))]
CanDecideElements = Annotated[Subject, Depends(requires(Permission.DATA_ELEMENT_DECIDE))]


async def _read(session: AsyncSession, version: DataElementVersion) -> DataElementRead:
    return DataElementRead.of((await service.describe(session, [version]))[0])


Said = Annotated[str | None, Query(max_length=200, description="exactly as registered")]


def rank_and_identifier(after: str | None) -> tuple[int, str] | None:
    position = decode_position(after, length=2)
    if position is None:
        return None
    rank, identifier = position
    if not isinstance(rank, int) or not isinstance(identifier, str):
        raise bad_cursor()
    return rank, identifier


@router.get("/data-elements")
async def list_data_elements(
    session: Transaction,
    _subject: CanReadElements,
    *,
    q: Annotated[str | None, Query(max_length=200, description="words or parts of words, best match first")] = None,
    object_class: ObjectClass | None = None,
    period_type: PeriodType | None = None,
    status: Annotated[Status | None, Query(description="the newest version of each element that has it")] = None,
    source: Source | None = None,
    steward: Said = None,
    sharing_type: SharingType | None = None,
    sensitivity: Sensitivity | None = None,
    population: Said = None,
    place: Said = None,
    stock_or_flow: Said = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[DataElementRead]:
    """Each element in its newest qualified version, else its newest. Words may be written in pinyin."""
    facets = {
        "steward": steward,
        "sharing_type": sharing_type,
        "sensitivity": sensitivity,
        "population": population,
        "place": place,
        "stock_or_flow": stock_or_flow,
    }
    found = await service.search_elements(
        session,
        q=q,
        object_class=object_class,
        period_type=period_type,
        status=RegistrationStatus(status) if status else None,
        source=source,
        facets={name: value for name, value in facets.items() if value is not None},
        after=rank_and_identifier(after),
        limit=limit + 1,
    )
    return await _page(session, found, limit)


async def _page(
    session: AsyncSession, found: Sequence[tuple[DataElementVersion, int]], limit: int
) -> Page[DataElementRead]:
    """`found` has one more than the page when there is a next one."""
    shown = await service.describe(session, [version for version, _rank in found[:limit]])
    position = [found[limit - 1][1], found[limit - 1][0].identifier] if len(found) > limit else None
    return Page(
        items=[DataElementRead.of(described) for described in shown],
        next=encode_position(position) if position else None,
    )


@router.post("/data-elements", status_code=201, response_model=DataElementRead)
async def register_data_element(
    session: Transaction, subject: CanRegisterElements, idempotency: IdempotentWrite, body: DataElementCreate
) -> Response:
    """Register a new fact, as `candidate`, or `incomplete` while something is missing."""

    async def write() -> DataElementRead:
        return await _read(session, await service.register_data_element(session, subject, body.element()))

    return await idempotency.once(session, subject.key, write, headers=_location)


def _location(answer: DataElementRead) -> dict[str, str]:
    return {"Location": f"/api/v1/data-elements/{answer.identifier}"}


@router.get("/data-elements/{identifier}")
async def get_data_element(session: Transaction, _subject: CanReadElements, identifier: str) -> DataElementRead:
    return await _read(session, await service.get_current(session, identifier))


@router.get("/data-elements/{identifier}/versions")
async def list_versions(
    session: Transaction,
    _subject: CanReadElements,
    identifier: str,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[DataElementRead]:
    """Every version, oldest first."""
    described = await service.describe(session, await service.list_versions(session, identifier))
    return page_within(described, after, limit, read=DataElementRead.of, key=lambda shown: [shown.version.version])


@router.post("/data-elements/{identifier}/versions", status_code=201, response_model=DataElementRead)
async def register_version(
    session: Transaction,
    subject: CanRegisterElements,
    idempotency: IdempotentWrite,
    identifier: str,
    body: DataElementVersionCreate,
) -> Response:
    """Another definition; a breaking change is refused (`breaking_change`) unless `breaking` is true."""

    async def write() -> DataElementRead:
        version = await service.register_version(session, subject, identifier, body.changes(), breaking=body.breaking)
        return await _read(session, version)

    return await idempotency.once(session, subject.key, write)


@router.get("/data-elements/{identifier}/registration-status")
async def list_status_changes(
    session: Transaction,
    _subject: CanReadElements,
    identifier: str,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[RegistrationStatusChangeRead]:
    """Who moved the element from where to where, oldest first."""
    # Nothing is ever taken out of this list or put between: a change's number in it is its key.
    numbered = enumerate(await service.list_status_changes(session, identifier))
    return page_within(
        numbered,
        after,
        limit,
        read=lambda item: RegistrationStatusChangeRead.of(item[1]),
        key=lambda item: [item[0]],
    )


@router.post("/data-elements/{identifier}/registration-status", status_code=201, response_model=DataElementRead)
async def change_registration_status(
    session: Transaction,
    subject: CanDecideElements,
    idempotency: IdempotentWrite,
    identifier: str,
    body: RegistrationStatusWrite,
) -> Response:
    """Move a version along; `qualified` and above wants another person than the one who proposed it."""

    async def write() -> DataElementRead:
        moved = await service.change_registration_status(
            session,
            subject,
            identifier,
            body.new_status,
            note=body.note,
            version=body.version,
            superseded_by=body.superseded_by,
        )
        return await _read(session, moved[-1])

    return await idempotency.once(session, subject.key, write)


@router.get("/code-lists")
async def list_code_lists(
    session: Transaction, _subject: CanReadElements, limit: Limit = DEFAULT_LIMIT, after: After = None
) -> Page[CodeListRead]:
    """Each list in its newest version."""
    found = await code_lists.list_code_lists(session, after=decode_key(after), limit=limit + 1)
    return page_of(found, limit, read=CodeListRead.of, key=lambda code_list: [code_list.identifier])


@router.post("/code-lists", status_code=201, response_model=CodeListRead)
async def register_code_list(
    session: Transaction, subject: CanRegisterElements, idempotency: IdempotentWrite, body: CodeListCreate
) -> Response:
    async def write() -> CodeListRead:
        return CodeListRead.of(await code_lists.register_code_list(session, subject, body.code_list()))

    return await idempotency.once(session, subject.key, write)


@router.get("/code-lists/{identifier}")
async def get_code_list(session: Transaction, _subject: CanReadElements, identifier: str) -> CodeListRead:
    return CodeListRead.of((await code_lists.list_versions(session, identifier))[-1])


@router.get("/code-lists/{identifier}/versions")
async def list_code_list_versions(
    session: Transaction,
    _subject: CanReadElements,
    identifier: str,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[CodeListRead]:
    """Every version, oldest first: a value keeps the meaning it was captured under."""
    versions = await code_lists.list_versions(session, identifier)
    return page_within(versions, after, limit, read=CodeListRead.of, key=lambda version: [version.version])


@router.post("/code-lists/{identifier}/versions", status_code=201, response_model=CodeListRevisedRead)
async def register_code_list_version(
    session: Transaction,
    subject: CanRegisterElements,
    idempotency: IdempotentWrite,
    identifier: str,
    body: CodeListVersionCreate,
) -> Response:
    """A new version of the list, and of every element that uses it; those wait for a second person."""

    async def write() -> CodeListRevisedRead:
        revised = await code_lists.register_version(
            session,
            subject,
            identifier,
            body.values,
            name=body.name,
            source=body.source,
            breaking=body.breaking,
        )
        return CodeListRevisedRead.of_revision(revised)

    return await idempotency.once(session, subject.key, write)


@router.get("/rules")
async def list_rules(
    session: Transaction,
    _subject: CanReadElements,
    object_class: ObjectClass | None = None,
    period_type: PeriodType | None = None,
    status: Status | None = None,
    element: Annotated[str | None, Query(max_length=80, description="only rules that name it")] = None,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[RuleRead]:
    found = await service.search_rules(
        session,
        object_class=object_class,
        period_type=period_type,
        status=RegistrationStatus(status) if status else None,
        element=element,
        after=decode_key(after),
        limit=limit + 1,
    )
    return page_of(found, limit, read=RuleRead.of, key=lambda rule: [rule.identifier])


@router.get("/rules/{identifier}/versions")
async def list_rule_versions(
    session: Transaction,
    _subject: CanReadElements,
    identifier: str,
    limit: Limit = DEFAULT_LIMIT,
    after: After = None,
) -> Page[RuleRead]:
    """Every version, oldest first."""
    versions = await service.list_rule_versions(session, identifier)
    return page_within(versions, after, limit, read=RuleRead.of, key=lambda version: [version.version])


@router.get("/rules/{identifier}")
async def get_rule(session: Transaction, _subject: CanReadElements, identifier: str) -> RuleRead:
    """The rule in its newest qualified version, else its newest."""
    return RuleRead.of(await service.get_rule(session, identifier))


@router.post("/rules/{identifier}/registration-status", status_code=201, response_model=RuleRead)
async def change_rule_status(
    session: Transaction,
    subject: CanDecideElements,
    idempotency: IdempotentWrite,
    identifier: str,
    body: RuleStatusWrite,
) -> Response:
    async def write() -> RuleRead:
        rule = await service.change_rule_status(
            session, subject, identifier, body.new_status, note=body.note, version=body.version
        )
        return RuleRead.of(rule)

    return await idempotency.once(session, subject.key, write)
