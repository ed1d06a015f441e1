"""The two sides of the second person's approval: what waits for me, and what of mine waits for others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.views import render, see_other
from hub.registry.endpoints import CanDecideElements, CanReadElements
from hub.registry.errors import NotQualifiable, StatusMoveRefused
from hub.registry.models import DataElementVersion, RuleVersion
from hub.registry.status import approve_all
from hub.registry.waiting import list_waiting
from hub.registry.words import element_label, tone, word

router = HubRouter(tags=["registry"])

MOST_LINES = 100
LONGEST_NOTE = 2000
ELEMENT, RULE = "element", "rule"


@dataclass(frozen=True)
class WaitingLine:
    """`before`: the address where the version is compared with the one before it, when there is one."""

    field: str
    identifier: str
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
    """Of each list the first ones, and how many there are. `chosen`, `note`: as they were sent, when it was refused."""

    for_me: tuple[WaitingLine, ...]
    count_for_me: int
    mine: tuple[WaitingLine, ...]
    count_of_mine: int
    chosen: frozenset[tuple[str, str]]
    note: str
    faults: tuple[str, ...]


@router.get("/data-elements/waiting")
async def list_what_waits(request: Request, session: Transaction, subject: CanReadElements) -> Response:
    return await _show(request, session, subject)


@router.post("/data-elements/waiting")
async def approve_chosen(request: Request, session: Transaction, subject: CanDecideElements) -> Response:
    """Everything that was ticked becomes qualified, or nothing does."""
    form = await request.form()
    chosen = frozenset((name, str(value)) for name, value in form.multi_items() if name in {ELEMENT, RULE})
    note = str(form.get("note", "")).strip()[:LONGEST_NOTE]
    waiting = await list_waiting(session, subject)
    elements = {one.identifier for one in waiting.elements_for_me if (ELEMENT, one.identifier) in chosen}
    rules = {one.identifier for one in waiting.rules_for_me if (RULE, one.identifier) in chosen}
    if not elements and not rules:
        return await _show(request, session, subject, note=note, faults=[_("请先勾选要核准的内容。")], status=422)
    try:
        await approve_all(session, subject, elements, rules, note=note)
    except (NotQualifiable, StatusMoveRefused) as refusal:
        faults = [item.message for item in refusal.errors] or [refusal.detail]
        return await _show(request, session, subject, chosen, note, faults, refusal.status)
    notice = _("已核准 {count} 项。").format(count=len(elements) + len(rules))
    return see_other("/data-elements/waiting", notice=notice)


async def _show(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    chosen: frozenset[tuple[str, str]] = frozenset(),
    note: str = "",
    faults: Sequence[str] = (),
    status: int = 200,
) -> Response:
    waiting = await list_waiting(session, subject)
    for_me = _latest_first([*map(_element, waiting.elements_for_me), *map(_rule, waiting.rules_for_me)])
    mine = _latest_first([*map(_element, waiting.elements_of_mine), *map(_rule, waiting.rules_of_mine)])
    page = WaitingPage(
        for_me=tuple(for_me[:MOST_LINES]),
        count_for_me=len(for_me),
        mine=tuple(mine[:MOST_LINES]),
        count_of_mine=len(mine),
        chosen=chosen,
        note=note,
        faults=tuple(faults),
    )
    return render(request, "registry_waiting.html", page, status=status)


def _latest_first(lines: list[WaitingLine]) -> list[WaitingLine]:
    return sorted(lines, key=lambda line: line.proposed_at, reverse=True)


def _element(version: DataElementVersion) -> WaitingLine:
    href = f"/data-elements/{version.identifier}"
    before = f"{href}/compare" if version.version > 1 else ""
    return _line(ELEMENT, _("数据元"), element_label(version), href, version, before)


def _rule(rule: RuleVersion) -> WaitingLine:
    return _line(RULE, _("校验规则"), rule.message_zh, f"/rules/{rule.identifier}", rule, "")


def _line(
    field: str, kind: str, name: str, href: str, item: DataElementVersion | RuleVersion, before: str
) -> WaitingLine:
    return WaitingLine(
        field=field,
        identifier=item.identifier,
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
