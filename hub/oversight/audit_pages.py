"""The audit log in a browser: who did what, when, to what; and whether the log is whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from hub.audit import verification
from hub.audit.errors import VerificationUnderWay
from hub.audit.models import AuditEventRow
from hub.kit import clock, json
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice, cell
from hub.kit.transaction import AppDatabase, Transaction
from hub.kit.views import render, see_other
from hub.oversight import audit_log
from hub.oversight.audit_endpoints import CanReadAudit, ChainRead, chain_of, key_of, position_of
from hub.oversight.audit_log import Search
from hub.oversight.audit_words import RESOURCES, action_words, break_words, resource_words, sorted_actions

router = HubRouter(tags=["oversight"])

LINES_OF_A_PAGE = 50

Day = Annotated[str, Query(max_length=10)]
Word = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True)
class EventLine:
    at: datetime
    actor: str
    actor_kind: str
    organization: str
    action: str
    object_type: str
    object_id: str
    is_refused: bool
    details: tuple[tuple[str, str], ...]
    request_id: str
    position: int | None


@dataclass(frozen=True)
class AuditPage:
    """`asked`: the search as it was asked. `faults`: days that are none. `broken`: why the chain does not hold."""

    lines: tuple[EventLine, ...]
    asked: Mapping[str, str]
    actions: tuple[Choice, ...]
    object_types: tuple[Choice, ...]
    faults: tuple[Choice, ...]
    chain: ChainRead
    broken: str
    export: str
    next: str | None


@router.get("/audit-events")
async def list_events(
    request: Request,
    session: Transaction,
    subject: CanReadAudit,
    *,
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    actor: Word = "",
    action: Word = "",
    object_type: Word = "",
    object_id: Word = "",
    outcome: Word = "",
    after: After = None,
) -> Response:
    asked = {"from": since, "to": until, "actor": actor.strip(), "action": action, "object_type": object_type}
    asked |= {"object_id": object_id.strip(), "outcome": outcome}
    faults = _faults(asked)
    limit = LINES_OF_A_PAGE + 1
    found = await audit_log.search(session, subject, _search(asked), after=position_of(after), limit=limit)
    shown = found[:LINES_OF_A_PAGE]
    chain = await chain_of(session)
    query = {name: value for name, value in asked.items() if value}
    page = AuditPage(
        lines=tuple(_line(event) for event in shown),
        asked=asked,
        actions=tuple(Choice(value, label) for value, label in sorted_actions()),
        object_types=tuple(Choice(value, resource_words(value)) for value in RESOURCES),
        faults=faults,
        chain=chain,
        broken=await _broken(session),
        export="/audit-events/export?" + urlencode(query),
        next=_next(query, shown[-1]) if len(found) == limit else None,
    )
    return render(request, "audit_events.html", page, status=422 if faults else 200)


async def _broken(session: Transaction) -> str:
    found = await verification.get_last(session)
    return "" if found is None else break_words(found.broken_reason)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _faults(asked: Mapping[str, str]) -> tuple[Choice, ...]:
    wrong = [name for name in ("from", "to") if asked[name] and _day(asked[name]) is None]
    return tuple(
        Choice(f"#{name}", _("“{text}”不是日期，例如 2026-11-22。").format(text=asked[name])) for name in wrong
    )


def _search(asked: Mapping[str, str]) -> Search:
    return Search(
        _day(asked["from"]),
        _day(asked["to"]),
        asked["actor"],
        asked["action"],
        asked["object_type"],
        asked["object_id"],
        asked["outcome"],
    )


def _next(query: Mapping[str, str], last: AuditEventRow) -> str:
    return "/audit-events?" + urlencode({**query, "after": encode_position(list(key_of(last)))})


def _line(event: AuditEventRow) -> EventLine:
    told = {**event.details, **({"purpose": event.purpose} if event.purpose else {})}
    return EventLine(
        at=event.at,
        actor=event.actor_name or _("未登录"),
        actor_kind=event.actor_kind,
        organization=event.organization or "",
        action=action_words(event.action),
        object_type=resource_words(event.object_type),
        object_id=event.object_id,
        is_refused=event.outcome == "refused",
        details=tuple((name, cell(value) or json.dumps(value)) for name, value in told.items()),
        request_id=event.request_id,
        position=event.position,
    )


@router.get("/audit-events/export")
async def export_events(
    database: AppDatabase,
    subject: CanReadAudit,
    *,
    since: Annotated[str, Query(alias="from", max_length=10)] = "",
    until: Annotated[str, Query(alias="to", max_length=10)] = "",
    actor: Word = "",
    action: Word = "",
    object_type: Word = "",
    object_id: Word = "",
    outcome: Word = "",
) -> Response:
    """The same search as a file, all of it."""
    asked = Search(_day(since), _day(until), actor.strip(), action, object_type, object_id.strip(), outcome)
    async with database.transaction() as session:
        meant = await audit_log.begin_export(session, subject, asked)
    name = f"audit-{clock.today().isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(audit_log.export(database, meant), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/audit-events/verification")
async def request_verification(session: Transaction, subject: CanReadAudit) -> Response:
    try:
        await verification.request(session, subject.actor)
    except VerificationUnderWay as refusal:
        return see_other("/audit-events#chain", refusal=refusal.detail)
    return see_other("/audit-events#chain", notice=_("正在后台核对，刷新本页看结果。"))
