"""The reports as the civil-affairs department has always printed them."""

from hub_connectors.civil_affairs.mapping import AGES
from hub_connectors.layout import NUMBER, FormLayout, Heading, Leaf, TotalPlace
from hub_connectors.mapping import DIVISION, NOTE, TOWNSHIP, VILLAGE

PREPARER = "民政局"
SIGNATURES = "单位负责人：　　　　　　审核人：　　　　　　制表人：　　　　　　制表日期：　　　年　　月　　日"

MONTHLY = FormLayout(
    title="农村低保、留守和外出人员月报",
    preparer=PREPARER,
    header=(
        Heading("填报地区", (Leaf(NUMBER), Leaf(DIVISION), Leaf(TOWNSHIP), Leaf(VILLAGE))),
        Heading("户数和人口", (Leaf("总户数"), Leaf("总人口数"))),
        Heading("社会救助", (Leaf("农村低保户数"), Leaf("农村低保保障人口数"), Leaf("特困供养人数"))),
        Heading("留守人员", (Leaf("留守儿童人数"), Leaf("留守妇女人数"), Leaf("留守老人人数"))),
        Heading("外出人员", (Leaf("户在人不在人数"), Leaf("外出务工人员数"))),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_unit_row=True,
)

ASSISTANCE = FormLayout(
    title="农村社会救助月报",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP),
        Leaf(VILLAGE, "村（居）"),
        Heading(
            "农村低保",
            (
                Heading("保障对象", (Leaf("农村低保户数", "户数"), Leaf("农村低保保障人口数", "保障人口数"))),
                Heading(
                    "月保障金",
                    (
                        Leaf("户月保障金", "户月保障金（不含分类施保金）"),
                        Leaf("分类施保金"),
                        Leaf("保障金合计", "合计"),
                    ),
                ),
            ),
        ),
        Heading(
            "特困人员救助供养",
            (
                Leaf("特困供养户数", "户数"),
                Heading(
                    "人数",
                    (
                        Leaf("特困供养人数", "合计"),
                        Leaf("集中供养人数", "集中供养"),
                        Leaf("分散供养人数", "分散供养"),
                    ),
                ),
            ),
        ),
        Heading("临时救助", (Leaf("临时救助户数", "户数"),)),
        Heading(
            "残疾人",
            (
                Leaf("持证残疾人数", "持证人数"),
                Leaf("重度残疾人数", "其中：重度"),
                Heading(
                    "享受补贴人数",
                    (
                        Leaf("困难残疾人生活补贴人数", "困难残疾人生活补贴"),
                        Leaf("重度残疾人护理补贴人数", "重度残疾人护理补贴"),
                    ),
                ),
            ),
        ),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_unit_row=True,
    has_subtotals=True,
    is_numbered=True,
    notes=("注：5＝3＋4，7＝8＋9；保障人口数为实际享受保障的人数，不是低保家庭的全部成员。",),
)

POPULATION = FormLayout(
    title="村级人口状况统计表",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP),
        Leaf(VILLAGE, "村（居）"),
        Heading("户籍", (Leaf("总户数"), Leaf("总人口数", "总人口"))),
        Heading("常住", (Leaf("常住户数", "户数"), Leaf("常住人口数", "人口"))),
        Heading(
            "人户状况",
            (
                Leaf("人在户在人数", "人在户在"),
                Leaf("人在户不在人数", "人在户不在"),
                Heading("户在人不在", (Leaf("户在人不在人数", "总人数"), Leaf("户在人不在女性人数", "其中：女性"))),
            ),
        ),
        Leaf("持证残疾人数", "残疾人数"),
        Heading("救助", (Leaf("农村低保户数", "低保户数"), Leaf("特困供养户数", "五保（特困）户数"))),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_subtotals=True,
    total=TotalPlace.FIRST,
)

LEFT_BEHIND_CHILDREN = FormLayout(
    title="农村留守儿童基本情况排查汇总表",
    preparer=PREPARER,
    header=(
        Leaf(NUMBER),
        Leaf(TOWNSHIP),
        Leaf(VILLAGE, "村（居）"),
        Leaf("留守儿童总数", "总数"),
        Heading(
            "年龄结构",
            tuple(
                Heading(words, (Leaf(f"小计{words}", "小计"), Leaf(f"男{words}", "男"), Leaf(f"女{words}", "女")))
                for _, words in AGES
            ),
        ),
        Heading("委托照料原因", (Leaf("父母双方同时外出"), Leaf("一方外出另一方无监护能力"))),
        Heading("实际监护", (Leaf("由祖父母监护", "祖父母"), Leaf("由亲友监护", "亲友"), Leaf("无委托照料人"))),
        Heading(
            "监护情况",
            (Leaf("监护情况较好", "较好"), Leaf("监护情况一般", "一般"), Leaf("监护情况差", "差")),
        ),
        Heading("就学", (Leaf("在校就读", "在校"), Leaf("未在校就读", "未在校"))),
        Leaf(NOTE),
    ),
    signatures=SIGNATURES,
    has_subtotals=True,
    is_numbered=True,
    notes=("勾稽关系：1＝2＋5＋8＝11＋12＝13＋14＋15＝16＋17＋18；2＝3＋4，5＝6＋7，8＝9＋10。",),
)
