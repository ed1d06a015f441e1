"""What goes into the check of a whole county's or province's rows, and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from hub.validation.lookback import LookBack
from hub.validation.report import MISSING_REASONS, Finding
from hub.validation.specification import Severity

DIVISION, ENTITY, NAME = "division", "entity", "division_name"
KEYS = (DIVISION, ENTITY)
REASON = pl.Enum(sorted(MISSING_REASONS))


@dataclass(frozen=True)
class Held:
    """What the hub already has: row i of `values` (a column for each identifier) belongs to row i of `keys`.

    `keys` has the columns `division` and `entity` (text; without the latter every entity is ""), each pair once.
    `values` are text as the store writes them, or typed as the element's own column is; a float is no value, because
    it has lost digits already. Statistics are decimals of the look-back's own scale (`LookBack.domain`), or their text.
    """

    keys: pl.DataFrame
    values: pl.DataFrame


@dataclass(frozen=True)
class Table:
    """Rows as they came out of a file: three frames of equal height, every column text, null where nothing stands.

    `keys`: `division`, and where they matter `entity` and `division_name` (how a message calls the row).
    `cells`: a column for each identifier. `missing`: a column for each identifier that anybody gave a reason for.
    `past` and `supplied` are what the hub has for these rows, in any order; keys that are not in the table do no harm.
    """

    keys: pl.DataFrame
    cells: pl.DataFrame
    missing: pl.DataFrame | None = None
    past: Mapping[LookBack, Held] = field(default_factory=dict)
    supplied: Held | None = None


@dataclass(frozen=True)
class PlacedFinding:
    """`row` is the row of the table that it is about; None for a division that has no row."""

    row: int | None
    finding: Finding


@dataclass(frozen=True)
class TableReport:
    """All of it is counted exactly; only the first findings are spelled out.

    `values` has the table's rows in the table's order: captured and derived elements in their exact types, null where
    nothing stands, where a cell could not be read, and all over a row that is not asked for or stands there twice.
    `missing` has the same rows and a column (of REASON) for each element that has a valid reason in any row.
    `is_good` tells the rows that may be stored: no error is about their division and entity. Of a division that
    stands in two rows neither is good. A missing division makes no row bad; ask `counts` or `is_valid`.
    `counts` are all findings by severity and code; `findings` the first of them in the order of `check`'s report,
    rows first, then the form's elements; `unlisted` is how many more there are.
    """

    values: pl.DataFrame
    missing: pl.DataFrame
    is_good: pl.Series
    counts: Mapping[tuple[Severity, str], int]
    findings: tuple[PlacedFinding, ...]
    unlisted: int

    @property
    def is_valid(self) -> bool:
        return not any(severity == "error" for severity, _code in self.counts)
