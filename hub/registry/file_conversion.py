"""Between the files' declarations and the registry's definitions. Pure."""

from typing import Any

from hub.datatypes import PermissibleValue, ValueDomain
from hub.registry.definition import CONSTRAINTS, CodeListDefinition, ElementDefinition, RuleDefinition
from hub.registry.file_models import CodeListDeclaration, ElementDeclaration, RuleDeclaration

_SAME = (
    "identifier",
    "definition",
    "object_class",
    "period_type",
    "source",
    "expression",
    "applies_when",
    "topic",
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


def declared_element(declaration: ElementDeclaration, code_list_version: int | None) -> ElementDefinition:
    return ElementDefinition(
        **{name: getattr(declaration, name) for name in _SAME},
        name_zh=declaration.names.zh,
        name_en=declaration.names.en,
        aliases=declaration.aliases,
        property_name=declaration.property,
        facets=dict(declaration.facets),
        domain=ValueDomain(**declaration.value_domain.model_dump()),
        code_list_version=code_list_version,
        is_required=declaration.required,
        position=declaration.order,
    )


def element_declaration(element: ElementDefinition) -> ElementDeclaration:
    """Raises pydantic's ValidationError when the element says less than a file must."""
    domain = {name: getattr(element.domain, name) for name in ("datatype", "code_list", *CONSTRAINTS)}
    content: dict[str, Any] = {name: getattr(element, name) for name in _SAME} | {
        "names": {"zh": element.name_zh, "en": element.name_en},
        "aliases": element.aliases,
        "property": element.property_name,
        "facets": element.facets,
        "value_domain": {name: value for name, value in domain.items() if value is not None},
        "required": element.is_required,
        "order": element.position,
    }
    return ElementDeclaration.model_validate(content)


def declared_code_list(declaration: CodeListDeclaration) -> CodeListDefinition:
    values = tuple(PermissibleValue(item.value, item.meaning) for item in declaration.permissible_values)
    return CodeListDefinition(declaration.identifier, declaration.name, values, declaration.source)


def code_list_declaration(code_list: CodeListDefinition) -> CodeListDeclaration:
    values = [{"value": item.value, "meaning": item.meaning} for item in code_list.values]
    return CodeListDeclaration.model_validate(
        {
            "identifier": code_list.identifier,
            "name": code_list.name,
            "source": code_list.source,
            "permissible_values": values,
        }
    )


def declared_rule(declaration: RuleDeclaration) -> RuleDefinition:
    return RuleDefinition(
        identifier=declaration.identifier,
        object_class=declaration.object_class,
        period_type=declaration.period_type,
        expression=declaration.expression,
        severity=declaration.severity,
        element=declaration.element,
        message_zh=declaration.messages.zh,
        message_en=declaration.messages.en,
    )


def rule_declaration(rule: RuleDefinition) -> RuleDeclaration:
    return RuleDeclaration.model_validate(
        {
            "identifier": rule.identifier,
            "object_class": rule.object_class,
            "period_type": rule.period_type,
            "expression": rule.expression,
            "severity": rule.severity,
            "element": rule.element,
            "messages": {"zh": rule.message_zh, "en": rule.message_en},
        }
    )
