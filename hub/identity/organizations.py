"""Organisations: the bodies that register, own, ask for or report data."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import repository
from hub.identity.errors import NameTaken, OrganizationInUse
from hub.identity.models import Organization
from hub.kit import clock
from hub.kit.errors import NotFound
from hub.kit.i18n import gettext as _

Kind = Literal["authority", "department", "township", "inspectorate"]


async def get_organization(session: AsyncSession, code: str) -> Organization:
    organization = await repository.get_organization(session, code)
    if organization is None:
        raise NotFound(_("没有编码为 {code} 的单位。").format(code=code))
    return organization


async def list_organizations(session: AsyncSession) -> Sequence[Organization]:
    return await repository.list_organizations(session)


async def codes(session: AsyncSession) -> list[str]:
    return [organization.code for organization in await repository.list_organizations(session)]


async def get_authority(session: AsyncSession) -> Organization:
    """The county's data authority, which answers where no single steward can."""
    held = await repository.list_organizations(session, kind="authority")
    if not held:
        raise NotFound(_("还没有登记数据主管部门。"))
    return held[0]


async def ensure(
    session: AsyncSession,
    actor: Actor,
    *,
    code: str,
    name: str,
    kind: Kind,
    division: str | None,
    contact_name: str | None = None,
    contact_phone: str | None = None,
) -> Organization:
    """The organisation with this code, made when it is not there; one that is there stays as it is."""
    held = await repository.get_organization(session, code)
    if held is not None:
        return held
    organization = Organization(
        code=code, name=name, kind=kind, division=division, contact_name=contact_name, contact_phone=contact_phone
    )
    repository.add(session, organization)
    await session.flush()
    await audit.record(session, actor, AuditAction.ORGANIZATION_CREATE, "organization", code)
    return organization


async def create(
    session: AsyncSession,
    actor: Actor,
    *,
    code: str,
    name: str,
    kind: Kind,
    division: str | None,
    contact_name: str | None = None,
    contact_phone: str | None = None,
) -> Organization:
    """A new organisation; its code is taken once and for good, because grants and the audit log name it."""
    if await repository.get_organization(session, code) is not None:
        raise NameTaken(_("单位编码 {code} 已被使用。").format(code=code))
    return await ensure(
        session,
        actor,
        code=code,
        name=name,
        kind=kind,
        division=division,
        contact_name=contact_name,
        contact_phone=contact_phone,
    )


async def update(
    session: AsyncSession,
    actor: Actor,
    code: str,
    *,
    name: str,
    contact_name: str | None,
    contact_phone: str | None,
) -> Organization:
    """Its name, and whom to ask about its data elements (R09). The audit log tells which changed, not to what."""
    organization = await get_organization(session, code)
    given = {"name": name, "contact_name": contact_name, "contact_phone": contact_phone}
    changed = [field for field, value in given.items() if getattr(organization, field) != value]
    for field in changed:
        setattr(organization, field, given[field])
    if changed:
        details = {"changed": changed}
        await audit.record(session, actor, AuditAction.ORGANIZATION_UPDATE, "organization", code, details=details)
    return organization


async def close(session: AsyncSession, actor: Actor, code: str) -> Organization:
    """Nobody new joins it. What it registered, was granted and reported stays, and names it."""
    organization = await get_organization(session, code)
    people, programs = await repository.count_members(session, organization.id)
    if people or programs:
        raise OrganizationInUse(
            _("这个单位还有 {people} 个能登录的人员、{programs} 个能调用的客户端，请先停用他们。").format(
                people=people, programs=programs
            )
        )
    organization.closed_at = organization.closed_at or clock.now()
    await audit.record(session, actor, AuditAction.ORGANIZATION_CLOSE, "organization", code)
    return organization


async def reopen(session: AsyncSession, actor: Actor, code: str) -> Organization:
    organization = await get_organization(session, code)
    organization.closed_at = None
    await audit.record(session, actor, AuditAction.ORGANIZATION_REOPEN, "organization", code)
    return organization


async def count_members(session: AsyncSession, organization: Organization) -> tuple[int, int]:
    """People and programs that may still come in."""
    return await repository.count_members(session, organization.id)
