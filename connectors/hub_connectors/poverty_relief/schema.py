"""What the poverty-relief department's sheets allow."""

from decimal import Decimal

from hub_connectors.checks import at_most, code, count, decimal, table_schema
from hub_connectors.periods import PeriodType

PLACES = ("脱贫人口省外务工人数", "脱贫人口县内务工人数", "脱贫人口县外省内务工人数")
OCCUPATIONS = ("因病残不能劳动人数", "在家务农人数", "外出务工劳动力人数")

MONTHLY = table_schema(
    PeriodType.MONTH,
    {
        "全村总人口": count(99_999),
        "脱贫人口": count(99_999),
        "外出务工人数": count(99_999, at_most("全村总人口", "外出务工人数")),
        "脱贫人口务工人数": count(99_999, at_most("脱贫人口", "脱贫人口务工人数")),
        "监测户数": count(9_999),
        "监测人数": count(99_999),
        "脱贫不稳定户": count(9_999, at_most("监测户数", "脱贫不稳定户")),
        "边缘易致贫户": count(9_999, at_most("监测户数", "边缘易致贫户")),
        "突发严重困难户": count(9_999, at_most("监测户数", "突发严重困难户")),
        "有无帮扶车间": code(),
        "脱贫户数": count(9_999),
        "脱贫人口县内务工人数": count(99_999),
        "脱贫人口县外省内务工人数": count(99_999),
        "脱贫人口省外务工人数": count(99_999, at_most("脱贫人口务工人数", *PLACES)),
        "监测对象务工人数": count(99_999, at_most("监测人数", "监测对象务工人数")),
        "风险已消除户数": count(9_999),
        "风险已消除人数": count(99_999),
    },
)

YEARLY = table_schema(
    PeriodType.YEAR,
    {
        "劳动力人数": count(99_999),
        "在家务农人数": count(99_999),
        "外出务工劳动力人数": count(99_999),
        "因病残不能劳动人数": count(99_999, at_most("劳动力人数", *OCCUPATIONS)),
        "村人均纯收入": decimal(4, Decimal(100)),
        "自然村个数": count(999),
        "是否通客运班车": code(),
    },
)
