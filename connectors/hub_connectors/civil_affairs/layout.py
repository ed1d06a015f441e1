"""The monthly report as the civil-affairs department has always printed it."""

from hub_connectors.layout import FormLayout, Group

LAYOUT = FormLayout(
    title="农村低保、留守和外出人员月报",
    preparer="民政局",
    groups=(
        Group("户数和人口", ("总户数", "总人口数")),
        Group("社会救助", ("农村低保户数", "农村低保保障人口数", "特困供养人数")),
        Group("留守人员", ("留守儿童人数", "留守妇女人数", "留守老人人数")),
        Group("外出人员", ("户在人不在人数", "外出务工人员数")),
    ),
    signatures="单位负责人：　　　　　　审核人：　　　　　　制表人：　　　　　　制表日期：　　　年　　月　　日",
)
