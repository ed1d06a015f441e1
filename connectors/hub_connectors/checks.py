"""The department's own schema over its own frame: all failures at once, each with its village and column."""

from decimal import Decimal

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from hub_connectors.errors import Violation
from hub_connectors.mapping import DIVISION, PERIOD, TOWNSHIP, VILLAGE
from hub_connectors.periods import EXAMPLES, PATTERNS, PeriodType


def check(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[Violation]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        return [_violation(frame, case) for case in error.failure_cases.iter_rows(named=True)]
    return []


def table_schema(period_type: PeriodType, columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """A table with a line per village: what identifies the line, then exactly the given columns in their order.

    The division's code is the hub's twelve digits, or the department's own where it keeps another system.
    """
    name = pa.Check.str_length(1, 200, error="1 至 200 个字")
    period = pa.Check.str_matches(f"^{PATTERNS[period_type]}$", error=EXAMPLES[period_type])
    own_code = pa.Check.str_matches(r"^[0-9A-Za-z-]{1,20}$", error="区划代码")
    identifying = {
        PERIOD: pa.Column(pl.String, period),
        DIVISION: pa.Column(pl.String, own_code, unique=True),
        TOWNSHIP: pa.Column(pl.String, name),
        VILLAGE: pa.Column(pl.String, name),
    }
    return pa.DataFrameSchema({**identifying, **columns}, strict=True, ordered=True)


def count(most: int, *more: pa.Check) -> pa.Column:
    """A whole number as wide as the form's own field. Empty is allowed: the cell then says why."""
    return pa.Column(pl.Int64, [pa.Check.in_range(0, most, error=f"0 至 {most}"), *more], nullable=True)


def decimal(decimals: int, most: Decimal) -> pa.Column:
    within = pa.Check.in_range(Decimal(0), most, error=f"0 至 {most}")
    return pa.Column(pl.Decimal(38, decimals), within, nullable=True)


def code() -> pa.Column:
    """One of the department's codes: the mapping lets no other through, and an installation may have its own."""
    return pa.Column(pl.String, pa.Check.str_length(1, 20, error="1 至 20 个字的代码"), nullable=True)


def at_most(whole: str, *parts: str) -> pa.Check:
    """Parts are together not more than their whole. Where one of them is empty there is nothing to judge."""

    def is_at_most(data: pa.PolarsData) -> pl.LazyFrame:
        total = pl.sum_horizontal(*parts, ignore_nulls=False)
        return data.lazyframe.select((total <= pl.col(whole)).fill_null(value=True))

    joined = "与".join(f"“{part}”" for part in parts[1:])
    together = f"与{joined}之和" if joined else ""
    return pa.Check(is_at_most, error=f"{together}不超过“{whole}”")


def _violation(frame: pl.DataFrame, case: dict[str, object]) -> Violation:
    index = case.get("index")
    place = frame.row(index, named=True) if isinstance(index, int) else {}
    return Violation(
        period=str(place.get(PERIOD, "")),
        division=str(place.get(DIVISION, "")),
        column=str(case.get("column")),
        rule=str(case.get("check")),
        value=str(case.get("failure_case")),
    )
