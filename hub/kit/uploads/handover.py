"""Rows of text on their way out of the child: one Arrow file for each sheet."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from hub.kit.uploads.limits import UploadLimits
from hub.kit.uploads.places import column_letters
from hub.kit.uploads.refusal import Refused

_ROWS_AT_ONCE = 8192


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


def write_rows(target: Path, rows: Iterable[Sequence[str | None]], width: int) -> None:
    """Every row has `width` cells."""
    schema = pa.schema([(column_letters(column), pa.large_string()) for column in range(width)])
    with pa.ipc.new_file(target, schema) as writer:
        batch: list[Sequence[str | None]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _ROWS_AT_ONCE:
                writer.write_batch(_record_batch(batch, schema))
                batch = []
        if batch:
            writer.write_batch(_record_batch(batch, schema))


def _record_batch(rows: list[Sequence[str | None]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [pa.array(column, pa.large_string()) for column in zip(*rows, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
