"""Registering data elements and new versions of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.datatypes import ValueDomain
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.registry import repository, rows
from hub.registry.breaking import Break, find_breaks
from hub.registry.checks import check_element
from hub.registry.definition import ElementDefinition
from hub.registry.errors import (
    BreakingChange,
    DataElementNotFound,
    DefinitionInvalid,
    IdentifierTaken,
    NothingChanged,
    RegistrationEnded,
)
from hub.registry.models import DataElement, DataElementVersion
from hub.registry.specifications import element_definition
from hub.registry.statuses import ENDED, QUALIFIED, RegistrationStatus
from hub.registry.surroundings import newest_code_lists, permissible_values, surroundings, values_of

# Leaves room to put another element between two.
POSITION_STEP = 10


def first_status(element: ElementDefinition) -> RegistrationStatus:
    """ISO/IEC 11179-6: a submission is a candidate once everything mandatory is said."""
    return RegistrationStatus.CANDIDATE if element.is_complete else RegistrationStatus.INCOMPLETE


async def register_data_element(
    session: AsyncSession, subject: Subject, element: ElementDefinition
) -> DataElementVersion:
    """Register a new fact as its version 1."""
    await repository.lock_registry(session)
    if await repository.has_element(session, element.identifier):
        raise IdentifierTaken(element.identifier)
    element = await _completed(session, subject, element)
    await _check(session, element)
    repository.add(session, DataElement(identifier=element.identifier))
    await session.flush()
    version = rows.add_element_version(session, subject.actor, element, 1, status=first_status(element))
    await session.flush()
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_ELEMENT_REGISTER,
        "data_element",
        element.identifier,
        details={"version": 1, "status": version.registration_status},
    )
    return version


async def check_proposal(
    session: AsyncSession, subject: Subject, element: ElementDefinition, *, held: ElementDefinition | None = None
) -> list[ErrorItem]:
    """Everything for which registering this would be refused, but for breaks; nothing is written."""
    faults: list[ErrorItem] = []
    if held is None and await repository.has_element(session, element.identifier):
        faults.append(ErrorItem("/identifier", "identifier_taken", IdentifierTaken(element.identifier).detail))
    return faults + await _faults(
        session, await _completed(session, subject, element), since=held.valid_from if held else None
    )


async def _completed(session: AsyncSession, subject: Subject, element: ElementDefinition) -> ElementDefinition:
    """What the proposal leaves open: who submits it, its place on the form, the newest values of its list."""
    position = element.position
    if not position:
        position = await repository.last_position(session, *element.form) + POSITION_STEP
    lists = await newest_code_lists(session)
    code_list = lists.get(element.domain.code_list or "")
    return replace(
        element,
        position=position,
        submitting_organization=element.submitting_organization or subject.organization.code,
        code_list_version=code_list.version if code_list else None,
    )


async def _check(session: AsyncSession, element: ElementDefinition, *, since: date | None = None) -> None:
    faults = await _faults(session, element, since=since)
    if faults:
        raise DefinitionInvalid(faults)


async def _faults(session: AsyncSession, element: ElementDefinition, *, since: date | None) -> list[ErrorItem]:
    around = await surroundings(session, element.identifier, *element.form)
    faults = check_element(element, around)
    if since is not None and element.valid_from < since:
        message = _("生效日期不能早于上一版的 {day}。").format(day=since.isoformat())
        faults.append(ErrorItem("/valid_from", "valid_from_before_previous", message))
    return faults


def current_of(versions: list[DataElementVersion]) -> DataElementVersion:
    """The version that is shown: the newest that is qualified or above, else the newest."""
    standing = [version for version in versions if version.registration_status in QUALIFIED]
    return max(standing or versions, key=lambda version: version.version)


async def register_version(
    session: AsyncSession, subject: Subject, identifier: str, changes: Mapping[str, Any], *, breaking: bool = False
) -> DataElementVersion:
    """Register another definition of a fact. What breaks those who use the current one is refused unless meant.

    `changes` go by the names of `ElementDefinition`; a `domain` without a datatype completes the one that is held.
    """
    await repository.lock_registry(session)
    versions = list(await repository.list_versions(session, identifier))
    if not versions:
        raise DataElementNotFound(identifier)
    if all(version.registration_status in ENDED for version in versions):
        raise RegistrationEnded(_("数据元“{identifier}”已停用，不能登记新版本。").format(identifier=identifier))
    newest = versions[-1]
    held = element_definition(newest)
    element = await _completed(session, subject, _changed(held, changes))
    if element == held:
        raise NothingChanged
    if "valid_from" not in changes:
        element = replace(element, valid_from=max(clock.today(), held.valid_from))
    await _check(session, element, since=held.valid_from)
    breaks = await breaks_between(session, current_of(versions), element)
    if breaks and not breaking:
        raise BreakingChange(breaks)
    added = rows.add_element_version(
        session, subject.actor, element, newest.version + 1, status=first_status(element), is_breaking=breaking
    )
    await session.flush()
    details = {"version": added.version, "breaking": breaking, "changed": list(held.differences(element))}
    await audit.record(
        session, subject.actor, AuditAction.DATA_ELEMENT_REVISE, "data_element", identifier, details=details
    )
    return added


def _changed(held: ElementDefinition, changes: Mapping[str, Any]) -> ElementDefinition:
    given = dict(changes)
    domain = given.pop("domain", {})
    return replace(
        held, **given, domain=ValueDomain(**domain) if "datatype" in domain else replace(held.domain, **domain)
    )


async def breaks_between(session: AsyncSession, held: DataElementVersion, element: ElementDefinition) -> list[Break]:
    """Against the version that others hold, with the values of both code lists."""
    old_values = (await permissible_values(session, [held])).get((held.code_list, held.code_list_version), ())
    lists = await newest_code_lists(session)
    code_list = lists.get(element.domain.code_list or "")
    return find_breaks(
        element_definition(held),
        element,
        old_values=old_values,
        new_values=values_of(code_list) if code_list else (),
    )
