"""Usage on the wire."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

from hub.oversight.served import Served, ServedElement
from hub.oversight.service import Usage, Use, UseKind


class UsageRead(BaseModel):
    division: str
    element: str
    organization: str
    organization_name: str
    purpose: str = Field(description="使用场景 of the grant it was read under")
    grant: str
    reads: int
    last_read_at: datetime

    @classmethod
    def of(cls, usage: Usage) -> Self:
        return cls(
            division=usage.division,
            element=usage.element,
            organization=usage.organization,
            organization_name=usage.organization_name,
            purpose=usage.purpose,
            grant=usage.grant,
            reads=usage.reads,
            last_read_at=usage.last_read_at,
        )


class ServedElementRead(BaseModel):
    element: str
    departments: int = Field(description="that read it under a grant and found something")
    periods: int
    forms_avoided: int = Field(description="over its periods, the departments beyond the first")

    @classmethod
    def of(cls, one: ServedElement) -> Self:
        return cls(element=one.element, departments=one.departments, periods=one.periods, forms_avoided=one.avoided)


class ServedRead(BaseModel):
    """Counted from the read log. A department that read a figure would otherwise have sent a form for it."""

    departments: int
    forms_avoided: int = Field(description="whole forms: of one object class for one period")
    items_avoided: int = Field(description="single figures that were not asked again")
    elements: list[ServedElementRead]

    @classmethod
    def of(cls, served: Served) -> Self:
        return cls(
            departments=served.departments,
            forms_avoided=served.forms_avoided,
            items_avoided=served.items_avoided,
            elements=[ServedElementRead.of(one) for one in served.elements],
        )


class UseRead(BaseModel):
    kind: UseKind = Field(description="more may come")
    id: str
    version: int | None
    organization: str | None
    purpose: str | None
    last_at: datetime | None = Field(description="when a program last told of a delivery")

    @classmethod
    def of(cls, use: Use) -> Self:
        return cls(
            kind=use.kind,
            id=use.id,
            version=use.version,
            organization=use.organization,
            purpose=use.purpose,
            last_at=use.last_at,
        )
