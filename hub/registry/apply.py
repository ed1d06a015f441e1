"""Bringing the registry to what files say: all of it or nothing, and at most as `recorded`."""

import asyncio
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import organizations
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.registry import repository, rows
from hub.registry.definition import CodeListDefinition, ElementDefinition, RuleDefinition
from hub.registry.errors import SchemaRefused
from hub.registry.file_models import OrganizationDeclaration
from hub.registry.files import RegistryFiles, read_folder
from hub.registry.held import read_held, read_registered
from hub.registry.models import DataElement
from hub.registry.plan import Change, Plan, make_plan
from hub.registry.statuses import RegistrationStatus
from hub.settings import settings
from hub.validation import named_identifiers


async def plan_folder(session: AsyncSession, folder: Path) -> Plan:
    """What a folder would change; nothing is written."""
    files = await asyncio.to_thread(read_folder, folder, await read_registered(session))
    return make_plan(files, await read_held(session))


async def apply_folder(session: AsyncSession, actor: Actor, folder: Path) -> Plan:
    """Register what a folder changes. A steward or another registrar moves it on from `recorded`."""
    await repository.lock_registry(session)
    files = await asyncio.to_thread(read_folder, folder, await read_registered(session))
    return await apply_files(session, actor, files)


async def apply_files(session: AsyncSession, actor: Actor, files: RegistryFiles) -> Plan:
    await repository.lock_registry(session)
    plan = make_plan(files, await read_held(session))
    if plan.refused:
        raise SchemaRefused(
            _("有 {count} 项不能导入，没有导入任何内容。").format(count=len(plan.refused)),
            errors=[item for change in plan.refused for item in _faults(change)],
        )
    await _add_new_elements(session, plan)
    for change in plan.pending:
        await _carry_out(session, actor, change)
    await session.flush()
    if plan.pending:
        await _record(session, actor, plan)
    return plan


def _faults(change: Change) -> list[ErrorItem]:
    place = change.place or change.identifier
    if change.kind == "ended":
        message = _("“{identifier}”已停用，不能再登记。").format(identifier=change.identifier)
        return [ErrorItem(place, "registration_ended", message)]
    return [
        ErrorItem(
            place, found.code, _("{identifier}：{reason}").format(identifier=change.identifier, reason=found.message)
        )
        for found in change.breaks
    ]


async def _carry_out(session: AsyncSession, actor: Actor, change: Change) -> None:
    match change.content:
        case OrganizationDeclaration() as organization:
            await organizations.ensure(
                session,
                actor,
                code=organization.code,
                name=organization.name,
                kind=organization.kind,
                division=settings().county,
                contact_name=organization.contact.name,
                contact_phone=organization.contact.phone,
            )
        case CodeListDefinition() as code_list:
            rows.add_code_list_version(session, code_list, change.version)
        case ElementDefinition() as element:
            _add_element(session, actor, element, change)
        case RuleDefinition() as rule:
            named = named_identifiers(rule.expression)
            rows.add_rule_version(session, actor, rule, change.version, named=named, status=RegistrationStatus.RECORDED)


async def _add_new_elements(session: AsyncSession, plan: Plan) -> None:
    """Their versions point at them, and all of them at once take one statement."""
    for change in plan.pending:
        if isinstance(change.content, ElementDefinition) and change.kind == "create":
            repository.add(session, DataElement(identifier=change.content.identifier))
    await session.flush()


def _add_element(session: AsyncSession, actor: Actor, element: ElementDefinition, change: Change) -> None:
    rows.add_element_version(
        session,
        actor,
        element,
        change.version,
        status=RegistrationStatus.RECORDED,
        is_breaking=bool(change.breaks),
    )


async def _record(session: AsyncSession, actor: Actor, plan: Plan) -> None:
    """One event for the act, with the names of everything it registered."""
    registered = [f"{change.item} {change.identifier} {change.version}" for change in plan.pending]
    await audit.record(
        session, actor, AuditAction.SCHEMA_APPLY, "registry", "files", details={"registered": registered}
    )
