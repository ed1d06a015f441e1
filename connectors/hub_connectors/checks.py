"""The department's own schema over its own frame: all failures at once, each with its village and column."""

from decimal import Decimal

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from hub_connectors.errors import Violation
from hub_connectors.mapping import DIVISION, PERIOD, TOWNSHIP, VILLAGE


def check(schema: pa.DataFrameSchema, frame: pl.DataFrame) -> list[Violation]:
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        return [_violation(frame, case) for case in error.failure_cases.iter_rows(named=True)]
    return []


def form_schema(columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """A form with a line per village: what identifies the line, then exactly the given columns in their order."""
    name = pa.Check.str_length(1, 200, error="1 至 200 个字")
    identifying = {
        PERIOD: pa.Column(pl.String, pa.Check.str_matches(r"^\d{4}-(0[1-9]|1[0-2])$", error="月度报告期")),
        DIVISION: pa.Column(pl.String, pa.Check.str_matches(r"^\d{12}$", error="12 位村级代码"), unique=True),
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


def code(*permitted: str) -> pa.Column:
    return pa.Column(pl.String, pa.Check.isin(permitted, error=f"代码 {'、'.join(permitted)}"), nullable=True)


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
