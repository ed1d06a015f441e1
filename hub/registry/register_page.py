"""The register form as a page shows it: every part of a definition an input of its own, its faults beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice
from hub.kit.views import faults_by_field
from hub.registry.facets import DEFINITION_FACETS
from hub.registry.register_form import OTHER, Typed
from hub.registry.words import WORDS, word

Kind = Literal["text", "area", "choice", "tick", "date"]

# Facets whose values are picked: a free text would make two facts of one.
_PICKED_FACETS: Mapping[str, tuple[str, ...]] = {
    "stock_or_flow": ("stock", "flow"),
    "reference_time": ("period_end", "period"),
    "sex": ("female", "male"),
    "place": (
        "within_township",
        "outside_township",
        "outside_township_within_county",
        "outside_county_within_province",
        "outside_county",
        "outside_province",
        "abroad",
    ),
}
_QUANTITY_FACETS = ("population", "stock_or_flow", "reference_time")


@dataclass(frozen=True)
class FormInput:
    """One input. `choices` are there when it is picked; `is_wide`: it takes the whole line."""

    name: str
    label: str
    kind: Kind
    value: str
    hint: str
    is_required: bool
    is_wide: bool
    choices: tuple[Choice, ...]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class FormPart:
    title: str
    inputs: tuple[FormInput, ...]


@dataclass(frozen=True)
class FaultLink:
    href: str
    message: str


@dataclass(frozen=True)
class Alike:
    """An element that may be the same fact, with what would tell the two apart."""

    identifier: str
    name: str
    definition: str
    about: str
    status: str


@dataclass(frozen=True)
class OnTheForm:
    """What the township will see: the head of the column, and how it is filled in."""

    form: str
    section: str
    label: str
    unit: str
    note: str
    definition: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class RegisterPage:
    """`version`: the number of the new version, None for a new element. `breaks`: what it would break."""

    identifier: str
    name: str
    version: int | None
    action: str
    parts: tuple[FormPart, ...]
    faults: tuple[FaultLink, ...]
    alike: tuple[Alike, ...]
    is_alike_confirmed: bool
    breaks: tuple[str, ...]
    is_breaking: bool
    preview: OnTheForm | None


@dataclass(frozen=True)
class Offers:
    """What may be picked, from the registry as it is."""

    organizations: tuple[Choice, ...]
    code_lists: tuple[Choice, ...]
    units: tuple[Choice, ...]
    topics: tuple[Choice, ...]


@dataclass(frozen=True)
class _Asked:
    """How a field is asked; `offered`: by what its choices are known."""

    name: str
    label: Callable[[], str]
    kind: Kind = "text"
    hint: Callable[[], str] = lambda: ""
    is_required: bool = False
    is_wide: bool = False
    offered: str = ""


def _parts() -> tuple[tuple[str, tuple[_Asked, ...]], ...]:
    return (
        (_("名称和口径"), (*_NAMING, *_CONCEPT)),
        (_("口径要素（每项分开写，检索时可按它筛选）"), (*_facets(), *_OTHER_FACET)),
        (_("值域：填什么样的数"), _DOMAIN),
        (_("来源和依据"), _ORIGIN),
        (_("共享"), _SHARING),
        (_("在表上的位置和起止日期"), _PLACE),
    )


_NAMING = (
    _Asked(
        "identifier",
        lambda: _("标识符"),
        hint=lambda: _("小写字母、数字和下划线，以对象开头，如 village_migrant_workers；登记后不能改。"),
        is_required=True,
    ),
    _Asked("names_zh", lambda: _("中文名称"), is_required=True),
    _Asked("names_en", lambda: _("英文名称")),
    _Asked("aliases", lambda: _("别名"), "area", lambda: _("每行一个：各部门表上的叫法。"), is_wide=True),
    _Asked(
        "definition",
        lambda: _("定义（口径）"),
        "area",
        lambda: _("一句话说清：什么时候、谁、满足什么条件才算。核准前必须填写。"),
        is_wide=True,
    ),
)
_CONCEPT = (
    _Asked("object_class", lambda: _("对象"), "choice", is_required=True, offered="object_class"),
    _Asked("property", lambda: _("特性"), hint=lambda: _("说的是对象的什么，如 migrant_workers。"), is_required=True),
    _Asked("period_type", lambda: _("周期"), "choice", is_required=True, offered="period_type"),
)
_OTHER_FACET = (
    _Asked("facet_name", lambda: _("其他分面的名称"), hint=lambda: _("小写字母和下划线。")),
    _Asked("facet_value", lambda: _("其他分面的取值")),
)
_DOMAIN = (
    _Asked("value_domain_datatype", lambda: _("数据类型"), "choice", is_required=True, offered="datatype"),
    _Asked("value_domain_unit", lambda: _("计量单位"), "choice", lambda: _("整数和小数必选。"), offered="units"),
    _Asked("value_domain_unit" + OTHER, lambda: _("新的计量单位"), hint=lambda: _("只在上面没有时填写。")),
    _Asked("value_domain_minimum", lambda: _("最小值"), hint=lambda: _("整数、小数。")),
    _Asked("value_domain_maximum", lambda: _("最大值"), hint=lambda: _("整数、小数。")),
    _Asked("value_domain_decimals", lambda: _("小数位数"), hint=lambda: _("小数。")),
    _Asked("value_domain_maximum_length", lambda: _("最多几个字"), hint=lambda: _("文字。")),
    _Asked("value_domain_pattern", lambda: _("格式（正则表达式）"), hint=lambda: _("文字。")),
    _Asked("value_domain_code_list", lambda: _("代码表"), "choice", lambda: _("代码。"), offered="code_lists"),
    _Asked("example", lambda: _("示例"), hint=lambda: _("一个合格的值。")),
    _Asked("required", lambda: _("乡镇必须填写"), "tick"),
    _Asked(
        "applies_when",
        lambda: _("适用条件"),
        "area",
        lambda: _("只在它成立的行里填写，如 primary_schools > 0；不写就每行都填。"),
        is_wide=True,
    ),
)
_ORIGIN = (
    _Asked("source", lambda: _("来源"), "choice", is_required=True, offered="source"),
    _Asked(
        "expression",
        lambda: _("计算公式"),
        "area",
        lambda: _("只用于系统计算的：用同一张表上的标识符，如 population - workers。"),
        is_wide=True,
    ),
    _Asked("source_organization", lambda: _("数源部门"), "choice", offered="organizations"),
    _Asked("source_decision", lambda: _("数源依据")),
    _Asked("steward", lambda: _("管理单位"), "choice", lambda: _("由它核准和授权。"), offered="organizations"),
    _Asked("submitting_organization", lambda: _("提出单位"), "choice", offered="organizations"),
    _Asked("legal_basis", lambda: _("法律依据"), is_wide=True),
    _Asked("collection_basis", lambda: _("采集性质"), "choice", offered="collection_basis"),
)
_SHARING = (
    _Asked("sharing_type", lambda: _("共享类型"), "choice", is_required=True, offered="sharing_type"),
    _Asked("sensitivity", lambda: _("敏感程度"), "choice", offered="sensitivity"),
    _Asked(
        "sharing_conditions",
        lambda: _("共享条件"),
        "area",
        lambda: _("有条件共享写明“共享范围：…；使用用途：…”，不予共享写明理由和依据。"),
        is_wide=True,
    ),
)
_PLACE = (
    _Asked("topic", lambda: _("所在节"), "choice", offered="topics"),
    _Asked("topic" + OTHER, lambda: _("新的一节"), hint=lambda: _("只在上面没有时填写。")),
    _Asked("order", lambda: _("在表上的次序"), hint=lambda: _("数字；不填就放在最后。")),
    _Asked("valid_from", lambda: _("生效日期"), "date"),
    _Asked("valid_until", lambda: _("失效日期"), "date"),
)


def _facets() -> tuple[_Asked, ...]:
    return tuple(
        _Asked(
            f"facets_{name}",
            lambda name=name: word("facet", name),  # type: ignore[misc]
            "choice" if name in _PICKED_FACETS else "text",
            (lambda: _("整数和小数必填。")) if name in _QUANTITY_FACETS else (lambda: ""),
            offered=f"facets_{name}",
        )
        for name in DEFINITION_FACETS
    )


def form_parts(
    typed: Typed, faults: Sequence[ErrorItem], offers: Offers, *, is_new: bool
) -> tuple[tuple[FormPart, ...], tuple[FaultLink, ...]]:
    """The inputs with what was typed, and the summary's links to those at fault."""
    by_field = faults_by_field(faults)
    parts: list[FormPart] = []
    labels: dict[str, str] = {}
    extra = tuple(
        _Asked(name, lambda name=name: name.removeprefix("facets_"))  # type: ignore[misc]
        for name in typed
        if name.startswith("facets_") and name.removeprefix("facets_") not in DEFINITION_FACETS
    )
    for place, (title, fields) in enumerate(_parts()):
        asked = (*fields, *extra) if place == 1 else fields
        shown = [one for one in asked if is_new or one.name != "identifier"]
        parts.append(FormPart(title, tuple(_input(one, typed, by_field, offers) for one in shown)))
        labels |= {one.name: one.label() for one in shown}
    links = [
        FaultLink(f"#{name}" if name in labels else "", f"{labels[name]}：{said}" if name in labels else said)
        for name, sentences in _in_order(by_field, labels)
        for said in sentences
    ]
    return tuple(parts), tuple(links)


def _in_order(by_field: Mapping[str, list[str]], labels: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    places = {name: place for place, name in enumerate(labels)}
    found = ((_at(name, places), sentences) for name, sentences in by_field.items())
    return sorted(found, key=lambda item: places.get(item[0], len(places)))


def _at(name: str, places: Mapping[str, int]) -> str:
    """A fault of a whole group is told at the group's first field."""
    beginnings = {"value_domain": "value_domain_datatype", "names": "names_zh", "facets": "facets_population"}
    return name if name in places else beginnings.get(name, name)


def _input(asked: _Asked, typed: Typed, by_field: Mapping[str, list[str]], offers: Offers) -> FormInput:
    value = typed.get(asked.name, "")
    faults = [
        said for name, sentences in by_field.items() if _at(name, {asked.name: 0}) == asked.name for said in sentences
    ]
    return FormInput(
        name=asked.name,
        label=asked.label(),
        kind=asked.kind,
        value=value,
        hint=asked.hint(),
        is_required=asked.is_required,
        is_wide=asked.is_wide,
        choices=_choices(asked, value, offers) if asked.kind == "choice" else (),
        faults=tuple(faults),
    )


def _choices(asked: _Asked, value: str, offers: Offers) -> tuple[Choice, ...]:
    """What may be picked, with what stands there now though nobody would pick it any more."""
    facet = asked.name.removeprefix("facets_")
    if asked.offered in WORDS:
        known = tuple(Choice(one, say()) for one, say in WORDS[asked.offered].items())
    elif facet in _PICKED_FACETS:
        known = tuple(Choice(one, word("facet_value", one)) for one in _PICKED_FACETS[facet])
    else:
        known = getattr(offers, asked.offered)
    if value and all(choice.value != value for choice in known):
        known = (*known, Choice(value, value))
    return (Choice("", _("请选择")), *known)
