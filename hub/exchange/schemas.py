"""The counter on the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_validator

from hub.calendar.periods import Period
from hub.exchange.models import DeliveryReceipt
from hub.kit.wire import WireInput

Value = bool | int | Decimal | str | None


class ValueItem(BaseModel):
    division: str
    period: str
    entity: str | None
    values: dict[str, Value] = Field(description="element to value; null: there is none")
    missing: dict[str, str] = Field(description="element to why there is no value")
    versions: dict[str, int] = Field(description="element to the version it was captured under")
    revision: int
    submission: str = Field(description="the number of the submission that brought the row to this state")
    submitted_at: datetime
    provisional: Literal[True] | None = Field(
        default=None, description="true: nobody has approved these values yet; absent otherwise"
    )


class ValuePageRead(BaseModel):
    items: list[ValueItem]
    next: str | None


class ChangeItem(ValueItem):
    object_class: str
    kind: Literal["value", "correction", "withdrawal"] = Field(description="more may come")


class ChangePageRead(BaseModel):
    items: list[ChangeItem]
    next: str = Field(description="where to go on; it always moves on, also when there are no items")


class TokenRead(BaseModel):
    """RFC 6749 §5.1."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int
    scope: str = Field(description="the grant numbers the token is bound to")


class ReceiptCreate(WireInput):
    grant: str = Field(max_length=40, examples=["AG-2026-000001"])
    period: str = Field(max_length=10, examples=["2026-11"])
    rows: int = Field(ge=0, le=2**31 - 1)
    sha256: Annotated[str, StringConstraints(to_lower=True, pattern=r"^[0-9a-fA-F]{64}$")]
    file: str | None = Field(default=None, max_length=255, description="the file's name")

    @field_validator("period")
    @classmethod
    def _is_period(cls, period: str) -> str:
        return str(Period.parse(period))


class ReceiptRead(BaseModel):
    id: UUID
    grant: str
    period: str
    rows: int
    sha256: str
    file: str | None
    organization: str
    recorded_at: datetime

    @classmethod
    def of(cls, receipt: DeliveryReceipt) -> Self:
        return cls(
            id=receipt.id,
            grant=receipt.grant,
            period=receipt.period,
            rows=receipt.rows,
            sha256=receipt.sha256,
            file=receipt.file,
            organization=receipt.organization,
            recorded_at=receipt.recorded_at,
        )
