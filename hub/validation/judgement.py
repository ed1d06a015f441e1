"""pandera's part: the frame of typed values, and the frame of verdicts.

Two schemas for a form, however many rules it has. A pandera check per rule would cost a hundred times more,
so one polars select computes every rule into a verdict for each row, and pandera judges the verdicts. Traps,
each kept by a test: pandera skips value checks on a LazyFrame, so frames are collected; collecting every
failure case of a bad frame explodes, so pandera keeps one and the failing rows are then listed by polars.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.engines.polars_engine import Struct
from pandera.errors import SchemaErrors

# So few that handing rules to other threads, or looking for what rules have in common, takes longer than computing.
FEW_ROWS = 1000

ROW, RULE, VERDICT = "row", "rule", "verdict"

# Else pandera loads what it checks frames with at the first check of all, and somebody waits for it.
pa.DataFrameSchema.register_default_backends(pl.DataFrame)


def _none_is_false(verdicts: PolarsData) -> bool:
    """One answer for all verdicts: where pandera would list failure cases, it asks polars three times more."""
    return verdicts.lazyframe.collect().get_column(verdicts.key).all(ignore_nulls=True)


VERDICTS = pa.DataFrameSchema(
    {VERDICT: pa.Column(pl.Boolean(), pa.Check(_none_is_false), nullable=True)}  # null: not judged
)


class ValidatorSwitchedOff(RuntimeError):
    """pandera let a false verdict pass: it is turned off in this process (PANDERA_VALIDATION_ENABLED or _DEPTH)."""


@dataclass(frozen=True, order=True)
class Failure:
    row: int
    rule: int


class RowType(Struct):
    """The type of a form's row as pandera sees it: a struct of all its columns.

    pandera copies a schema and spells out its types at every validation: on a form of 60 elements that took as long
    as all of its 250 rules. This one is compared, and not copied.
    """

    def check(self, pandera_dtype: Any, data_container: object = None) -> bool:  # noqa: ARG002 - pandera's name
        return bool(self.type == pandera_dtype)

    def __deepcopy__(self, _memo: object) -> "RowType":
        return self

    def __str__(self) -> str:
        return "row"


class FrameSchema:
    """Every column of the form is there with its type, and no other: the type of the row as one struct.

    A pandera column for each element says the same and took six times as long on a form of 60. It judges types
    alone, so what pandera said of a frame it would say of every frame of the same types: it is asked once.
    """

    def __init__(self, columns: Mapping[str, pl.DataType]) -> None:
        row: Any = RowType(columns)  # pandera's own types do not tell that it takes its own types
        self.pandera = pa.DataFrameSchema({ROW: pa.Column(row, nullable=True)}, strict=True)
        self._accepted: tuple[list[str], list[pl.DataType]] | None = None

    def accept(self, frame: pl.DataFrame) -> None:
        """Raises SchemaErrors for a frame that is not the form's: a fault of the program, never of the data."""
        found = frame.columns, frame.dtypes
        if found != self._accepted:
            self.pandera.validate(frame.to_struct(ROW).to_frame(), lazy=True)
            self._accepted = found


def verdict_columns(rules: Iterable[pl.Expr]) -> tuple[pl.Expr, ...]:
    """A column of verdicts for each rule, named by its number. A rule that comes out null is not judged."""
    return tuple(rule.alias(str(number)) for number, rule in enumerate(rules))


def judge(frame: pl.DataFrame, rules: Sequence[pl.Expr]) -> pl.DataFrame:
    if frame.height <= FEW_ROWS:
        return frame.select_seq(rules)
    return frame.lazy().select(rules).collect()


def failing_rules(verdicts: pl.DataFrame) -> list[int]:
    """The rules that are false in any row, as pandera judges them: a verdict for each rule over all its rows."""
    if not verdicts.width or verdicts.is_empty():
        return []
    held = [verdict.all() for verdict in verdicts.get_columns()]
    by_rule = pl.DataFrame({RULE: range(len(held)), VERDICT: held}, schema={RULE: pl.UInt32(), VERDICT: pl.Boolean()})
    if is_accepted(by_rule):
        return []
    return [number for number, is_held in enumerate(held) if not is_held]


def failures(frame: pl.DataFrame, rules: Sequence[pl.Expr]) -> list[Failure]:
    """Which rule is false in which row of the frame."""
    verdicts = judge(frame, rules)
    return sorted(
        Failure(row, number) for number in failing_rules(verdicts) for row in broken(verdicts, number).arg_true()
    )


def broken(verdicts: pl.DataFrame, number: int) -> pl.Series:
    return (~verdicts.to_series(number)).fill_null(value=False)


def is_accepted(verdicts: pl.DataFrame) -> bool:
    try:
        VERDICTS.validate(verdicts, lazy=True)
    except SchemaErrors:
        return False
    if verdicts[VERDICT].all(ignore_nulls=True):
        return True
    raise ValidatorSwitchedOff("pandera accepted a frame with a false verdict")
