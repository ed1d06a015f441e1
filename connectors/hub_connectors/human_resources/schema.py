"""What the human-resources department's form allows, in its own units and codes."""

from decimal import Decimal

from hub_connectors.checks import at_most, code, count, decimal, form_schema
from hub_connectors.human_resources.mapping import CHANNELS, SECTORS

# Parts of the whole, but they need not fill it: where somebody works is not always known.
DESTINATIONS = ("省外转移就业人数", "乡外县内转移就业人数", "县外省内转移就业人数")

SCHEMA = form_schema(
    {
        "农村劳动力资源数": count(99_999),
        "转移就业人数": count(99_999),
        "转移就业女性人数": count(99_999, at_most("转移就业人数", "转移就业女性人数")),
        "乡外县内转移就业人数": count(99_999),
        "县外省内转移就业人数": count(99_999),
        "省外转移就业人数": count(99_999, at_most("转移就业人数", *DESTINATIONS)),
        "当月返乡人数": count(99_999),
        "务工人均月收入": decimal(6, Decimal(100)),
        "主要转移就业方式": code(*CHANNELS.values()),
        "主要产业类别": code(*SECTORS.values()),
    }
)
