"""Derived cells compute in a spreadsheet program what the hub computes."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from hub.datatypes import PermissibleValue, ValueDomain
from hub.kit.uploads.places import cell_name
from hub.validation import ElementSpec, FormSpec, LookBack, Row, derive
from hub.workbooks.formulas import Operands, derived_formula
from tests.spreadsheet_program import saved_by_libreoffice

# Day 0 of spreadsheets, which take 1900 for a leap year.
EPOCH = date(1899, 12, 30)
NUMBER = ValueDomain("decimal", decimals=4)
WHOLE = ValueDomain("integer")
COUNT = ValueDomain("integer", minimum=0, maximum=20000)
CODE = ValueDomain("code", code_list="x", permissible_values=(PermissibleValue("1", "甲"),))
CAPTURED = {
    "a": COUNT,
    "b": COUNT,
    "c": NUMBER,
    "f": ValueDomain("boolean"),
    "d": ValueDomain("date"),
    "t": ValueDomain("text"),
    "k": CODE,
}
EXPRESSIONS = [
    ("a + b", WHOLE),
    ("a - b - a", NUMBER),
    ("a - (b - c)", NUMBER),
    ("c * 1.5", NUMBER),
    ("a / b", NUMBER),
    ("100 * a / (b + c)", ValueDomain("decimal", decimals=2)),
    ("a / 8", WHOLE),
    ("ABS(a - b) + -c", NUMBER),
    ("COALESCE(a, 0) + COALESCE(b, c, 7)", NUMBER),
    ("COALESCE(a / b, -1)", NUMBER),
    ("CASE WHEN a > b THEN a ELSE b END", WHOLE),
    ("CASE WHEN f THEN a WHEN b IS NULL THEN 0 WHEN c IS NOT NULL THEN 9 END", WHOLE),
    ("CASE WHEN a > b AND c > 1 THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN NOT (a > b AND c > 1) THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN NOT (a > b OR c > 1) THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN a > b OR c > 1 THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN a IN (0, 3, 7) THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN a BETWEEN b AND 10 THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN NOT (a BETWEEN b AND 10) THEN 1 ELSE 0 END", WHOLE),
    ("CASE WHEN d <= '2026-06-30' THEN 1 ELSE 2 END", WHOLE),
    ("COALESCE(d, '2026-01-01')", ValueDomain("date")),
    ("a >= b AND f", ValueDomain("boolean")),
    ("f OR NOT f", ValueDomain("boolean")),
    ("a + previous(a) - usual(c)", NUMBER),
    ("COALESCE(previous(b), a)", WHOLE),
    ("x0 + a", WHOLE),
    ("100000000000 * a", WHOLE),
]
PAST: Mapping[LookBack, Mapping[str, object]] = {LookBack.PREVIOUS: {"a": 5}, LookBack.USUAL: {"c": Decimal("1.25")}}
WIDE: Sequence[Mapping[str, Any]] = [
    {"a": 7, "b": 3, "c": Decimal("1.5"), "f": True, "d": date(2026, 6, 30)},
    {"a": 3, "b": 7, "c": Decimal("0.3333"), "f": False, "d": date(2026, 7, 1)},
    {"a": 0, "b": 0, "c": Decimal(0), "f": False},
    {"a": 12, "f": True},
    {"b": 20, "c": Decimal("-2.5")},
    {"a": 5, "c": 3, "d": date(2020, 2, 29)},
    {"a": 20000, "b": 1, "f": True},
    {},
]


def _specs() -> list[ElementSpec]:
    captured = [ElementSpec(name, 1, name, domain) for name, domain in CAPTURED.items()]
    derived = [
        ElementSpec(f"x{number}", 1, f"x{number}", domain, source="derived", expression=expression)
        for number, (expression, domain) in enumerate(EXPRESSIONS)
    ]
    return [*captured, *derived]


def _written(value: Any) -> Any:
    if isinstance(value, bool):
        return "是" if value else "否"
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture(scope="module")
def computed() -> list[list[Any]]:
    """The sheet with every expression beside every row, as the spreadsheet program computed it."""
    specs = _specs()
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    columns = {spec.identifier: place for place, spec in enumerate(specs)}
    for row, values in enumerate(WIDE):
        operands = Operands(
            {spec.identifier: spec.domain for spec in specs}, lambda name, row=row: cell_name(row, columns[name]), PAST
        )
        for spec in specs:
            cell = sheet[cell_name(row, columns[spec.identifier])]
            cell.value = (
                derived_formula(spec, operands)
                if spec.source == "derived"
                # Where there is no value people write why.
                else _written(values.get(spec.identifier, "不适用" if row % 2 else None))
            )
    file = io.BytesIO()
    book.save(file)
    saved = openpyxl.load_workbook(io.BytesIO(saved_by_libreoffice(file.getvalue())), data_only=True).active
    assert saved is not None
    return [[cell.value for cell in line] for line in saved.iter_rows(max_row=len(WIDE), max_col=len(specs))]


class TestDerivedFormula:
    @pytest.mark.parametrize("number", range(len(EXPRESSIONS)), ids=[expression for expression, _domain in EXPRESSIONS])
    def test_agrees_with_the_hub(self, computed: list[list[Any]], number: int) -> None:
        specs = _specs()
        rows = [Row(str(row), values, past=PAST) for row, values in enumerate(WIDE)]
        expected = [found[f"x{number}"] for found in derive(FormSpec("f", 1, tuple(specs)), rows)]
        seen = [line[len(CAPTURED) + number] for line in computed]
        assert [_read(value, EXPRESSIONS[number][1]) for value in seen] == expected

    def test_is_written_as_a_person_would(self) -> None:
        operands = Operands(CAPTURED, lambda name: name.upper() + "6", {})
        sum_of_two = ElementSpec("x", 1, "x", COUNT, source="derived", expression="a + b")
        assert derived_formula(sum_of_two, operands) == '=IF(COUNT(A6,B6)=2,ROUND(A6+B6,0),"")'

    @pytest.mark.parametrize(
        "expression", ["COALESCE(t, 'x')", "CASE WHEN k = '1' THEN a ELSE b END", "CASE WHEN t IS NULL THEN 1 END"]
    )
    def test_leaves_text_and_codes_to_the_hub(self, expression: str) -> None:
        domain = CAPTURED["t"] if expression.startswith("COALESCE") else COUNT
        element = ElementSpec("x", 1, "x", domain, source="derived", expression=expression)
        assert derived_formula(element, Operands(CAPTURED, lambda name: name, {})) is None

    def test_stops_before_a_formula_is_too_long(self) -> None:
        element = ElementSpec("x", 1, "x", COUNT, source="derived", expression=" + ".join(["a"] * 100))
        assert derived_formula(element, Operands(CAPTURED, lambda _name: "A" * 100, {})) is None


def _read(value: Any, domain: ValueDomain) -> Any:
    if value in {None, ""}:
        return None
    match domain.datatype:
        case "boolean":
            return value == "是"
        case "date":
            return value.date() if isinstance(value, datetime) else EPOCH + timedelta(days=int(value))
        case "integer":
            assert value == int(value)
            return int(value)
    return Decimal(str(value)).normalize() if value else Decimal(0)
