"""Putting a form's content together: from the registry as it is today, or from what was frozen."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from hub.forms import repository
from hub.forms.assembly import AssembledItem, OfferedElement, OfferedRule
from hub.forms.assembly import assemble as assemble_items
from hub.forms.content import FormContent, FormField
from hub.forms.errors import FormNotFound
from hub.forms.models import FormVersion
from hub.forms.names import form_code, form_name
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.registry.models import DataElementVersion, RuleVersion
from hub.registry.specifications import PermissibleValues, element_spec, rule_spec
from hub.validation import FormSpec


async def assemble(session: AsyncSession, object_class: str, period_type: str, on: date) -> FormContent:
    """Everything qualified and valid on that day about one object class with one period type."""
    elements = await registry.list_assembled(session, object_class, period_type, on)
    rules = await registry.list_rules(session, object_class, period_type)
    assembly = assemble_items([_offered(element) for element in elements], [_offered_rule(rule) for rule in rules])
    kept = {(rule.identifier, rule.version) for rule in assembly.rules}
    fields = await _fields(session, assembly.items, elements)
    code = form_code(object_class, period_type)
    return FormContent(
        code=code,
        version=None,
        name=form_name(object_class, period_type),
        object_class=object_class,
        period_type=period_type,
        fields=fields,
        spec=_spec(code, 0, fields, [rule for rule in rules if (rule.identifier, rule.version) in kept]),
    )


def _offered(element: DataElementVersion) -> OfferedElement:
    return OfferedElement(
        identifier=element.identifier,
        version=element.version,
        topic=element.topic,
        position=element.position,
        source=element_spec(element, ()).source,
        is_required=element.is_required,
        expression=element.expression,
    )


def _offered_rule(rule: RuleVersion) -> OfferedRule:
    return OfferedRule(rule.identifier, rule.version, tuple(rule.elements))


async def load(session: AsyncSession, version: FormVersion) -> FormContent:
    """A published version, from the element and rule versions it names."""
    form = await repository.get_form(session, version.code)
    if form is None:
        raise FormNotFound(_("没有这张表：{code}。").format(code=version.code))
    items = [
        AssembledItem(
            item.identifier,
            item.element_version,
            item.section,
            item.position,
            "mandatory" if item.obligation == "mandatory" else "optional",
        )
        for item in await repository.list_items(session, version.code, version.version)
    ]
    elements = await registry.get_versions(session, [(item.identifier, item.element_version) for item in items])
    named = await repository.list_rules(session, version.code, version.version)
    rules = await registry.get_rule_versions(session, [(rule.identifier, rule.rule_version) for rule in named])
    fields = await _fields(session, items, elements)
    return FormContent(
        code=version.code,
        version=version.version,
        name=version.name,
        object_class=form.object_class,
        period_type=form.period_type,
        fields=fields,
        spec=_spec(version.code, version.version, fields, rules),
        published_at=version.published_at,
        published_by=version.published_by,
    )


async def _fields(
    session: AsyncSession, items: Sequence[AssembledItem], elements: Sequence[DataElementVersion]
) -> tuple[FormField, ...]:
    by_version = {(element.identifier, element.version): element for element in elements}
    values = await registry.list_permissible_values(session, elements)
    return tuple(_field(item, by_version[item.identifier, item.element_version], values) for item in items)


def _field(
    item: AssembledItem,
    element: DataElementVersion,
    values: PermissibleValues,
) -> FormField:
    code_list = (element.code_list, element.code_list_version)
    return FormField(
        spec=element_spec(element, values.get(code_list, ())),
        section=item.section,
        position=item.position,
        obligation=item.obligation,
        definition=element.definition,
        example=element.example,
        source_organization=element.source_organization,
        legal_basis=element.legal_basis,
    )


def _spec(code: str, version: int, fields: Sequence[FormField], rules: Sequence[RuleVersion]) -> FormSpec:
    ordered = sorted(rules, key=lambda rule: rule.identifier)
    return FormSpec(code, version, tuple(field.spec for field in fields), tuple(rule_spec(rule) for rule in ordered))
