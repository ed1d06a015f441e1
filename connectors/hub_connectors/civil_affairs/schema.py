"""What the civil-affairs department's monthly report allows."""

from hub_connectors.checks import at_most, count, form_schema

SCHEMA = form_schema(
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
    }
)
