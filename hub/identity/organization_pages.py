"""Organisations, for administrators, in a browser: whom to ask about a department's data elements among them (R09)."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import organizations
from hub.identity.endpoints import CanManageIdentity
from hub.identity.errors import NameTaken, OrganizationInUse
from hub.identity.models import Organization
from hub.identity.organizations import Kind
from hub.identity.schemas import OrganizationCreate, OrganizationUpdate
from hub.identity.words import kind_words
from hub.kit.errors import ErrorItem, HubError
from hub.kit.i18n import gettext as _
from hub.kit.routing import HubRouter
from hub.kit.shown import Choice
from hub.kit.transaction import Transaction
from hub.kit.typed import texts, validated
from hub.kit.views import faults_by_field, render, see_other

router = HubRouter(tags=["identity"])

Code = Annotated[str, Path(max_length=64)]


@dataclass(frozen=True)
class OrganizationLine:
    code: str
    name: str
    kind: str
    division: str
    contact: str
    is_closed: bool


@dataclass(frozen=True)
class OrganizationsPage:
    """`kind`: the filter as it was asked."""

    lines: tuple[OrganizationLine, ...]
    kinds: tuple[Choice, ...]
    kind: str
    q: str


@dataclass(frozen=True)
class OrganizationForm:
    """A new organisation, or one that is there (`line`), with every fault at its field."""

    line: OrganizationLine | None
    kinds: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]
    people: int = 0
    programs: int = 0
    fault: str | None = None

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


def _line(organization: Organization) -> OrganizationLine:
    contact = [part for part in (organization.contact_name, organization.contact_phone) if part]
    return OrganizationLine(
        code=organization.code,
        name=organization.name,
        kind=kind_words(organization.kind),
        division=organization.division or "",
        contact=" ".join(contact),
        is_closed=organization.closed_at is not None,
    )


def _kinds() -> tuple[Choice, ...]:
    return tuple(Choice(kind, kind_words(kind)) for kind in get_args(Kind))


@router.get("/organizations")
async def list_organizations(
    request: Request, session: Transaction, subject: CanManageIdentity, kind: str = "", q: str = ""
) -> Response:
    found = await organizations.list_organizations(session)
    words = q.strip()
    shown = [one for one in found if kind in ("", one.kind) and (words in one.name or words in one.code)]
    return render(
        request, "organizations.html", OrganizationsPage(tuple(_line(one) for one in shown), _kinds(), kind, words)
    )


@router.get("/organizations/new")
async def read_new(request: Request, subject: CanManageIdentity) -> Response:
    return render(request, "organization.html", OrganizationForm(None, _kinds(), {"kind": "department"}, {}))


@router.post("/organizations")
async def create_organization(request: Request, session: Transaction, subject: CanManageIdentity) -> Response:
    typed = texts(await request.form())
    try:
        body = validated(OrganizationCreate, {"division": None, **typed})
        await organizations.create(session, subject.actor, **body.model_dump())
    except HubError as refusal:
        page = OrganizationForm(None, _kinds(), typed, faults_by_field(_placed(refusal)))
        return render(request, "organization.html", page, status=refusal.status)
    return see_other(f"/organizations/{body.code}", notice=_("已新建单位。"))


def _placed(refusal: HubError) -> tuple[ErrorItem, ...]:
    if isinstance(refusal, NameTaken):
        return (ErrorItem("/code", refusal.code, refusal.detail),)
    if not refusal.errors:
        raise refusal
    return refusal.errors


@router.get("/organizations/{code}")
async def read_organization(request: Request, session: Transaction, subject: CanManageIdentity, code: Code) -> Response:
    return render(
        request, "organization.html", await _form(session, await organizations.get_organization(session, code))
    )


async def _form(
    session: AsyncSession,
    held: Organization,
    *,
    typed: Mapping[str, str] | None = None,
    faults: Mapping[str, list[str]] | None = None,
    fault: str | None = None,
) -> OrganizationForm:
    people, programs = await organizations.count_members(session, held)
    known = {
        "name": held.name,
        "contact_name": held.contact_name or "",
        "contact_phone": held.contact_phone or "",
    }
    return OrganizationForm(_line(held), _kinds(), typed or known, faults or {}, people, programs, fault)


@router.post("/organizations/{code}")
async def update_organization(
    request: Request, session: Transaction, subject: CanManageIdentity, code: Code
) -> Response:
    held = await organizations.get_organization(session, code)
    typed = texts(await request.form())
    try:
        body = validated(OrganizationUpdate, typed)
    except HubError as refusal:
        page = await _form(session, held, typed=typed, faults=faults_by_field(refusal.errors))
        return render(request, "organization.html", page, status=refusal.status)
    await organizations.update(session, subject.actor, code, **body.model_dump())
    return see_other(f"/organizations/{code}", notice=_("已保存。"))


@router.post("/organizations/{code}/closure")
async def close_organization(
    request: Request, session: Transaction, subject: CanManageIdentity, code: Code
) -> Response:
    return await _after(request, session, code, organizations.close(session, subject.actor, code), _("已停用单位。"))


@router.post("/organizations/{code}/reopening")
async def reopen_organization(
    request: Request, session: Transaction, subject: CanManageIdentity, code: Code
) -> Response:
    return await _after(request, session, code, organizations.reopen(session, subject.actor, code), _("已恢复单位。"))


async def _after(request: Request, session: AsyncSession, code: str, done: Awaitable[object], notice: str) -> Response:
    try:
        await done
    except OrganizationInUse as refusal:
        held = await organizations.get_organization(session, code)
        return render(
            request, "organization.html", await _form(session, held, fault=refusal.detail), status=refusal.status
        )
    return see_other(f"/organizations/{code}", notice=notice)
