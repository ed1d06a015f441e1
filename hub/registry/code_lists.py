"""Code lists: owned once, versioned, shared by elements.

An element version names the list and the version of it, so an old version of an element still reads as
it did. A new version of a list therefore makes a new version of every element that uses it, which
waits for a second person like any other.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.datatypes import PermissibleValue
from hub.identity.subject import Subject
from hub.kit.errors import ErrorItem
from hub.registry import repository, rows
from hub.registry.breaking import Break, find_breaks
from hub.registry.checks import check_code_list
from hub.registry.definition import CodeListDefinition
from hub.registry.errors import (
    BreakingChange,
    CodeListNotFound,
    DefinitionInvalid,
    IdentifierTaken,
    NothingChanged,
)
from hub.registry.models import CodeList, DataElementVersion
from hub.registry.register import first_status
from hub.registry.specifications import code_list_definition, element_definition
from hub.registry.statuses import ENDED
from hub.registry.surroundings import permissible_values

# As the wire has it (file_models.Identifier).
IDENTIFIER = re.compile(r"(?=.{1,80}$)[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True)
class CodeListRevised:
    code_list: CodeList
    elements: tuple[DataElementVersion, ...]


def is_identifier(text: str) -> bool:
    return IDENTIFIER.fullmatch(text) is not None


async def list_code_lists(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[CodeList]:
    return await repository.list_newest_code_lists(session, after=after, limit=limit)


async def list_versions(session: AsyncSession, identifier: str) -> Sequence[CodeList]:
    """Oldest first."""
    versions = await repository.list_code_list_versions(session, identifier)
    if not versions:
        raise CodeListNotFound(identifier)
    return versions


async def register_code_list(session: AsyncSession, subject: Subject, code_list: CodeListDefinition) -> CodeList:
    await repository.lock_registry(session)
    if await repository.list_code_list_versions(session, code_list.identifier):
        raise IdentifierTaken(code_list.identifier)
    _check(code_list)
    added = rows.add_code_list_version(session, code_list, 1)
    await session.flush()
    await _record(session, subject, added, 0)
    return added


async def register_version(
    session: AsyncSession,
    subject: Subject,
    identifier: str,
    values: tuple[PermissibleValue, ...],
    *,
    name: str | None = None,
    source: str | None = None,
    breaking: bool = False,
) -> CodeListRevised:
    """Add codes; taking one away or giving it another meaning breaks every element that uses the list."""
    await repository.lock_registry(session)
    newest = (await list_versions(session, identifier))[-1]
    held = code_list_definition(newest)
    code_list = CodeListDefinition(identifier, name or held.name, values, source or held.source)
    if held == code_list:
        raise NothingChanged
    _check(code_list)
    users = await using(session, code_list.identifier)
    breaks = await _breaks(session, users, code_list)
    if breaks and not breaking:
        raise BreakingChange([replace(found, pointer="/permissible_values") for found in breaks])
    added = rows.add_code_list_version(session, code_list, newest.version + 1)
    await session.flush()
    elements = tuple([await _carry_over(session, subject, user, added, breaking=breaking) for user in users])
    await session.flush()
    await _record(session, subject, added, len(elements))
    return CodeListRevised(added, elements)


def _check(code_list: CodeListDefinition) -> None:
    faults: list[ErrorItem] = check_code_list(code_list)
    if faults:
        raise DefinitionInvalid(faults)


async def using(session: AsyncSession, identifier: str) -> list[DataElementVersion]:
    """The newest version of every element that uses the list and has not ended."""
    return [
        version
        for version in await repository.list_newest(session)
        if version.code_list == identifier and version.registration_status not in ENDED
    ]


async def _breaks(
    session: AsyncSession, users: Sequence[DataElementVersion], code_list: CodeListDefinition
) -> list[Break]:
    held = await permissible_values(session, users)
    return [
        found
        for user in users
        for found in find_breaks(
            element_definition(user),
            element_definition(user),
            old_values=held.get((user.code_list, user.code_list_version), ()),
            new_values=code_list.values,
        )
    ]


async def _carry_over(
    session: AsyncSession, subject: Subject, user: DataElementVersion, code_list: CodeList, *, breaking: bool
) -> DataElementVersion:
    element = replace(element_definition(user), code_list_version=code_list.version)
    version = rows.add_element_version(
        session, subject.actor, element, user.version + 1, status=first_status(element), is_breaking=breaking
    )
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_ELEMENT_REVISE,
        "data_element",
        element.identifier,
        details={"version": version.version, "breaking": breaking, "changed": ["code_list_version"]},
    )
    return version


async def _record(session: AsyncSession, subject: Subject, code_list: CodeList, elements: int) -> None:
    await audit.record(
        session,
        subject.actor,
        AuditAction.CODE_LIST_REGISTER,
        "code_list",
        code_list.identifier,
        details={"version": code_list.version, "elements": elements},
    )
