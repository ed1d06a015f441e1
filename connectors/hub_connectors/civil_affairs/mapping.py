"""What the civil-affairs department calls things.

户在人不在 asks who lives elsewhere for whatever reason, 外出务工人员数 who works there: two facts, two columns.
"""

from hub_connectors.mapping import Column, Kind, MissingMark, TableMapping

MISSING = {
    "none": MissingMark("无", "无"),
    "not_applicable": MissingMark("—", "不适用"),
    "not_yet_known": MissingMark("", "待查"),
    "refused": MissingMark("#", "拒答"),
}

MONTHLY = TableMapping(
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
        Column("户月保障金", "village_minimum_living_base_amount", "元", Kind.DECIMAL, decimals=2),
        Column("分类施保金", "village_minimum_living_category_amount", "元", Kind.DECIMAL, decimals=2),
        Column("保障金合计", "village_minimum_living_amount", "元", Kind.DECIMAL, decimals=2),
        Column("特困供养户数", "village_destitute_households", "户"),
        Column("集中供养人数", "village_destitute_centralised", "人"),
        Column("分散供养人数", "village_destitute_dispersed", "人"),
        Column("临时救助户数", "village_temporary_aid_households", "户"),
        Column("持证残疾人数", "village_disabled_persons", "人"),
        Column("重度残疾人数", "village_severely_disabled_persons", "人"),
        Column("困难残疾人生活补贴人数", "village_disability_living_subsidy_persons", "人"),
        Column("重度残疾人护理补贴人数", "village_disability_care_subsidy_persons", "人"),
        Column("常住户数", "village_resident_households", "户"),
        Column("常住人口数", "village_resident_population", "人"),
        Column("人在户在人数", "village_registered_at_home", "人"),
        Column("人在户不在人数", "village_residents_registered_elsewhere", "人"),
        Column("户在人不在女性人数", "village_absent_population_female", "人"),
    ),
    missing=MISSING,
)

AGES = (("0_to_5", "0—5周岁"), ("6_to_13", "6—13周岁"), ("14_to_15", "14—15周岁"))

QUARTERLY = TableMapping(
    table="left_behind_children_quarterly",
    object_class="village",
    columns=(
        Column("留守儿童总数", "village_left_behind_children_at_quarter_end", "人"),
        *(
            Column(f"{sex}{words}", f"village_left_behind_{english}_{age}", "人")
            for age, words in AGES
            for sex, english in (("男", "boys"), ("女", "girls"))
        ),
        *(Column(f"小计{words}", f"village_left_behind_children_{age}", "人") for age, words in AGES),
        Column("父母双方同时外出", "village_left_behind_children_both_parents_away", "人"),
        Column("一方外出另一方无监护能力", "village_left_behind_children_one_parent_away", "人"),
        Column("由祖父母监护", "village_left_behind_children_with_grandparents", "人"),
        Column("由亲友监护", "village_left_behind_children_with_relatives", "人"),
        Column("无委托照料人", "village_left_behind_children_without_caregiver", "人"),
        Column("监护情况较好", "village_left_behind_children_guardianship_good", "人"),
        Column("监护情况一般", "village_left_behind_children_guardianship_fair", "人"),
        Column("监护情况差", "village_left_behind_children_guardianship_poor", "人"),
        Column("在校就读", "village_left_behind_children_at_school", "人"),
        Column("未在校就读", "village_left_behind_children_out_of_school", "人"),
    ),
    missing=MISSING,
)
