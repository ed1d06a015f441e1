"""The registry's fixed words as people say them. What has no word here is said as it is registered."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hub.kit.i18n import current_language
from hub.kit.i18n import gettext as _
from hub.registry.models import DataElementVersion

_Words = Mapping[str, Callable[[], str]]

WORDS: Mapping[str, _Words] = MappingProxyType(
    {
        "status": {
            "incomplete": lambda: _("未完成"),
            "candidate": lambda: _("候选"),
            "recorded": lambda: _("已登记"),
            "qualified": lambda: _("合格"),
            "standard": lambda: _("标准"),
            "preferred_standard": lambda: _("首选标准"),
            "superseded": lambda: _("已被取代"),
            "retired": lambda: _("已停用"),
        },
        "source": {
            "captured": lambda: _("乡镇填报"),
            "derived": lambda: _("系统计算"),
            "supplied": lambda: _("部门提供"),
        },
        "sharing_type": {
            "unconditional": lambda: _("无条件共享"),
            "conditional": lambda: _("有条件共享"),
            "not_shared": lambda: _("不予共享"),
        },
        "sensitivity": {
            "public": lambda: _("公开"),
            "internal": lambda: _("内部"),
            "sensitive": lambda: _("敏感"),
        },
        "collection_basis": {
            "administrative": lambda: _("行政记录"),
            "statistical": lambda: _("统计调查"),
        },
        "object_class": {
            "village": lambda: _("村"),
            "township": lambda: _("乡镇"),
            "household": lambda: _("户"),
            "person": lambda: _("人员"),
        },
        "period_type": {
            "month": lambda: _("月"),
            "quarter": lambda: _("季"),
            "half_year": lambda: _("半年"),
            "year": lambda: _("年"),
        },
        "datatype": {
            "integer": lambda: _("整数"),
            "decimal": lambda: _("小数"),
            "boolean": lambda: _("是否"),
            "text": lambda: _("文字"),
            "code": lambda: _("代码"),
            "date": lambda: _("日期"),
        },
        "facet": {
            "population": lambda: _("统计对象"),
            "residence": lambda: _("居住情况"),
            "condition": lambda: _("条件"),
            "age": lambda: _("年龄"),
            "sex": lambda: _("性别"),
            "place": lambda: _("地点"),
            "duration_months": lambda: _("满几个月"),
            "stock_or_flow": lambda: _("时点数或时期数"),
            "reference_time": lambda: _("时点"),
            "threshold": lambda: _("标准线"),
        },
        "facet_value": {
            "stock": lambda: _("时点数"),
            "flow": lambda: _("时期数"),
            "period_end": lambda: _("期末"),
            "period": lambda: _("全期"),
            "female": lambda: _("女"),
            "male": lambda: _("男"),
            "outside_township": lambda: _("本乡镇以外"),
            "outside_township_within_county": lambda: _("本乡镇以外、本县以内"),
            "outside_county_within_province": lambda: _("本县以外、本省以内"),
            "outside_county": lambda: _("本县以外"),
            "outside_province": lambda: _("本省以外"),
            "within_township": lambda: _("本乡镇以内"),
            "abroad": lambda: _("境外"),
        },
    }
)

TONES: Mapping[str, str] = MappingProxyType(
    {
        "qualified": "good",
        "standard": "good",
        "preferred_standard": "good",
        "recorded": "active",
        "superseded": "warning",
        "retired": "error",
    }
)


def word(kind: str, value: object) -> str:
    known = WORDS.get(kind, {}).get(str(value))
    return known() if known is not None else str(value)


def tone(status: str) -> str:
    """The colour of a registration status, which is also said in words."""
    return TONES.get(status, "plain")


def element_label(version: DataElementVersion) -> str:
    """The name in the reader's language."""
    return version.name_en if version.name_en and current_language() == "en" else version.name_zh
