"""The village sheet as the poverty-relief department has always printed it."""

from hub_connectors.layout import FormLayout, Group

LAYOUT = FormLayout(
    title="行政村防返贫监测与务工月报表",
    preparer="农业农村局（乡村振兴局）",
    groups=(
        Group("基本情况", ("全村总人口", "脱贫人口")),
        Group("务工情况", ("外出务工人数", "脱贫人口务工人数")),
        Group("防返贫监测", ("监测户数", "监测人数", "脱贫不稳定户", "边缘易致贫户", "突发严重困难户")),
        Group("帮扶措施", ("有无帮扶车间",)),
    ),
    signatures="审核人：　　　　　　填表人：　　　　　　联系电话：　　　　　　填表日期：　　　年　　月　　日",
)
