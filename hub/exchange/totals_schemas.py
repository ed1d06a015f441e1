"""Totals on the wire."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, Field

from hub.exchange.totals import Total, Totals
from hub.kit.spreadsheets import csv_text

CSV_COLUMNS = (
    "period",
    "division",
    "name",
    "element",
    "total",
    "counted",
    "reported",
    "expected",
    "townships_reported",
    "townships_expected",
    "townships_provisional",
    "missing",
)


class BehindRead(BaseModel):
    division: str
    name: str
    reported: int
    expected: int


class ShareRead(BaseModel):
    reported: int
    expected: int


class UnitsRead(ShareRead):
    counted: int = Field(description="of those that reported, how many gave a number; the others said why not")


class TownshipsRead(ShareRead):
    provisional: int = Field(description="of those that reported, how many nobody has approved yet; 0 unless asked for")


class TotalRead(BaseModel):
    period: str
    division: str
    name: str
    element: str
    total: int | Decimal | None = Field(description="the sum of the numbers that count; null: there is none")
    units: UnitsRead = Field(description="the divisions the form asks: villages, or townships")
    townships: TownshipsRead
    missing: list[BehindRead] = Field(description="townships that have not reported all of theirs")

    @classmethod
    def of(cls, total: Total) -> Self:
        return cls(
            period=total.period,
            division=total.division,
            name=total.name,
            element=total.element,
            total=total.total,
            units=UnitsRead(reported=total.reported, expected=total.expected, counted=total.counted),
            townships=TownshipsRead(
                reported=total.townships_reported,
                expected=total.townships_expected,
                provisional=total.townships_provisional,
            ),
            missing=[
                BehindRead(division=one.division, name=one.name, reported=one.reported, expected=one.expected)
                for one in total.missing
            ],
        )


class LeftOutRead(BaseModel):
    element: str
    code: str
    message: str


class TotalPageRead(BaseModel):
    items: list[TotalRead]
    next: str | None
    by: str
    left_out: list[LeftOutRead] = Field(description="granted elements that do not add up, each with the reason")


def csv_lines(totals: Totals) -> Iterator[str]:
    """RFC 4180; names are text that nobody's spreadsheet runs."""
    yield ",".join(CSV_COLUMNS) + "\r\n"
    for one in totals.items:
        cells = (
            one.period,
            one.division,
            csv_text(one.name),
            one.element,
            "" if one.total is None else format(one.total, "f"),
            str(one.counted),
            str(one.reported),
            str(one.expected),
            str(one.townships_reported),
            str(one.townships_expected),
            str(one.townships_provisional),
            " ".join(behind.division for behind in one.missing),
        )
        yield ",".join(_quoted(cell) for cell in cells) + "\r\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ',"\r\n') else cell
