"""The registry as files: read with all faults at once, written in a stable order.

    organizations.yaml      who owns, answers for and proposes elements
    code_lists/*.yaml       one code list in each file
    elements/*.yaml         data elements, completed by the file's `defaults`
    rules/*.yaml            cross-checks, completed by the file's `defaults`

See docs/registry-files.md. Pure: knows neither the database nor what it already holds.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from hub.datatypes import ValueDomain
from hub.kit.errors import Conflict
from hub.kit.i18n import gettext as _
from hub.registry.file_checks import Entries, Registered, check, form_of
from hub.registry.file_entries import D, Entry, declared, read_entry, read_list
from hub.registry.file_marks import FileFault, Node, RegistryFilesError, read_marked
from hub.registry.file_models import (
    CodeListDeclaration,
    Declaration,
    ElementDeclaration,
    OrganizationDeclaration,
    RuleDeclaration,
)

ORGANIZATIONS = "organizations.yaml"
CODE_LISTS, ELEMENTS, RULES = "code_lists", "elements", "rules"
LINE_WIDTH = 120


class ExportFolderNotEmptyError(Conflict):
    """Files of an earlier export would be read together with the new ones."""

    code = "export_folder_not_empty"


@dataclass(frozen=True)
class RegistryFiles:
    """In the order of the form: by object class, period type and `order`."""

    organizations: tuple[OrganizationDeclaration, ...] = ()
    code_lists: tuple[CodeListDeclaration, ...] = ()
    elements: tuple[ElementDeclaration, ...] = ()
    rules: tuple[RuleDeclaration, ...] = ()
    # Where each element stands (file:line), for what is only found when the registry is compared.
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    def value_domain(self, element: ElementDeclaration) -> ValueDomain:
        """The domain with the values of its code list, when the list is in these files."""
        by_identifier = {code_list.identifier: code_list for code_list in self.code_lists}
        return element.value_domain.with_values(by_identifier.get(element.value_domain.code_list or ""))


def read_folder(path: Path, registered: Registered | None = None) -> RegistryFiles:
    """The folder's declarations, or RegistryFilesError with every fault of every file."""
    reading = _Reading(path)
    entries = Entries(
        organizations=reading.lists([ORGANIZATIONS], "organizations", OrganizationDeclaration, "code"),
        code_lists=reading.single(reading.names(CODE_LISTS), CodeListDeclaration),
        elements=reading.lists(reading.names(ELEMENTS), "elements", ElementDeclaration),
        rules=reading.lists(reading.names(RULES), "rules", RuleDeclaration),
    )
    faults = list(reading.faults)
    if not reading.has_unreadable_file:
        faults.extend(check(entries, registered or Registered()))
    if faults:
        raise RegistryFilesError(faults)
    files = in_order(
        organizations=[item for _entry, item in declared(entries.organizations)],
        code_lists=[item for _entry, item in declared(entries.code_lists)],
        elements=[item for _entry, item in declared(entries.elements)],
        rules=[item for _entry, item in declared(entries.rules)],
    )
    return replace(files, places={entry.name: f"{entry.file}:{entry.node.line}" for entry in entries.elements})


def in_order(
    *,
    organizations: list[OrganizationDeclaration],
    code_lists: list[CodeListDeclaration],
    elements: list[ElementDeclaration],
    rules: list[RuleDeclaration],
) -> RegistryFiles:
    return RegistryFiles(
        organizations=tuple(sorted(organizations, key=lambda item: item.code)),
        code_lists=tuple(sorted(code_lists, key=lambda item: item.identifier)),
        elements=tuple(sorted(elements, key=lambda item: (form_of(item), item.order, item.identifier))),
        rules=tuple(sorted(rules, key=lambda item: (form_of(item), item.identifier))),
    )


def write_folder(files: RegistryFiles, path: Path) -> None:
    """Writes what `read_folder` reads back as the same: one file for each form, nothing abbreviated."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ExportFolderNotEmptyError(_("导出的文件夹必须是空的或者还不存在：{path}").format(path=path))
    for folder in (CODE_LISTS, ELEMENTS, RULES):
        (path / folder).mkdir(parents=True, exist_ok=True)
    if files.organizations:
        _write(path / ORGANIZATIONS, {"organizations": [_plain(item) for item in files.organizations]})
    for code_list in files.code_lists:
        _write(path / CODE_LISTS / f"{code_list.identifier}.yaml", _plain(code_list))
    for folder, declarations in ((ELEMENTS, files.elements), (RULES, files.rules)):
        forms: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for declaration in declarations:
            forms["-".join(form_of(declaration))].append(_plain(declaration))
        for form, items in forms.items():
            _write(path / folder / f"{form}.yaml", {folder: items})


class _Reading:
    """One pass over a folder; faults gather here instead of ending it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.faults: list[FileFault] = []
        # Whatever names something in such a file would look wrong, so references wait until all can be read.
        self.has_unreadable_file = False
        if not path.is_dir():
            self.faults.append(FileFault(str(path), 1, _("没有这个文件夹")))

    def names(self, folder: str) -> list[str]:
        """Any other file would be silently skipped by a reader that its author trusts."""
        found = []
        directory = self.path / folder
        for file in sorted(directory.iterdir()) if directory.is_dir() else []:
            name = f"{folder}/{file.name}"
            if file.suffix == ".yaml":
                found.append(name)
            elif not file.name.startswith("."):
                self.faults.append(FileFault(name, 1, _("这里只能放.yaml文件")))
        return found

    def root(self, name: str) -> Node | None:
        try:
            content = (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.faults.append(FileFault(name, 1, _("读不了文件：{problem}").format(problem=error.strerror)))
            self.has_unreadable_file = True
            return None
        root, faults = read_marked(content, name)
        self.faults.extend(faults)
        self.has_unreadable_file |= root is None
        return root

    def lists(self, names: list[str], key: str, model: type[D], name_field: str = "identifier") -> list[Entry[D]]:
        entries: list[Entry[D]] = []
        for name in names:
            root = self.root(name)
            if root is not None:
                found, faults = read_list(root, name, key, model, name_field)
                entries.extend(found)
                self.faults.extend(faults)
        return entries

    def single(self, names: list[str], model: type[D]) -> list[Entry[D]]:
        entries: list[Entry[D]] = []
        for name in names:
            root = self.root(name)
            if root is not None:
                entry, faults = read_entry(root, name, model, "identifier")
                entries.append(entry)
                self.faults.extend(faults)
        return entries


class _Dumper(yaml.SafeDumper):
    """Keeps decimals exact (a limit of 0.1 is written as 0.1), and writes out what it meets twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - whatever it is
        return True


def _represent_decimal(dumper: yaml.SafeDumper, number: Decimal) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", f"{number:f}")


_Dumper.add_representer(Decimal, _represent_decimal)


def _plain(declaration: Declaration) -> dict[str, Any]:
    return declaration.model_dump(exclude_defaults=True)


def _write(path: Path, content: Mapping[str, Any]) -> None:
    text = yaml.dump(content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=LINE_WIDTH)
    path.write_text(text, encoding="utf-8")
