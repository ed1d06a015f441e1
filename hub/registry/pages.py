"""The register of data elements in a browser: what there is, found by words and filters."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response

from hub.identity import organizations
from hub.identity.roles import Permission
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.registry import service
from hub.registry.endpoints import CanReadElements, rank_and_identifier
from hub.registry.facets import FILTERS, MAIN_FILTERS
from hub.registry.models import DataElementVersion
from hub.registry.service import FacetCounts
from hub.registry.statuses import RegistrationStatus
from hub.registry.words import WORDS, element_label, tone, word

router = HubRouter(tags=["registry"])

LINES_OF_A_PAGE = 50
LONGEST_FILTER = 200


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
    steward: str


@dataclass(frozen=True)
class Filter:
    """One filter with what may be chosen, each with how many would be found; an empty value is no filter."""

    name: str
    label: str
    value: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class ElementsPage:
    """`more`: filters that are folded away until one of them is used. `next` leads on when there are more.

    `is_counted`: false when so many were found that only the first of them were counted.
    """

    lines: tuple[ElementLine, ...]
    q: str
    count: int
    is_counted: bool
    filters: tuple[Filter, ...]
    more: tuple[Filter, ...]
    is_first: bool
    first: str
    next: str | None
    may_register: bool

    @property
    def is_more_open(self) -> bool:
        return any(one.value for one in self.more)


@router.get("/data-elements")
async def list_data_elements(
    request: Request,
    session: Transaction,
    subject: CanReadElements,
    *,
    q: Annotated[str, Query(max_length=200)] = "",
    after: After = None,
) -> Response:
    asked = asked_filters(request.query_params)
    found = await service.search_elements(
        session, q=q or None, facets=asked, after=rank_and_identifier(after), limit=LINES_OF_A_PAGE + 1
    )
    counts = await service.count_facets(session, q or None, asked, FILTERS)
    named = {one.code: one.name for one in await organizations.list_organizations(session)}
    shown = found[:LINES_OF_A_PAGE]
    filters = [_filter(name, asked.get(name, ""), counts, named) for name in (*MAIN_FILTERS, *_OTHERS)]
    page = ElementsPage(
        lines=tuple(_line(version, named) for version, _rank in shown),
        q=q,
        count=counts.total,
        is_counted=counts.is_whole,
        filters=tuple(filters[: len(MAIN_FILTERS)]),
        more=tuple(one for one in filters[len(MAIN_FILTERS) :] if one.choices),
        is_first=after is None,
        first=_address(q, asked, None),
        next=_address(q, asked, [shown[-1][1], shown[-1][0].identifier]) if len(found) > LINES_OF_A_PAGE else None,
        may_register=subject.may(Permission.DATA_ELEMENT_REGISTER),
    )
    return render(request, "elements.html", page)


_OTHERS = tuple(name for name in FILTERS if name not in MAIN_FILTERS)


def asked_filters(params: Mapping[str, str]) -> dict[str, str]:
    """What was chosen; a status that is none is no filter, as a list is no place to argue."""
    asked = {name: params.get(name, "")[:LONGEST_FILTER] for name in ("status", *FILTERS)}
    if asked["status"] not in set(RegistrationStatus):
        del asked["status"]
    return {name: value for name, value in asked.items() if value}


def _filter(name: str, value: str, found: FacetCounts, organizations_named: Mapping[str, str]) -> Filter:
    counts = found.of[name]
    options = dict.fromkeys([*(one for one in WORDS.get(name, {}) if one in counts), *_often_first(counts)])
    if value:
        options.setdefault(value)
    said = {option: _said(name, option, organizations_named) for option in options}
    if found.is_whole:
        said = {option: f"{label} ({counts.get(option, 0)})" for option, label in said.items()}
    return Filter(name, _label(name), value, tuple(Choice(option, label) for option, label in said.items()))


def _often_first(counts: Mapping[str, int]) -> Iterable[str]:
    return sorted(counts, key=lambda value: (-counts[value], value))


def _said(name: str, value: str, organizations_named: Mapping[str, str]) -> str:
    if name == "steward":
        return organizations_named.get(value, value)
    return word(name if name in WORDS else "facet_value", value)


def _label(name: str) -> str:
    labels = {
        "object_class": _("对象"),
        "period_type": _("周期"),
        "status": _("登记状态"),
        "source": _("来源"),
        "steward": _("管理单位"),
        "sharing_type": _("共享类型"),
        "sensitivity": _("敏感程度"),
        "topic": _("所在节"),
        "datatype": _("数据类型"),
        "collection_basis": _("采集性质"),
    }
    return labels.get(name) or word("facet", name)


def choices(kind: str) -> tuple[Choice, ...]:
    """Every fixed word of a kind, to choose from."""
    return tuple(Choice(value, say()) for value, say in WORDS[kind].items())


def _line(version: DataElementVersion, organizations_named: Mapping[str, str]) -> ElementLine:
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
        steward=organizations_named.get(version.steward or "", version.steward or ""),
    )


def _address(q: str, asked: Mapping[str, str], after: list[object] | None) -> str:
    given = {"q": q, **asked, "after": encode_position(after) if after else ""}
    said = urlencode({name: value for name, value in given.items() if value})
    return "/data-elements?" + said if said else "/data-elements"
