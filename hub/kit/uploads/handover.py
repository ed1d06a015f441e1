"""Rows of text on their way out of the child: one Arrow file for each sheet."""

from collections.abc import Iterable, Sequence
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
    schema = pa.schema([(column_letters(column), pa.large_string()) for column in range(width)])
    with pa.ipc.new_file(target, schema) as writer:
        batch: list[Sequence[object]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _ROWS_AT_ONCE:
                writer.write_batch(_record_batch(batch, schema))
                batch = []
        if batch:
            writer.write_batch(_record_batch(batch, schema))


def _record_batch(rows: list[Sequence[object]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [column_text(column) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def column_text(values: Sequence[object]) -> pa.Array:
    """A column's cells as `cell_text` writes them. Whole columns of numbers or of text are written by Arrow.

    Python alone would spend more time on spelling numbers than the reader on the whole file.
    """
    kinds = set(map(type, values))
    if kinds <= {str, _NOTHING}:
        return _blanks_out(pa.array(values, pa.large_string()))
    if kinds <= {float, _NOTHING}:
        return _numbers(pa.array(values, pa.float64()))
    if kinds == {float, str} and all(not value for value in values if value.__class__ is str):
        return _numbers(pa.array([None if value == "" else value for value in values], pa.float64()))
    texts = [None if value is None else cell_text(value) for value in values]
    return _blanks_out(pa.array(texts, pa.large_string()))


def _blanks_out(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(texts), ""), None, texts)


def _numbers(numbers: pa.Array) -> pa.Array:
    """Arrow spells the shortest text that means the number; where that is not how people write, `number_text` does."""
    whole = _whole(numbers)
    if whole is not None:
        return pc.cast(whole, pa.large_string())
    texts = pc.cast(numbers, pa.large_string())
    is_long, is_negative_zero = pc.greater(pc.binary_length(texts), _LONGEST_PLAIN), pc.equal(texts, "-0")
    is_odd = pc.or_(pc.or_(is_long, is_negative_zero), pc.match_substring(texts, "e"))
    is_odd = pc.fill_null(is_odd, False)
    if not pc.any(is_odd).as_py():
        return texts
    spelled = pa.array([number_text(number) for number in numbers.filter(is_odd).to_pylist()], pa.large_string())
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
