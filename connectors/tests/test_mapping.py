from decimal import Decimal
from typing import Any

import pytest
from hub_connectors.mapping import Column, Kind, MissingMark, Place, TableMapping, map_row, note, totals
from hub_connectors.records import merge
from hub_connectors.wire import ChangeItem

COUNT = Column("人数", "persons", "人")
TEN_THOUSANDS = Column("万元", "income", "万元", Kind.DECIMAL, Decimal("0.0001"), 6)
CODE = Column("方式", "channel", "代码", Kind.CODE, codes={"1": "01", "true": "是"}, has_total=False)
MAPPING = TableMapping(
    "t",
    "village",
    (COUNT, TEN_THOUSANDS, CODE),
    {"refused": MissingMark("×", "拒绝"), "not_yet_known": MissingMark("", "")},
)


def mapped(values: dict[str, Any], missing: dict[str, str] | None = None) -> Any:
    return map_row(
        MAPPING,
        period="2026-10",
        place=Place("433124102200", "龙门村", "433124102", "花垣镇", "花垣县"),
        values=values,
        missing=missing or {},
    )


class TestMapRow:
    @pytest.mark.parametrize(
        ("element", "value", "expected"),
        [
            ("persons", 0, 0),
            ("persons", 213, 213),
            ("persons", Decimal("213.0"), 213),
            ("income", 0, Decimal("0.000000")),
            ("income", Decimal("4650.10"), Decimal("0.465010")),
            ("income", Decimal("0.01"), Decimal("0.000001")),
            ("income", Decimal("123456789.12"), Decimal("12345.678912")),
            ("channel", "1", "01"),
            ("channel", 1, "01"),
            ("channel", True, "是"),
        ],
    )
    def test_converts_exactly(self, element: str, value: Any, expected: Any) -> None:
        row, violations = mapped({element: value})
        column = next(column for column in MAPPING.columns if column.element == element)
        assert violations == []
        assert row.cells[column.name] == expected
        assert type(row.cells[column.name]) is type(expected)

    @pytest.mark.parametrize(
        ("element", "value"),
        [
            ("persons", Decimal("1.5")),
            ("persons", True),
            ("persons", "213"),
            ("persons", 10**15),
            ("persons", Decimal("NaN")),
            ("persons", Decimal("1E+999999")),
            ("persons", Decimal("1E-999999")),
            ("income", Decimal("0.001")),
            ("channel", "9"),
            ("channel", ""),
        ],
    )
    def test_what_does_not_fit_is_a_violation_and_an_empty_cell(self, element: str, value: Any) -> None:
        row, violations = mapped({element: value})
        assert len(violations) == 1
        assert set(row.cells.values()) == {None}

    def test_an_unknown_reason_is_a_violation(self) -> None:
        _, violations = mapped({}, {"persons": "dog_ate_it"})
        assert [violation.column for violation in violations] == ["人数"]

    def test_remarks_name_columns_and_the_departments_words(self) -> None:
        row, _ = mapped({"income": 1}, {"persons": "refused", "channel": "not_yet_known"})
        assert note(MAPPING, row, [column.name for column in MAPPING.columns]) == "人数：拒绝"

    def test_totals_sum_exactly_and_only_what_has_a_total(self) -> None:
        rows = [mapped({"persons": 1, "income": Decimal("0.10"), "channel": "1"})[0] for _ in range(3)]
        assert totals(MAPPING, rows) == {"人数": 3, "万元": Decimal("0.000030"), "方式": None}


class TestMerge:
    @staticmethod
    def change(**members: Any) -> ChangeItem:
        base = {"division": "433124102200", "period": "2026-10", "object_class": "village", "kind": "value"}
        return ChangeItem.model_validate({**base, **members})

    def test_keeps_what_the_change_does_not_name(self) -> None:
        held = merge(None, self.change(values={"a": 1, "b": 2, "other": 3}), {"a", "b"})
        merged = merge(held, self.change(values={"b": 5}, revision=9), {"a", "b"})
        assert (dict(merged.values), merged.revision) == ({"a": 1, "b": 5}, "9")

    def test_a_withdrawal_empties_what_it_names_even_when_only_by_version(self) -> None:
        held = merge(None, self.change(values={"a": 1, "b": 2}), {"a", "b"})
        by_value = merge(held, self.change(kind="withdrawal", values={"a": 1}), {"a", "b"})
        by_version = merge(held, self.change(kind="withdrawal", versions={"a": 1}), {"a", "b"})
        assert dict(by_value.values) == dict(by_version.values) == {"a": None, "b": 2}

    def test_the_given_record_stays_as_it_was(self) -> None:
        held = merge(None, self.change(values={"a": 1}), {"a"})
        merge(held, self.change(values={"a": None}, missing={"a": "refused"}), {"a"})
        assert (dict(held.values), dict(held.missing)) == ({"a": 1}, {})
