"""The first start of a county: its divisions, its calendar, its organisations, its first administrator."""

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import Actor
from hub.calendar import service as calendar
from hub.geography import service as geography
from hub.identity import organizations, people, secrets
from hub.identity.roles import Role
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.errors import Conflict
from hub.kit.i18n import gettext as _
from hub.registry.file_models import OrganizationDeclaration
from hub.registry.files import read_folder
from hub.settings import share_folder

AUTHORITY = "data-authority"
INSPECTORATE = "inspectorate"


class AlreadyFounded(Conflict):
    code = "already_founded"


async def found(
    database: Database, actor: Actor, county: str, *, administrator: str, divisions: Path | None = None
) -> str:
    """Make a county without the demo; the administrator's first password, which is shown once."""
    password = secrets.new_password()
    password_hash = await secrets.hash_password(password)
    async with database.transaction() as session:
        if not await people.comes_first(session):
            raise AlreadyFounded(_("这个数据库里已有人员账号，不能再次初始化。"))
        await settle(session, actor, county, divisions=divisions)
        await people.create_person(
            session,
            actor,
            username=administrator,
            display_name=_("系统管理员"),
            organization=AUTHORITY,
            roles=(Role.ADMINISTRATOR, Role.REGISTRAR, Role.APPROVER),
            password_hash=password_hash,
        )
    return password


async def settle(
    session: AsyncSession,
    actor: Actor,
    county: str,
    *,
    divisions: Path | None = None,
    declared: Sequence[OrganizationDeclaration] | None = None,
) -> None:
    """The county's ground: divisions, working days, and an organisation for everybody who takes part.

    `declared` spares whoever has read the registry's files already a second reading.
    """
    if divisions is None:
        await geography.import_shipped(session, actor)
    else:
        await geography.import_divisions(session, actor, divisions)
    await calendar.import_shipped(session, actor)
    name = (await geography.get_division(session, county)).name
    organizations_declared = read_folder(share_folder("schemas")).organizations if declared is None else declared
    for organization in organizations_declared:
        await organizations.ensure(
            session,
            actor,
            code=organization.code,
            name=f"{name}{organization.name}",
            kind="authority" if organization.code == AUTHORITY else "department",
            division=county,
            contact_name=organization.contact.name,
            contact_phone=organization.contact.phone,
        )
    await organizations.ensure(
        session, actor, code=INSPECTORATE, name=f"{name}督查室", kind="inspectorate", division=county
    )
    await _settle_townships(session, actor, county)


async def _settle_townships(session: AsyncSession, actor: Actor, county: str) -> None:
    for code in await geography.subtree_codes(session, [county], "township", clock.today()):
        township = await geography.get_division(session, code)
        await organizations.ensure(
            session,
            actor,
            code=township_organization(code),
            name=f"{township.name}人民政府",
            kind="township",
            division=code,
        )


def township_organization(code: str) -> str:
    """The code of the organisation that reports for a township."""
    return f"township-{code}"
