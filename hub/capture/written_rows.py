"""Checked rows as JSON text, a column at a time: the text that `rows.SubmittedRow` gives one by one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from hub.datatypes import Value, ValueDomain, to_wire
from hub.datatypes.numerals import canonical
from hub.forms.content import FormContent
from hub.geography.levels import CODE_LENGTHS
from hub.kit import json

# Up to here Python writes a number without an exponent, as polars always does.
PLAIN_DECIMALS = 6


@dataclass(frozen=True)
class WrittenRows:
    """Rows of some townships of one county, each township's put together as its submission says them.

    `rows`: `township`, `division` and `content`, in the order in which the townships' tasks ask for them.
    `documents`, one line for each township: `township`, `divisions`, `content` (a JSON array) and `answered`, a
    PostgreSQL array that says which of `answers` (from 1) each row has.
    """

    area: str
    rows: pl.DataFrame
    documents: pl.DataFrame
    answers: Sequence[str]


def put_together(written: pl.DataFrame, asked: Mapping[str, Sequence[str]]) -> Iterator[WrittenRows]:
    """County by county; `written` as `written_rows` gives it, `asked` the divisions of each township, in order."""
    rows = (
        written.join(_places(asked), on="division", how="left")
        .with_columns(area=pl.col("township").str.head(CODE_LENGTHS["county"]))
        .with_columns(answer=pl.col("answered").rank("dense").over("area").cast(pl.String))
        .sort("township", "place")
    )
    answers = dict(rows.group_by("area").agg(pl.col("answered").unique().sort()).iter_rows())
    documents = rows.group_by("area", "township", maintain_order=True).agg(
        pl.col("division").alias("divisions"),
        content=pl.concat_str(pl.lit("["), pl.col("content").str.join(","), pl.lit("]")).first(),
        answered=pl.concat_str(pl.lit("{"), pl.col("answer").str.join(","), pl.lit("}")).first(),
    )
    kept = rows.select("area", "township", "division", "content").partition_by("area", as_dict=True)
    for (area,), own in documents.partition_by("area", maintain_order=True, as_dict=True).items():
        yield WrittenRows(area, kept[(area,)].drop("area"), own.drop("area"), answers[area])


def _places(asked: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    divisions = [division for codes in asked.values() for division in codes]
    townships = [township for township, codes in asked.items() for _ in codes]
    schema = {"division": pl.String, "township": pl.String, "place": pl.UInt32}
    return pl.DataFrame([divisions, townships, range(len(divisions))], schema=schema)


def written_rows(form: FormContent, values: pl.DataFrame, missing: pl.DataFrame) -> pl.DataFrame:
    """Row by row `content` (canonical JSON) and `answered` (a PostgreSQL array).

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
    return written.select("division", "answered", content=content)


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
