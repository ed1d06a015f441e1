"""Organisations: the bodies that register, own, ask for or report data."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import repository
from hub.identity.models import Organization
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
