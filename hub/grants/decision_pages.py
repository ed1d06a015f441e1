"""Answering requests in a browser (Order 809, arts. 21 and 27)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import cast, get_args

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData

from hub.grants import service
from hub.grants.endpoints import CanDecideGrants
from hub.grants.errors import ApprovalInvalid, GrantStateConflict
from hub.grants.grant_material import find_material
from hub.grants.grant_page import grant_page
from hub.grants.lifecycle import Decision
from hub.grants.models import AccessGrant
from hub.grants.narrowing import ApprovalTerms
from hub.grants.pages import Number
from hub.grants.words import decision_words
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem, NotFound
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.transaction import Transaction
from hub.kit.typed import chosen, text
from hub.kit.views import faults_by_field, render, see_other
from hub.kit.wire import ISO_DATE

router = HubRouter(tags=["grants"])

Faults = Mapping[str, Sequence[str]]


@router.post("/access-grants/{number}/{decision}")
async def decide_grant(
    request: Request, session: Transaction, subject: CanDecideGrants, number: Number, decision: str
) -> Response:
    """Approve, refuse, suspend or revoke; all but an approval want a reason."""
    if decision not in get_args(Decision):
        raise NotFound(_("没有这个地址。"))
    grant = await service.get_grant(session, subject, number)
    form = await request.form()
    asked, faults = _read(form, cast(Decision, decision))
    if not faults:
        faults = await _decide(session, subject, number, cast(Decision, decision), form, asked)
    if faults:
        return await _again(request, session, subject, grant, form, faults)
    return see_other(
        f"/access-grants/{number}", notice=_("已办理：{decision}。").format(decision=decision_words(decision))
    )


def _read(form: FormData, decision: Decision) -> tuple[ApprovalTerms, Faults]:
    """The terms of an approval as they are typed, or everything that is wrong with them."""
    if decision != "approval":
        wanted = _("请填写{decision}的理由。").format(decision=decision_words(decision))
        return ApprovalTerms(), {} if text(form, "reason").strip() else {"reason": [wanted]}
    elements = chosen(form, "elements")
    until, typed = None, text(form, "valid_until").strip()
    if typed:
        try:
            until = date.fromisoformat(typed) if ISO_DATE.fullmatch(typed) else None
        except ValueError:
            until = None
        if until is None:
            return ApprovalTerms(), {"valid_until": [_("必须是日期，例如 2026-11-22。")]}
    if "narrows" not in form:
        return ApprovalTerms(valid_until=until), {}
    return ApprovalTerms(elements, until, "includes_provisional" in form), {}


async def _decide(
    session: AsyncSession, subject: Subject, number: str, decision: Decision, form: FormData, terms: ApprovalTerms
) -> Faults:
    try:
        await service.decide(
            session, subject, number, decision, reason=text(form, "reason").strip() or None, terms=terms
        )
    except GrantStateConflict as refusal:
        return {"conflict": [refusal.detail]}
    except ApprovalInvalid as refusal:
        return faults_by_field(_once(refusal.errors))
    return {}


def _once(errors: Sequence[ErrorItem]) -> Sequence[ErrorItem]:
    return list({(item.pointer, item.message): item for item in errors}.values())


async def _again(
    request: Request,
    session: AsyncSession,
    subject: Subject,
    grant: AccessGrant,
    form: FormData,
    faults: Faults,
) -> Response:
    """The same page with what was typed and ticked."""
    ticked: Collection[str] | None = None
    if "narrows" in form:
        ticked = set(chosen(form, "elements"))
    typed = {name: text(form, name).strip() for name in ("reason", "valid_until")}
    page = grant_page(subject, await find_material(session, grant, ticked), typed=typed, faults=faults)
    return render(request, "grant.html", page, status=409 if "conflict" in faults else 422)
