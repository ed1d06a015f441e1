"""The rows of a table that was found: codes, cells and reasons as text, each with its line in the file. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hub.imports.layout import CODE, Layout
from hub.imports.words import DIVISION, REASONS, plain
from hub.validation import ElementSpec

ROW = "row"
# Only where such a word can be no value: a note may well read 无, and for a yes or no 无 is a no.
TAKES_REASONS = frozenset({"integer", "decimal", "date", "code"})


@dataclass(frozen=True)
class FileTable:
    """Frames of equal height, all text: `rows` (its number in the sheet, from 0), `division`, `cells`, `missing`.

    `cells` has a column for each element of the file, `missing` for those with a reason in any row.
    """

    rows: pl.Series
    division: pl.Series
    cells: pl.DataFrame
    missing: pl.DataFrame
    periods: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def filter(self, kept: pl.Series) -> "FileTable":
        return FileTable(
            self.rows.filter(kept),
            self.division.filter(kept),
            self.cells.filter(kept),
            self.missing.filter(kept) if self.missing.width else self.missing,
            self.periods,
        )


def read_table(cells: pl.DataFrame, layout: Layout, elements: Mapping[str, ElementSpec]) -> FileTable:
    """The table below its heading. A layout without a division column gives no rows."""
    names = cells.columns
    if layout.division is None:
        empty = pl.DataFrame(schema=dict.fromkeys(layout.values, pl.String))
        return FileTable(pl.Series(ROW, [], pl.UInt32), pl.Series([], dtype=pl.String), empty, pl.DataFrame(), ())
    used = [layout.division, *layout.values.values(), *layout.reasons.values()]
    below = cells.with_row_index(ROW).slice(layout.head_row + 1)
    below = below.filter(pl.any_horizontal(pl.col(names[number]).is_not_null() for number in used))
    division = below[names[layout.division]].str.strip_chars().str.strip_suffix(".0")
    is_legend = _legend(division)
    below, division = below.filter(~is_legend), division.filter(~is_legend)
    values = below.select(pl.col(names[number]).alias(i) for i, number in layout.values.items())
    reasons = below.select(pl.col(names[number]).alias(i) for i, number in layout.reasons.items())
    values, missing = _reasons_apart(values, reasons, elements)
    periods = () if layout.period is None else _periods(below[names[layout.period]])
    return FileTable(below[ROW], division.alias("division"), values, missing, periods)


def _legend(division: pl.Series) -> pl.Series:
    """Second headings, units and legends: what stands above the first code and is none itself."""
    is_code = division.str.contains(CODE).fill_null(value=False)
    first = is_code.index_of(True) or 0
    above = [text is None or plain(text) in DIVISION for text in division.head(first)]
    return pl.Series([*above, *[False] * (len(division) - first)], dtype=pl.Boolean)


def _periods(column: pl.Series) -> tuple[str, ...]:
    return tuple(column.str.strip_chars().drop_nulls().unique(maintain_order=True).to_list())


def _reasons_apart(
    values: pl.DataFrame, reasons: pl.DataFrame, elements: Mapping[str, ElementSpec]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A reason may stand in a column of its own, or in the cell itself, as a word."""
    missing = {
        name: reasons[name].str.strip_chars().replace(list(REASONS), list(REASONS.values())) for name in reasons.columns
    }
    takers = [name for name in values.columns if _takes_reasons(elements[name])]
    words = list(REASONS)
    if takers:
        found = values.select(pl.col(name).str.strip_chars().is_in(words).any() for name in takers).row(0)
        takers = [name for name, is_found in zip(takers, found, strict=True) if is_found]
    for name in takers:
        cell = values[name].str.strip_chars()
        is_word = cell.is_in(words).fill_null(value=False)
        reason = cell.filter(is_word).replace_strict(words, list(REASONS.values()), return_dtype=pl.String)
        told = missing.get(name, pl.Series(name, [None] * len(cell), dtype=pl.String))
        missing[name] = told.scatter(is_word.arg_true(), reason)
        values = values.with_columns(cell.scatter(is_word.arg_true(), None).alias(name))
    return values, pl.DataFrame([series.alias(name) for name, series in missing.items()])


def _takes_reasons(element: ElementSpec) -> bool:
    domain = element.domain
    is_value = any(word in domain.meanings or word in domain.values_by_meaning for word in REASONS)
    return domain.datatype in TAKES_REASONS and not is_value
