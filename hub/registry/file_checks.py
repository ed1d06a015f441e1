"""What declarations must be to each other, and what Order 809 asks of each, beyond the shape of one entry."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hub.datatypes import ValueDomain, ValueFault, check_domain, parse
from hub.kit.i18n import gettext as _
from hub.registry.checks import FACETS_OF_A_QUANTITY, QUANTITIES
from hub.registry.file_entries import D, Entry, declared
from hub.registry.file_marks import FileFault
from hub.registry.file_models import (
    CodeListDeclaration,
    ElementDeclaration,
    OrganizationDeclaration,
    RuleDeclaration,
)
from hub.validation import RuleFault, compile_derivation, compile_rule

Form = tuple[str, str]

LAW_CITED = re.compile(r"《[^》]+》")


@dataclass(frozen=True)
class Registered:
    """What the registry already holds, so that a folder with a single new element can be read too.

    Empty: the folder must be complete in itself. `domains` are the elements of each form.
    """

    organizations: frozenset[str] = frozenset()
    code_lists: Mapping[str, CodeListDeclaration] = field(default_factory=dict)
    domains: Mapping[Form, Mapping[str, ValueDomain]] = field(default_factory=dict)


@dataclass(frozen=True)
class Entries:
    organizations: list[Entry[OrganizationDeclaration]]
    code_lists: list[Entry[CodeListDeclaration]]
    elements: list[Entry[ElementDeclaration]]
    rules: list[Entry[RuleDeclaration]]


def form_of(declaration: ElementDeclaration | RuleDeclaration) -> Form:
    return declaration.object_class, declaration.period_type


def check(entries: Entries, registered: Registered) -> Iterator[FileFault]:
    yield from _duplicates(entries.organizations)
    yield from _duplicates(entries.code_lists)
    yield from _duplicates(entries.elements)
    yield from _duplicates(entries.rules)
    organizations = registered.organizations | {entry.name for entry in entries.organizations}
    code_lists = {**registered.code_lists, **{entry.name: entry.declaration for entry in entries.code_lists}}
    for entry, element in declared(entries.elements):
        yield from _owners(entry, element, organizations)
        yield from _definition(entry, element)
        yield from _sharing(entry, element)
        yield from _domain(entry, element, code_lists)
    yield from _places(entries.elements)
    yield from _expressions(entries, registered, code_lists)


def _duplicates(entries: list[Entry[D]]) -> Iterator[FileFault]:
    first: dict[str, Entry[D]] = {}
    for entry in entries:
        if not entry.name:
            continue
        other = first.setdefault(entry.name, entry)
        if other is not entry:
            where = f"{other.file}:{other.node.line}"
            yield entry.fault(_("“{name}”已在{where}登记").format(name=entry.name, where=where))


def _owners(
    entry: Entry[ElementDeclaration], element: ElementDeclaration, known: set[str] | frozenset[str]
) -> Iterator[FileFault]:
    for key in ("source_organization", "steward", "submitting_organization"):
        code = getattr(element, key)
        if code is not None and code not in known:
            yield entry.fault(_("没有登记的单位“{code}”").format(code=code), key)


def _definition(entry: Entry[ElementDeclaration], element: ElementDeclaration) -> Iterator[FileFault]:
    if not element.identifier.startswith(f"{element.object_class}_"):
        prefix = f"{element.object_class}_"
        yield entry.fault(_("标识符必须以{prefix}开头").format(prefix=prefix), "identifier")
    if element.value_domain.datatype in QUANTITIES:
        for facet in FACETS_OF_A_QUANTITY:
            if facet not in element.facets:
                yield entry.fault(_("数量的口径缺少分面“{facet}”").format(facet=facet), "facets")
        if element.value_domain.unit is None:
            yield entry.fault(_("数量必须写明计量单位"), "value_domain", "unit")
    if element.facets.get("stock_or_flow", "stock") not in {"stock", "flow"}:
        yield entry.fault(_("stock_or_flow必须是stock（时点数）或flow（时期数）"), "facets", "stock_or_flow")
    if (element.source == "derived") != (element.expression is not None):
        yield entry.fault(_("计算得出的数据元（derived）必须有expression，其他的不能有"), "source")
    if element.valid_until is not None and element.valid_until <= element.valid_from:
        yield entry.fault(_("valid_until必须晚于valid_from"), "valid_until")


def _sharing(entry: Entry[ElementDeclaration], element: ElementDeclaration) -> Iterator[FileFault]:
    """Order 809, art. 15: conditions name scope and use; a refusal names the law; nobody invents conditions."""
    conditions = element.sharing_conditions or ""
    key = "sharing_conditions" if conditions else "sharing_type"
    match element.sharing_type:
        case "conditional" if not ("共享范围" in conditions and "使用用途" in conditions):
            yield entry.fault(_("有条件共享必须写明“共享范围：…；使用用途：…”（政务数据共享条例第十五条）"), key)
        case "not_shared" if not ("理由" in conditions and LAW_CITED.search(conditions)):
            yield entry.fault(
                _("不予共享必须写明“理由：…；依据：《法律、行政法规或国务院决定》”（政务数据共享条例第十五条）"), key
            )
        case "unconditional" if conditions:
            yield entry.fault(_("无条件共享不能另设条件（政务数据共享条例第十五条）"), key)


def _domain(
    entry: Entry[ElementDeclaration],
    element: ElementDeclaration,
    code_lists: Mapping[str, CodeListDeclaration | None],
) -> Iterator[FileFault]:
    identifier = element.value_domain.code_list
    if identifier is not None and identifier not in code_lists:
        yield entry.fault(
            _("没有登记的代码表“{identifier}”").format(identifier=identifier), "value_domain", "code_list"
        )
        return
    code_list = code_lists[identifier] if identifier else None
    if identifier and code_list is None:
        return  # the code list's own faults are told where it stands
    domain = element.value_domain.with_values(code_list)
    faults = check_domain(domain)
    for fault in faults:
        yield entry.fault(fault.message, "value_domain", fault.field)
    if element.example is not None and not faults:
        try:
            parse(element.example, domain)
        except ValueFault as fault:
            yield entry.fault(_("示例不在值域内：{problem}").format(problem=fault.expectation), "example")


def _places(entries: list[Entry[ElementDeclaration]]) -> Iterator[FileFault]:
    """Two elements of one form at one place, or with one meaning: the latter is what the hub exists to prevent."""
    orders: dict[tuple[Form, int], str] = {}
    concepts: dict[tuple[object, ...], str] = {}
    for entry, element in declared(entries):
        other = orders.setdefault((form_of(element), element.order), element.identifier)
        if other != element.identifier:
            yield entry.fault(_("order与“{other}”相同").format(other=other), "order")
        concept = (form_of(element), element.property, frozenset(element.facets.items()))
        other = concepts.setdefault(concept, element.identifier)
        if other != element.identifier:
            yield entry.fault(
                _("与“{other}”的特性和口径完全相同，是同一个数据元；确有区别的，请在facets里写明").format(other=other),
                "facets",
            )


def _expressions(
    entries: Entries, registered: Registered, code_lists: Mapping[str, CodeListDeclaration | None]
) -> Iterator[FileFault]:
    known: dict[Form, dict[str, ValueDomain]] = defaultdict(dict)
    for form, domains in registered.domains.items():
        known[form].update(domains)
    for _entry, element in declared(entries.elements):
        domain = element.value_domain.with_values(code_lists.get(element.value_domain.code_list or ""))
        if not check_domain(domain):
            known[form_of(element)][element.identifier] = domain
    # An element that is itself at fault is told once, where it stands, not again by every rule that names it.
    told = {entry.name for entry in entries.elements}.difference(*known.values())
    yield from _derivations(entries.elements, known, told)
    yield from _conditions(entries.elements, known, told)
    not_captured = {
        element.identifier for _entry, element in declared(entries.elements) if element.source != "captured"
    }
    for entry, rule in declared(entries.rules):
        yield from _rule(entry, rule, known[form_of(rule)], told, not_captured)


def _derivations(
    entries: list[Entry[ElementDeclaration]], known: Mapping[Form, Mapping[str, ValueDomain]], told: set[str]
) -> Iterator[FileFault]:
    waiting: dict[str, tuple[Entry[ElementDeclaration], frozenset[str]]] = {}
    for entry, element in declared(entries):
        domains = known[form_of(element)]
        if element.expression is None or element.identifier not in domains:
            continue
        try:
            compiled = compile_derivation(element.expression, domains, domains[element.identifier])
        except RuleFault as fault:
            if fault.fragment not in told:
                yield entry.fault(str(fault), "expression")
        else:
            waiting[element.identifier] = (entry, frozenset(compiled.current))
    while ready := {name for name, (_entry, sources) in waiting.items() if sources.isdisjoint(waiting)}:
        waiting = {name: item for name, item in waiting.items() if name not in ready}
    for entry, _sources in waiting.values():
        yield entry.fault(_("计算项互相依赖，无法计算：{names}").format(names="、".join(waiting)), "expression")


def _conditions(
    entries: list[Entry[ElementDeclaration]], known: Mapping[Form, Mapping[str, ValueDomain]], told: set[str]
) -> Iterator[FileFault]:
    """Of which rows an element is asked: of what is filled in only, and never by what stands in itself."""
    for entry, element in declared(entries):
        domains = known[form_of(element)]
        if element.applies_when is None or element.identifier not in domains:
            continue
        if element.source != "captured":
            yield entry.fault(_("只有填报的数据元才能有适用条件。"), "applies_when")
            continue
        try:
            compiled = compile_rule(element.applies_when, domains)
        except RuleFault as fault:
            if fault.fragment not in told:
                yield entry.fault(str(fault), "applies_when")
        else:
            if element.identifier in compiled.current:
                yield entry.fault(_("适用条件不能由本数据元自己决定。"), "applies_when")


def _rule(
    entry: Entry[RuleDeclaration],
    rule: RuleDeclaration,
    known: Mapping[str, ValueDomain],
    told: set[str],
    not_captured: set[str],
) -> Iterator[FileFault]:
    """Only a cell that the rule names, and that somebody can correct, is blamed."""
    try:
        compiled = compile_rule(rule.expression, known)
    except RuleFault as fault:
        if fault.fragment not in told:
            yield entry.fault(str(fault), "expression")
        return
    if rule.element not in compiled.named:
        yield entry.fault(_("规则没有提到“{element}”，不能由它负责").format(element=rule.element), "element")
    elif rule.element in not_captured:
        yield entry.fault(
            _("“{element}”不是填报的，无法更正，请换成填报的数据元").format(element=rule.element), "element"
        )
