"""The village sheets as the poverty-relief department has always printed them."""

from hub_connectors.layout import NUMBER, FormLayout, Heading, Leaf, TotalPlace
from hub_connectors.mapping import DIVISION, NOTE, TOWNSHIP, VILLAGE

PREPARER = "农业农村局（乡村振兴局）"
SIGNATURES = "审核人：　　　　　　填表人：　　　　　　联系电话：　　　　　　填表日期：　　　年　　月　　日"

MONITORING = FormLayout(
    title="行政村防返贫监测与务工月报表",
    preparer=PREPARER,
    header=(
        Heading("填报地区", (Leaf(NUMBER), Leaf(DIVISION), Leaf(TOWNSHIP), Leaf(VILLAGE))),
        Heading("基本情况", (Leaf("全村总人口"), Leaf("脱贫人口"))),
        Heading("务工情况", (Leaf("外出务工人数"), Leaf("脱贫人口务工人数"))),
        Heading(
            "防返贫监测",
            (
                Leaf("监测户数"),
                Leaf("监测人数"),
                Leaf("脱贫不稳定户"),
                Leaf("边缘易致贫户"),
                Leaf("突发严重困难户"),
            ),
        ),
        Heading("帮扶措施", (Leaf("有无帮扶车间"),)),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_unit_row=True,
)

EMPLOYMENT = FormLayout(
    title="脱贫人口和监测对象务工就业月报",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP, "乡（镇）"),
        Leaf(VILLAGE, "村"),
        Heading("脱贫户", (Leaf("脱贫户数", "户数"), Leaf("脱贫人口", "人口数"))),
        Heading(
            "脱贫人口务工",
            (
                Leaf("脱贫人口务工人数", "合计"),
                Heading(
                    "其中：务工地点",
                    (
                        Leaf("脱贫人口县内务工人数", "县内"),
                        Leaf("脱贫人口县外省内务工人数", "县外省内"),
                        Leaf("脱贫人口省外务工人数", "省外"),
                    ),
                ),
            ),
        ),
        Heading(
            "监测对象",
            (
                Leaf("监测户数", "户数"),
                Leaf("监测人数", "人数"),
                Leaf("监测对象务工人数", "务工人数"),
                Heading("风险已消除", (Leaf("风险已消除户数", "户数"), Leaf("风险已消除人数", "人数"))),
            ),
        ),
        Leaf("外出务工人数", "全村外出务工人数"),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_subtotals=True,
    total=TotalPlace.FIRST,
    notes=("注：脱贫人口务工含乡镇内务工，不限时长；全村外出务工人数按在乡镇以外从业满6个月统计，两者不能相减。",),
)

VILLAGE_YEAR = FormLayout(
    title="行政村劳动力和基本情况年报表",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP, "乡（镇）"),
        Leaf(VILLAGE, "村"),
        Heading(
            "劳动力（男性18—60岁和女性18—55岁）",
            (
                Leaf("劳动力人数", "人数"),
                Leaf("在家务农人数", "1.在家务农人数"),
                Leaf("外出务工劳动力人数", "2.外出务工人数"),
                Leaf("因病残不能劳动人数", "3.因长期患病或残疾不能参加劳动人数"),
            ),
        ),
        Heading("收入", (Leaf("村人均纯收入"),)),
        Heading("村情", (Leaf("自然村个数"), Leaf("是否通客运班车"))),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_unit_row=True,
    has_subtotals=True,
)
