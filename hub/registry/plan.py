"""What files would change in the registry. Pure: compares, and writes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from hub.datatypes import PermissibleValue
from hub.kit.i18n import gettext as _
from hub.registry.breaking import Break, find_breaks
from hub.registry.definition import CodeListDefinition, ElementDefinition, RuleDefinition
from hub.registry.file_conversion import declared_code_list, declared_element, declared_rule
from hub.registry.file_models import OrganizationDeclaration
from hub.registry.files import RegistryFiles

Kind = Literal["create", "new_version", "unchanged", "breaking", "ended"]
Item = Literal["organization", "code_list", "data_element", "rule"]
Values = tuple[PermissibleValue, ...]


@dataclass(frozen=True)
class HeldCodeList:
    version: int
    definition: CodeListDefinition


@dataclass(frozen=True)
class HeldElement:
    """`newest` is what the files continue, `current` what others use and what may break."""

    version: int
    newest: ElementDefinition
    current: ElementDefinition
    current_values: Values = ()
    has_ended: bool = False


@dataclass(frozen=True)
class HeldRule:
    version: int
    definition: RuleDefinition
    has_ended: bool = False


@dataclass(frozen=True)
class Held:
    organizations: frozenset[str] = frozenset()
    code_lists: Mapping[str, HeldCodeList] = field(default_factory=dict)
    elements: Mapping[str, HeldElement] = field(default_factory=dict)
    rules: Mapping[str, HeldRule] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One line of the plan; `content` is what will be registered, `differences` the fields that differ."""

    item: Item
    identifier: str
    kind: Kind
    version: int = 1
    content: OrganizationDeclaration | CodeListDefinition | ElementDefinition | RuleDefinition | None = None
    differences: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()
    place: str = ""


@dataclass(frozen=True)
class Plan:
    changes: tuple[Change, ...]

    @property
    def pending(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind in {"create", "new_version"})

    @property
    def refused(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind in {"breaking", "ended"})

    def for_people(self) -> str:
        """One line for each change, then how many there are of which kind."""
        lines = [_line(change) for change in self.changes if change.kind != "unchanged"]
        unchanged = sum(change.kind == "unchanged" for change in self.changes)
        summary = _("新增或修改 {pending} 项，不能导入 {refused} 项，不变 {unchanged} 项").format(
            pending=len(self.pending), refused=len(self.refused), unchanged=unchanged
        )
        return "\n".join([*lines, summary])


def _line(change: Change) -> str:
    items: Mapping[Item, str] = {
        "organization": _("单位"),
        "code_list": _("代码表"),
        "data_element": _("数据元"),
        "rule": _("校验规则"),
    }
    name = f"{items[change.item]} {change.identifier}"
    match change.kind:
        case "create":
            return _("+ {name}（新增）").format(name=name)
        case "new_version":
            fields = "、".join(change.differences)
            line = _("~ {name}（第 {version} 版：{fields}）").format(name=name, version=change.version, fields=fields)
            return line + (_("【不兼容】") if change.breaks else "")
        case "breaking":
            reasons = "；".join(found.message for found in change.breaks)
            return _("! {name} {place}：不兼容的修改（{reasons}），确需修改请在文件中写明 breaking: true").format(
                name=name, place=change.place, reasons=reasons
            )
        case _:
            return _("! {name} {place}：已停用，不能再登记").format(name=name, place=change.place)


def make_plan(files: RegistryFiles, held: Held) -> Plan:
    """In the order in which it can be registered."""
    code_lists = [_code_list(declared_code_list(declaration), held) for declaration in files.code_lists]
    lists = _lists_after(code_lists, held)
    return Plan(
        (
            *_organizations(files, held),
            *code_lists,
            *_elements(files, held, lists),
            *(_rule(declared_rule(declaration), held) for declaration in files.rules),
        )
    )


def _organizations(files: RegistryFiles, held: Held) -> Iterator[Change]:
    """Only what is missing is made: an organisation that is there is changed where identities are kept."""
    for declaration in files.organizations:
        kind: Kind = "unchanged" if declaration.code in held.organizations else "create"
        yield Change("organization", declaration.code, kind, content=declaration)


def _code_list(code_list: CodeListDefinition, held: Held) -> Change:
    known = held.code_lists.get(code_list.identifier)
    if known is None:
        return Change("code_list", code_list.identifier, "create", 1, code_list)
    differences = known.definition.differences(code_list)
    if not differences:
        return Change("code_list", code_list.identifier, "unchanged", known.version, code_list)
    return Change("code_list", code_list.identifier, "new_version", known.version + 1, code_list, differences)


def _lists_after(planned: list[Change], held: Held) -> dict[str, HeldCodeList]:
    """Every code list as it will be once the plan is carried out."""
    after = dict(held.code_lists)
    for change in planned:
        if isinstance(change.content, CodeListDefinition):
            after[change.identifier] = HeldCodeList(change.version, change.content)
    return after


def _elements(files: RegistryFiles, held: Held, lists: Mapping[str, HeldCodeList]) -> Iterator[Change]:
    declared: set[str] = set()
    for declaration in files.elements:
        declared.add(declaration.identifier)
        code_list = lists.get(declaration.value_domain.code_list or "")
        element = declared_element(declaration, code_list.version if code_list else None)
        place = files.places.get(declaration.identifier, "")
        yield _element(element, held, lists, is_meant=declaration.breaking, place=place)
    # Elements that only the registry knows still follow the lists they use.
    for identifier, known in held.elements.items():
        code_list = lists.get(known.newest.domain.code_list or "")
        if identifier in declared or known.has_ended or code_list is None:
            continue
        if code_list.version != known.newest.code_list_version:
            yield _element(replace(known.newest, code_list_version=code_list.version), held, lists)


def _element(
    element: ElementDefinition,
    held: Held,
    lists: Mapping[str, HeldCodeList],
    *,
    is_meant: bool = False,
    place: str = "",
) -> Change:
    known = held.elements.get(element.identifier)
    if known is None:
        return Change("data_element", element.identifier, "create", 1, element, place=place)
    # A file that does not name who submits leaves it as it is.
    element = replace(
        element, submitting_organization=element.submitting_organization or known.newest.submitting_organization
    )
    differences = known.newest.differences(element)
    version = known.version + bool(differences)
    code_list = lists.get(element.domain.code_list or "")
    breaks = find_breaks(
        known.current,
        element,
        old_values=known.current_values,
        new_values=code_list.definition.values if code_list else (),
    )
    kind: Kind = "new_version"
    if not differences:
        kind, breaks = "unchanged", []
    elif known.has_ended:
        kind = "ended"
    elif breaks and not is_meant:
        kind = "breaking"
    return Change("data_element", element.identifier, kind, version, element, differences, tuple(breaks), place)


def _rule(rule: RuleDefinition, held: Held) -> Change:
    known = held.rules.get(rule.identifier)
    if known is None:
        return Change("rule", rule.identifier, "create", 1, rule)
    differences = known.definition.differences(rule)
    if not differences:
        return Change("rule", rule.identifier, "unchanged", known.version, rule)
    kind: Kind = "ended" if known.has_ended else "new_version"
    return Change("rule", rule.identifier, kind, known.version + 1, rule, differences)
