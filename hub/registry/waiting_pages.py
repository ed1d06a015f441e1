"""The two sides of the second person's approval: what waits for me, and what of mine waits for others."""

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render
from hub.registry.endpoints import CanReadElements
from hub.registry.models import DataElementVersion, RuleVersion
from hub.registry.waiting import list_waiting
from hub.registry.words import element_label, tone, word

router = HubRouter(tags=["registry"])


@dataclass(frozen=True)
class WaitingLine:
    """`before`: the address where the version is compared with the one before it, when there is one."""

    kind: str
    name: str
    href: str
    before: str
    version: int
    status: str
    tone: str
    proposed_by: str
    proposed_at: datetime


@dataclass(frozen=True)
class WaitingPage:
    for_me: tuple[WaitingLine, ...]
    mine: tuple[WaitingLine, ...]


@router.get("/data-elements/waiting")
async def list_what_waits(request: Request, session: Transaction, subject: CanReadElements) -> Response:
    waiting = await list_waiting(session, subject)
    page = WaitingPage(
        (*map(_element, waiting.elements_for_me), *map(_rule, waiting.rules_for_me)),
        (*map(_element, waiting.elements_of_mine), *map(_rule, waiting.rules_of_mine)),
    )
    return render(request, "registry_waiting.html", page)


def _element(version: DataElementVersion) -> WaitingLine:
    href = f"/data-elements/{version.identifier}"
    return _line(_("数据元"), element_label(version), href, version, f"{href}/compare" if version.version > 1 else "")


def _rule(rule: RuleVersion) -> WaitingLine:
    return _line(_("校验规则"), rule.message_zh, f"/rules/{rule.identifier}", rule, "")


def _line(kind: str, name: str, href: str, item: DataElementVersion | RuleVersion, before: str) -> WaitingLine:
    return WaitingLine(
        kind=kind,
        name=name,
        href=href,
        before=before,
        version=item.version,
        status=word("status", item.registration_status),
        tone=tone(item.registration_status),
        proposed_by=item.proposed_by.partition(":")[2],
        proposed_at=item.created_at,
    )
