"""The registry as files that can be read back."""

import asyncio
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import organizations
from hub.kit.i18n import gettext as _
from hub.registry import repository
from hub.registry.errors import NotExportable
from hub.registry.file_checks import Entries, Registered, check
from hub.registry.file_conversion import code_list_declaration, element_declaration, rule_declaration
from hub.registry.file_entries import Entry
from hub.registry.file_marks import Node
from hub.registry.file_models import (
    Contact,
    ElementDeclaration,
    OrganizationDeclaration,
    RuleDeclaration,
)
from hub.registry.files import RegistryFiles, in_order, write_folder
from hub.registry.specifications import code_list_definition, element_definition, rule_definition
from hub.registry.statuses import ENDED


@dataclass(frozen=True)
class Exported:
    """`left_out`: what says too little to stand in a file, such as an element without a legal basis."""

    files: RegistryFiles
    left_out: tuple[str, ...]


async def export_folder(session: AsyncSession, folder: Path) -> Exported:
    exported = await export_files(session)
    await asyncio.to_thread(write_folder, exported.files, folder)
    return exported


async def export_archive(session: AsyncSession, identifier: str | None = None) -> bytes:
    """The whole registry, or one element with its code list, as a packed folder that can be read back."""
    exported = await export_files(session)
    files = exported.files if identifier is None else _only(exported, identifier)
    return await asyncio.to_thread(_pack, files)


def _only(exported: Exported, identifier: str) -> RegistryFiles:
    elements = tuple(element for element in exported.files.elements if element.identifier == identifier)
    if not elements:
        raise NotExportable(_("“{identifier}”已停用或还没有登记完整，不能导出。").format(identifier=identifier[:80]))
    lists = {element.value_domain.code_list for element in elements}
    return RegistryFiles(
        code_lists=tuple(one for one in exported.files.code_lists if one.identifier in lists), elements=elements
    )


def _pack(files: RegistryFiles) -> bytes:
    packed = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="hub-registry-") as name, ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        folder = Path(name) / "schemas"
        write_folder(files, folder)
        for path in sorted(folder.rglob("*.yaml")):
            archive.write(path, str(path.relative_to(folder.parent)))
    return packed.getvalue()


async def export_files(session: AsyncSession) -> Exported:
    """Everything that has not ended, in its newest version: what `apply` would continue."""
    elements, left_out = await _elements(session)
    rules = [
        rule_declaration(rule_definition(rule))
        for rule in await repository.list_newest_rules(session)
        if rule.registration_status not in ENDED
    ]
    lists = [
        code_list_declaration(code_list_definition(item)) for item in await repository.list_newest_code_lists(session)
    ]
    known = Registered(
        organizations=frozenset(await organizations.codes(session)),
        code_lists={code_list.identifier: code_list for code_list in lists},
    )
    elements, rules, refused = _readable(elements, rules, known)
    named = {code for element in elements for code in (element.source_organization, element.steward)}
    files = in_order(
        organizations=await _organizations(session, named), code_lists=lists, elements=elements, rules=rules
    )
    return Exported(files, tuple(sorted({*left_out, *refused})))


async def _elements(session: AsyncSession) -> tuple[list[ElementDeclaration], list[str]]:
    declarations, left_out = [], []
    for version in await repository.list_newest(session):
        if version.registration_status in ENDED:
            continue
        try:
            declarations.append(element_declaration(element_definition(version)))
        except ValidationError:
            left_out.append(version.identifier)
    return declarations, left_out


def _readable(
    elements: list[ElementDeclaration], rules: list[RuleDeclaration], known: Registered
) -> tuple[list[ElementDeclaration], list[RuleDeclaration], set[str]]:
    """Without what the reader would refuse, and then without what names that, and so on."""
    refused: set[str] = set()
    while True:
        kept = [element for element in elements if element.identifier not in refused]
        kept_rules = [rule for rule in rules if rule.identifier not in refused]
        entries = Entries(
            organizations=[],
            code_lists=[],
            elements=[Entry(item.identifier, Node(1, {}), item.identifier, item) for item in kept],
            rules=[Entry(item.identifier, Node(1, {}), item.identifier, item) for item in kept_rules],
        )
        faults = {fault.file for fault in check(entries, known)}
        if not faults:
            return kept, kept_rules, refused
        refused |= faults


async def _organizations(session: AsyncSession, named: set[str]) -> list[OrganizationDeclaration]:
    return [
        OrganizationDeclaration.model_validate(
            {
                "code": held.code,
                "name": held.name,
                "kind": held.kind,
                "contact": Contact(name=held.contact_name, phone=held.contact_phone),
            }
        )
        for held in await organizations.list_organizations(session)
        if held.code in named and held.contact_name and held.contact_phone
    ]
