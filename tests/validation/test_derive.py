from decimal import Decimal

import pytest

from hub.datatypes import ValueDomain
from hub.validation import ElementSpec, FormSpec, LookBack, Row, RuleFault, RuleSpec, check, derive

INTEGER = ValueDomain("integer")


def form(*derived: tuple[str, str, ValueDomain]) -> FormSpec:
    captured = tuple(ElementSpec(name, 1, name, INTEGER) for name in ("a", "b"))
    return FormSpec(
        "f", 1, captured + tuple(ElementSpec(name, 1, name, domain, source="derived", expression=text)
                                 for name, text, domain in derived)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "domain", "values", "expected"),
    [
        ("a + b", INTEGER, {"a": 1, "b": 2}, 3),
        ("a + b", INTEGER, {"a": "1,000", "b": "２"}, 1002),
        ("a + b", INTEGER, {"a": 1}, None),
        ("a + b", INTEGER, {"a": 1, "b": "x"}, None),
        ("a / b", ValueDomain("decimal", decimals=2), {"a": 2, "b": 3}, Decimal("0.67")),
        ("a / b", ValueDomain("decimal", decimals=2), {"a": 1, "b": 0}, None),
        ("a / b", INTEGER, {"a": 5, "b": 2}, 3),
        ("a / b", INTEGER, {"a": -5, "b": 2}, -3),
        ("a * 0.1", ValueDomain("decimal", decimals=1), {"a": 3}, Decimal("0.3")),
        ("a", ValueDomain("decimal", decimals=2), {"a": 3}, Decimal(3)),
        ("a * b", INTEGER, {"a": 10**14, "b": 10**14}, None),
        ("a > b", ValueDomain("boolean"), {"a": 3, "b": 2}, True),
        ("CASE WHEN a > b THEN 'high' ELSE 'low' END", ValueDomain("text"), {"a": 3, "b": 4}, "low"),
        ("a - previous(a)", INTEGER, {"a": 3}, -4),
    ],
)
def test_computes(text: str, domain: ValueDomain, values: dict[str, object], expected: object) -> None:
    assert derive(form(("d", text, domain)), [Row("1", values=values, past={LookBack.PREVIOUS: {"a": 7}})]) == [
        {"d": expected}
    ]


def test_derives_from_derived_values_whatever_their_order() -> None:
    spec = form(("last", "middle * 2", INTEGER), ("middle", "first + b", INTEGER), ("first", "a + 1", INTEGER))
    assert derive(spec, [Row("1", values={"a": 1, "b": 2})]) == [{"first": 2, "middle": 4, "last": 8}]


def test_huge_intermediate_results_stop_nothing() -> None:
    wide = ValueDomain("decimal", decimals=2)
    spec = form(("first", "a * b", wide), ("second", "first * first", wide))
    report = check(spec, [Row("1", values={"a": 10**14, "b": 10**14}), Row("2", values={"a": 2, "b": 3})])
    assert [dict(row.values) for row in report.typed_rows] == [
        {"a": 10**14, "b": 10**14},
        {"a": 2, "b": 3, "first": Decimal(6), "second": Decimal(36)},
    ]


def test_a_form_without_derived_elements_or_rows() -> None:
    assert derive(form(), [Row("1"), Row("2")]) == [{}, {}]
    assert derive(form(("d", "a", INTEGER)), []) == []


@pytest.mark.parametrize(
    "derived",
    [
        [("d", "d + 1", INTEGER)],
        [("d", "e + 1", INTEGER), ("e", "d + 1", INTEGER)],
        [("d", "c", INTEGER)],
        [("d", "a > b", INTEGER)],
        [("a", "b", INTEGER)],
    ],
)
def test_refuses_what_cannot_be_computed(derived: list[tuple[str, str, ValueDomain]]) -> None:
    with pytest.raises(RuleFault):
        assert form(*derived).plan


def test_refuses_a_derived_element_without_expression_and_a_blamed_stranger() -> None:
    with pytest.raises(RuleFault):
        assert FormSpec("f", 1, (ElementSpec("d", 1, "d", INTEGER, source="derived"),)).plan
    element = ElementSpec("a", 1, "a", INTEGER)
    with pytest.raises(RuleFault):
        assert FormSpec("f", 1, (element,), (RuleSpec("r", 1, "a > 0", "error", "m", blamed="b"),)).plan


def test_a_derived_element_is_blamed_only_when_no_other_is_named() -> None:
    spec = form(("d", "a + b", INTEGER))
    rules = (RuleSpec("one", 1, "d > a", "error", "m"), RuleSpec("two", 1, "d > 0", "error", "m"))
    report = check(FormSpec("f", 1, spec.elements, rules), [Row("1", values={"a": 0, "b": 0})])
    assert [(finding.rule, finding.element) for finding in report.findings] == [("one", "a"), ("two", "d")]
