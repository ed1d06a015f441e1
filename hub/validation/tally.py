"""Counting findings without spelling them out: how many by code, and how many in each row."""

from collections import Counter

import polars as pl

from hub.validation.specification import Severity


class Tally:
    """Of a slice of rows. A mask marks the rows in which one and the same finding stands."""

    def __init__(self, height: int) -> None:
        self.counts: Counter[tuple[Severity, str]] = Counter()
        self.height = height
        self._by_row: dict[Severity, pl.Series] = {}

    def add(self, severity: Severity, code: str, mask: pl.Series) -> None:
        count = int(mask.sum())
        if not count:
            return
        self.counts[severity, code] += count
        ones = mask.cast(pl.UInt32)
        self._by_row[severity] = self._by_row[severity] + ones if severity in self._by_row else ones

    def by_row(self, severity: Severity) -> pl.Series:
        found = self._by_row.get(severity)
        return pl.zeros(self.height, dtype=pl.UInt32(), eager=True) if found is None else found
