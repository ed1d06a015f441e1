"""行政村防返贫监测与务工月报表: what the poverty-relief department calls things.

Its 脱贫人口务工人数 counts work within the township and of any length, and is another fact than 外出务工人数
(DOMAIN.md 5.4); both stand side by side so that nobody takes one for the other.
"""

from hub_connectors.mapping import Column, FormMapping, Kind, MissingMark

YES_NO = {"true": "1 是", "false": "2 否"}

MAPPING = FormMapping(
    table="village_poverty_monitoring_monthly",
    object_class="village",
    columns=(
        Column("全村总人口", "village_registered_population", "人"),
        Column("脱贫人口", "village_relieved_population", "人"),
        Column("外出务工人数", "village_migrant_workers", "人"),
        Column("脱贫人口务工人数", "village_relieved_workers", "人"),
        Column("监测户数", "village_monitored_households", "户"),
        Column("监测人数", "village_monitored_persons", "人"),
        Column("脱贫不稳定户", "village_unstable_households", "户"),
        Column("边缘易致贫户", "village_marginal_households", "户"),
        Column("突发严重困难户", "village_severe_difficulty_households", "户"),
        Column("有无帮扶车间", "village_has_employment_workshop", "代码", Kind.CODE, codes=YES_NO, has_total=False),
    ),
    missing={
        "none": MissingMark("/", "无此类对象"),
        "not_applicable": MissingMark("—", "不涉及"),
        "not_yet_known": MissingMark("", "待核实"),
        "refused": MissingMark("×", "拒绝登记"),
    },
)
