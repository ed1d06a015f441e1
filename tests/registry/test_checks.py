from typing import Any

import pytest

from hub.datatypes import PermissibleValue, ValueDomain
from hub.registry.checks import Dependent, Surroundings, check_code_list, check_element
from hub.registry.definition import CodeListDefinition
from tests.registry.factories import PEOPLE_COUNT, element_definition

AROUND = Surroundings(
    organizations={"human-resources"},
    code_lists={"sector": (PermissibleValue("1", "甲"),)},
    domains=dict.fromkeys(("village_a", "village_b", "village_sum"), PEOPLE_COUNT),
    dependents=(
        Dependent("village_sum", "village_a + village_b", PEOPLE_COUNT),
        Dependent("village_a_within_b", "village_a <= village_b"),
    ),
)


@pytest.mark.parametrize(
    ("overrides", "faults"),
    [
        ({}, []),
        ({"example": "12"}, []),
        ({"example": "12.5"}, [("/example", "example_not_permitted")]),
        ({"steward": "nobody"}, [("/steward", "organization_unknown")]),
        ({"domain": ValueDomain("code", code_list="sector"), "example": "1"}, []),
        ({"domain": ValueDomain("code", code_list="sector"), "example": "9"}, [("/example", "example_not_permitted")]),
        ({"source": "derived", "expression": "village_a + village_b"}, []),
        ({"source": "derived", "expression": "village_a > village_b"}, [("/expression", "expression_not_valid")]),
        ({"source": "derived", "expression": "sum(village_a)"}, [("/expression", "expression_not_valid")]),
        (
            {"source": "derived", "expression": "village_migrant_workers + 1"},
            [("/expression", "expression_circular")],
        ),
        ({"applies_when": "village_a > 0 OR village_b IS NULL"}, []),
        ({"applies_when": "village_a + 1"}, [("/applies_when", "applicability_not_valid")]),
        ({"applies_when": "village_c > 0"}, [("/applies_when", "applicability_not_valid")]),
        ({"applies_when": "village_migrant_workers > 0"}, [("/applies_when", "applicability_circular")]),
        (
            {"source": "derived", "expression": "village_a + 1", "applies_when": "village_a > 0"},
            [("/applies_when", "applicability_not_fitting")],
        ),
        ({"identifier": "village_a", "domain": PEOPLE_COUNT}, []),
        (
            {"identifier": "village_a", "source": "derived", "expression": "village_sum + 1"},
            [("/expression", "expression_circular")],
        ),
        (
            {"identifier": "village_a", "domain": ValueDomain("text")},
            [("/value_domain", "dependent_broken"), ("/value_domain", "dependent_broken")],
        ),
    ],
)
def test_what_cannot_be(overrides: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    found = check_element(element_definition(**overrides), AROUND)
    assert [(item.pointer, item.code) for item in found] == faults


def test_an_empty_code_list_offers_nothing() -> None:
    assert [item.code for item in check_code_list(CodeListDefinition("a", "甲", ()))] == ["code_list_empty"]
