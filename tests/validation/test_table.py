"""A table read a column at a time says what `check` says of the same rows, cell by cell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.config import config_context

from hub.datatypes import PermissibleValue, ValueDomain
from hub.validation import (
    ElementSpec,
    FormSpec,
    Held,
    LookBack,
    Row,
    RuleSpec,
    Table,
    ValidationReport,
    bulk,
    check,
    check_table,
)
from hub.validation.columns import made_once
from hub.validation.judgement import ValidatorSwitchedOff

Cells = Mapping[str, str | None]

ODD = (
    "", " ", "　", "0", "-0", "+5", " 7 ", "007", "１２", "－３", "−3", "1,000", "１，２３４．５０", "1,234.5678",
    "12.5", "-1,000.10", "1,234,567.000", "１，０００", "1,00", "1e3", "1.0", "1.50", "0.1", ".5", "5.", "abc",
    "十二", "9" * 15, "9" * 16, "1" + "0" * 15, "0" * 30 + "5", "9" * 500, "1.234567", "123456789012345.6", "-1",
    "20001", "是", "否", "TRUE", "No", "√", "１", "2", "3", "水泥路", "２", " 1", "土路", "沥青路", "2026-03-01",
    "2026年3月1日", "2026/3/1", "20260301", "0000-01-01", "2026-02-30", "２０２６－０３－０１", "12026-01-01", "好",
    "长" * 21, "a\nb", "a\x00b", "a\x85", "\x1c5", "x\u200b", "13800138000", "1\u00a02", "NaN", "inf", "\u0663",
    "none", "refused",
)  # fmt: skip
REASONS = ("", " ", "none", "not_applicable", "refused", " none", "不知道")
ROAD = (
    PermissibleValue("1", "水泥路"),
    PermissibleValue("2", "沥青路"),
    PermissibleValue("10", "土路"),
    PermissibleValue("11", "土路"),
)

cell = st.one_of(st.sampled_from(ODD), st.integers(-5, 30000).map(str), st.text(max_size=6), st.none())
bound = st.one_of(st.none(), st.integers(-10, 10), st.integers(100, 10**15 - 1))
domain = st.one_of(
    st.builds(lambda low, high: ValueDomain("integer", minimum=low, maximum=high), bound, bound),
    st.builds(
        lambda low, high, decimals: ValueDomain("decimal", minimum=low, maximum=high, decimals=decimals),
        bound,
        st.one_of(bound, st.just(Decimal("1.25"))),
        st.one_of(st.none(), st.integers(0, 15)),
    ),
    st.just(ValueDomain("boolean")),
    st.just(ValueDomain("date")),
    st.just(ValueDomain("code", code_list="road", permissible_values=ROAD)),
    st.builds(
        lambda length, pattern: ValueDomain("text", maximum_length=length, pattern=pattern),
        st.one_of(st.none(), st.integers(1, 20)),
        st.sampled_from((None, "1[0-9]{10}", r"\w+")),
    ),
)
COUNT = ValueDomain("integer", minimum=0, maximum=20000)
SHARE = ValueDomain("decimal", minimum=0, maximum=100, decimals=1)
FIXED = (
    ElementSpec("total", 1, "总数", COUNT, required=True),
    ElementSpec("part", 1, "其中", COUNT),
    ElementSpec("amount", 1, "金额", ValueDomain("decimal", decimals=6)),
    ElementSpec("given", 1, "提供", COUNT, source="supplied"),
    ElementSpec("share", 1, "比例", SHARE, source="derived", expression="part * 100 / total"),
    ElementSpec("rest", 1, "其余", COUNT, source="derived", expression="total - part"),
    ElementSpec("wide", 1, "放大", ValueDomain("decimal", decimals=6), source="derived", expression="amount * 1.5"),
    ElementSpec("twice", 1, "两倍", COUNT, source="derived", expression="2 * rest"),
    ElementSpec(
        "size",
        1,
        "规模",
        ValueDomain("text", maximum_length=2),
        source="derived",
        expression="CASE WHEN total > 100 THEN '很大的' ELSE ' 小 ' END",
    ),
)
RULES = (
    RuleSpec("within", 1, "part <= total", "error", "其中不能超过总数"),
    RuleSpec("jump", 1, "total <= 2 * previous(total)", "warning", "比上期变化太大"),
    RuleSpec("usual", 1, "total <= usual(total) + 10", "warning", "与往常不同"),
    RuleSpec("given", 1, "given <= total", "error", "超过总数"),
    RuleSpec("told", 1, "part IS NOT NULL OR total < 5", "warning", "应填其中"),
)


CONDITIONS = (None, "total > 100", "previous(total) > 0", "part > 3 AND amount IS NULL", "unasked > 0")


@st.composite
def forms(draw: st.DrawFn) -> FormSpec:
    drawn = draw(st.lists(st.tuples(domain, st.booleans()), max_size=4))
    free = [
        ElementSpec(f"x{n}", 1, f"项{n}", kind, required=required, applies_when=draw(st.sampled_from(CONDITIONS)))
        for n, (kind, required) in enumerate(drawn)
    ]
    return FormSpec("form", 1, (*free, *FIXED), RULES)


@st.composite
def tables(draw: st.DrawFn, spec: FormSpec) -> Table:
    height = draw(st.integers(1, 6))
    captured = [element.identifier for element in spec.elements if element.source == "captured"]
    typed = draw(st.lists(st.sampled_from(captured), unique=True)) + draw(
        st.lists(st.sampled_from(["share", "given", "alien"]), max_size=1)
    )

    def frame(names: Sequence[str], cells: st.SearchStrategy[str | None]) -> pl.DataFrame:
        columns = {name: draw(st.lists(cells, min_size=height, max_size=height)) for name in names}
        return pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String())) if names else pl.DataFrame(height=height)

    divisions = draw(st.lists(st.sampled_from("abcdef"), min_size=height, max_size=height))
    entities = draw(st.lists(st.sampled_from(["", None, "e"]), min_size=height, max_size=height))
    keys = pl.DataFrame(
        {"division": divisions, "entity": entities, "division_name": [f"村{one}" for one in divisions]},
        schema=dict.fromkeys(("division", "entity", "division_name"), pl.String()),
    )
    held = pl.DataFrame({"division": list("abx"), "entity": ["", "e", ""]})
    past = {
        LookBack.PREVIOUS: Held(
            held, pl.DataFrame({"total": draw(st.lists(cell, min_size=3, max_size=3))}, schema={"total": pl.String()})
        ),
        LookBack.USUAL: Held(
            held, pl.DataFrame({"total": [Decimal("3.25"), None, Decimal(7)]}, schema={"total": pl.Decimal(38, 2)})
        ),
    }
    supplied = Held(held.select("division").unique(maintain_order=True), pl.DataFrame({"given": [4, 30001, None]}))
    missing = draw(
        st.one_of(
            st.none(),
            st.just(
                frame(
                    draw(st.lists(st.sampled_from([*captured, "alien"]), unique=True)),
                    st.sampled_from([*REASONS, None]),
                )
            ),
        )
    )
    return Table(keys, frame(typed, cell), missing, past, supplied)


def rows_of(table: Table) -> list[Row]:
    """The same rows as a person would have typed them."""

    def held(of: Held | None, division: str, entity: str) -> dict[str, object]:
        for key, values in (
            zip(of.keys.iter_rows(named=True), of.values.iter_rows(named=True), strict=True) if of else ()
        ):
            if (key["division"], key.get("entity", "")) == (division, entity):
                return values
        return {}

    rows = []
    for place, key in enumerate(table.keys.iter_rows(named=True)):
        division, entity = key["division"], key["entity"] or ""
        values = table.cells.row(place, named=True) if table.cells.width else {}
        missing = table.missing.row(place, named=True) if table.missing is not None and table.missing.width else {}
        rows.append(
            Row(
                division,
                {name: text for name, text in values.items() if text is not None},
                {name: text for name, text in missing.items() if text is not None},
                {look_back: held(past, division, entity) for look_back, past in table.past.items()},
                held(table.supplied, division, entity),
                key["division_name"],
                entity,
            )
        )
    return rows


def counted(report: ValidationReport) -> Counter[tuple[str, str]]:
    return Counter((finding.severity, finding.code) for finding in report.findings)


def assert_same(spec: FormSpec, table: Table, expected: Mapping[str, str] | None, known: frozenset[str] | None) -> None:
    rows = rows_of(table)
    one = check(spec, rows, expected_divisions=expected, known_divisions=known)
    other = check_table(spec, table, expected_divisions=expected, known_divisions=known)
    assert [placed.finding for placed in other.findings] == list(one.findings)
    assert Counter(other.counts) == counted(one)
    assert other.unlisted == 0
    assert other.is_valid is one.is_valid
    stored = {(row.division, row.entity): row for row in one.typed_rows}
    in_error = {(finding.division, finding.entity) for finding in one.errors}
    seen = set()
    for place, row in enumerate(rows):
        key = row.division, row.entity
        typed = stored.get(key)
        is_first = typed is not None and key not in seen
        seen.add(key)
        values = {name: value for name, value in other.values.row(place, named=True).items() if value is not None}
        reasons = other.missing.row(place, named=True) if other.missing.width else {}
        missing = {name: reason for name, reason in reasons.items() if reason is not None}
        assert values == (typed.values if is_first and typed else {})
        assert missing == (typed.missing if is_first and typed else {})
        assert other.is_good[place] is (key not in in_error)
    for placed in other.findings:
        if placed.row is not None:
            assert (rows[placed.row].division, rows[placed.row].entity) == (
                placed.finding.division,
                placed.finding.entity,
            )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_table_says_what_the_check_of_its_rows_says(data: st.DataObject) -> None:
    spec = data.draw(forms())
    table = data.draw(tables(spec))
    expected = data.draw(st.one_of(st.none(), st.just({"a": "甲", "b": "乙", "z": "丙"})))
    known = data.draw(st.one_of(st.none(), st.just(frozenset("abc"))))
    assert_same(spec, table, expected, known)


COLUMN_FORM = FormSpec("form", 1, FIXED, RULES)


def table_of(totals: Sequence[str | None], divisions: Sequence[str] | None = None) -> Table:
    keys = pl.DataFrame({"division": divisions or [str(n) for n in range(len(totals))]})
    return Table(keys, pl.DataFrame({"total": totals}, schema={"total": pl.String()}))


def test_types_are_exact_and_rows_keep_their_places() -> None:
    report = check_table(COLUMN_FORM, table_of(["12", "x", " ７ "]))
    assert report.values.height == 3
    assert report.values["total"].to_list() == [12, None, 7]
    assert report.values.schema["total"] == pl.Int64()
    assert report.values.schema["amount"] == pl.Decimal(38, 6)
    assert report.values.schema["share"] == pl.Decimal(38, 1)
    assert report.is_good.to_list() == [True, False, True]
    assert [(placed.row, placed.finding.code) for placed in report.findings if placed.finding.severity == "error"] == [
        (1, "value-not-integer")
    ]


def test_of_a_row_that_stands_there_twice_neither_may_be_stored() -> None:
    report = check_table(COLUMN_FORM, table_of(["1", "2", "3"], ["a", "b", "a"]))
    assert report.is_good.to_list() == [False, True, False]
    assert [(placed.row, placed.finding.code) for placed in report.findings] == [(2, "row-duplicate")]
    assert report.values["total"].to_list() == [1, 2, None]


def test_rows_of_nobody_and_divisions_without_a_row() -> None:
    report = check_table(
        COLUMN_FORM,
        table_of(["1", "2", "3"], ["a", "q", "r"]),
        expected_divisions={"a": "甲", "z": "丙"},
        known_divisions=frozenset({"q"}),
    )
    assert [(placed.row, placed.finding.code) for placed in report.findings] == [
        (1, "division-not-in-task"),
        (2, "division-unknown"),
        (None, "row-missing"),
    ]
    assert report.is_good.to_list() == [True, False, False]
    assert report.values["total"].to_list() == [1, None, None]
    assert not report.is_valid


def test_everything_is_counted_and_the_first_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(bulk, "ROWS_SPELLED_OUT_AT_ONCE", 2)
    table = table_of([str(-n) for n in range(1, 101)])
    report = check_table(COLUMN_FORM, table, limit=5)
    assert report.counts == {("error", "value-out-of-range"): 100}
    assert [placed.row for placed in report.findings] == [0, 1, 2, 3, 4]
    assert report.findings[4].finding.message == "4 总数：必须在0到20000之间，现在是“-5”"
    assert report.unlisted == 95
    assert not report.is_good.any()


def test_slices_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    totals = [ODD[n % len(ODD)] for n in range(200)]
    divisions = [str(n % 150) for n in range(200)]
    table = table_of(totals, divisions)
    whole = check_table(COLUMN_FORM, table)
    monkeypatch.setattr(bulk, "ROWS_AT_ONCE", 9)
    cut = check_table(COLUMN_FORM, table)
    assert cut.findings == whole.findings
    assert cut.counts == whole.counts
    assert cut.values.equals(whole.values)
    assert cut.is_good.equals(whole.is_good)


def test_a_table_without_rows_misses_every_division() -> None:
    report = check_table(COLUMN_FORM, table_of([]), expected_divisions={"a": "甲"})
    assert report.counts == {("error", "row-missing"): 1}
    assert report.values.schema["total"] == pl.Int64()
    assert report.values.is_empty()


def test_held_values_may_be_typed_or_text_but_never_floats() -> None:
    held = pl.DataFrame({"division": ["0"]})
    for column, warned in (
        (pl.Series("total", [3]), True),
        (pl.Series("total", ["3"]), True),
        (pl.Series("total", [3], dtype=pl.Int16), True),
        (pl.Series("total", [30000]), False),
        (pl.Series("total", [3.0]), False),
        (pl.Series("total", ["?"]), False),
    ):
        table = table_of(["100"])
        past = {LookBack.PREVIOUS: Held(held, column.to_frame())}
        report = check_table(COLUMN_FORM, Table(table.keys, table.cells, past=past))
        rules = [placed.finding.rule for placed in report.findings]
        assert ("jump" in rules) is warned, column


@pytest.mark.parametrize("dtype", [pl.Decimal(38, 8), pl.String()])
def test_a_statistic_may_have_more_digits_than_a_value(dtype: pl.DataType) -> None:
    form = FormSpec("form", 1, FIXED, (RuleSpec("near", 1, "amount <= usual(amount)", "error", "高于往常"),))
    usual = pl.DataFrame({"amount": [Decimal("12345678.12345678")]}).cast(dtype)
    table = table_of(["1"])
    cells = table.cells.with_columns(amount=pl.lit("99999999"))
    report = check_table(form, Table(table.keys, cells, past={LookBack.USUAL: Held(table.keys, usual)}))
    (placed,) = report.findings
    assert placed.finding.rule == "near"
    assert "12345678.12345678" in placed.finding.message


def test_pandera_judges_a_table_too() -> None:
    table = table_of(["100"])
    broken = Table(table.keys, table.cells.with_columns(part=pl.lit("200")))
    assert not check_table(COLUMN_FORM, broken).is_valid
    with config_context(validation_enabled=False), pytest.raises(ValidatorSwitchedOff):
        check_table(COLUMN_FORM, broken)


def test_a_column_that_is_not_the_forms_is_told_in_each_row_that_has_it() -> None:
    table = table_of(["1", "2"])
    report = check_table(COLUMN_FORM, Table(table.keys, table.cells.with_columns(alien=pl.Series(["x", None]))))
    assert report.counts == {("error", "element-unknown"): 1}
    assert report.is_good.to_list() == [False, True]


def test_a_column_in_which_nothing_stands_is_text() -> None:
    table = table_of(["1", "2"])
    nothing = pl.Series([None, None])
    cells = table.cells.with_columns(part=nothing, amount=nothing)
    report = check_table(COLUMN_FORM, Table(table.keys, cells, missing=pl.DataFrame({"part": nothing})))
    assert report.is_good.all()
    assert report.values.schema["part"] == pl.Int64()


def test_the_readers_of_a_form_are_made_once(village_form: FormSpec) -> None:
    """A province is checked in parts; the expressions for one form take as long to build as to ask of a part."""
    table = Table(pl.DataFrame({"division": ["a"]}), pl.DataFrame({"population": ["1"], "note": ["x"]}))
    check_table(village_form, table)
    made = made_once.cache_info().misses
    check_table(village_form, table)
    assert made_once.cache_info().misses == made
