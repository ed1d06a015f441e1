"""Which changes of a definition break those who hold, read or write its values. Pure."""

from dataclasses import dataclass, replace

from hub.datatypes import PermissibleValue, ValueDomain, is_narrower
from hub.kit.i18n import gettext as _
from hub.registry.definition import ElementDefinition


@dataclass(frozen=True)
class Break:
    """What breaks: the part of the wire's element, a stable code, a sentence."""

    pointer: str
    code: str
    message: str


def find_breaks(
    old: ElementDefinition,
    new: ElementDefinition,
    *,
    old_values: tuple[PermissibleValue, ...] = (),
    new_values: tuple[PermissibleValue, ...] = (),
) -> list[Break]:
    """Everything that makes the new definition another fact, or refuses values that were good.

    Names, aliases, owners, the legal basis and sharing may change without breaking: the numbers still
    mean the same.
    """
    breaks = [
        Break(pointer, "meaning_changed", message)
        for pointer, message, before, after in (
            ("/definition", _("定义（口径）变了"), _words(old.definition), _words(new.definition)),
            ("/object_class", _("对象类变了"), old.object_class, new.object_class),
            ("/property", _("特性变了"), old.property_name, new.property_name),
            ("/facets", _("口径分面变了"), dict(old.facets), dict(new.facets)),
            ("/period_type", _("报告期类型变了"), old.period_type, new.period_type),
            ("/expression", _("计算方法变了"), old.expression, new.expression),
            ("/value_domain/unit", _("计量单位变了"), old.domain.unit, new.domain.unit),
        )
        if before != after
    ]
    return breaks + _narrowed(
        replace(old.domain, permissible_values=old_values), replace(new.domain, permissible_values=new_values)
    )


def _words(text: str | None) -> str:
    """A line break or a blank more is no other definition."""
    return "".join((text or "").split())


def _narrowed(old: ValueDomain, new: ValueDomain) -> list[Break]:
    if old.datatype != new.datatype:
        return [Break("/value_domain/datatype", "datatype_changed", _("数据类型变了"))]
    if not is_narrower(old, new):
        return []
    missing = [value for value, meaning in old.meanings.items() if new.meanings.get(value) != meaning]
    if missing:
        named = "、".join(missing[:10])
        return [
            Break("/value_domain/code_list", "list_narrowed", _("代码不再有原来的含义：{codes}").format(codes=named))
        ]
    return [Break("/value_domain", "domain_narrowed", _("取值范围变窄了，原来合格的值会被拒绝"))]
