"""The reports as the human-resources department has always printed them."""

from hub_connectors.layout import NUMBER, FormLayout, Heading, Leaf, TotalPlace
from hub_connectors.mapping import DIVISION, NOTE, TOWNSHIP, VILLAGE

PREPARER = "人力资源和社会保障局"
SIGNATURES = "单位负责人：　　　　　　统计负责人：　　　　　　填表人：　　　　　　报出日期：　　　年　　月　　日"

TRANSFER = FormLayout(
    title="农村劳动力转移就业月报",
    preparer=PREPARER,
    header=(
        Heading("填报地区", (Leaf(NUMBER), Leaf(DIVISION), Leaf(TOWNSHIP), Leaf(VILLAGE))),
        Heading("劳动力资源", (Leaf("农村劳动力资源数"),)),
        Heading(
            "转移就业",
            (
                Leaf("转移就业人数"),
                Leaf("转移就业女性人数"),
                Leaf("乡外县内转移就业人数"),
                Leaf("县外省内转移就业人数"),
                Leaf("省外转移就业人数"),
            ),
        ),
        Heading("返乡", (Leaf("当月返乡人数"),)),
        Heading("就业质量", (Leaf("务工人均月收入"), Leaf("主要转移就业方式"), Leaf("主要产业类别"))),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_unit_row=True,
)

EMPLOYMENT = FormLayout(
    title="农村劳动力就业状况月报",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP),
        Leaf(VILLAGE, "行政村"),
        Leaf("农村劳动力资源数"),
        Heading(
            "转移就业地点",
            (
                Heading(
                    "县内",
                    (
                        Leaf("县内转移就业人数", "小计"),
                        Leaf("乡镇内转移就业人数", "乡镇内"),
                        Leaf("乡外县内转移就业人数", "乡外县内"),
                    ),
                ),
                Heading(
                    "县外",
                    (
                        Leaf("县外转移就业人数", "小计"),
                        Leaf("县外省内转移就业人数", "县外省内"),
                        Leaf("省外转移就业人数", "省外"),
                        Leaf("境外转移就业人数", "其中：境外"),
                    ),
                ),
            ),
        ),
        Heading("外出时长", (Leaf("转移就业人数", "满6个月"), Leaf("短期转移就业人数", "不满6个月"))),
        Heading(
            "返乡",
            (
                Leaf("当月返乡人数", "本月返乡"),
                Leaf("返乡未就业人数", "返乡未就业"),
                Leaf("返乡创业人数", "返乡创业"),
            ),
        ),
        Heading("公益性岗位", (Leaf("公益性岗位在岗人数", "在岗人数"),)),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_subtotals=True,
    is_numbered=True,
    notes=("注：2＝3＋4，5＝6＋7，8 含于 7；县内含乡镇内就业，9 按外出满6个月统计，与 2、5 之和口径不同。",),
)

TRAINING = FormLayout(
    title="农村劳动力培训和就业意愿季报",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP),
        Leaf(VILLAGE, "行政村"),
        Heading("技能培训", (Leaf("职业技能培训人次", "本季结业人次"), Leaf("有培训需求人数", "有培训需求人数"))),
        Heading("就业意愿", (Leaf("有外出就业意愿人数", "打算外出就业人数"),)),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_subtotals=True,
    total=TotalPlace.FIRST,
)
