"""From what is registered to what validation understands. The one place that knows both."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from hub.datatypes import PermissibleValue, ValueDomain
from hub.registry.definition import CONSTRAINTS, CodeListDefinition, ElementDefinition, RuleDefinition
from hub.registry.models import CodeList, DataElementVersion, RuleVersion
from hub.validation import ElementSpec, RuleSpec, Severity, Source

PermissibleValues = Mapping[tuple[str | None, int | None], tuple[PermissibleValue, ...]]


def domain_of(version: DataElementVersion, values: Sequence[PermissibleValue] = ()) -> ValueDomain:
    return ValueDomain(
        datatype=version.datatype,
        code_list=version.code_list,
        permissible_values=tuple(values),
        **{name: version.value_domain.get(name) for name in CONSTRAINTS},
    )


def stored_constraints(domain: ValueDomain) -> dict[str, Any]:
    """What the column `value_domain` holds: only what is set."""
    given = {name: getattr(domain, name) for name in CONSTRAINTS}
    return {name: value for name, value in given.items() if value is not None}


def element_spec(version: DataElementVersion, permissible_values: Sequence[PermissibleValue]) -> ElementSpec:
    return ElementSpec(
        identifier=version.identifier,
        version=version.version,
        name=version.name_zh,
        name_en=version.name_en,
        domain=domain_of(version, permissible_values),
        required=version.is_required,
        source=cast("Source", version.source),
        expression=version.expression,
        applies_when=version.applies_when,
    )


def rule_spec(rule: RuleVersion) -> RuleSpec:
    return RuleSpec(
        identifier=rule.identifier,
        version=rule.version,
        expression=rule.expression,
        severity=cast("Severity", rule.severity),
        message=rule.message_zh,
        message_en=rule.message_en,
        blamed=rule.element,
    )


# What a definition and the row that holds it call by the same name.
SHARED = (
    "identifier",
    "name_zh",
    "name_en",
    "definition",
    "object_class",
    "property_name",
    "code_list_version",
    "period_type",
    "source",
    "expression",
    "applies_when",
    "is_required",
    "topic",
    "position",
    "collection_basis",
    "source_organization",
    "steward",
    "submitting_organization",
    "source_decision",
    "legal_basis",
    "sharing_type",
    "sharing_conditions",
    "sensitivity",
    "example",
    "valid_from",
    "valid_until",
)


def element_definition(version: DataElementVersion) -> ElementDefinition:
    return ElementDefinition(
        **{name: getattr(version, name) for name in SHARED},
        aliases=tuple(version.aliases),
        facets=version.facets,
        domain=domain_of(version),
    )


def rule_definition(rule: RuleVersion) -> RuleDefinition:
    return RuleDefinition(
        identifier=rule.identifier,
        object_class=rule.object_class,
        period_type=rule.period_type,
        expression=rule.expression,
        severity=rule.severity,
        element=rule.element,
        message_zh=rule.message_zh,
        message_en=rule.message_en,
    )


def code_list_definition(code_list: CodeList) -> CodeListDefinition:
    """Needs the list's permissible values to have been loaded."""
    values = tuple(PermissibleValue(item.value, item.meaning) for item in code_list.permissible_values)
    return CodeListDefinition(code_list.identifier, code_list.name, values, code_list.source)
