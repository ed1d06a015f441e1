"""What a proposed definition must be, beyond the shape of the wire. Pure.

Every fault is told at once, each with the pointer of the wire's element.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from hub.datatypes import PermissibleValue, ValueDomain, ValueFault, check_domain, parse
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.registry.definition import CodeListDefinition, ElementDefinition
from hub.validation import RuleFault, compile_derivation, compile_rule


@dataclass(frozen=True)
class Dependent:
    """A rule or a derived element that is computed from others of its form; `result` is a derived one's domain."""

    identifier: str
    expression: str
    result: ValueDomain | None = None


@dataclass(frozen=True)
class Surroundings:
    """What is registered around a definition: `domains` and `dependents` are those of its form."""

    organizations: Collection[str]
    code_lists: Mapping[str, tuple[PermissibleValue, ...]]
    domains: Mapping[str, ValueDomain]
    dependents: tuple[Dependent, ...] = ()


def check_element(element: ElementDefinition, around: Surroundings) -> list[ErrorItem]:
    return [
        *_owners(element, around),
        *_dates(element),
        *_domain(element, around),
        *_expression(element, around),
        *_applicability(element, around),
    ]


# The facets without which a number cannot be compared with another department's (DOMAIN 5.4).
FACETS_OF_A_QUANTITY = ("population", "stock_or_flow", "reference_time")
QUANTITIES = frozenset({"integer", "decimal"})


def missing_facets(element: ElementDefinition) -> list[ErrorItem]:
    """What a quantity leaves unsaid: what the file of an element must say, its form must too."""
    if element.domain.datatype not in QUANTITIES:
        return []
    faults = [
        ErrorItem(f"/facets/{facet}", "facet_missing", _("数量的口径必须写明这一项。"))
        for facet in FACETS_OF_A_QUANTITY
        if facet not in element.facets
    ]
    if element.domain.unit is None:
        faults.append(ErrorItem("/value_domain/unit", "unit_missing", _("数量必须写明计量单位。")))
    return faults


def _owners(element: ElementDefinition, around: Surroundings) -> Iterator[ErrorItem]:
    for name in ("source_organization", "steward", "submitting_organization"):
        code = getattr(element, name)
        if code is not None and code not in around.organizations:
            yield ErrorItem(f"/{name}", "organization_unknown", _("没有编码为 {code} 的单位。").format(code=code))


def _dates(element: ElementDefinition) -> Iterator[ErrorItem]:
    if element.valid_until is not None and element.valid_until < element.valid_from:
        yield ErrorItem("/valid_until", "valid_until_before_from", _("失效日期不能早于生效日期。"))


def full_domain(element: ElementDefinition, around: Surroundings) -> ValueDomain:
    values = around.code_lists.get(element.domain.code_list or "", ())
    return replace(element.domain, permissible_values=values)


def _domain(element: ElementDefinition, around: Surroundings) -> Iterator[ErrorItem]:
    code_list = element.domain.code_list
    if code_list is not None and code_list not in around.code_lists:
        message = _("没有代码表“{identifier}”。").format(identifier=code_list)
        yield ErrorItem("/value_domain/code_list", "code_list_unknown", message)
        return
    domain = full_domain(element, around)
    faults = check_domain(domain)
    for fault in faults:
        yield ErrorItem(f"/value_domain/{fault.field}", "value_domain_not_valid", fault.message)
    if faults or element.example is None:
        return
    try:
        parse(element.example, domain)
    except ValueFault as fault:
        message = _("示例不在值域内：{problem}").format(problem=fault.expectation)
        yield ErrorItem("/example", "example_not_permitted", message)


def _expression(element: ElementDefinition, around: Surroundings) -> Iterator[ErrorItem]:
    """Derived elements, and they alone, are computed; what is computed from this element must still be."""
    if (element.source == "derived") != (element.expression is not None):
        message = _("计算得出的数据元（derived）必须有 expression，其他的不能有。")
        yield ErrorItem("/expression", "expression_not_fitting", message)
        return
    domain = full_domain(element, around)
    if check_domain(domain):
        return
    domains = {**around.domains, element.identifier: domain}
    if element.expression is not None:
        try:
            compiled = compile_derivation(element.expression, domains, domain)
        except RuleFault as fault:
            yield ErrorItem("/expression", "expression_not_valid", str(fault))
            return
        if element.identifier in _needed(compiled.current, element, around):
            yield ErrorItem("/expression", "expression_circular", _("计算项互相依赖，无法计算。"))
    for dependent in around.dependents:
        if dependent.identifier != element.identifier and not _still_computable(dependent, domains):
            message = _("“{identifier}”用到本数据元，改后无法计算，请先修改它。").format(
                identifier=dependent.identifier
            )
            yield ErrorItem("/value_domain", "dependent_broken", message)


def _applicability(element: ElementDefinition, around: Surroundings) -> Iterator[ErrorItem]:
    """Only what a person fills in can be asked of some rows and not of others; never by what stands in itself."""
    if element.applies_when is None:
        return
    if element.source != "captured":
        message = _("只有填报的数据元才能有适用条件。")
        yield ErrorItem("/applies_when", "applicability_not_fitting", message)
        return
    try:
        compiled = compile_rule(
            element.applies_when, {**around.domains, element.identifier: full_domain(element, around)}
        )
    except RuleFault as fault:
        yield ErrorItem("/applies_when", "applicability_not_valid", str(fault))
        return
    if element.identifier in compiled.current:
        message = _("适用条件不能由本数据元自己决定。")
        yield ErrorItem("/applies_when", "applicability_circular", message)


def _needed(named: Collection[str], element: ElementDefinition, around: Surroundings) -> set[str]:
    """Everything that must be computed first, at any depth."""
    derived = {
        d.identifier: d for d in around.dependents if d.result is not None and d.identifier != element.identifier
    }
    found: set[str] = set()
    waiting = list(named)
    while waiting:
        identifier = waiting.pop()
        if identifier in found:
            continue
        found.add(identifier)
        if identifier in derived:
            waiting.extend(_named(derived[identifier], around))
    return found


def _named(dependent: Dependent, around: Surroundings) -> tuple[str, ...]:
    try:
        compiled = compile_derivation(dependent.expression, around.domains, dependent.result or ValueDomain("integer"))
    except RuleFault:
        return ()
    return compiled.current


def _still_computable(dependent: Dependent, domains: Mapping[str, ValueDomain]) -> bool:
    try:
        if dependent.result is None:
            compile_rule(dependent.expression, domains)
        else:
            compile_derivation(dependent.expression, domains, domains.get(dependent.identifier, dependent.result))
    except RuleFault:
        return False
    return True


def check_code_list(code_list: CodeListDefinition) -> list[ErrorItem]:
    faults: list[ErrorItem] = []
    if not code_list.values:
        faults.append(ErrorItem("/permissible_values", "code_list_empty", _("代码表是空的。")))
    first_at: dict[str, int] = {}
    for index, item in enumerate(code_list.values):
        pointer = f"/permissible_values/{index}"
        if item.value != item.value.strip() or not item.value:
            faults.append(ErrorItem(f"{pointer}/value", "code_not_valid", _("代码不能为空，首尾不能有空格。")))
        if not item.meaning.strip():
            faults.append(ErrorItem(f"{pointer}/meaning", "meaning_missing", _("代码的含义不能为空。")))
        if first_at.setdefault(item.value, index) != index:
            message = _("代码“{value}”重复。").format(value=item.value)
            faults.append(ErrorItem(f"{pointer}/value", "code_duplicate", message))
    return faults
