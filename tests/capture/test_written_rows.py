"""Rows written out by columns are the text that a township's own submission is made of, character by character."""

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from hub.capture.rows import SubmittedRow, wire_values
from hub.capture.written_rows import put_together, written_rows
from hub.datatypes import ValueDomain
from hub.datatypes.numerals import canonical
from hub.forms.content import FormContent, FormField
from hub.kit import json
from hub.validation import ElementSpec, FormSpec

DOMAINS = {
    "count": ValueDomain("integer"),
    "amount": ValueDomain("decimal", decimals=2),
    "fine": ValueDomain("decimal", decimals=9),
    "note": ValueDomain("text"),
    "day": ValueDomain("date"),
    "yes": ValueDomain("boolean"),
}
TYPES: dict[str, Any] = {
    "count": pl.Int64(),
    "amount": pl.Decimal(38, 2),
    "fine": pl.Decimal(38, 9),
    "note": pl.String(),
    "day": pl.Date(),
    "yes": pl.Boolean(),
    "sum": pl.Int64(),
}


def _form() -> FormContent:
    specs = [ElementSpec(name, 1, name, domain) for name, domain in DOMAINS.items()]
    specs.append(ElementSpec("sum", 1, "sum", ValueDomain("integer"), source="derived", expression="count"))
    fields = tuple(FormField(spec, "", n, "optional", None, None, None, None) for n, spec in enumerate(specs))
    return FormContent("f", 1, "f", "village", "month", fields, FormSpec("f", 1, tuple(specs)))


FORM = _form()
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "count": st.none() | st.integers(-(10**15) + 1, 10**15 - 1),
            "amount": st.none() | st.decimals(-(10**9), 10**9, places=2),
            "fine": st.none() | st.decimals(-1, 1, places=9),
            "note": st.none() | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8),
            "day": st.none() | st.dates(date(1900, 1, 1), date(9998, 1, 1)),
            "yes": st.none() | st.booleans(),
            "sum": st.none() | st.integers(0, 9),
            "missing": st.none() | st.sampled_from(["none", "refused"]),
        }
    ),
    min_size=1,
    max_size=4,
)


@given(ROWS)
@examples(deadline=None)
def test_columns_give_what_rows_give(rows: list[dict[str, Any]]) -> None:
    divisions = [f"4331241022{number:02}" for number in range(len(rows))]
    values = pl.DataFrame(
        {"division": divisions, **{name: [row[name] for row in rows] for name in TYPES}},
        schema={"division": pl.String(), **TYPES},
    )
    missing = pl.DataFrame({"count": [None if row["count"] is not None else row["missing"] for row in rows]})
    written = written_rows(FORM, values, missing.cast(pl.String)).to_dicts()
    for division, row, given_reason, told in zip(divisions, rows, missing["count"], written, strict=True):
        wired = wire_values(FORM, {name: _canonical(row[name]) for name in TYPES})
        reasons = {} if given_reason is None else {"count": given_reason}
        captured = {name: value for name, value in wired.items() if name != "sum"}
        derived = {name: value for name, value in wired.items() if name == "sum"}
        one = SubmittedRow(division, captured, reasons, derived)
        assert told["content"] == json.canonical(one.to_stored())
        assert told["answered"] == "{" + ",".join(sorted({*wired, *reasons})) + "}"


def _canonical(value: Any) -> Any:
    """As the datatype's own `parse` leaves it."""
    return canonical(value) if isinstance(value, Decimal) else value


def test_each_townships_rows_are_put_together_in_the_order_asked() -> None:
    asked = {
        "433124102": ["433124102002", "433124102001", "433124102009"],
        "433124103": ["433124103001"],
        "433125100": ["433125100001"],
    }
    given = ["433125100001", "433124102001", "433124103001", "433124102002"]
    written = pl.DataFrame(
        {
            "division": given,
            "content": [f'{{"division":"{division}"}}' for division in given],
            "answered": ["{b}", "{a,b}", "{a,b}", "{}"],
        }
    )
    one, other = put_together(written, asked)
    assert (one.area, other.area) == ("433124", "433125")
    assert [told.township for told in one.documents] == ["433124102", "433124103"]
    assert [told.divisions for told in one.documents] == [["433124102002", "433124102001"], ["433124103001"]]
    assert [json.loads(told.content) for told in one.documents] == [
        [{"division": "433124102002"}, {"division": "433124102001"}],
        [{"division": "433124103001"}],
    ]
    named = [[one.answers[int(n) - 1] for n in told.answered[1:-1].split(",")] for told in one.documents]
    assert named == [["{}", "{a,b}"], ["{a,b}"]]
    assert sorted(one.answers) == ["{a,b}", "{}"]
    assert (other.answers, [told.answered for told in other.documents]) == (["{b}"], ["{1}"])
    own = one.rows.filter(pl.col("township") == "433124102")
    assert own["content"].to_list() == [f'{{"division":"{division}"}}' for division in asked["433124102"][:2]]
