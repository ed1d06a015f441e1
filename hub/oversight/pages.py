"""Who reads what, and one data element with everything that would notice a change of it, in a browser."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_position, encode_position
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.typed import texts
from hub.kit.views import render, see_other
from hub.oversight import access, service
from hub.oversight.element_page import ElementMaterial, element_page
from hub.oversight.endpoints import CanReadElements, CanReadUsage
from hub.oversight.usage_page import Asked, usage_page
from hub.registry import service as registry
from hub.registry.endpoints import CanDecideElements
from hub.registry.errors import DefinitionInvalid, NotQualifiable, StatusMoveRefused
from hub.registry.schemas import DataElementRead
from hub.registry.statuses import RegistrationStatus
from hub.registry.words import element_label, word

router = HubRouter(tags=["oversight"])

LINES_OF_A_PAGE = 200

Identifier = Annotated[str, Path(max_length=80)]


@router.get("/usage")
async def list_usage(
    request: Request,
    session: Transaction,
    subject: CanReadUsage,
    *,
    division: Annotated[str, Query(max_length=12)] = "",
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    after: After = None,
) -> Response:
    position = decode_position(after, length=3)
    found = await service.list_usage(
        session,
        subject,
        division=division or None,
        since=_day(since),
        until=_day(until),
        after=None if position is None else (str(position[0]), str(position[1]), str(position[2])),
        limit=LINES_OF_A_PAGE + 1,
    )
    shown = found[:LINES_OF_A_PAGE]
    served = await service.count_served(
        session, subject, division=division or None, since=_day(since), until=_day(until)
    )
    named = {usage.element for usage in shown} | {one.element for one in served.elements}
    labels = {one.identifier: element_label(one) for one in await registry.list_current_of(session, named)}
    asked = {"division": division, "from": since, "to": until}
    following = _next(asked, shown[-1]) if len(found) > LINES_OF_A_PAGE else None
    page = usage_page(Asked(since, until, division), shown, served, labels, following)
    return render(request, "usage.html", page)


def _day(text: str) -> date | None:
    """A date field that a browser filled in; anything else asks for nothing."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _next(asked: Mapping[str, str], last: service.Usage) -> str:
    position = encode_position([last.element, last.organization, last.grant])
    return "/usage?" + urlencode({name: value for name, value in {**asked, "after": position}.items() if value})


@router.get("/data-elements/{identifier}")
async def read_data_element(
    request: Request, session: Transaction, subject: CanReadElements, identifier: Identifier
) -> Response:
    page = element_page(subject, await _material(session, identifier), {}, ())
    return render(request, "element.html", page)


async def _material(session: AsyncSession, identifier: str) -> ElementMaterial:
    current = await registry.get_current(session, identifier)
    (described,) = await registry.describe(session, [current])
    return ElementMaterial(
        current=DataElementRead.of(described),
        versions=await registry.list_versions(session, identifier),
        changes=await registry.list_status_changes(session, identifier),
        uses=await service.list_uses(session, identifier),
        access=await access.list_access(session, identifier),
        organizations={one.code: one.name for one in await organizations.list_organizations(session)},
    )


@router.post("/data-elements/{identifier}/registration-status")
async def change_registration_status(
    request: Request, session: Transaction, subject: CanDecideElements, identifier: Identifier
) -> Response:
    """Move the newest version on; a second person's refusal is the service's own sentence."""
    typed = texts(await request.form())
    status = typed.get("status", "")
    if status not in set(RegistrationStatus):
        return await _refused(request, session, subject, identifier, typed, [_("请选择新的登记状态。")], 422)
    try:
        await registry.change_registration_status(
            session,
            subject,
            identifier,
            RegistrationStatus(status),
            note=typed.get("note") or None,
            superseded_by=typed.get("superseded_by") or None,
        )
    except (StatusMoveRefused, NotQualifiable, DefinitionInvalid) as refusal:
        faults = [item.message for item in refusal.errors] or [refusal.detail]
        return await _refused(request, session, subject, identifier, typed, faults, refusal.status)
    notice = _("登记状态已改为“{status}”。").format(status=word("status", status))
    return see_other(f"/data-elements/{identifier}", notice=notice)


async def _refused(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    identifier: str,
    typed: Mapping[str, str],
    faults: Sequence[str],
    status: int,
) -> Response:
    page = element_page(subject, await _material(session, identifier), typed, faults)
    return render(request, "element.html", page, status=status)
