"""Rows of text on their way out of the child: one Arrow file for each sheet."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from hub.kit.uploads.cell_text import FIRST_TOO_LONG, cell_text, number_text
from hub.kit.uploads.limits import UploadLimits
from hub.kit.uploads.places import column_letters
from hub.kit.uploads.refusal import Refused

# So few that their cells are still in the processor's cache when they are looked at column by column.
_ROWS_AT_ONCE = 2048
_NOTHING = type(None)
TEXT = pa.large_string()
# Fifteen digits and a point.
_LONGEST_PLAIN = 16


class Budget:
    """Cells still allowed over all sheets."""

    def __init__(self, limits: UploadLimits) -> None:
        self.limits = limits
        self._left = limits.cells

    def spend(self, rows: int, columns: int) -> None:
        if rows > self.limits.rows:
            raise Refused("upload_too_many_rows", limit=self.limits.rows)
        if columns > self.limits.columns:
            raise Refused("upload_too_many_columns", limit=self.limits.columns)
        self._left -= rows * columns
        if self._left < 0:
            raise Refused("upload_too_many_cells", limit=self.limits.cells)


def write_rows(target: Path, rows: Iterable[Sequence[object]], width: int) -> None:
    """Every row has `width` cells: text, numbers, truths, days, or None for a blank one."""
    write_batches(target, text_batches(rows), width)


def text_batches(rows: Iterable[Sequence[object]]) -> Iterator[list[pa.Array]]:
    """Rows of equal width as columns of text, some at a time."""
    left = iter(rows)
    while batch := list(islice(left, _ROWS_AT_ONCE)):
        yield [column_text(column) for column in zip(*batch, strict=True)]


def write_batches(target: Path, batches: Iterable[Sequence[pa.Array]], width: int) -> None:
    """Columns that a batch does not have are blank in it."""
    schema = pa.schema([(column_letters(column), TEXT) for column in range(width)])
    with pa.ipc.new_file(target, schema) as writer:
        for columns in batches:
            blank = [pa.nulls(len(columns[0]), TEXT)] * (width - len(columns))
            writer.write_batch(pa.RecordBatch.from_arrays([*columns, *blank], schema=schema))


def column_text(values: Sequence[object]) -> pa.Array:
    """A column's cells as `cell_text` writes them. Whole columns of numbers or of text are written by Arrow.

    Python alone would spend more time on spelling numbers than the reader on the whole file.
    """
    kinds = set(map(type, values))
    if kinds <= {str, _NOTHING}:
        return _blanks_out(pa.array(values, TEXT))
    if kinds <= {float, _NOTHING}:
        return _numbers(pa.array(values, pa.float64()))
    if kinds == {float, str} and all(not value for value in values if value.__class__ is str):
        return _numbers(pa.array([None if value == "" else value for value in values], pa.float64()))
    texts = [None if value is None else cell_text(value) for value in values]
    return _blanks_out(pa.array(texts, TEXT))


def _blanks_out(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), None, texts)


def _numbers(numbers: pa.Array) -> pa.Array:
    """Arrow spells the shortest text that means the number; where that is not how people write, `number_text` does."""
    whole = _whole(numbers)
    if whole is not None:
        return pc.cast(whole, TEXT)
    texts = pc.cast(numbers, TEXT)
    is_long, is_negative_zero = pc.greater(pc.binary_length(texts), _LONGEST_PLAIN), pc.equal(texts, "-0")
    is_odd = pc.or_(pc.or_(is_long, is_negative_zero), pc.match_substring(texts, "e"))
    is_odd = pc.fill_null(is_odd, False)
    if not pc.any(is_odd).as_py():
        return texts
    spelled = pa.array([number_text(number) for number in numbers.filter(is_odd).to_pylist()], TEXT)
    return pc.replace_with_mask(texts, is_odd, spelled)


def _whole(numbers: pa.Array) -> pa.Array | None:
    """The numbers as integers, when all of them are and none is too long for one."""
    try:
        whole = pc.cast(numbers, pa.int64())
    except pa.ArrowInvalid:
        return None
    found = pc.min_max(whole).as_py()
    is_short = found["min"] is None or -FIRST_TOO_LONG < found["min"] <= found["max"] < FIRST_TOO_LONG
    return whole if is_short else None
