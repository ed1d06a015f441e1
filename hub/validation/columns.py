"""Columns of cells read at once: plainly written ones by polars, each different other text once by its datatype.

`reading` reads the cells of a form that somebody is typing; this reads a county's. Both ask the same datatypes,
so a cell has the same value or the same finding code either way.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import reduce

import polars as pl

from hub.datatypes import DATATYPES, Value, ValueDomain, ValueFault, is_blank
from hub.datatypes.domain import BLANKS
from hub.validation.plan import polars_type

RAW, VALUE, CODE = "raw", "value", "code"


@dataclass(frozen=True)
class ColumnReading:
    """`values` is null where nothing stands and where a fault is; `faults` are, by finding code, the refused cells."""

    values: pl.Series
    faults: Mapping[str, pl.Series]


def nothing(name: str, dtype: pl.DataType, height: int) -> pl.Series:
    return pl.repeat(None, height, dtype=dtype, eager=True).alias(name)


def is_written(text: pl.Series) -> pl.Series:
    return (text.str.strip_chars(BLANKS) != "").fill_null(value=False)


def blank_out(values: pl.Series, where: pl.Series) -> pl.Series:
    """The values without those that are marked."""
    return pl.select(pl.when(~where).then(values).alias(values.name)).to_series()


def read_columns(cells: pl.DataFrame, domains: Mapping[str, ValueDomain]) -> dict[str, ColumnReading]:
    """Columns of text, each by the domain of its name."""
    plain = cells.select(
        DATATYPES[domain.datatype].read_plain(pl.col(name), domain).alias(name) for name, domain in domains.items()
    )
    odd = _odd_cells(cells, plain, domains)
    if odd:
        plain = plain.with_columns(blank_out(plain[name], where) for name, where in odd.items())
    readings = _judge_columns(plain, domains)
    return readings | {name: _with_odd(readings[name], cells[name], odd[name], domains[name]) for name in odd}


def _odd_cells(cells: pl.DataFrame, plain: pl.DataFrame, domains: Mapping[str, ValueDomain]) -> dict[str, pl.Series]:
    """The cells that are not written plainly, of the columns that have such."""
    misread = {name: DATATYPES[domain.datatype].is_misread(pl.col(name), domain) for name, domain in domains.items()}
    odd = {}
    for name, is_misread in zip(domains, _any_of(cells, misread.values()), strict=True):
        text, values = cells[name], plain[name]
        if is_misread or values.null_count() > text.null_count():
            where = cells.select(misread[name].fill_null(value=False)).to_series()
            odd[name] = (values.is_null() & text.is_not_null()) | where
    return odd


def read_typed(values: pl.DataFrame, domains: Mapping[str, ValueDomain]) -> dict[str, ColumnReading]:
    """Values that are typed but come from no cell, as `parse` takes them: computed ones, and those that are held."""
    readings = _judge_columns(values, domains)
    doubts = {
        name: DATATYPES[domain.datatype].is_doubtful(pl.col(name), domain).fill_null(value=False)
        for name, domain in domains.items()
    }
    for name, is_doubtful in zip(domains, _any_of(values, doubts.values()), strict=True):
        if is_doubtful:
            doubtful = values.select(doubts[name]).to_series()
            sure = {code: refused & ~doubtful for code, refused in readings[name].faults.items()}
            told = {code: refused for code, refused in sure.items() if refused.any()}
            reading = ColumnReading(readings[name].values, told)
            readings[name] = _parsed(reading, values[name], doubtful, domains[name])
    return readings


def read_held(held: pl.DataFrame, domains: Mapping[str, ValueDomain], height: int) -> dict[str, pl.Series]:
    """Columns of what the hub has. A value may predate the present domain; then it is simply not compared with."""
    text, typed, columns = [], {}, {}
    for name, domain in domains.items():
        dtype, given = polars_type(domain), held.schema.get(name)
        if given is None or given.is_float():
            columns[name] = nothing(name, dtype, height)
        elif given == dtype and given != pl.String():
            typed[name] = domain
        else:
            text.append(name)
    readings = read_columns(held.select(pl.col(text).cast(pl.String())), {name: domains[name] for name in text})
    readings |= read_typed(held, typed)
    return columns | {name: reading.values for name, reading in readings.items()}


def _judge_columns(values: pl.DataFrame, domains: Mapping[str, ValueDomain]) -> dict[str, ColumnReading]:
    """Typed columns against their domains. One pass tells which of all refusals happens at all."""
    refusals = {
        (name, code): refused
        for name, domain in domains.items()
        for code, refused in DATATYPES[domain.datatype].refusals(pl.col(name), domain).items()
    }
    happens = _any_of(values, refusals.values())
    readings = {name: ColumnReading(values[name], {}) for name in domains}
    told = [one for one, does_happen in zip(refusals, happens, strict=True) if does_happen]
    masks = values.select(refusals[one].fill_null(value=False).alias(str(n)) for n, one in enumerate(told))
    for (name, code), refused in zip(told, masks.iter_columns(), strict=True):
        reading = readings[name]
        first = reduce(lambda mask, earlier: mask & ~earlier, reading.faults.values(), refused)
        readings[name] = ColumnReading(blank_out(reading.values, first), {**reading.faults, code: first})
    return readings


def _any_of(values: pl.DataFrame, refusals: Collection[pl.Expr]) -> tuple[bool, ...]:
    if not refusals or values.is_empty():
        return (False,) * len(refusals)
    return values.select(refused.any().alias(str(n)) for n, refused in enumerate(refusals)).row(0)


def _with_odd(reading: ColumnReading, text: pl.Series, odd: pl.Series, domain: ValueDomain) -> ColumnReading:
    """The reading with the cells that are not written plainly."""
    datatype = DATATYPES[domain.datatype]
    alphabet = datatype.alphabet(domain)
    if alphabet is None:
        return _parsed(reading, text, odd, domain)
    unreadable = odd & text.str.contains(_any_but(alphabet + BLANKS)).fill_null(value=False)
    if unreadable.any():
        odd &= ~unreadable
        reading = ColumnReading(reading.values, {**reading.faults, datatype.unreadable: unreadable})
    return _parsed(reading, text, odd, domain)


def _any_but(characters: str) -> str:
    return "[^" + "".join(f"\\x{{{ord(character):x}}}" for character in dict.fromkeys(characters)) + "]"


def _parsed(reading: ColumnReading, raw: pl.Series, where: pl.Series, domain: ValueDomain) -> ColumnReading:
    """The reading with these cells read by their datatype, every different one once. A blank one is nothing at all."""
    rows = where.arg_true()
    if rows.is_empty():
        return reading
    cells = raw.gather(rows).alias(RAW).to_frame()
    found = cells.join(_read_each(cells[RAW].unique(), domain), on=RAW, how="left", maintain_order="left")
    # `scatter` works in place, and the column may be somebody else's too.
    values = reading.values.clone().scatter(rows, found[VALUE])
    faults = dict(reading.faults)
    for code in found[CODE].drop_nulls().unique():
        refused = _marked(rows.filter((found[CODE] == code).fill_null(value=False)), len(raw))
        faults[code] = faults[code] | refused if code in faults else refused
    return ColumnReading(values, faults)


def _marked(rows: pl.Series, height: int) -> pl.Series:
    return pl.repeat(value=False, n=height, dtype=pl.Boolean(), eager=True).scatter(rows, values=True)


def _read_each(different: pl.Series, domain: ValueDomain) -> pl.DataFrame:
    values: list[Value | None] = []
    codes: list[str | None] = []
    for cell in different:
        value, code = None, None
        if not is_blank(cell):
            try:
                value = DATATYPES[domain.datatype].parse(cell, domain)
            except ValueFault as fault:
                code = fault.code
        values.append(value)
        codes.append(code)
    schema = {RAW: different.dtype, VALUE: polars_type(domain), CODE: pl.String()}
    return pl.DataFrame({RAW: different, VALUE: values, CODE: codes}, schema=schema)
