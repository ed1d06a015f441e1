"""农村劳动力转移就业月报: what the human-resources department calls things.

Its word for working away is 转移就业; its income column is in 万元, as in its own ledger; its code lists number the
ways of transfer without the gap of the national item acc455, and name the sectors.
"""

from decimal import Decimal

from hub_connectors.mapping import Column, FormMapping, Kind, MissingMark

CHANNELS = {"1": "01", "2": "02", "3": "03", "5": "04", "6": "05", "7": "99"}
SECTORS = {"1": "一产", "2": "二产", "3": "三产"}

MAPPING = FormMapping(
    table="rural_labour_transfer_monthly",
    object_class="village",
    columns=(
        Column("农村劳动力资源数", "village_labour_force", "人"),
        Column("转移就业人数", "village_migrant_workers", "人"),
        Column("转移就业女性人数", "village_migrant_workers_female", "人"),
        Column("乡外县内转移就业人数", "village_migrant_workers_in_county", "人"),
        Column("县外省内转移就业人数", "village_migrant_workers_in_province", "人"),
        Column("省外转移就业人数", "village_migrant_workers_out_of_province", "人"),
        Column("当月返乡人数", "village_returned_workers", "人"),
        Column(
            "务工人均月收入",
            "village_migrant_monthly_income",
            "万元",
            kind=Kind.DECIMAL,
            factor=Decimal("0.0001"),
            decimals=6,
            has_total=False,
        ),
        Column("主要转移就业方式", "village_migration_channel", "代码", Kind.CODE, codes=CHANNELS, has_total=False),
        Column("主要产业类别", "village_migration_sector", "类别", Kind.CODE, codes=SECTORS, has_total=False),
    ),
    missing={
        "none": MissingMark("无", "无此类人员"),
        "not_applicable": MissingMark("—", "不适用"),
        "not_yet_known": MissingMark("", ""),
        "refused": MissingMark("拒报", "拒绝填报"),
    },
)
