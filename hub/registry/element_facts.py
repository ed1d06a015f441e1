"""Everything that a version says of its element, as pairs of a label and a text, in the order they are read."""

from collections.abc import Mapping, Sequence

from hub.kit.i18n import gettext as _
from hub.kit.shown import cell, day
from hub.registry.facets import DEFINITION_FACETS
from hub.registry.schemas import DataElementRead
from hub.registry.words import word

Fact = tuple[str, str]


def facts(current: DataElementRead, organizations: Mapping[str, str]) -> list[Fact]:
    """What is said; what is not said is an empty text."""
    contact = current.contact
    owner = organizations.get(current.source_organization or "", current.source_organization or "")
    people = "" if contact is None else " ".join(part for part in (contact.name, contact.phone) if part)
    steward = organizations.get(current.steward or "", current.steward or "")
    return [
        (_("英文名称"), current.names.en or ""),
        (_("别名"), "、".join(current.aliases)),
        (_("对象"), word("object_class", current.object_class)),
        (_("特性"), current.property),
        (_("周期"), word("period_type", current.period_type)),
        (_("所在节"), current.topic),
        (_("值域"), domain_in_words(current)),
        (_("来源"), word("source", current.source) + (f"：{current.expression}" if current.expression else "")),
        (_("适用条件"), current.applies_when or ""),
        (_("数源部门"), f"{owner} {people}".strip()),
        (_("数源依据"), current.source_decision or ""),
        (_("管理单位"), steward),
        (
            _("提出单位"),
            organizations.get(current.submitting_organization or "", current.submitting_organization or ""),
        ),
        (_("法律依据"), current.legal_basis or ""),
        (_("采集性质"), word("collection_basis", current.collection_basis)),
        (_("共享类型"), word("sharing_type", current.sharing_type)),
        (_("共享条件"), current.sharing_conditions or ""),
        (_("敏感程度"), word("sensitivity", current.sensitivity)),
        (_("示例"), current.example or ""),
        (_("生效日期"), day(current.valid_from)),
        (_("失效日期"), day(current.valid_until) if current.valid_until else ""),
        (_("被取代为"), current.superseded_by or ""),
    ]


def facet_facts(current: DataElementRead) -> list[Fact]:
    """In the order in which the register form asks them; others after them."""
    known = [name for name in DEFINITION_FACETS if name in current.facets]
    return [
        (word("facet", name), "、".join(word("facet_value", one) for one in _each(current.facets[name])))
        for name in dict.fromkeys([*known, *current.facets])
    ]


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def domain_in_words(current: DataElementRead) -> str:
    domain = current.value_domain
    parts = [word("datatype", domain.datatype)]
    if domain.unit:
        parts.append(_("单位 {unit}").format(unit=domain.unit))
    if domain.minimum is not None:
        parts.append(_("不小于 {bound}").format(bound=cell(domain.minimum)))
    if domain.maximum is not None:
        parts.append(_("不大于 {bound}").format(bound=cell(domain.maximum)))
    if domain.decimals is not None:
        parts.append(_("小数 {count} 位").format(count=domain.decimals))
    if domain.maximum_length is not None:
        parts.append(_("最多 {count} 个字").format(count=domain.maximum_length))
    if domain.pattern is not None:
        parts.append(_("格式 {pattern}").format(pattern=domain.pattern))
    if domain.code_list:
        version = _("第{version}版").format(version=domain.code_list_version)
        parts.append(_("代码表 {name}").format(name=f"{domain.code_list} {version}"))
    if current.required:
        parts.append(_("必填"))
    return _("，").join(parts)
