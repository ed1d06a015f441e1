"""The monthly report as the human-resources department has always printed it."""

from hub_connectors.layout import FormLayout, Group

LAYOUT = FormLayout(
    title="农村劳动力转移就业月报",
    preparer="人力资源和社会保障局",
    groups=(
        Group("劳动力资源", ("农村劳动力资源数",)),
        Group(
            "转移就业",
            (
                "转移就业人数",
                "转移就业女性人数",
                "乡外县内转移就业人数",
                "县外省内转移就业人数",
                "省外转移就业人数",
            ),
        ),
        Group("返乡", ("当月返乡人数",)),
        Group("就业质量", ("务工人均月收入", "主要转移就业方式", "主要产业类别")),
    ),
    signatures="单位负责人：　　　　　　统计负责人：　　　　　　填表人：　　　　　　报出日期：　　　年　　月　　日",
)
