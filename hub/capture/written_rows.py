"""Checked rows as JSON text, a column at a time: the text that `rows.SubmittedRow` gives one by one."""

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from hub.datatypes import Value, ValueDomain, to_wire
from hub.datatypes.numerals import canonical
from hub.forms.content import FormContent
from hub.kit import json

# Up to here Python writes a number without an exponent, as polars always does.
PLAIN_DECIMALS = 6


def written_rows(form: FormContent, values: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Row by row `payload`, `missing` (JSON objects), `answered` (a PostgreSQL array) and `content` (canonical JSON).

    `values` has `division` and a typed column for each identifier that has any value, `missing` a column for
    each that has any reason.
    """
    captured = sorted(item.identifier for item in form.captured if item.identifier in values.columns)
    derived = sorted(item.identifier for item in form.derived if item.identifier in values.columns)
    domains = {item.identifier: item.spec.domain for item in form.fields}
    spelled = pl.DataFrame(
        [values["division"], *(_spelled(values[name], domains[name]) for name in (*captured, *derived))]
    )
    members = spelled.with_columns(
        pl.concat_str(pl.lit(f'"{name}":'), pl.col(name)).alias(name) for name in (*captured, *derived)
    )
    reasons = missing.select(
        pl.concat_str(pl.lit(f'"{name}":"'), pl.col(name).cast(pl.String), pl.lit('"')).alias(f"missing {name}")
        for name in sorted(missing.columns)
    )
    written = members.hstack(reasons).select(
        "division",
        payload=_joined(sorted([*captured, *derived])),
        values=_joined(captured),
        derived=_joined(derived),
        missing=_joined(reasons.columns),
        answered=_answered(members, reasons),
    )
    content = pl.concat_str(
        pl.lit('{"derived":'),
        "derived",
        pl.lit(',"division":"'),
        "division",
        pl.lit('","missing":'),
        "missing",
        pl.lit(',"values":'),
        "values",
        pl.lit("}"),
    )
    return written.select("division", "payload", "missing", "answered", content=content)


def _joined(names: Sequence[str]) -> pl.Expr:
    """An object of those members that are there."""
    if not names:
        return pl.lit("{}")
    return pl.concat_str(pl.lit("{"), pl.concat_str(list(names), separator=",", ignore_nulls=True), pl.lit("}"))


def _answered(members: pl.DataFrame, reasons: pl.DataFrame) -> pl.Expr:
    """The identifiers with a value or a reason, in order."""
    valued = set(members.columns) - {"division"}
    reasoned = {name.removeprefix("missing ") for name in reasons.columns}
    names = [
        pl.when(
            pl.any_horizontal(
                pl.col(column).is_not_null()
                for column, columns in ((name, valued), (f"missing {name}", reasons.columns))
                if column in columns
            )
        ).then(pl.lit(name))
        for name in sorted(valued | reasoned)
    ]
    if not names:
        return pl.lit("{}")
    return pl.concat_str(pl.lit("{"), pl.concat_str(names, separator=",", ignore_nulls=True), pl.lit("}"))


def _spelled(values: pl.Series, domain: ValueDomain) -> pl.Series:
    scale = values.dtype.scale if isinstance(values.dtype, pl.Decimal) else 0
    if values.dtype in {pl.Int64, pl.Boolean}:
        return values.cast(pl.String)
    if isinstance(values.dtype, pl.Decimal) and scale <= PLAIN_DECIMALS:
        text = values.cast(pl.String)
        return text.str.strip_chars_end("0").str.strip_chars_end(".") if scale else text
    # Texts, codes and days: what is different is written once, by the writer that every other door uses.
    different = values.drop_nulls().unique().to_list()
    spelled = [json.canonical(to_wire(_plain(value), domain)) for value in different]
    return values.replace_strict(different, spelled, default=None, return_dtype=pl.String)


def _plain(value: Value) -> Value:
    return canonical(value) if isinstance(value, Decimal) else value
