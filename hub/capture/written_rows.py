"""Checked rows as JSON text, a column at a time: the text that `rows.SubmittedRow` gives one by one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

import polars as pl

from hub.datatypes import Value, ValueDomain, to_wire
from hub.datatypes.numerals import canonical
from hub.forms.content import FormContent
from hub.geography.levels import CODE_LENGTHS
from hub.kit import json

# Up to here Python writes a number without an exponent, as polars always does.
PLAIN_DECIMALS = 6


@dataclass(frozen=True)
class Document:
    """A township's rows as its submission says them: a JSON array, in the order in which its task asks for them.

    `answered`: a PostgreSQL array that says which of the county's `answers` (from 1) each row has.
    """

    township: str
    divisions: Sequence[str]
    content: str
    answered: str


@dataclass(frozen=True)
class WrittenRows:
    """Rows of some townships of one county, put together; `rows` has `township`, `division` and `content` of each, and
    of those of the counties beside it.
    """

    area: str
    documents: Sequence[Document]
    answers: Sequence[str]
    rows: pl.DataFrame


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
        "division",
        content=pl.concat_str(pl.lit("["), pl.col("content").str.join(","), pl.lit("]")).first(),
        answered=pl.concat_str(pl.lit("{"), pl.col("answer").str.join(","), pl.lit("}")).first(),
    )
    for area, lines in groupby(documents.iter_rows(), itemgetter(0)):
        yield WrittenRows(area, [Document(*line[1:]) for line in lines], answers[area], rows)


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
    reasons = missing.select(pl.col(name).cast(pl.String).alias(_reason(name)) for name in sorted(missing.columns))
    held = spelled.hstack(reasons)
    written = held.select(
        "division",
        values=_object(held, {name: (name, "") for name in captured}),
        derived=_object(held, {name: (name, "") for name in derived}),
        missing=_object(held, {_reason(name): (name, '"') for name in sorted(missing.columns)}),
        answered=_answered(held),
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


def _reason(name: str) -> str:
    return f"missing {name}"


def _object(held: pl.DataFrame, members: Mapping[str, tuple[str, str]]) -> pl.Expr:
    """An object of those members that are there; `members`: each column's name in it, and what stands around its text.

    Each member brings a comma, of which the first one goes. Where every row has it, it need not be put together apart.
    """
    pieces = []
    for column, (name, quote) in members.items():
        parts = [pl.lit(f',"{name}":{quote}'), pl.col(column), *([pl.lit(quote)] if quote else [])]
        pieces += [pl.concat_str(parts)] if held[column].has_nulls() else parts
    return _without_first_comma(pieces)


def _answered(held: pl.DataFrame) -> pl.Expr:
    """The identifiers with a value or a reason, in order."""
    columns = [name for name in held.columns if name != "division"]
    pieces: list[pl.Expr] = []
    always = ""
    for name in sorted({column.removeprefix(_reason("")) for column in columns}):
        given = [column for column in (name, _reason(name)) if column in held.columns]
        if not all(held[column].has_nulls() for column in given):
            always += f",{name}"
            continue
        is_given = pl.any_horizontal(pl.col(column).is_not_null() for column in given)
        pieces += [pl.lit(always), pl.when(is_given).then(pl.lit(f",{name}"))]
        always = ""
    return _without_first_comma([*pieces, pl.lit(always)])


def _without_first_comma(pieces: Sequence[pl.Expr]) -> pl.Expr:
    if not pieces:
        return pl.lit("{}")
    inside = pl.concat_str(pieces, ignore_nulls=True).str.strip_prefix(",")
    return pl.concat_str(pl.lit("{"), inside, pl.lit("}"))


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
