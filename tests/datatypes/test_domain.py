"""Which value domains make sense, and which change breaks those who rely on the old one."""

from decimal import Decimal

import jsonschema
import pytest

from hub.datatypes import PermissibleValue, ValueDomain, check_domain, is_narrower, json_schema


def codes(**meanings: str) -> ValueDomain:
    values = tuple(PermissibleValue(value, meaning) for value, meaning in meanings.items())
    return ValueDomain("code", code_list="list", permissible_values=values)


SENSIBLE = [
    ValueDomain("integer", minimum=0, maximum=10),
    ValueDomain("decimal", minimum=Decimal("0.5"), decimals=2),
    ValueDomain("boolean"),
    ValueDomain("text", maximum_length=20, pattern="[0-9]+"),
    ValueDomain("date"),
    codes(a="甲", b="乙"),
]

SENSELESS = [
    (ValueDomain("money"), "datatype"),
    (ValueDomain("integer", minimum=5, maximum=4), "minimum"),
    (ValueDomain("integer", minimum=Decimal("0.5")), "minimum"),
    (ValueDomain("integer", maximum=10**15), "maximum"),
    (ValueDomain("integer", maximum=Decimal("Infinity")), "maximum"),
    (ValueDomain("integer", decimals=2), "decimals"),
    (ValueDomain("integer", code_list="x"), "code_list"),
    (ValueDomain("decimal", decimals=16), "decimals"),
    (ValueDomain("decimal", decimals=-1), "decimals"),
    (ValueDomain("boolean", minimum=0), "minimum"),
    (ValueDomain("text", pattern="("), "pattern"),
    (ValueDomain("text", maximum_length=0), "maximum_length"),
    (ValueDomain("date", pattern="x"), "pattern"),
    (ValueDomain("code", code_list="empty"), "code_list"),
    (codes(**{" a": "甲"}), "permissible_values"),
    (
        ValueDomain("code", permissible_values=(PermissibleValue("a", "甲"), PermissibleValue("a", "乙"))),
        "permissible_values",
    ),
]

CHANGES = [
    (ValueDomain("integer"), ValueDomain("integer", minimum=0), True),
    (ValueDomain("integer", minimum=0), ValueDomain("integer"), False),
    (ValueDomain("integer", maximum=10), ValueDomain("integer", maximum=9), True),
    (ValueDomain("integer", maximum=10), ValueDomain("integer", maximum=11), False),
    (ValueDomain("integer"), ValueDomain("decimal"), True),
    (ValueDomain("decimal", decimals=2), ValueDomain("decimal", decimals=1), True),
    (ValueDomain("decimal", decimals=2), ValueDomain("decimal"), False),
    (ValueDomain("text"), ValueDomain("text", maximum_length=10), True),
    (ValueDomain("text", pattern="a"), ValueDomain("text"), False),
    (ValueDomain("text", pattern="a"), ValueDomain("text", pattern="b"), True),
    (ValueDomain("date"), ValueDomain("date"), False),
    (ValueDomain("boolean"), ValueDomain("boolean"), False),
    (codes(a="甲"), codes(a="甲", b="乙"), False),
    (codes(a="甲", b="乙"), codes(a="甲"), True),
    (codes(a="甲"), codes(a="丙"), True),
]


@pytest.mark.parametrize("domain", SENSIBLE)
def test_accepts_a_sensible_domain(domain: ValueDomain) -> None:
    assert check_domain(domain) == []
    jsonschema.Draft202012Validator.check_schema(json_schema(domain))


@pytest.mark.parametrize(("domain", "field"), SENSELESS)
def test_names_the_field_that_makes_no_sense(domain: ValueDomain, field: str) -> None:
    assert field in {fault.field for fault in check_domain(domain)}


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_knows_a_breaking_change(old: ValueDomain, new: ValueDomain, *, expected: bool) -> None:
    assert is_narrower(old, new) is expected
