"""Divisions on the wire."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from hub.geography.levels import Level
from hub.geography.models import Division
from hub.kit.wire import WireDate, WireInput


class DivisionRead(BaseModel):
    code: str = Field(examples=["433124102200"])
    name: str
    level: str
    parent_code: str | None
    code_system: str = Field(description="whose list the code is from: two official lists disagree")
    code_year: int
    opened_on: date | None = Field(description="null: before the list's own year")
    closed_on: date | None
    successor_code: str | None

    @classmethod
    def of(cls, division: Division) -> Self:
        return cls(
            code=division.code,
            name=division.name,
            level=division.level,
            parent_code=division.parent_code,
            code_system=division.code_system,
            code_year=division.code_year,
            opened_on=division.opened_on,
            closed_on=division.closed_on,
            successor_code=division.successor_code,
        )


class DivisionCreate(WireInput):
    code: str = Field(pattern=r"^[0-9]{2,12}$")
    name: str
    level: Level
    parent_code: str
    code_system: str = Field(default="NBS", pattern=r"^[A-Z]{2,10}$")
    code_year: int = Field(ge=1980, le=2200)
    opened_on: WireDate


class SuccessionCreate(WireInput):
    successor: str = Field(description="the division that it was merged into")
    closed_on: WireDate = Field(description="the first day on which it is no more")
