"""农村低保、留守和外出人员月报: what the civil-affairs department calls things.

户在人不在 asks who lives elsewhere for whatever reason, 外出务工人员数 who works there: two facts, two columns.
"""

from hub_connectors.mapping import Column, FormMapping, MissingMark

MAPPING = FormMapping(
    table="rural_assistance_monthly",
    object_class="village",
    columns=(
        Column("总户数", "village_registered_households", "户"),
        Column("总人口数", "village_registered_population", "人"),
        Column("农村低保户数", "village_minimum_living_households", "户"),
        Column("农村低保保障人口数", "village_minimum_living_persons", "人"),
        Column("特困供养人数", "village_destitute_persons", "人"),
        Column("留守儿童人数", "village_left_behind_children", "人"),
        Column("留守妇女人数", "village_left_behind_women", "人"),
        Column("留守老人人数", "village_left_behind_elderly", "人"),
        Column("户在人不在人数", "village_absent_population", "人"),
        Column("外出务工人员数", "village_migrant_workers", "人"),
    ),
    missing={
        "none": MissingMark("无", "无"),
        "not_applicable": MissingMark("—", "不适用"),
        "not_yet_known": MissingMark("", "待查"),
        "refused": MissingMark("#", "拒答"),
    },
)
