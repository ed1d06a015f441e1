"""What a form is called. Its code is what programs use; its name is data, in Chinese like every name."""

from collections.abc import Mapping
from types import MappingProxyType

OBJECT_CLASSES: Mapping[str, str] = MappingProxyType(
    {"village": "村", "township": "乡镇", "household": "户", "person": "人员"}
)
PERIOD_TYPES: Mapping[str, str] = MappingProxyType(
    {"month": "月报", "quarter": "季报", "half_year": "半年报", "year": "年报"}
)


def form_code(object_class: str, period_type: str) -> str:
    return f"{object_class}-{period_type}".replace("_", "-")


def name_of_code(code: str) -> str:
    """村月报表 for village-month; what is no code of ours is said as it is."""
    object_class, _dash, period_type = code.partition("-")
    kind = period_type.replace("-", "_")
    return form_name(object_class, kind) if kind in PERIOD_TYPES else code


def form_name(object_class: str, period_type: str) -> str:
    """村月报表 and the like; an object class we have no word for is named as it is registered."""
    return f"{OBJECT_CLASSES.get(object_class, object_class)}{PERIOD_TYPES.get(period_type, period_type)}表"
