"""What the human-resources department calls things.

Its word for working away is 转移就业; its income column is in 万元, as in its own ledger; its code lists number the
ways of transfer without the gap of the national item acc455, and name the sectors. 县内 counts work within the
township, as its ledger 农村劳动力转移就业人员（县内） does, and so is another fact than 转移就业人数 (DOMAIN.md 5.4).
"""

from decimal import Decimal

from hub_connectors.mapping import Column, Kind, MissingMark, TableMapping

CHANNELS = {"1": "01", "2": "02", "3": "03", "5": "04", "6": "05", "7": "99"}
SECTORS = {"1": "一产", "2": "二产", "3": "三产"}
MISSING = {
    "none": MissingMark("无", "无此类人员"),
    "not_applicable": MissingMark("—", "不适用"),
    "not_yet_known": MissingMark("", ""),
    "refused": MissingMark("拒报", "拒绝填报"),
}

MONTHLY = TableMapping(
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
        Column("县内转移就业人数", "village_transferred_in_county", "人"),
        Column("乡镇内转移就业人数", "village_local_workers", "人"),
        Column("县外转移就业人数", "village_migrant_workers_out_of_county", "人"),
        Column("境外转移就业人数", "village_migrant_workers_abroad", "人"),
        Column("短期转移就业人数", "village_short_term_migrant_workers", "人"),
        Column("返乡未就业人数", "village_returned_jobless", "人"),
        Column("返乡创业人数", "village_returned_entrepreneurs", "人"),
        Column("公益性岗位在岗人数", "village_public_welfare_workers", "人"),
    ),
    missing=MISSING,
)

QUARTERLY = TableMapping(
    table="rural_labour_training_quarterly",
    object_class="village",
    columns=(
        Column("职业技能培训人次", "village_training_participants", "人次"),
        Column("有培训需求人数", "village_training_demand", "人"),
        Column("有外出就业意愿人数", "village_intending_migrants", "人"),
    ),
    missing=MISSING,
)
