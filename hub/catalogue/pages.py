"""The catalogue in a browser: look for what the county holds, and pick what is to be asked for."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.catalogue import service
from hub.catalogue.catalogue_page import CataloguePage, catalogue_line
from hub.catalogue.endpoints import CanReadCatalogue, Search, Word
from hub.catalogue.service import CatalogueEntry, CatalogueFilter
from hub.identity import organizations
from hub.identity.roles import Permission
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.registry import service as registry
from hub.registry.words import WORDS, element_label, word

router = HubRouter(tags=["catalogue"])

LINES_OF_A_PAGE = 50


@router.get("/catalogue")
async def read_catalogue(
    request: Request,
    session: Transaction,
    subject: CanReadCatalogue,
    *,
    q: Search = "",
    owner: Word = "",
    sharing_type: Word = "",
    object_class: Word = "",
    period_type: Word = "",
    elements: Annotated[list[str] | None, Query(max_length=500, description="picked so far")] = None,
    start: Annotated[int, Query(ge=0, le=service.MOST_ENTRIES)] = 0,
) -> Response:
    facets = {"sharing_type": sharing_type, "object_class": object_class, "period_type": period_type}
    wanted = CatalogueFilter(q, owner, {name: value for name, value in facets.items() if value})
    entries = await service.list_entries(session, subject, wanted)
    typed = {"q": q, "owner": owner, **facets}
    may_request = subject.may(Permission.ACCESS_GRANT_REQUEST)
    page = await _page(session, entries, start, elements or [], typed, may_request=may_request)
    return render(request, "catalogue.html", page)


async def _page(
    session: AsyncSession,
    entries: Sequence[CatalogueEntry],
    start: int,
    picked: Sequence[str],
    typed: Mapping[str, str],
    *,
    may_request: bool,
) -> CataloguePage:
    shown = entries[start : start + LINES_OF_A_PAGE]
    names = {entry.version.identifier for entry in shown}
    elsewhere = await registry.list_current_of(session, [one for one in dict.fromkeys(picked) if one not in names])
    following = start + LINES_OF_A_PAGE
    owners = [one for one in await organizations.list_organizations(session) if one.kind == "department"]
    return CataloguePage(
        lines=tuple(catalogue_line(entry, frozenset(picked)) for entry in shown),
        total=len(entries),
        typed=typed,
        owners=tuple(Choice(one.code, one.name) for one in owners),
        sharing_types=_choices("sharing_type"),
        object_classes=_choices("object_class"),
        period_types=_choices("period_type"),
        picked_elsewhere=tuple(Choice(one.identifier, element_label(one)) for one in elsewhere),
        next_start=following if following < len(entries) else None,
        may_request=may_request,
    )


def _choices(kind: str) -> tuple[Choice, ...]:
    return tuple(Choice(value, word(kind, value)) for value in WORDS[kind])
