from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from hub.datatypes import PermissibleValue, ValueDomain
from hub.registry.breaking import find_breaks
from tests.registry.factories import PEOPLE_COUNT, element_definition

OLD = element_definition()
ONE, TWO = PermissibleValue("1", "甲"), PermissibleValue("2", "乙")


def domain(**overrides: Any) -> dict[str, Any]:
    return {"domain": replace(PEOPLE_COUNT, **overrides)}


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"name_zh": "外出人数", "aliases": (), "is_required": True, "position": 5}, []),
        ({"steward": "civil-affairs", "legal_basis": "另一依据", "sharing_type": "not_shared"}, []),
        ({"definition": f" {OLD.definition}\n"}, []),
        ({"applies_when": "village_a > 0"}, []),
        ({"definition": "另一件事"}, ["meaning_changed"]),
        ({"definition": None}, ["meaning_changed"]),
        ({"object_class": "township"}, ["meaning_changed"]),
        ({"property_name": "labour"}, ["meaning_changed"]),
        ({"period_type": "year"}, ["meaning_changed"]),
        ({"facets": {}}, ["meaning_changed"]),
        ({"expression": "village_a + village_b"}, ["meaning_changed"]),
        (domain(unit="户"), ["meaning_changed"]),
        (domain(maximum=30000), []),
        (domain(maximum=None), []),
        (domain(minimum=-1), []),
        (domain(maximum=Decimal(20000)), []),
        (domain(maximum=19999), ["domain_narrowed"]),
        (domain(minimum=1), ["domain_narrowed"]),
        ({"domain": ValueDomain("decimal", unit="人")}, ["datatype_changed"]),
        (
            {"definition": "另一件事", **domain(unit="户", maximum=1)},
            ["meaning_changed", "meaning_changed", "domain_narrowed"],
        ),
    ],
)
def test_what_breaks(changes: dict[str, Any], codes: list[str]) -> None:
    assert [found.code for found in find_breaks(OLD, element_definition(**changes))] == codes


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ((ONE, TWO), []),
        ((TWO, ONE), []),
        ((ONE, TWO, PermissibleValue("3", "丙")), []),
        ((ONE,), ["list_narrowed"]),
        ((ONE, PermissibleValue("2", "丁")), ["list_narrowed"]),
    ],
)
def test_codes_keep_their_meaning(values: tuple[PermissibleValue, ...], codes: list[str]) -> None:
    coded = element_definition(domain=ValueDomain("code", code_list="sector"))
    breaks = find_breaks(coded, coded, old_values=(ONE, TWO), new_values=values)
    assert [found.code for found in breaks] == codes
