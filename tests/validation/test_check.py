"""A check tells every fault at once: with its stable code, its place, the value seen and what to do."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from hub.validation import FormSpec, LookBack, Row, ValidationReport, check

DIVISION = "433124102200"
ABSENT = object()


def changed(row: Row, values: Mapping[str, object]) -> Row:
    merged = {**row.values, **values}
    return replace(row, values={name: value for name, value in merged.items() if value is not ABSENT})


def places(report: ValidationReport) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.element) for finding in report.findings]


def test_a_good_row_is_typed_with_its_derived_values(village_form: FormSpec, good_row: Row) -> None:
    report = check(village_form, [good_row])
    assert report.findings == ()
    assert report.is_valid
    assert report.typed_rows[0].values == {
        "population": 1000, "female": 480, "male": 520, "migrant": 200, "income": Decimal("1.5"),
        "has_clinic": True, "road": "1", "surveyed_on": date(2026, 3, 1), "note": "好",
        "share": Decimal(20), "staying": 800, "staying_twice": 1600,
    }  # fmt: skip
    assert type(report.typed_rows[0].values["migrant"]) is int


CELLS = [
    ({"migrant": "十二"}, [("value-not-integer", "migrant")]),
    ({"migrant": -4}, [("value-out-of-range", "migrant")]),
    ({"migrant": 20001}, [("value-out-of-range", "migrant")]),
    ({"migrant": Decimal("NaN")}, [("value-not-integer", "migrant")]),
    ({"income": "1.234"}, [("value-too-precise", "income")]),
    ({"income": "多"}, [("value-not-number", "income")]),
    ({"has_clinic": 1}, [("value-not-boolean", "has_clinic")]),
    ({"road": "3"}, [("value-not-permitted", "road")]),
    ({"surveyed_on": "2026-02-30"}, [("value-not-date", "surveyed_on")]),
    ({"note": 5}, [("value-not-text", "note")]),
    ({"note": "长" * 21}, [("value-too-long", "note")]),
    ({"migrant": ABSENT}, [("value-missing", "migrant")]),
    ({"migrant": " "}, [("value-missing", "migrant")]),
    ({"note": ABSENT}, []),
    ({"cattle": 3}, [("element-unknown", "cattle")]),
    ({"share": 3}, [("element-not-captured", "share")]),
    ({"assisted": 3}, [("element-not-captured", "assisted")]),
    ({"share": None}, []),
    ({"female": 490}, [("rule-violated", "female")]),
    ({"migrant": 20000, "population": 1000}, [("rule-violated", "migrant")]),
    ({"migrant": "十二", "female": 490, "note": 5}, [
        ("rule-violated", "female"), ("value-not-integer", "migrant"), ("value-not-text", "note")]),
    ({"has_clinic": True, "road": ABSENT}, []),
]  # fmt: skip


@pytest.mark.parametrize(("values", "expected"), CELLS)
def test_cells(
    village_form: FormSpec, good_row: Row, values: Mapping[str, object], expected: list[tuple[str, str]]
) -> None:
    report = check(village_form, [changed(good_row, values)])
    assert [(finding.code, finding.element) for finding in report.errors] == expected
    assert report.is_valid is (not expected)


def test_zero_is_a_value_and_a_missing_reason_an_answer(village_form: FormSpec, good_row: Row) -> None:
    zero = changed(good_row, {"population": 0, "female": 0, "male": 0, "migrant": 0})
    assert check(village_form, [replace(zero, past={})]).is_valid
    for reason in ("none", "not_applicable", "not_yet_known", "refused"):
        row = replace(changed(good_row, {"migrant": ABSENT}), missing={"migrant": reason})
        report = check(village_form, [row])
        assert report.findings == ()
        assert report.typed_rows[0].missing == {"migrant": reason}
        assert "migrant" not in report.typed_rows[0].values
        assert "share" not in report.typed_rows[0].values


@pytest.mark.parametrize(
    ("values", "missing", "expected"),
    [
        ({}, {"note": "none"}, [("value-and-missing", "note")]),
        ({"note": ABSENT}, {"note": "lost"}, [("missing-reason-unknown", "note")]),
        ({"note": ABSENT}, {"note": 7}, [("missing-reason-unknown", "note")]),
        ({"note": ABSENT}, {"note": ["none"]}, [("missing-reason-unknown", "note")]),
        ({"note": ABSENT}, {"note": None}, []),
        ({}, {"cattle": "none"}, [("element-unknown", "cattle")]),
        ({}, {"share": "none"}, [("element-not-captured", "share")]),
    ],
)
def test_missing_reasons(
    village_form: FormSpec,
    good_row: Row,
    values: Mapping[str, object],
    missing: Mapping[str, object],
    expected: list[tuple[str, str]],
) -> None:
    assert places(check(village_form, [replace(changed(good_row, values), missing=missing)])) == expected


class TestRows:
    EXPECTED = {DIVISION: "青山镇第3村", "433124102201": "青山镇第4村"}  # noqa: RUF012 - a table for reading

    def test_a_division_of_another_township_or_of_nowhere(self, village_form: FormSpec, good_row: Row) -> None:
        rows = [good_row, Row("433124103200", {"migrant": "secret"}), Row("999999999999")]
        report = check(
            village_form, rows, expected_divisions={DIVISION: "青山镇第3村"}, known_divisions={"433124103200"}
        )
        assert [(finding.code, finding.division) for finding in report.findings] == [
            ("division-not-in-task", "433124103200"),
            ("division-unknown", "999999999999"),
        ]
        assert len(report.typed_rows) == 1

    def test_a_row_that_is_not_there(self, village_form: FormSpec, good_row: Row) -> None:
        report = check(village_form, [good_row], expected_divisions=self.EXPECTED)
        assert [(finding.code, finding.division) for finding in report.findings] == [("row-missing", "433124102201")]
        assert "青山镇第4村" in report.findings[0].message

    def test_an_empty_draft_misses_every_row(self, village_form: FormSpec) -> None:
        report = check(village_form, [], expected_divisions=self.EXPECTED)
        assert [finding.code for finding in report.findings] == ["row-missing", "row-missing"]

    def test_a_row_twice(self, village_form: FormSpec, good_row: Row) -> None:
        report = check(village_form, [good_row, changed(good_row, {"note": 5})])
        assert places(report) == [("row-duplicate", None), ("value-not-text", "note")]
        assert len(report.typed_rows) == 1

    def test_one_division_may_have_several_entities(self, village_form: FormSpec, good_row: Row) -> None:
        rows = [replace(good_row, entity="a"), replace(good_row, entity="b")]
        assert check(village_form, rows).is_valid


class TestMessages:
    def test_a_cell(self, village_form: FormSpec, good_row: Row) -> None:
        report = check(village_form, [changed(good_row, {"migrant": "十二"})])
        assert report.findings[0].message == "青山镇第3村 外出务工人数：必须是整数，现在是“十二”"
        assert report.findings[0].value == "十二"

    def test_a_rule_names_every_operand_with_its_value(self, village_form: FormSpec, good_row: Row) -> None:
        finding = check(village_form, [changed(good_row, {"female": 490})]).findings[0]
        assert finding.message == (
            "青山镇第3村：男女人口之和应等于总人口（女性人口490人，男性人口520人，总人口1000人）。请核对后修改"
        )
        assert (finding.element, finding.elements, finding.rule, finding.value) == (
            "female",
            ("female", "male", "population"),
            "sexes_add_up",
            490,
        )

    def test_a_comparison_with_the_period_before_tells_both_numbers(
        self, village_form: FormSpec, good_row: Row
    ) -> None:
        report = check(village_form, [replace(good_row, past={LookBack.PREVIOUS: {"migrant": 100}})])
        assert report.is_valid
        (finding,) = report.warnings
        assert finding.message == (
            "青山镇第3村：外出务工人数比上期变化超过50%（外出务工人数200人，上期外出务工人数100人）。"
            "请核对；情况属实的，请在提交时说明原因"
        )

    def test_a_rule_may_blame_another_element_and_use_supplied_values(
        self, village_form: FormSpec, good_row: Row
    ) -> None:
        (finding,) = check(village_form, [replace(good_row, supplied={"assisted": "1,200"})]).findings
        assert (finding.severity, finding.element, finding.value) == ("warning", "population", 1000)
        assert "低保人数1200人" in finding.message

    def test_a_derived_value_outside_its_range_names_what_it_came_from(
        self, village_form: FormSpec, good_row: Row
    ) -> None:
        form = replace(village_form, rules=())
        report = check(form, [changed(good_row, {"population": 100, "female": 50, "male": 50})])
        assert places(report) == [("value-out-of-range", "share"), ("value-out-of-range", "staying")]
        assert report.findings[0].elements == ("share", "migrant", "population")
        assert report.findings[0].value == Decimal(200)
        assert "外出务工人数、总人口" in report.findings[0].message

    def test_in_english(self, village_form: FormSpec, good_row: Row) -> None:
        finding = check(village_form, [changed(good_row, {"female": 490})], language="en").findings[0]
        assert "Women and men must add up to the population" in finding.message
        assert "Women" in finding.message


def test_previous_values_that_no_longer_fit_are_not_compared_with(village_form: FormSpec, good_row: Row) -> None:
    for held in ({}, {"migrant": None}, {"migrant": "?"}, {"migrant": -1}):
        assert check(village_form, [replace(good_row, past={LookBack.PREVIOUS: held})]).findings == ()


def test_nothing_typed_can_stop_a_check(village_form: FormSpec) -> None:
    monsters: list[object] = [
        10**5000, "9" * 100_000, {"a": [1]}, [], float("nan"), Decimal("sNaN"), Decimal("1E+999999"), "\x00", "\ud800",
        object(),
    ]  # fmt: skip
    for monster in monsters:
        values = dict.fromkeys((element.identifier for element in village_form.elements), monster)
        report = check(village_form, [Row(DIVISION, values=values, missing={"note": monster})])
        assert not report.is_valid
        for finding in report.findings:
            assert len(finding.message) < 500
            assert isinstance(finding.value, str | int | Decimal | bool | None)
