from typing import Any

import pytest

from hub.exchange.adding import in_words, why_not_additive
from hub.registry.models import DataElementVersion


def element(**changes: Any) -> DataElementVersion:
    said = {
        "identifier": "village_migrant_workers",
        "name_zh": "外出务工人数",
        "property_name": "migrant_workers",
        "datatype": "integer",
        "value_domain": {"unit": "人"},
        "facets": {"stock_or_flow": "stock"},
    }
    return DataElementVersion(**said | changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"datatype": "decimal", "value_domain": {"unit": "万元"}, "facets": {"stock_or_flow": "flow"}}, None),
        ({"datatype": "text"}, "not_a_number"),
        ({"datatype": "code"}, "not_a_number"),
        ({"datatype": "boolean"}, "not_a_number"),
        ({"facets": {}}, "neither_stock_nor_flow"),
        ({"value_domain": {"unit": "元/人·月"}}, "rate_or_average"),
        ({"value_domain": {"unit": "%"}}, "rate_or_average"),
        ({"property_name": "gross_income_per_head"}, "rate_or_average"),
        ({"identifier": "village_net_income_per_head"}, "rate_or_average"),
        ({"name_zh": "新农合参合率"}, "rate_or_average"),
        ({"facets": {"stock_or_flow": "flow", "condition": "月人均"}}, "rate_or_average"),
        ({"facets": {"stock_or_flow": "stock", "adds_up": False}}, "said_not_to_add_up"),
        ({"name_zh": "平均每月领取人数", "facets": {"adds_up": True}}, None),
        ({"datatype": "text", "facets": {"adds_up": True}}, "not_a_number"),
    ],
)
def test_what_adds_up(changes: dict[str, Any], reason: str | None) -> None:
    assert why_not_additive(element(**changes)) == reason
    if reason is not None:
        assert in_words(reason).endswith("。")
