"""What the poverty-relief department calls things.

Its 脱贫人口务工人数 counts work within the township and of any length, and is another fact than 外出务工人数
(DOMAIN.md 5.4); both stand side by side so that nobody takes one for the other.
"""

from hub_connectors.mapping import Column, Kind, MissingMark, TableMapping

YES_NO = {"true": "1 是", "false": "2 否"}
MISSING = {
    "none": MissingMark("/", "无此类对象"),
    "not_applicable": MissingMark("—", "不涉及"),
    "not_yet_known": MissingMark("", "待核实"),
    "refused": MissingMark("×", "拒绝登记"),
}

MONTHLY = TableMapping(
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
        Column("脱贫户数", "village_relieved_households", "户"),
        Column("脱贫人口县内务工人数", "village_relieved_workers_in_county", "人"),
        Column("脱贫人口县外省内务工人数", "village_relieved_workers_in_province", "人"),
        Column("脱贫人口省外务工人数", "village_relieved_workers_out_of_province", "人"),
        Column("监测对象务工人数", "village_monitored_workers", "人"),
        Column("风险已消除户数", "village_risk_removed_households", "户"),
        Column("风险已消除人数", "village_risk_removed_persons", "人"),
    ),
    missing=MISSING,
)

YEARLY = TableMapping(
    table="village_basics_yearly",
    object_class="village",
    columns=(
        Column("劳动力人数", "village_labour_force_18_to_60", "人"),
        Column("在家务农人数", "village_labour_force_farming", "人"),
        Column("外出务工劳动力人数", "village_labour_force_away", "人"),
        Column("因病残不能劳动人数", "village_labour_force_unable", "人"),
        Column("村人均纯收入", "village_net_income_per_head", "万元", Kind.DECIMAL, decimals=4, has_total=False),
        Column("自然村个数", "village_natural_villages", "个"),
        Column("是否通客运班车", "village_has_passenger_bus", "代码", Kind.CODE, codes=YES_NO, has_total=False),
    ),
    missing=MISSING,
)
