"""Columns of cells read at once: plainly written ones by polars, each different other text once by its datatype.

`reading` reads the cells of a form that somebody is typing; this reads a county's. Both ask the same datatypes,
so a cell has the same value or the same finding code either way.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TypeVar

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


class ColumnReader:
    """Reads columns by the domains of their names. `column_reader` makes one once, for every table of a form."""

    def __init__(self, domains: Mapping[str, ValueDomain]) -> None:
        kinds = [(name, domain, DATATYPES[domain.datatype], pl.col(name)) for name, domain in domains.items()]
        self.domains = domains
        self._plain = [kind.read_plain(column, domain).alias(name) for name, domain, kind, column in kinds]
        self._misread = {name: kind.is_misread(column, domain) for name, domain, kind, column in kinds}
        self._doubtful = {name: kind.is_doubtful(column, domain) for name, domain, kind, column in kinds}
        self._refusals = {
            (name, code): refused
            for name, domain, kind, column in kinds
            for code, refused in kind.refusals(column, domain).items()
        }

    def read(self, cells: pl.DataFrame) -> dict[str, ColumnReading]:
        """Columns of text."""
        plain = cells.select(self._plain)
        odd = self._odd_cells(cells, plain)
        if odd:
            plain = plain.with_columns(blank_out(plain[name], where) for name, where in odd.items())
        readings = self._judged(plain)
        for name, where in odd.items():
            readings[name] = _with_odd(readings[name], cells[name], where, self.domains[name])
        return readings

    def accept(self, values: pl.DataFrame) -> dict[str, ColumnReading]:
        """Typed columns that come from no cell, as `parse` takes them: computed ones, and those that are held."""
        readings = self._judged(values)
        for name in _happening(values, self._doubtful):
            doubtful = values.select(self._doubtful[name].fill_null(value=False)).to_series()
            sure = {code: refused & ~doubtful for code, refused in readings[name].faults.items()}
            told = {code: refused for code, refused in sure.items() if refused.any()}
            reading = ColumnReading(readings[name].values, told)
            readings[name] = _parsed(reading, values[name], doubtful, self.domains[name])
        return readings

    def _odd_cells(self, cells: pl.DataFrame, plain: pl.DataFrame) -> dict[str, pl.Series]:
        """The cells that are not written plainly, of the columns that have such."""
        misread, odd = _happening(cells, self._misread), {}
        for name in self.domains:
            text, values = cells[name], plain[name]
            if name in misread or values.null_count() > text.null_count():
                where = cells.select(self._misread[name].fill_null(value=False)).to_series()
                odd[name] = (values.is_null() & text.is_not_null()) | where
        return odd

    def _judged(self, values: pl.DataFrame) -> dict[str, ColumnReading]:
        """Typed columns against their domains."""
        readings = {name: ColumnReading(values[name], {}) for name in self.domains}
        told = _happening(values, self._refusals)
        masks = values.select(self._refusals[one].fill_null(value=False).alias(str(n)) for n, one in enumerate(told))
        for (name, code), refused in zip(told, masks.iter_columns(), strict=True):
            reading = readings[name]
            first = reduce(lambda mask, earlier: mask & ~earlier, reading.faults.values(), refused)
            readings[name] = ColumnReading(blank_out(reading.values, first), {**reading.faults, code: first})
        return readings


def column_reader(domains: Mapping[str, ValueDomain]) -> ColumnReader:
    return made_once(tuple(domains.items()))


@lru_cache(maxsize=100)
def made_once(domains: tuple[tuple[str, ValueDomain], ...]) -> ColumnReader:
    """Its hundreds of expressions take as long to build as to ask of some thousand rows."""
    return ColumnReader(dict(domains))


class HeldReader:
    """Reads what the hub has, text or typed. A value may predate the present domain; then it is not compared with."""

    def __init__(self, schema: Mapping[str, pl.DataType], domains: Mapping[str, ValueDomain]) -> None:
        self.domains = domains
        given = {name: schema.get(name) for name in domains}
        is_typed = {
            name: given[name] == polars_type(domain) and given[name] != pl.String() for name, domain in domains.items()
        }
        # A float has lost digits already: `parse` takes none.
        is_text = {
            name: not is_typed[name] and not (dtype is None or dtype.is_float()) for name, dtype in given.items()
        }
        self._text = column_reader({name: domain for name, domain in domains.items() if is_text[name]})
        self._typed = column_reader({name: domain for name, domain in domains.items() if is_typed[name]})

    def read(self, held: pl.DataFrame, height: int) -> dict[str, pl.Series]:
        text = held.select(pl.col(name).cast(pl.String()) for name in self._text.domains)
        readings = self._text.read(text) | self._typed.accept(held)
        return {
            name: readings[name].values if name in readings else nothing(name, polars_type(domain), height)
            for name, domain in self.domains.items()
        }


class StatisticReader:
    """Statistics as they were computed, exact: no values of the element, they may have more digits than it may."""

    def __init__(self, schema: Mapping[str, pl.DataType], domains: Mapping[str, ValueDomain]) -> None:
        self.domains = domains
        self._columns = [
            pl.col(name).cast(polars_type(domain), strict=False)
            for name, domain in domains.items()
            if name in schema and (schema[name].is_decimal() or schema[name] == pl.String())
        ]

    def read(self, held: pl.DataFrame, height: int) -> dict[str, pl.Series]:
        read = {column.name: column for column in held.select(self._columns).iter_columns()}
        return {name: read.get(name, nothing(name, polars_type(kind), height)) for name, kind in self.domains.items()}


Named = TypeVar("Named", bound=Hashable)


def _happening(frame: pl.DataFrame, conditions: Mapping[Named, pl.Expr]) -> list[Named]:
    """The conditions that hold anywhere, in one pass for all. Mostly none does."""
    if not conditions or frame.is_empty():
        return []
    any_of = frame.select(condition.any().alias(str(n)) for n, condition in enumerate(conditions.values())).row(0)
    return [name for name, happens in zip(conditions, any_of, strict=True) if happens]


def _with_odd(reading: ColumnReading, text: pl.Series, odd: pl.Series, domain: ValueDomain) -> ColumnReading:
    """The reading with the cells that are not written plainly."""
    cells, faults = text.alias(RAW).to_frame(), dict(reading.faults)
    for code, refusal in DATATYPES[domain.datatype].refused_spellings(pl.col(RAW), domain):
        refused = cells.select(refusal.fill_null(value=False)).to_series() & odd
        if refused.any():
            faults[code] = faults[code] | refused if code in faults else refused
            odd &= ~refused
            if not odd.any():
                break
    rows = odd.arg_true()
    return _with_cells(ColumnReading(reading.values, faults), rows, _read_odd(text.gather(rows), domain))


def _parsed(reading: ColumnReading, raw: pl.Series, where: pl.Series, domain: ValueDomain) -> ColumnReading:
    """The reading with these values as their datatype reads them."""
    rows = where.arg_true()
    return _with_cells(reading, rows, _read_each(raw.gather(rows), domain))


def _with_cells(reading: ColumnReading, rows: pl.Series, cells: pl.DataFrame) -> ColumnReading:
    # `scatter` works in place, and the column may be somebody else's too.
    values = reading.values.clone().scatter(rows, cells[VALUE])
    faults = dict(reading.faults)
    for code in cells[CODE].drop_nulls().unique():
        refused = _marked(rows.filter((cells[CODE] == code).fill_null(value=False)), values.len())
        faults[code] = faults[code] | refused if code in faults else refused
    return ColumnReading(values, faults)


def _marked(rows: pl.Series, height: int) -> pl.Series:
    return pl.repeat(value=False, n=height, dtype=pl.Boolean(), eager=True).scatter(rows, values=True)


def _read_odd(cells: pl.Series, domain: ValueDomain) -> pl.DataFrame:
    """Value or finding code of each cell: respelled as far as that helps, the rest read by its datatype."""
    datatype, spelled, value = DATATYPES[domain.datatype], pl.col(RAW), pl.col(VALUE)
    is_plain = ~datatype.is_misread(spelled, domain).fill_null(value=False)
    read = cells.alias(RAW).to_frame().select(datatype.respelled(spelled))
    read = read.select(pl.when(is_plain).then(datatype.read_plain(spelled, domain)).alias(VALUE))
    refusals = [pl.when(refused).then(pl.lit(code)) for code, refused in datatype.refusals(value, domain).items()]
    read = read.with_columns(pl.coalesce(*refusals, pl.lit(None, pl.String())).alias(CODE))
    read = read.with_columns(pl.when(pl.col(CODE).is_null()).then(value).alias(VALUE))
    rest = (read[VALUE].is_null() & read[CODE].is_null()).arg_true()
    found = _read_each(cells.gather(rest), domain)
    return pl.DataFrame({name: read[name].scatter(rest, found[name]) for name in (VALUE, CODE)})


def _read_each(cells: pl.Series, domain: ValueDomain) -> pl.DataFrame:
    """Value or finding code of each cell, every different one read once. A blank one is nothing at all."""
    values: list[Value | None] = []
    codes: list[str | None] = []
    different = cells.unique().alias(RAW)
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
    read = pl.DataFrame({RAW: different, VALUE: values, CODE: codes}, schema=schema)
    return cells.alias(RAW).to_frame().join(read, on=RAW, how="left", maintain_order="left").select(VALUE, CODE)
