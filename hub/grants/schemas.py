"""Grants on the wire."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hub.grants.lifecycle import GrantState, ShownState, shown_state
from hub.grants.models import AccessGrant
from hub.grants.narrowing import ApprovalTerms
from hub.kit import clock
from hub.kit.wire import WireDate, WireInput

STATUTORY_FIELDS = ("basis", "scenario", "scope", "method")

Statement = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class GrantPeriods(WireInput):
    first: str | None = Field(default=None, alias="from", max_length=10, examples=["2026-01"])
    last: str | None = Field(default=None, alias="to", max_length=10, description="absent: without end")


class AccessGrantCreate(WireInput):
    """Nothing is required here, so that one answer can name everything that is missing (Order 809, art. 21)."""

    model_config = ConfigDict(
        json_schema_extra={
            "required": ["elements", "divisions", "periods", *STATUTORY_FIELDS, "valid_until"],
        }
    )

    elements: list[str] | None = Field(default=None, max_length=500)
    divisions: list[str] | None = Field(default=None, max_length=500)
    periods: GrantPeriods | None = None
    basis: Statement | None = Field(default=None, description="使用依据: the law or duty it rests on")
    scenario: Statement | None = Field(default=None, description="使用场景: the purpose, told with every read")
    scope: Statement | None = Field(default=None, description="使用范围: who uses it, and where")
    method: Statement | None = Field(default=None, description="共享方式: interface, batch exchange or file")
    includes_provisional: bool = Field(
        default=False, description="also values that nobody has approved yet, which are marked; most purposes need none"
    )
    valid_until: str | None = Field(default=None, description="使用时限: the last day", examples=["2027-12-31"])


class Reason(WireInput):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class ApprovalWrite(WireInput):
    """What is agreed to, when it is less than was asked; without a body everything is."""

    elements: list[str] | None = Field(
        default=None, max_length=500, description="those of the request that are granted"
    )
    valid_until: WireDate | None = Field(default=None, description="an earlier last day than was asked")
    includes_provisional: bool | None = Field(
        default=None, description="false: approved values only, whatever was asked"
    )
    reason: Statement | None = Field(default=None, description="told to who asked")

    @property
    def terms(self) -> ApprovalTerms:
        return ApprovalTerms(self.elements, self.valid_until, self.includes_provisional)


class GrantPeriodsRead(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    first: str = Field(serialization_alias="from")
    last: str | None = Field(serialization_alias="to")


class AccessGrantRead(BaseModel):
    number: str = Field(examples=["AG-2026-000001"])
    state: ShownState
    organization: str = Field(description="who asks")
    steward: str = Field(description="who answers")
    elements: list[str]
    versions: dict[str, int] = Field(description="the element versions the steward agreed to")
    divisions: list[str] = Field(description="codes whose subtrees are meant")
    periods: GrantPeriodsRead
    basis: str
    scenario: str
    scope: str
    method: str
    includes_provisional: bool = Field(description="whether values in review may be read, each marked")
    valid_until: date
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, grant: AccessGrant) -> Self:
        state: GrantState = grant.state  # type: ignore[assignment]  # a check constraint keeps it to the five
        return cls(
            number=grant.number,
            state=shown_state(state, grant.valid_until, clock.today()),
            organization=grant.organization,
            steward=grant.steward,
            elements=grant.elements,
            versions=grant.element_versions,
            divisions=grant.divisions,
            periods=GrantPeriodsRead(first=grant.period_from, last=grant.period_to),
            basis=grant.basis,
            scenario=grant.scenario,
            scope=grant.scope,
            method=grant.method,
            includes_provisional=grant.includes_provisional,
            valid_until=grant.valid_until,
            requested_by=grant.requested_by,
            requested_at=grant.requested_at,
            decided_by=grant.decided_by,
            decided_at=grant.decided_at,
            reason=grant.reason,
        )
