"""From the hub's elements to a department's own columns, units and codes. A mapping is data; this reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

import polars as pl

from hub_connectors.errors import Violation
from hub_connectors.wire import Value

Cell = int | Decimal | str | None

# A list's name (an element, or DIVISION_CODES) → the hub's code → the department's.
CodeTables = Mapping[str, Mapping[str, str]]
DIVISION_CODES = "division"

PERIOD = "报告期"
DIVISION = "行政区划代码"
TOWNSHIP = "乡镇"
VILLAGE = "村（社区）"
NOTE = "备注"

MOST_DIGITS = 15  # CONTRACT.md: exact decimals of at most 15 digits, which is also what Excel can hold


class Kind(StrEnum):
    COUNT = "count"
    DECIMAL = "decimal"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the department's form.

    `factor` turns the hub's unit into the department's (人 → 万人 is 0.0001) and is an exact decimal;
    `decimals` is what the form allows after that. `codes` maps the hub's permissible values to the department's.
    """

    name: str
    element: str
    unit: str
    kind: Kind = Kind.COUNT
    factor: Decimal = Decimal(1)
    decimals: int = 0
    codes: Mapping[str, str] = field(default_factory=dict)
    has_total: bool = True

    @property
    def polars_type(self) -> pl.DataType:
        match self.kind:
            case Kind.COUNT:
                return pl.Int64()
            case Kind.DECIMAL:
                return pl.Decimal(38, self.decimals)
            case Kind.CODE:
                return pl.String()


@dataclass(frozen=True, slots=True)
class MissingMark:
    """How a department writes that there is no value: what stands in the cell, and its word for the reason."""

    cell: str
    word: str


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A department's table as data: which element fills which column. Its forms are views of it (layout.py).

    `divisions` maps the hub's division codes to the department's own, where it keeps another code system.
    """

    table: str
    object_class: str
    columns: tuple[Column, ...]
    missing: Mapping[str, MissingMark]
    divisions: Mapping[str, str] = field(default_factory=dict)

    @property
    def elements(self) -> tuple[str, ...]:
        return tuple(column.element for column in self.columns)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def column_of(self, element: str) -> str | None:
        return next((column.name for column in self.columns if column.element == element), None)

    def with_codes(self, codes: CodeTables) -> "TableMapping":
        """The same table in the codes of one installation: its own entries take the place of the built-in ones."""
        columns = tuple(
            replace(column, codes={**column.codes, **codes.get(column.element, {})})
            if column.kind is Kind.CODE
            else column
            for column in self.columns
        )
        return replace(self, columns=columns, divisions={**self.divisions, **codes.get(DIVISION_CODES, {})})


@dataclass(frozen=True, slots=True)
class Place:
    """A village as a form names it. `township_code` orders the form: after a merger it need not be a prefix."""

    code: str
    village: str
    township_code: str
    township: str
    county: str


@dataclass(frozen=True, slots=True)
class VillageRow:
    """One line of the department's form. `reasons` says for each empty column why, in the hub's word."""

    division: str
    place: Place
    cells: Mapping[str, Cell]
    reasons: Mapping[str, str]


def map_row(
    mapping: TableMapping,
    *,
    period: str,
    place: Place,
    values: Mapping[str, Value],
    missing: Mapping[str, str],
) -> tuple[VillageRow, list[Violation]]:
    """A value that does not fit is a violation and an empty cell, so that all of them are told at once."""
    cells: dict[str, Cell] = {}
    reasons: dict[str, str] = {}
    violations: list[Violation] = []
    for column in mapping.columns:
        value = values.get(column.element)
        reason = missing.get(column.element)
        cell: Cell = None
        fault: str | None = None
        if value is not None:
            cell, fault = _convert(column, value)
        elif reason is not None and reason in mapping.missing:
            reasons[column.name] = reason
        elif reason is not None:
            fault = f"本部门没有“{reason}”这种缺报原因"
        cells[column.name] = cell
        if fault is not None:
            told = str(reason if value is None else value)
            violations.append(Violation(period, place.code, column.name, fault, told))
    return VillageRow(mapping.divisions.get(place.code, place.code), place, cells, reasons), violations


def _convert(column: Column, value: bool | int | Decimal | str) -> tuple[Cell, str | None]:
    if column.kind is Kind.CODE:
        code = column.codes.get(str(value).lower() if isinstance(value, bool) else str(value))
        return code, None if code is not None else "本部门代码表"
    if isinstance(value, bool | str):
        return None, "数值"
    number = Decimal(value) * column.factor
    if (
        not number.is_finite()
        or len(number.normalize().as_tuple().digits) > MOST_DIGITS
        or number.adjusted() >= MOST_DIGITS
    ):
        return None, f"最多 {MOST_DIGITS} 位数字"
    step = Decimal(1).scaleb(-column.decimals)
    if number != number.quantize(step):
        return None, f"最多 {column.decimals} 位小数（{column.unit}）"
    return (int(number) if column.kind is Kind.COUNT else number.quantize(step)), None


def note(mapping: TableMapping, row: VillageRow, columns: Sequence[str]) -> str:
    """The remarks column: which cells are empty and why, in the department's own words.

    A value that is not known yet needs no remark: an empty cell already says so on every Chinese form.
    """
    told = [
        f"{name}：{mapping.missing[reason].word}"
        for name in columns
        if (reason := row.reasons.get(name)) and mapping.missing[reason].word
    ]
    return "；".join(told)


def totals(mapping: TableMapping, rows: Sequence[VillageRow]) -> dict[str, Cell]:
    """Sums of what was reported. A column nobody reported has no sum: an empty sum is not zero."""
    result: dict[str, Cell] = {}
    for column in mapping.columns:
        reported = [cell for row in rows if isinstance(cell := row.cells[column.name], int | Decimal)]
        result[column.name] = sum(reported[1:], reported[0]) if column.has_total and reported else None
    return result


def frame(mapping: TableMapping, period: str, rows: Sequence[VillageRow]) -> pl.DataFrame:
    """The rows as the department's schema sees them. Collected, never lazy: a LazyFrame skips value checks."""
    identifying = {name: pl.String() for name in (PERIOD, DIVISION, TOWNSHIP, VILLAGE)}
    return pl.DataFrame(
        [[period, row.division, row.place.township, row.place.village, *row.cells.values()] for row in rows],
        schema={**identifying, **{column.name: column.polars_type for column in mapping.columns}},
        orient="row",
        strict=True,
    )
