"""The register of data elements in a browser: what there is, found by words and filters."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from hub.kit.paging import After, encode_position
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import Choice, render
from hub.registry import service
from hub.registry.endpoints import CanReadElements, rank_and_identifier
from hub.registry.models import DataElementVersion
from hub.registry.statuses import RegistrationStatus
from hub.registry.words import WORDS, element_label, tone, word

router = HubRouter(tags=["registry"])

LINES_OF_A_PAGE = 100

Filter = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True)
class ElementLine:
    identifier: str
    name: str
    aliases: str
    about: str
    unit: str
    source: str
    status: str
    tone: str
    topic: str


@dataclass(frozen=True)
class ElementFilters:
    """As they were asked; an empty text is no filter."""

    q: str
    object_class: str
    period_type: str
    status: str
    source: str


@dataclass(frozen=True)
class ElementsPage:
    """`choices`: for each filter what may be chosen. `next` leads on when there are more."""

    lines: tuple[ElementLine, ...]
    filters: ElementFilters
    choices: dict[str, tuple[Choice, ...]]
    next: str | None


@router.get("/data-elements")
async def list_data_elements(
    request: Request,
    session: Transaction,
    subject: CanReadElements,
    *,
    q: Annotated[str, Query(max_length=200)] = "",
    object_class: Filter = "",
    period_type: Filter = "",
    status: Filter = "",
    source: Filter = "",
    after: After = None,
) -> Response:
    filters = ElementFilters(q, object_class, period_type, status, source)
    found = await service.search_elements(
        session,
        q=q or None,
        object_class=object_class or None,
        period_type=period_type or None,
        status=RegistrationStatus(status) if status in set(RegistrationStatus) else None,
        source=source or None,
        after=rank_and_identifier(after),
        limit=LINES_OF_A_PAGE + 1,
    )
    shown = found[:LINES_OF_A_PAGE]
    page = ElementsPage(
        lines=tuple(_line(version) for version, _rank in shown),
        filters=filters,
        choices={name: choices(name) for name in ("object_class", "period_type", "status", "source")},
        next=_next(filters, *shown[-1]) if len(found) > LINES_OF_A_PAGE else None,
    )
    return render(request, "elements.html", page)


def choices(kind: str) -> tuple[Choice, ...]:
    """Every fixed word of a kind, to choose from."""
    return tuple(Choice(value, say()) for value, say in WORDS[kind].items())


def _line(version: DataElementVersion) -> ElementLine:
    return ElementLine(
        identifier=version.identifier,
        name=element_label(version),
        aliases="、".join(version.aliases),
        about=f"{word('object_class', version.object_class)} · {word('period_type', version.period_type)}",
        unit=version.value_domain.get("unit") or "",
        source=word("source", version.source),
        status=word("status", version.registration_status),
        tone=tone(version.registration_status),
        topic=version.topic,
    )


def _next(filters: ElementFilters, last: DataElementVersion, rank: int) -> str:
    asked = {**filters.__dict__, "after": encode_position([rank, last.identifier])}
    return "/data-elements?" + urlencode({name: value for name, value in asked.items() if value})
