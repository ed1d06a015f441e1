"""What polars reads of a column at once is what `parse` reads of each cell."""

from decimal import Decimal

import polars as pl
import pytest

from hub.datatypes import DATATYPES, PermissibleValue, ValueDomain, ValueFault, is_blank, parse
from hub.datatypes.domain import BLANKS

CELLS = (
    "5", "+5", "-5", "-0", " 5", "5 ", "007", "1.0", "1.50", "1e3", "٣", "５", "1,000", "1_000", "0x1", "9" * 15,
    "1" + "0" * 15, "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0" * 15 + "5",
    "0" * 399 + "5", "0" * 400 + "5", "++5", "+", "1.", ".5", "1.239", "1.2390000", "0.1e1", "inf", "nan", "\u22125",
    "5\x00", "5\u2003", "true", "True", "是", "１", "1", "0", "无", "2026-03-01", "2026-3-1", "2026-02-30",
    "0000-01-01", "+2026-01-01", "12026-01-01", "9999-12-31", "0001-01-01", "2026-03-01x", "a", "水泥路", "10",
    "１０", "好 ", "a\tb", "a\u00a0", "\x1fa", "a\x9f", "长" * 30, "12345678901.5", "0.123456789012345",
    "1234567890.12345",
)  # fmt: skip
DOMAINS = (
    ValueDomain("integer"),
    ValueDomain("integer", minimum=-3, maximum=Decimal(100)),
    ValueDomain("decimal"),
    ValueDomain("decimal", minimum=Decimal("-1.5"), maximum=1000, decimals=2),
    ValueDomain("decimal", decimals=0),
    ValueDomain("decimal", decimals=15),
    ValueDomain("boolean"),
    ValueDomain("date"),
    ValueDomain(
        "code", code_list="x", permissible_values=(PermissibleValue("1", "水泥路"), PermissibleValue("10", "a"))
    ),
    ValueDomain("text"),
    ValueDomain("text", maximum_length=5),
    ValueDomain("text", pattern="[0-9]+"),
)


def outcome(cell: str, domain: ValueDomain) -> object:
    try:
        return parse(cell, domain)
    except ValueFault as fault:
        return fault.code


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_a_column_reads_as_its_cells(domain: ValueDomain) -> None:
    datatype = DATATYPES[domain.datatype]
    column = pl.col("cell")
    plain = pl.DataFrame({"cell": CELLS}).select(
        "cell", datatype.read_plain(column, domain).alias("value"), datatype.is_misread(column, domain).alias("misread")
    )
    plain = plain.filter(pl.col("value").is_not_null() & ~pl.col("misread"))
    assert plain.schema["value"] == datatype.polars_type(domain)
    refused = (
        plain.select(
            refusal.alias(code) for code, refusal in datatype.refusals(pl.col("value"), domain).items()
        ).to_dicts()
        or [{}] * plain.height
    )
    for cell, value, told in zip(plain["cell"], plain["value"], refused, strict=True):
        code = next((code for code, is_refused in told.items() if is_refused), None)
        assert outcome(cell, domain) == (value if code is None else code), cell


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_a_respelled_cell_is_the_same_cell(domain: ValueDomain) -> None:
    datatype = DATATYPES[domain.datatype]
    frame = pl.DataFrame({"cell": CELLS})
    for cell, respelled in zip(CELLS, frame.select(datatype.respelled(pl.col("cell"))).to_series(), strict=True):
        if is_blank(cell):
            assert is_blank(respelled)
        else:
            assert outcome(respelled, domain) == outcome(cell, domain), cell


@pytest.mark.parametrize("domain", DOMAINS, ids=str)
def test_a_spelling_is_refused_with_the_code_that_parse_gives(domain: ValueDomain) -> None:
    datatype = DATATYPES[domain.datatype]
    cells = pl.DataFrame({"cell": (*CELLS, " ", "", "\u3000")})
    for code, refused in datatype.refused_spellings(pl.col("cell"), domain):
        for cell in cells.filter(refused)["cell"]:
            assert not is_blank(cell)
            assert outcome(cell, domain) == code, cell
        cells = cells.filter(~refused)


@pytest.mark.parametrize(
    ("cell", "domain"),
    [
        ("12.5", DOMAINS[0]),
        ("约12", DOMAINS[0]),
        ("1-2", DOMAINS[0]),
        ("好", DOMAINS[7]),
        ("好", DOMAINS[8]),
        ("1.234", DOMAINS[3]),
        ("好", DOMAINS[3]),
    ],
)
def test_a_column_of_common_mistakes_is_not_read_cell_by_cell(cell: str, domain: ValueDomain) -> None:
    refusals = DATATYPES[domain.datatype].refused_spellings(pl.col("cell"), domain)
    assert any(pl.DataFrame({"cell": [cell]}).filter(refused).height for _code, refused in refusals)


@pytest.mark.parametrize("domain", DOMAINS[:4], ids=str)
def test_a_plain_column_needs_no_other_reading(domain: ValueDomain) -> None:
    """Else an import of a province would read its cells one by one, and only take long."""
    datatype = DATATYPES[domain.datatype]
    cells = pl.DataFrame({"cell": ["5", "0", "12", "-3"]})
    assert cells.select(datatype.read_plain(pl.col("cell"), domain)).to_series().null_count() == 0
    assert not cells.select(datatype.is_misread(pl.col("cell"), domain)).to_series().any()


def test_blanks_are_what_strip_takes() -> None:
    assert sorted(BLANKS) == [chr(code) for code in range(0x110000) if chr(code).isspace()]
