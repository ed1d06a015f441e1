"""Every datatype: what it reads, what it refuses and with which code."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.datatypes import DATATYPES, PermissibleValue, ValueDomain, ValueFault, is_blank, parse, shown, to_wire
from hub.kit.json import dumps, loads

INTEGER = ValueDomain("integer", unit="人", minimum=0, maximum=20000)
ANY_INTEGER = ValueDomain("integer")
DECIMAL = ValueDomain("decimal", minimum=-5, decimals=2)
BOOLEAN = ValueDomain("boolean")
TEXT = ValueDomain("text", maximum_length=5)
PHONE = ValueDomain("text", pattern="1[0-9]{10}")
DATE = ValueDomain("date")
ROAD = ValueDomain(
    "code",
    code_list="road_surface",
    permissible_values=(
        PermissibleValue("1", "水泥路"),
        PermissibleValue("2", "沥青路"),
        PermissibleValue("8", "其他"),
        PermissibleValue("9", "其他"),
    ),
)

READ = [
    (INTEGER, 213, 213),
    (INTEGER, "213", 213),
    (INTEGER, " 213\u3000", 213),
    (INTEGER, "１２３", 123),
    (INTEGER, "1,234", 1234),
    (INTEGER, "1，234", 1234),
    (INTEGER, "１，２３４", 1234),
    (INTEGER, "3.0", 3),
    (INTEGER, Decimal("3.00"), 3),
    (INTEGER, Decimal("1E+3"), 1000),
    (INTEGER, "007", 7),
    (INTEGER, "-0", 0),
    (INTEGER, 0, 0),
    (INTEGER, 20000, 20000),
    (ANY_INTEGER, "－12", -12),
    (ANY_INTEGER, "−12", -12),
    (ANY_INTEGER, "+12", 12),
    (ANY_INTEGER, 999_999_999_999_999, 999_999_999_999_999),
    (ANY_INTEGER, "1,234,567", 1_234_567),
    (DECIMAL, "0.10", Decimal("0.1")),
    (DECIMAL, "１．５", Decimal("1.5")),
    (DECIMAL, "1,234.50", Decimal("1234.5")),
    (DECIMAL, 7, Decimal(7)),
    (DECIMAL, Decimal("-0.00"), Decimal(0)),
    (BOOLEAN, True, True),
    (BOOLEAN, " 是 ", True),
    (BOOLEAN, "否", False),
    (BOOLEAN, "FALSE", False),
    (BOOLEAN, "1", True),
    (TEXT, " 0012 ", "0012"),
    (TEXT, "一\n二", "一\n二"),
    (PHONE, "12000000000", "12000000000"),
    (DATE, "2026-03-31", date(2026, 3, 31)),
    (DATE, "2026/3/1", date(2026, 3, 1)),
    (DATE, "2026.3.1", date(2026, 3, 1)),
    (DATE, "２０２６年３月１日", date(2026, 3, 1)),
    (DATE, "20260301", date(2026, 3, 1)),
    (DATE, date(2026, 3, 1), date(2026, 3, 1)),
    (ROAD, "1", "1"),
    (ROAD, "１", "1"),
    (ROAD, "水泥路", "1"),
    (ROAD, "9", "9"),
]

REFUSED = [
    (INTEGER, "十二", "value-not-integer"),
    (INTEGER, "3.5", "value-not-integer"),
    (INTEGER, Decimal("3.5"), "value-not-integer"),
    (INTEGER, True, "value-not-integer"),
    (INTEGER, 3.0, "value-not-integer"),
    (INTEGER, [3], "value-not-integer"),
    (INTEGER, {"a": 1}, "value-not-integer"),
    (INTEGER, "12,34", "value-not-integer"),
    (INTEGER, "1,2345", "value-not-integer"),
    (INTEGER, "0,123", "value-not-integer"),
    (INTEGER, "1e3", "value-not-integer"),
    (INTEGER, "0x10", "value-not-integer"),
    (INTEGER, "1_000", "value-not-integer"),
    (INTEGER, "٣", "value-not-integer"),
    (INTEGER, "--3", "value-not-integer"),
    (INTEGER, "1 234", "value-not-integer"),
    (INTEGER, "9" * 5000, "value-not-integer"),
    (INTEGER, -4, "value-out-of-range"),
    (INTEGER, "20001", "value-out-of-range"),
    (ANY_INTEGER, 10**15, "value-too-precise"),
    pytest.param(ANY_INTEGER, 10**5000, "value-too-precise", id="a number too long to print"),
    (ANY_INTEGER, "1234567890123456", "value-too-precise"),
    (ANY_INTEGER, Decimal("1E+999999"), "value-too-precise"),
    (ANY_INTEGER, Decimal("1E-999999"), "value-too-precise"),
    (ANY_INTEGER, Decimal("NaN"), "value-not-integer"),
    (DECIMAL, Decimal("Infinity"), "value-not-number"),
    (DECIMAL, "NaN", "value-not-number"),
    (DECIMAL, float("nan"), "value-not-number"),
    (DECIMAL, 1.1, "value-not-number"),
    (DECIMAL, False, "value-not-number"),
    (DECIMAL, "一", "value-not-number"),
    (DECIMAL, "1.234", "value-too-precise"),
    (DECIMAL, "-5.01", "value-out-of-range"),
    (BOOLEAN, 1, "value-not-boolean"),
    (BOOLEAN, "maybe", "value-not-boolean"),
    (TEXT, 12, "value-not-text"),
    (TEXT, True, "value-not-text"),
    (TEXT, "一二三四五六", "value-too-long"),
    (TEXT, "a\x00b", "value-not-text"),
    (TEXT, "a\ud800", "value-not-text"),
    (PHONE, "1380000", "value-pattern-mismatch"),
    (PHONE, "x12000000000", "value-pattern-mismatch"),
    (DATE, "2026-02-30", "value-not-date"),
    (DATE, "2026-3/1", "value-not-date"),
    (DATE, 20260301, "value-not-date"),
    (DATE, datetime(2026, 3, 1, tzinfo=UTC), "value-not-date"),
    (DATE, "昨天", "value-not-date"),
    (ROAD, "3", "value-not-permitted"),
    (ROAD, "其他", "value-not-permitted"),
    (ROAD, 1, "value-not-permitted"),
    (ROAD, "", "value-not-permitted"),
]


@pytest.mark.parametrize(("domain", "raw", "expected"), READ)
def test_reads(domain: ValueDomain, raw: object, expected: object) -> None:
    value = parse(raw, domain)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("domain", "raw", "code"), REFUSED)
def test_refuses(domain: ValueDomain, raw: object, code: str) -> None:
    with pytest.raises(ValueFault) as caught:
        parse(raw, domain)
    assert caught.value.code == code
    assert caught.value.message("指标4").startswith("指标4：")


def test_the_message_says_what_to_do_and_what_was_seen() -> None:
    with pytest.raises(ValueFault) as caught:
        parse("十二", DECIMAL)
    assert caught.value.message("青山镇第3村 指标4") == "青山镇第3村 指标4：必须是数字，现在是“十二”"
    with pytest.raises(ValueFault) as caught:
        parse(-4, INTEGER)
    assert caught.value.message("外出务工人数") == "外出务工人数：必须在0到20000之间，现在是“-4”"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(10**5000, "一个超过20位的数", id="a number too long to print"),
        ("x" * 50, "x" * 40 + "…"),
        ({}, "一组数据"),
        (None, "空"),
        (True, "是"),
    ],
)
def test_shows_anything_in_a_few_words(raw: object, expected: str) -> None:
    assert shown(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"), [(None, True), ("", True), (" \u3000", True), (0, False), ("0", False), (False, False)]
)
def test_blank_is_not_zero(raw: object, *, expected: bool) -> None:
    assert is_blank(raw) is expected


@given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_integers_survive_every_way_of_writing_them(number: int) -> None:
    full_width = str(number).translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))
    grouped = f"{number:,}"
    for written in (number, str(number), grouped, grouped.replace(",", "，"), full_width, f" {number}.0"):
        assert parse(written, ANY_INTEGER) == number


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_decimals_survive_the_wire(number: Decimal) -> None:
    domain = ValueDomain("decimal")
    value = parse(str(number), domain)
    assert value == number
    assert parse(loads(dumps(value)), domain) == value
    assert dumps(parse(number, domain)) == dumps(value)


@given(st.text() | st.integers() | st.decimals() | st.floats() | st.booleans() | st.none() | st.lists(st.integers()))
def test_any_input_is_a_value_or_a_fault(raw: object) -> None:
    for domain in (INTEGER, ANY_INTEGER, DECIMAL, BOOLEAN, TEXT, PHONE, DATE, ROAD):
        try:
            value = parse(raw, domain)
        except ValueFault:
            continue
        assert parse(to_wire(value, domain), domain) == value
        frame_type = DATATYPES[domain.datatype].polars_type(domain)
        assert pl.Series([value], dtype=frame_type).to_list() == [value]
