"""Which elements add up over places. Pure.

Counts and amounts do; what is per head, a rate or an average does not, nor does anything that is no number.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from hub.kit.i18n import gettext as _

WhyNot = Literal["not_a_number", "neither_stock_nor_flow", "rate_or_average", "said_not_to_add_up"]

NUMBERS = frozenset({"integer", "decimal"})
_RATIO_UNIT = re.compile(r"[/／%％‰]")
_RATIO_NAME = re.compile(r"(^|_)(per_\w+|average|mean|median|rate|ratio|share|percentage|index|standard)(_|$)")
_RATIO_WORDS = re.compile(
    r"人均|户均|村均|平均|均价|比例|比重|占比|率$|率（|per head|per capita|average", re.IGNORECASE
)


class Element(Protocol):
    """What the registry says of an element, as far as adding goes."""

    @property
    def identifier(self) -> str: ...
    @property
    def name_zh(self) -> str: ...
    @property
    def datatype(self) -> str: ...
    @property
    def property_name(self) -> str: ...
    @property
    def facets(self) -> Mapping[str, Any]: ...
    @property
    def value_domain(self) -> Mapping[str, Any]: ...


def why_not_additive(element: Element) -> WhyNot | None:
    """None when sums over places mean something. A registrar settles what the words do not say: facet `adds_up`."""
    if element.datatype not in NUMBERS:
        return "not_a_number"
    if isinstance(said := element.facets.get("adds_up"), bool):
        return None if said else "said_not_to_add_up"
    if _is_ratio(element):
        return "rate_or_average"
    if element.facets.get("stock_or_flow") not in {"stock", "flow"}:
        return "neither_stock_nor_flow"
    return None


def _is_ratio(element: Element) -> bool:
    """By its unit, by its names, and by the condition it was registered with (“人均”)."""
    return bool(
        _RATIO_UNIT.search(str(element.value_domain.get("unit") or ""))
        or _RATIO_NAME.search(element.identifier)
        or _RATIO_NAME.search(element.property_name)
        or _RATIO_WORDS.search(element.name_zh)
        or _RATIO_WORDS.search(str(element.facets.get("condition") or ""))
    )


def in_words(reason: WhyNot) -> str:
    return {
        "not_a_number": _("不是数字，不能相加。"),
        "neither_stock_nor_flow": _("没有登记为时点数或时期数，不知道能不能相加。"),
        "rate_or_average": _("是比率、标准或平均数，各地的数相加没有意义。"),
        "said_not_to_add_up": _("登记为不能相加。"),
    }[reason]
