"""Asking for access and answering it, in a browser (Order 809, arts. 20 to 27)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.geography import service as geography
from hub.grants import service
from hub.grants.endpoints import CanDecideGrants, CanReadGrants, CanRequestGrants
from hub.grants.errors import GrantRequestInvalid, GrantStateConflict
from hub.grants.grant_page import (
    ElementGroup,
    GrantsPage,
    Names,
    RequestPage,
    grant_line,
    grant_page,
)
from hub.grants.lifecycle import Decision, GrantState
from hub.grants.models import AccessGrant
from hub.grants.schemas import AccessGrantCreate, AccessGrantRead
from hub.grants.words import decision_words, state_words
from hub.identity import organizations
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import HubError, NotFound
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_position, encode_position
from hub.kit.problems import from_validation_error
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import Choice, faults_by_field, render, see_other
from hub.registry import service as registry
from hub.registry.words import element_label, word
from hub.settings import settings

router = HubRouter(tags=["grants"])

LINES_OF_A_PAGE = 100
STATEMENTS = ("basis", "scenario", "scope", "method")

Number = Annotated[str, Path(max_length=40)]


@router.get("/access-grants")
async def list_grants(
    request: Request,
    session: Transaction,
    subject: CanReadGrants,
    *,
    state: Annotated[str, Query(max_length=20)] = "",
    after: After = None,
) -> Response:
    """What the caller's organisation asked for or answers."""
    position = decode_position(after, length=1)
    states = (state,) if state in get_args(GrantState) else ()
    found = await service.list_grants(
        session, subject, states=states, after=int(position[0]) if position else None, limit=LINES_OF_A_PAGE + 1
    )
    shown = found[:LINES_OF_A_PAGE]
    names = await _organizations(session)
    page = GrantsPage(
        lines=tuple(grant_line(AccessGrantRead.of(grant), names) for grant in shown),
        state=state,
        states=tuple(Choice(one, state_words(one)) for one in get_args(GrantState)),
        waiting=sum(grant.state == "requested" and grant.steward == subject.organization.code for grant in shown),
        next=_next(state, shown[-1].serial) if len(found) > LINES_OF_A_PAGE else None,
        may_request=_may_request(subject),
    )
    return render(request, "grants.html", page)


def _may_request(subject: Subject) -> bool:
    return subject.may(Permission.ACCESS_GRANT_REQUEST)


def _next(state: str, serial: int) -> str:
    asked = {"state": state, "after": encode_position([serial])}
    return "/access-grants?" + urlencode({name: value for name, value in asked.items() if value})


async def _organizations(session: AsyncSession) -> dict[str, str]:
    return {one.code: one.name for one in await organizations.list_organizations(session)}


@router.get("/access-grants/new")
async def read_request(request: Request, session: Transaction, subject: CanRequestGrants) -> Response:
    typed = {"method": _("接口查询")}
    page = await _request_page(session, (), [settings().county], typed, {})
    return render(request, "grant_request.html", page)


@router.post("/access-grants")
async def request_grant(request: Request, session: Transaction, subject: CanRequestGrants) -> Response:
    """Everything that is missing is said at once; everything typed comes back."""
    form = await request.form()
    typed = _texts(form)
    elements, divisions = _chosen(form, "elements"), _chosen(form, "divisions")
    try:
        grant = await service.request_grant(session, subject, _asked(typed, elements, divisions))
    except HubError as refusal:
        if not isinstance(refusal, GrantRequestInvalid) and not refusal.errors:
            raise
        page = await _request_page(session, elements, divisions, typed, faults_by_field(refusal.errors))
        return render(request, "grant_request.html", page, status=refusal.status)
    steward = (await _organizations(session)).get(grant.steward, grant.steward)
    notice = _("申请已提交，由{steward}办理。").format(steward=steward)
    return see_other(f"/access-grants/{grant.number}", notice=notice)


def _texts(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str) and name != "csrf_token"}


def _chosen(form: FormData, name: str) -> list[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]


def _asked(typed: Mapping[str, str], elements: list[str], divisions: list[str]) -> AccessGrantCreate:
    """The same request that the API takes, so that both doors say the same faults."""
    statements = {name: typed.get(name) or None for name in (*STATEMENTS, "valid_until")}
    periods = {"from": typed.get("periods_from", "").strip() or None, "to": typed.get("periods_to", "").strip() or None}
    try:
        return AccessGrantCreate.model_validate(
            {"elements": elements, "divisions": divisions, "periods": periods, **statements}
        )
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise from_validation_error(RequestValidationError(faults)) from error


async def _request_page(
    session: AsyncSession,
    elements: Iterable[str],
    divisions: Iterable[str],
    typed: Mapping[str, str],
    faults: dict[str, list[str]],
) -> RequestPage:
    county = settings().county
    codes = [county, *await geography.subtree_codes(session, [county], "township", clock.today())]
    named = await geography.get_divisions(session, codes)
    return RequestPage(
        groups=await _element_groups(session),
        divisions=tuple(Choice(code, named[code].name) for code in codes if code in named),
        chosen_elements=frozenset(elements),
        chosen_divisions=frozenset(divisions),
        typed=typed,
        faults=faults,
    )


async def _element_groups(session: AsyncSession) -> tuple[ElementGroup, ...]:
    """What is registered as good enough to be used, form by form and section by section."""
    groups: dict[str, list[Choice]] = {}
    for object_class, period_type in await registry.list_object_classes(session):
        about = f"{word('object_class', object_class)} · {word('period_type', period_type)}"
        for version in await registry.list_assembled(session, object_class, period_type, clock.today()):
            choice = Choice(version.identifier, element_label(version))
            groups.setdefault(f"{about} · {version.topic}", []).append(choice)
    return tuple(ElementGroup(title, tuple(found)) for title, found in groups.items())


@router.get("/access-grants/{number}")
async def read_grant(request: Request, session: Transaction, subject: CanReadGrants, number: Number) -> Response:
    grant = await service.get_grant(session, subject, number)
    page = grant_page(subject, grant, await _names(session, grant), typed={}, fault=None)
    return render(request, "grant.html", page)


async def _names(session: AsyncSession, grant: AccessGrant) -> Names:
    elements = await registry.list_current_of(session, grant.elements)
    divisions = await geography.get_divisions(session, grant.divisions)
    return Names(
        organizations=await _organizations(session),
        elements={version.identifier: element_label(version) for version in elements},
        divisions={code: division.name for code, division in divisions.items()},
    )


@router.post("/access-grants/{number}/{decision}")
async def decide_grant(
    request: Request, session: Transaction, subject: CanDecideGrants, number: Number, decision: str
) -> Response:
    """Approve, refuse, suspend or revoke; all but an approval want a reason."""
    if decision not in get_args(Decision):
        raise NotFound(_("没有这个地址。"))
    grant = await service.get_grant(session, subject, number)
    typed = _texts(await request.form())
    reason = typed.get("reason", "").strip()
    if decision != "approval" and not reason:
        fault = _("请填写{decision}的理由。").format(decision=decision_words(decision))
        page = grant_page(subject, grant, await _names(session, grant), typed=typed, fault=fault)
        return render(request, "grant.html", page, status=422)
    try:
        await service.decide(session, subject, number, decision, reason=reason or None)  # type: ignore[arg-type]  # checked above
    except GrantStateConflict as refusal:
        page = grant_page(subject, grant, await _names(session, grant), typed=typed, fault=refusal.detail)
        return render(request, "grant.html", page, status=refusal.status)
    notice = _("已办理：{decision}。").format(decision=decision_words(decision))
    return see_other(f"/access-grants/{number}", notice=notice)
