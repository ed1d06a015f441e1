"""Asking for data in a browser (Order 809, arts. 20 and 21)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.geography import service as geography
from hub.grants import asking, service
from hub.grants.endpoints import CanRequestGrants
from hub.grants.errors import GrantRequestInvalid
from hub.grants.models import AccessGrant
from hub.grants.request_page import (
    AskedElement,
    ElementGroup,
    RequestPage,
    TownshipChoice,
    end_choices,
    start_choices,
)
from hub.grants.schemas import AccessGrantCreate
from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import HubError
from hub.kit.i18n import gettext as _
from hub.kit.problems import from_validation_error
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice, day
from hub.kit.transaction import Transaction
from hub.kit.typed import as_typed, chosen
from hub.kit.views import faults_by_field, render, see_other
from hub.registry import service as registry
from hub.registry.words import element_label, word
from hub.settings import settings

router = HubRouter(tags=["grants"])

PROVISIONAL = "includes_provisional"
STATEMENTS = ("basis", "scenario", "scope", "method")


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    elements: Sequence[str]
    divisions: Sequence[str]
    texts: Mapping[str, str]

    @classmethod
    def of(cls, form: FormData) -> "Typed":
        return cls(chosen(form, "elements"), chosen(form, "divisions"), as_typed(form))

    @classmethod
    def like(cls, grant: AccessGrant) -> "Typed":
        """A grant that ended is asked for anew with what it said, but for its end."""
        statements = {name: str(getattr(grant, name)) for name in STATEMENTS}
        periods = {"periods_from": grant.period_from, "periods_to": grant.period_to or ""}
        provisional = {PROVISIONAL: "1"} if grant.includes_provisional else {}
        return cls(grant.elements, grant.divisions, statements | periods | provisional)


@router.get("/access-grants/new")
async def read_request(
    request: Request,
    session: Transaction,
    subject: CanRequestGrants,
    *,
    elements: Annotated[list[str] | None, Query(max_length=500, description="picked in the catalogue")] = None,
    like: Annotated[str, Query(max_length=40, description="a grant of one's own that is asked for again")] = "",
) -> Response:
    typed = Typed(elements or [], [settings().county], {"method": _("接口查询")})
    if like:
        grant = await service.get_grant(session, subject, like)
        typed = Typed.like(grant)
    return render(request, "grant_request.html", await _page(session, subject, typed, {}))


@router.post("/access-grants")
async def request_grant(request: Request, session: Transaction, subject: CanRequestGrants) -> Response:
    """Everything that is missing is said at once; everything typed comes back."""
    typed = Typed.of(await request.form())
    try:
        grant, left_out = await asking.request_missing(session, subject, _asked(typed))
    except HubError as refusal:
        if not isinstance(refusal, GrantRequestInvalid) and not refusal.errors:
            raise
        page = await _page(session, subject, typed, faults_by_field(refusal.errors))
        return render(request, "grant_request.html", page, status=refusal.status)
    steward = await organizations.get_organization(session, grant.steward)
    notice = _("申请已提交，由{steward}办理。").format(steward=steward.name)
    if left_out:
        notice += _("已有授权的 {count} 个数据元没有重复申请。").format(count=len(left_out))
    return see_other(f"/access-grants/{grant.number}", notice=notice)


def _asked(typed: Typed) -> AccessGrantCreate:
    """The same request that the API takes, so that both doors say the same faults."""
    statements = {name: typed.texts.get(name) or None for name in (*STATEMENTS, "valid_until")}
    ends = {name: typed.texts.get(f"periods_{name}", "").strip() or None for name in ("from", "to")}
    try:
        return AccessGrantCreate.model_validate(
            {
                "elements": list(typed.elements),
                "divisions": list(typed.divisions),
                "periods": ends,
                "includes_provisional": PROVISIONAL in typed.texts,
                **statements,
            }
        )
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise from_validation_error(RequestValidationError(faults)) from error


async def _page(
    session: AsyncSession, subject: Subject, typed: Typed, faults: Mapping[str, Sequence[str]]
) -> RequestPage:
    county, today = settings().county, clock.today()
    groups = await _element_groups(session, subject, frozenset(typed.elements))
    named = await geography.get_divisions(session, [county])
    return RequestPage(
        picked=tuple(one for group in groups for one in group.elements if one.is_chosen),
        groups=tuple(
            ElementGroup(group.title, rest)
            for group in groups
            if (rest := tuple(one for one in group.elements if not one.is_chosen))
        ),
        county=Choice(county, named[county].name if county in named else county),
        townships=await _townships(session, county, frozenset(typed.divisions)),
        chosen_divisions=frozenset(typed.divisions),
        first_periods=start_choices(today, typed.texts.get("periods_from", "")),
        last_periods=end_choices(today, typed.texts.get("periods_to", "")),
        typed=typed.texts,
        faults=faults,
        asks_provisional=PROVISIONAL in typed.texts,
    )


async def _element_groups(session: AsyncSession, subject: Subject, picked: Collection[str]) -> list[ElementGroup]:
    """What is registered as good enough to be used, form by form and section by section."""
    held = await asking.list_held(session, subject.organization.code)
    groups: dict[str, list[AskedElement]] = {}
    for object_class, period_type in await registry.list_object_classes(session):
        about = f"{word('object_class', object_class)} · {word('period_type', period_type)}"
        for version in await registry.list_assembled(session, object_class, period_type, clock.today()):
            element = AskedElement(
                identifier=version.identifier,
                label=element_label(version),
                about=about,
                held=_held_words(held.get(version.identifier, ())),
                is_chosen=version.identifier in picked,
            )
            groups.setdefault(f"{about} · {version.topic}", []).append(element)
    return [ElementGroup(title, tuple(found)) for title, found in groups.items()]


def _held_words(grants: Sequence[AccessGrant]) -> str:
    if not grants:
        return ""
    return _("已有 {number}，至{day}").format(number=grants[0].number, day=day(grants[0].valid_until))


async def _townships(session: AsyncSession, county: str, picked: Collection[str]) -> tuple[TownshipChoice, ...]:
    """The county's tree by name, each township with its villages."""
    villages: dict[str, list[Choice]] = {}
    for place in await geography.subtree_places(session, [county], "village", clock.today()):
        villages.setdefault(place.lineage[-2], []).append(Choice(place.code, place.name))
    return tuple(
        TownshipChoice(
            code=township.code,
            name=township.name,
            villages=tuple(villages.get(township.code, ())),
            is_open=any(village.value in picked for village in villages.get(township.code, ())),
        )
        for township in await geography.subtree_places(session, [county], "township", clock.today())
    )
