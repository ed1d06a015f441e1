"""What the human-resources department's forms allow, in its own units and codes."""

from decimal import Decimal

from hub_connectors.checks import at_most, code, count, decimal, table_schema
from hub_connectors.periods import PeriodType

# Parts of the whole, but they need not fill it: where somebody works is not always known.
DESTINATIONS = ("省外转移就业人数", "乡外县内转移就业人数", "县外省内转移就业人数")

MONTHLY = table_schema(
    PeriodType.MONTH,
    {
        "农村劳动力资源数": count(99_999),
        "转移就业人数": count(99_999),
        "转移就业女性人数": count(99_999, at_most("转移就业人数", "转移就业女性人数")),
        "乡外县内转移就业人数": count(99_999),
        "县外省内转移就业人数": count(99_999),
        "省外转移就业人数": count(99_999, at_most("转移就业人数", *DESTINATIONS)),
        "当月返乡人数": count(99_999),
        "务工人均月收入": decimal(6, Decimal(100)),
        "主要转移就业方式": code(),
        "主要产业类别": code(),
        "县内转移就业人数": count(199_999, at_most("县内转移就业人数", "乡镇内转移就业人数", "乡外县内转移就业人数")),
        "乡镇内转移就业人数": count(99_999),
        "县外转移就业人数": count(199_999, at_most("县外转移就业人数", "县外省内转移就业人数", "省外转移就业人数")),
        "境外转移就业人数": count(99_999, at_most("省外转移就业人数", "境外转移就业人数")),
        "短期转移就业人数": count(99_999),
        "返乡未就业人数": count(99_999),
        "返乡创业人数": count(99_999),
        "公益性岗位在岗人数": count(9_999),
    },
)

QUARTERLY = table_schema(
    PeriodType.QUARTER,
    {
        "职业技能培训人次": count(99_999),
        "有培训需求人数": count(99_999),
        "有外出就业意愿人数": count(99_999),
    },
)
