"""Who reads what: a township's own receipt of use, and the uses of an element."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query

from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.paging import After, Limit, Page, decode_position, page_of, page_within
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction
from hub.oversight import service
from hub.oversight.schemas import ServedRead, UsageRead, UseRead

router = ApiRouter(tags=["oversight"])

CanReadUsage = Annotated[Subject, Depends(requires(Permission.USAGE_READ))]
CanReadElements = Annotated[Subject, Depends(requires(Permission.DATA_ELEMENT_READ))]


@router.get("/usage")
async def list_usage(
    session: Transaction,
    subject: CanReadUsage,
    *,
    division: Annotated[str | None, Query(max_length=12, description="default: the caller's own")] = None,
    since: Annotated[date | None, Query(alias="from", description="first day of reading")] = None,
    until: Annotated[date | None, Query(alias="to", description="last day of reading")] = None,
    limit: Limit = 100,
    after: After = None,
) -> Page[UsageRead]:
    """Who read which elements of the division, for what purpose, how often and when last."""
    position = decode_position(after, length=3)
    found = await service.list_usage(
        session,
        subject,
        division=division,
        since=since,
        until=until,
        after=None if position is None else (str(position[0]), str(position[1]), str(position[2])),
        limit=limit + 1,
    )
    return page_of(found, limit, read=UsageRead.of, key=lambda usage: [usage.element, usage.organization, usage.grant])


@router.get("/usage/served")
async def count_served(
    session: Transaction,
    subject: CanReadUsage,
    *,
    division: Annotated[str | None, Query(max_length=12, description="default: the caller's own")] = None,
    since: Annotated[date | None, Query(alias="from", description="first day of reading")] = None,
    until: Annotated[date | None, Query(alias="to", description="last day of reading")] = None,
) -> ServedRead:
    """How many departments each figure served, and how many forms that saved."""
    return ServedRead.of(await service.count_served(session, subject, division=division, since=since, until=until))


@router.get("/data-elements/{identifier}/uses")
async def list_uses(
    session: Transaction,
    subject: CanReadElements,
    identifier: Annotated[str, Path(max_length=80)],
    limit: Limit = 100,
    after: After = None,
) -> Page[UseRead]:
    """What would notice a change of the element: forms, rules, derived elements, grants and programs."""
    uses = await service.list_uses(session, identifier)
    return page_within(
        uses,
        after,
        limit,
        read=UseRead.of,
        key=lambda use: [use.kind, use.id, use.version or 0, str(use.last_at or "")],
    )
