"""What is held of whole counties, as columns: what rules look back on, and what a file leaves as it is."""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import set_scope
from hub.store import bulk_repository as repository
from hub.store.bulk_repository import Aggregate
from hub.store.scope import ReadScope

KEYS = ("division", "entity")
# Beyond every number that is kept (15 digits).
WIDEST = Decimal(10**16)


@dataclass(frozen=True)
class HeldRows:
    """Which rows: of these counties, one object class. Only whole rows may be read like this."""

    areas: Collection[str]
    object_class: str


@dataclass(frozen=True)
class Statistic:
    """A number over several periods of one element, of values in its range, rounded half away from zero."""

    identifier: str
    kind: Literal["mean", "deviation"]
    decimals: int
    minimum: Decimal = -WIDEST
    maximum: Decimal = WIDEST

    @property
    def column(self) -> str:
        return f"{self.kind} {self.identifier}"


async def select_columns(
    session: AsyncSession, scope: ReadScope, rows: HeldRows, period: str, identifiers: Sequence[str]
) -> pl.DataFrame:
    """`division`, `entity` and a text column for each identifier, one row for each row held for the period."""
    columns = [*KEYS, *identifiers]
    if not _may_read_all(scope):
        return _frame(b"", columns)
    await set_scope(session, scope.divisions)
    return _frame(
        await repository.copy_values(session, sorted(rows.areas), rows.object_class, period, identifiers), columns
    )


async def select_statistics(
    session: AsyncSession,
    scope: ReadScope,
    rows: HeldRows,
    periods: Sequence[str],
    statistics: Sequence[Statistic],
    *,
    fewest: int,
) -> pl.DataFrame:
    """The same for statistics; null where fewer than `fewest` of the periods have a number."""
    columns = [*KEYS, *(statistic.column for statistic in statistics)]
    if not _may_read_all(scope):
        return _frame(b"", columns)
    await set_scope(session, scope.divisions)
    wanted = [Aggregate(one.identifier, one.kind, one.decimals, one.minimum, one.maximum) for one in statistics]
    found = await repository.copy_statistics(session, sorted(rows.areas), rows.object_class, periods, wanted, fewest)
    return _frame(found, columns)


def _may_read_all(scope: ReadScope) -> bool:
    return bool(scope.boxes) and all(box.elements is None for box in scope.boxes)


def _frame(csv: bytes, columns: Sequence[str]) -> pl.DataFrame:
    schema = dict.fromkeys(columns, pl.String)
    if not csv:
        return pl.DataFrame(schema=schema)
    read = pl.read_csv(io.BytesIO(csv), has_header=False, schema=schema, infer_schema=False)
    return read.with_columns(pl.col("entity").fill_null(""))
