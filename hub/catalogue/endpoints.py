"""`GET /catalogue`."""

from typing import Annotated

from fastapi import Depends, Query

from hub.catalogue import service
from hub.catalogue.schemas import CatalogueEntryRead
from hub.catalogue.service import CatalogueFilter
from hub.identity.dependencies import requires
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.paging import After, Limit, Page, page_within
from hub.kit.routing import ApiRouter
from hub.kit.transaction import Transaction

router = ApiRouter(tags=["catalogue"])

CanReadCatalogue = Annotated[Subject, Depends(requires(Permission.DATA_ELEMENT_READ))]

Search = Annotated[str, Query(max_length=200, description="Chinese words, parts of words, aliases, pinyin")]
Word = Annotated[str, Query(max_length=63)]


@router.get("/catalogue")
async def list_catalogue(
    session: Transaction,
    subject: CanReadCatalogue,
    *,
    q: Search = "",
    owner: Annotated[str, Query(max_length=63, description="a source organisation")] = "",
    sharing_type: Word = "",
    object_class: Word = "",
    period_type: Word = "",
    limit: Limit = 100,
    after: After = None,
) -> Page[CatalogueEntryRead]:
    """What is held, by whom, how it is shared and how often it comes, how fresh it is, and how to get it."""
    named = {"sharing_type": sharing_type, "object_class": object_class, "period_type": period_type}
    wanted = CatalogueFilter(q, owner, {name: value for name, value in named.items() if value})
    entries = await service.list_entries(session, subject, wanted)
    return page_within(entries, after, limit, read=CatalogueEntryRead.of, key=lambda entry: list(entry.place))
