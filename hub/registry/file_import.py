"""Uploaded registry files: what they would change, and the very same change carried out."""

import asyncio
import hashlib
import tempfile
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit import json
from hub.kit.errors import ErrorItem, Forbidden
from hub.kit.i18n import gettext as _
from hub.registry import repository
from hub.registry.apply import apply_files
from hub.registry.errors import PlanMoved
from hub.registry.file_upload import Contents, write_contents
from hub.registry.files import RegistryFiles, read_folder
from hub.registry.held import read_held, read_registered
from hub.registry.plan import Plan, make_plan


class OrganizationsNotManaged(Forbidden):
    """New organisations are made by who manages identities, not along with definitions."""

    code = "organizations_not_managed"


async def plan_upload(session: AsyncSession, contents: Contents) -> Plan:
    """What the files would change; RegistryFilesError with every fault, each with its file and line."""
    return make_plan(await _read(session, contents), await read_held(session))


async def _read(session: AsyncSession, contents: Contents) -> RegistryFiles:
    registered = await read_registered(session)

    def read() -> RegistryFiles:
        with tempfile.TemporaryDirectory(prefix="hub-registry-") as folder:
            write_contents(contents, Path(folder))
            return read_folder(Path(folder), registered)

    return await asyncio.to_thread(read)


def fingerprint(plan: Plan) -> str:
    """Of everything that the plan would do: two plans that differ in anything differ in this."""
    said = [
        (change.item, change.identifier, change.kind, change.version, change.differences) for change in plan.changes
    ]
    return hashlib.sha256(json.canonical(said).encode()).hexdigest()


async def apply_upload(session: AsyncSession, subject: Subject, contents: Contents, expected: str) -> Plan:
    """Carry out the plan that was shown, or nothing when the registry has moved since."""
    await repository.lock_registry(session)
    plan = await plan_upload(session, contents)
    if fingerprint(plan) != expected:
        raise PlanMoved
    unknown = [change.identifier for change in plan.pending if change.item == "organization"]
    if unknown and not subject.may(Permission.IDENTITY_MANAGE):
        raise OrganizationsNotManaged(
            _("文件里有还没有登记的单位（{names}），请先由系统管理员登记。").format(names="、".join(unknown)),
            errors=[ErrorItem("/organizations", "organization_unknown", name) for name in unknown],
        )
    return await apply_files(session, subject.actor, await _read(session, contents))
