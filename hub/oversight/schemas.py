"""Usage on the wire."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field

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
