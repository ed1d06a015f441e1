"""What the poverty-relief department's village sheet allows."""

from hub_connectors.checks import at_most, code, count, form_schema
from hub_connectors.poverty_relief.mapping import YES_NO

SCHEMA = form_schema(
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
        "有无帮扶车间": code(*YES_NO.values()),
    }
)
