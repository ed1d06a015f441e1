"""What the civil-affairs department's reports allow."""

from decimal import Decimal

from hub_connectors.checks import at_most, count, decimal, table_schema
from hub_connectors.civil_affairs.mapping import QUARTERLY as QUARTERLY_TABLE
from hub_connectors.periods import PeriodType

MOST_YUAN = Decimal(99_999_999)

MONTHLY = table_schema(
    PeriodType.MONTH,
    {
        "总户数": count(9_999),
        "总人口数": count(99_999),
        "农村低保户数": count(9_999, at_most("总户数", "农村低保户数")),
        "农村低保保障人口数": count(99_999, at_most("总人口数", "农村低保保障人口数", "特困供养人数")),
        "特困供养人数": count(9_999),
        "留守儿童人数": count(9_999),
        "留守妇女人数": count(9_999),
        "留守老人人数": count(9_999),
        "户在人不在人数": count(99_999, at_most("总人口数", "户在人不在人数")),
        "外出务工人员数": count(99_999, at_most("总人口数", "外出务工人员数")),
        "户月保障金": decimal(2, MOST_YUAN),
        "分类施保金": decimal(2, MOST_YUAN),
        "保障金合计": decimal(2, MOST_YUAN),
        "特困供养户数": count(9_999),
        "集中供养人数": count(9_999),
        "分散供养人数": count(9_999, at_most("特困供养人数", "集中供养人数", "分散供养人数")),
        "临时救助户数": count(9_999),
        "持证残疾人数": count(99_999),
        "重度残疾人数": count(99_999, at_most("持证残疾人数", "重度残疾人数")),
        "困难残疾人生活补贴人数": count(99_999),
        "重度残疾人护理补贴人数": count(99_999),
        "常住户数": count(9_999),
        "常住人口数": count(99_999),
        "人在户在人数": count(99_999),
        "人在户不在人数": count(99_999),
        "户在人不在女性人数": count(99_999, at_most("户在人不在人数", "户在人不在女性人数")),
    },
)

TOTAL = "留守儿童总数"

# 勾稽关系: every way of counting the same children gives no more than all of them (DOMAIN.md 5.5).
PARTS = (
    ("小计0—5周岁", "小计6—13周岁", "小计14—15周岁"),
    ("父母双方同时外出", "一方外出另一方无监护能力"),
    ("由祖父母监护", "由亲友监护", "无委托照料人"),
    ("监护情况较好", "监护情况一般", "监护情况差"),
    ("在校就读", "未在校就读"),
)

QUARTERLY = table_schema(
    PeriodType.QUARTER,
    {
        column.name: count(9_999, *(at_most(TOTAL, *parts) for parts in PARTS if parts[0] == column.name))
        for column in QUARTERLY_TABLE.columns
    },
)
