"""A small form with every kind of value, in the words of a village's monthly form."""

from decimal import Decimal

import pytest

from hub.datatypes import PermissibleValue, ValueDomain
from hub.validation import ElementSpec, FormSpec, LookBack, Row, RuleSpec

PERSONS = ValueDomain("integer", unit="人", minimum=0, maximum=20000)
AMOUNT = ValueDomain("decimal", unit="元", minimum=0, decimals=2)
ROAD = ValueDomain(
    "code",
    code_list="road_surface",
    permissible_values=(PermissibleValue("1", "水泥路"), PermissibleValue("2", "沥青路")),
)


@pytest.fixture(scope="session")
def village_form() -> FormSpec:
    return FormSpec(
        code="village-month",
        version=1,
        elements=(
            ElementSpec("population", 1, "总人口", PERSONS, name_en="Population", required=True),
            ElementSpec("female", 1, "女性人口", PERSONS, name_en="Women", required=True),
            ElementSpec("male", 1, "男性人口", PERSONS, name_en="Men", required=True),
            ElementSpec("migrant", 2, "外出务工人数", PERSONS, name_en="Migrant workers", required=True),
            ElementSpec("income", 1, "村集体收入", AMOUNT),
            ElementSpec("has_clinic", 1, "有卫生室", ValueDomain("boolean")),
            ElementSpec("road", 1, "路面类型", ROAD),
            ElementSpec("surveyed_on", 1, "走访日期", ValueDomain("date")),
            ElementSpec("note", 1, "备注", ValueDomain("text", maximum_length=20)),
            ElementSpec("assisted", 1, "低保人数", PERSONS, source="supplied"),
            ElementSpec(
                "share", 1, "外出比例", ValueDomain("decimal", unit="%", minimum=0, maximum=100, decimals=1),
                source="derived", expression="migrant * 100 / population",
            ),
            ElementSpec("staying", 1, "在村人口", PERSONS, source="derived", expression="population - migrant"),
            ElementSpec("staying_twice", 1, "两倍", PERSONS, source="derived", expression="2 * staying"),
        ),
        rules=(
            RuleSpec(
                "sexes_add_up", 1, "female + male = population", "error", "男女人口之和应等于总人口",
                message_en="Women and men must add up to the population",
            ),
            RuleSpec("migrants_within", 1, "migrant <= population", "error", "外出务工人数不能超过总人口。"),
            RuleSpec(
                "migrants_jump", 1, "ABS(migrant - previous(migrant)) <= 0.5 * previous(migrant)", "warning",
                "外出务工人数比上期变化超过50%",
            ),
            RuleSpec(
                "assisted_within", 1, "assisted <= population", "warning", "低保人数超过总人口",
                blamed="population",
            ),
            RuleSpec("clinic_needs_road", 1, "NOT has_clinic OR road IN ('1', '2')", "error", "有卫生室的村应有硬化路"),
        ),
    )  # fmt: skip


@pytest.fixture
def good_row() -> Row:
    return Row(
        division="433124102200",
        division_name="青山镇第3村",
        values={
            "population": 1000, "female": "480", "male": "５２０", "migrant": "200", "income": Decimal("1.50"),
            "has_clinic": True, "road": "水泥路", "surveyed_on": "2026年3月1日", "note": " 好 ",
        },
        past={LookBack.PREVIOUS: {"migrant": 190}},
        supplied={"assisted": 30},
    )  # fmt: skip
