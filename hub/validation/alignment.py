"""Which row of one frame belongs to which row of another."""

from collections.abc import Sequence

import polars as pl

from hub.validation.table import DIVISION, ENTITY, KEYS, Held

ROW, FIRST, AT = "row", "first", "at"


def keys_of(keys: pl.DataFrame) -> pl.DataFrame:
    entity = pl.col(ENTITY).fill_null("") if ENTITY in keys.columns else pl.lit("").alias(ENTITY)
    return keys.select(pl.col(DIVISION).fill_null(""), entity)


def ordered(keys: pl.DataFrame) -> pl.DataFrame:
    """The number of each row and of the first row of its key, in the order of a report.

    Rows of one division and entity come together, where the first of them stands.
    """
    rows = pl.DataFrame({ROW: pl.int_range(keys.height, dtype=pl.UInt32, eager=True)})
    # Few files name a division twice, and one column of text is compared sooner than two.
    if _rises(keys[DIVISION]) or keys[DIVISION].n_unique() == keys.height or keys.n_unique() == keys.height:
        return rows.with_columns(pl.col(ROW).alias(FIRST))
    numbered = keys.with_columns(rows).select(ROW, pl.col(ROW).min().over(KEYS).alias(FIRST))
    return numbered.sort(FIRST, ROW)


def _rises(codes: pl.Series) -> bool:
    """Each greater than the one before, as in most files: known in a look, where counting them takes a table."""
    return bool((codes.tail(-1) > codes.head(-1)).all())


def rows_of(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """Mostly a stretch of the frame, which costs nothing."""
    if not frame.width or rows.is_empty():
        return frame.clear()
    is_stretch = rows.is_sorted() and rows[-1] - rows[0] + 1 == rows.len()
    return frame.slice(rows[0], rows.len()) if is_stretch else frame[rows]


def in_order_of_rows(frame: pl.DataFrame, rows: pl.Series, height: int) -> pl.DataFrame:
    """`frame` has these rows of a table; the same with all rows of the table, nothing standing in the others."""
    if rows.is_sorted() and rows.len() == height:
        return frame
    numbered = rows.alias(ROW).to_frame().with_row_index(AT)
    everywhere = pl.DataFrame({ROW: pl.int_range(height, dtype=pl.UInt32, eager=True)})
    return frame.select(pl.all().gather(everywhere.join(numbered, on=ROW, how="left", maintain_order="left")[AT]))


class AlignedHeld:
    """What is held, for the rows of a table. Files of a county mostly come in the order of its divisions anyway."""

    def __init__(self, held: Held | None, keys: pl.DataFrame, wanted: Sequence[str]) -> None:
        """`wanted` are the identifiers that anybody looks at; the rest is never touched."""
        self.values = pl.DataFrame()
        self.positions: pl.Series | None = None
        if held is None:
            return
        self.values = held.values.select(name for name in wanted if name in held.values.columns)
        its_keys = keys_of(held.keys)
        if not its_keys.equals(keys):
            numbered = its_keys.with_row_index(AT)
            self.positions = keys.join(numbered, on=KEYS, how="left", maintain_order="left", validate="m:1")[AT]

    def rows(self, rows: pl.Series) -> pl.DataFrame:
        if self.positions is None or not self.values.width:
            return rows_of(self.values, rows)
        return self.values.select(pl.all().gather(self.positions.gather(rows)))
