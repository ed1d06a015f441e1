"""Cross-checks in a browser: what there is, one rule with its history, and its way to approval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.i18n import current_language
from hub.kit.i18n import gettext as _
from hub.kit.paging import After, decode_key, encode_position
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import texts
from hub.kit.views import render, see_other
from hub.registry import service
from hub.registry.endpoints import CanDecideElements, CanReadElements
from hub.registry.errors import StatusMoveRefused
from hub.registry.models import RuleVersion
from hub.registry.pages import choices
from hub.registry.statuses import RegistrationStatus, can_move
from hub.registry.words import element_label, tone, word

router = HubRouter(tags=["registry"])

LINES_OF_A_PAGE = 100

Identifier = Annotated[str, Path(max_length=80)]
Filter = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True)
class RuleLine:
    identifier: str
    message: str
    expression: str
    severity: str
    about: str
    version: int
    status: str
    tone: str


@dataclass(frozen=True)
class RulesPage:
    """`chosen` and `choices`: by the name of the filter."""

    lines: tuple[RuleLine, ...]
    chosen: Mapping[str, str]
    choices: Mapping[str, tuple[Choice, ...]]
    next: str | None


@dataclass(frozen=True)
class RuleChange:
    at: datetime
    by: str
    version: int
    old: str
    new: str
    note: str


@dataclass(frozen=True)
class RulePage:
    """The newest version. `blamed`: the cell that is told of; `elements`: identifier and name of all that it names."""

    line: RuleLine
    blamed: Choice
    elements: tuple[Choice, ...]
    versions: tuple[RuleLine, ...]
    changes: tuple[RuleChange, ...]
    moves: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: tuple[str, ...]


@router.get("/rules")
async def list_rules(
    request: Request,
    session: Transaction,
    _subject: CanReadElements,
    *,
    object_class: Filter = "",
    period_type: Filter = "",
    status: Filter = "",
    after: After = None,
) -> Response:
    found = await service.search_rules(
        session,
        object_class=object_class or None,
        period_type=period_type or None,
        status=RegistrationStatus(status) if status in set(RegistrationStatus) else None,
        after=decode_key(after),
        limit=LINES_OF_A_PAGE + 1,
    )
    shown = found[:LINES_OF_A_PAGE]
    chosen = {"object_class": object_class, "period_type": period_type, "status": status}
    following = encode_position([shown[-1].identifier]) if len(found) > LINES_OF_A_PAGE else None
    asked = "&".join(f"{name}={value}" for name, value in {**chosen, "after": following}.items() if value)
    page = RulesPage(
        tuple(_line(rule) for rule in shown),
        chosen,
        {name: choices(name) for name in chosen},
        f"/rules?{asked}" if following else None,
    )
    return render(request, "rules.html", page)


@router.get("/rules/{identifier}")
async def read_rule(
    request: Request, session: Transaction, subject: CanReadElements, identifier: Identifier
) -> Response:
    return render(request, "rule.html", await _page(session, subject, identifier, {}, ()))


@router.post("/rules/{identifier}/registration-status")
async def change_status(
    request: Request, session: Transaction, subject: CanDecideElements, identifier: Identifier
) -> Response:
    """Move the newest version on; a second person's refusal is the service's own sentence."""
    typed = texts(await request.form())
    status, note = typed.get("status", ""), typed.get("note") or None
    if status not in set(RegistrationStatus):
        page = await _page(session, subject, identifier, typed, (_("请选择新的登记状态。"),))
        return render(request, "rule.html", page, status=422)
    try:
        await service.change_rule_status(session, subject, identifier, RegistrationStatus(status), note=note)
    except StatusMoveRefused as refusal:
        page = await _page(session, subject, identifier, typed, (refusal.detail,))
        return render(request, "rule.html", page, status=refusal.status)
    notice = _("登记状态已改为“{status}”。").format(status=word("status", status))
    return see_other(f"/rules/{identifier}", notice=notice)


async def _page(
    session: AsyncSession, subject: Subject, identifier: str, typed: Mapping[str, str], faults: Sequence[str]
) -> RulePage:
    versions = await service.list_rule_versions(session, identifier)
    newest = versions[-1]
    named = await service.list_current_of(session, newest.elements)
    labels = {one.identifier: element_label(one) for one in named}
    blamed = next((one for one in named if one.identifier == newest.element), None)
    changes = await service.list_rule_status_changes(session, identifier)
    return RulePage(
        line=_line(newest),
        blamed=Choice(newest.element, labels.get(newest.element, newest.element)),
        elements=tuple(Choice(one, labels.get(one, one)) for one in newest.elements),
        versions=tuple(_line(one) for one in reversed(versions)),
        changes=tuple(
            RuleChange(
                change.changed_at,
                change.changed_by.partition(":")[2],
                change.version,
                word("status", change.old_status) if change.old_status else "—",
                word("status", change.new_status),
                change.note or "",
            )
            for change in reversed(changes)
        ),
        moves=_moves(subject, newest, blamed.steward if blamed else None),
        typed=typed,
        faults=tuple(faults),
    )


def _line(rule: RuleVersion) -> RuleLine:
    is_english = rule.message_en and current_language() == "en"
    return RuleLine(
        identifier=rule.identifier,
        message=str(rule.message_en) if is_english else rule.message_zh,
        expression=rule.expression,
        severity=_("错误") if rule.severity == "error" else _("提醒"),
        about=f"{word('object_class', rule.object_class)} · {word('period_type', rule.period_type)}",
        version=rule.version,
        status=word("status", rule.registration_status),
        tone=tone(rule.registration_status),
    )


def _moves(subject: Subject, newest: RuleVersion, steward: str | None) -> tuple[Choice, ...]:
    """What may be chosen; a superseded rule is simply retired."""
    if not subject.may(Permission.DATA_ELEMENT_DECIDE):
        return ()
    if not subject.may(Permission.DATA_ELEMENT_REGISTER) and steward != subject.organization.code:
        return ()
    old = RegistrationStatus(newest.registration_status)
    offered = [one for one in RegistrationStatus if one is not RegistrationStatus.SUPERSEDED and can_move(old, one)]
    return tuple(Choice(one.value, word("status", one.value)) for one in offered)
