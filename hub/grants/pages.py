"""The grants of one's own unit and one grant with its ready-made calls, in a browser."""

from typing import Annotated, get_args
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response

from hub.calendar.words import period_words
from hub.grants import service
from hub.grants.calls import CallFacts, ready_calls
from hub.grants.endpoints import CanReadGrants
from hub.grants.errors import GrantNotFound
from hub.grants.forms_of import form_of, granted_forms
from hub.grants.grant_material import find_material, organization_names
from hub.grants.grant_page import CallsPage, GrantsPage, grant_line, grant_page
from hub.grants.held import newest_held
from hub.grants.lifecycle import GrantState
from hub.grants.schemas import AccessGrantRead
from hub.grants.words import state_words
from hub.identity.programs import list_program_ids
from hub.identity.roles import Permission
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_position, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.registry import service as registry

router = HubRouter(tags=["grants"])

LINES_OF_A_PAGE = 100

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
    names, today, own = await organization_names(session), clock.today(), subject.organization.code
    lines = tuple(grant_line(AccessGrantRead.of(grant), names, today) for grant in shown)
    page = GrantsPage(
        lines=lines,
        state=state,
        states=tuple(Choice(one, state_words(one)) for one in get_args(GrantState)),
        waiting=sum(grant.state == "requested" and grant.steward == own for grant in shown),
        ending=sum(line.is_ending and grant.organization == own for line, grant in zip(lines, shown, strict=True)),
        next=_next(state, shown[-1].serial) if len(found) > LINES_OF_A_PAGE else None,
        may_request=subject.may(Permission.ACCESS_GRANT_REQUEST),
    )
    return render(request, "grants.html", page)


def _next(state: str, serial: int) -> str:
    asked = {"state": state, "after": encode_position([serial])}
    return "/access-grants?" + urlencode({name: value for name, value in asked.items() if value})


@router.get("/access-grants/{number}")
async def read_grant(request: Request, session: Transaction, subject: CanReadGrants, number: Number) -> Response:
    grant = await service.get_grant(session, subject, number)
    page = grant_page(subject, await find_material(session, grant), typed={}, faults={})
    return render(request, "grant.html", page)


@router.get("/access-grants/{number}/calls")
async def read_calls(
    request: Request,
    session: Transaction,
    subject: CanReadGrants,
    number: Number,
    *,
    form: Annotated[str, Query(max_length=100)] = "",
    period: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Calls made for this grant, for whom it was given to."""
    grant = await service.find_own_grant(session, subject, number)
    versions = [] if grant is None else await registry.list_current_of(session, grant.elements)
    if grant is None or not versions:
        raise GrantNotFound(_("没有这份授权。"))
    forms = granted_forms(versions, grant.period_from, grant.period_to, clock.today())
    chosen = form_of(forms, form) or forms[0]
    periods = [str(one) for one in chosen.periods]
    if period not in periods:
        period = str(await newest_held(session, subject, number, chosen)) if periods else grant.period_from
    clients = await list_program_ids(session, grant.organization)
    client = clients[0] if clients else _("（请数据局先登记程序）")
    facts = CallFacts(str(request.base_url).rstrip("/"), number, client, chosen, period)
    page = CallsPage(
        number=number,
        calls=ready_calls(facts),
        forms=tuple(Choice(one.key, one.title) for one in forms),
        form=chosen.key,
        periods=tuple(Choice(one, period_words(one)) for one in periods),
        period=period,
        client=client,
        has_client=bool(clients),
    )
    return render(request, "grant_calls.html", page)
