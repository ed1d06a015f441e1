"""The catalogue on the wire."""

from datetime import date
from typing import Self

from pydantic import BaseModel, Field

from hub.catalogue.service import CatalogueEntry
from hub.registry.schemas import ContactRead, NamesRead

# Order 809, art. 22: 服务接口, 批量交换, 文件下载.
SHARING_METHODS = ("interface", "batch", "file")


class PeriodsRead(BaseModel):
    first: str
    last: str
    count: int


class FreshnessRead(BaseModel):
    """The newest period with values in force, and of how many townships."""

    period: str
    reported: int
    expected: int


class HeldGrantRead(BaseModel):
    number: str
    valid_until: date


class AccessRead(BaseModel):
    granted: bool = Field(description="the caller may read it today")
    grants: list[HeldGrantRead]
    may_be_asked: bool = Field(description="false: not shared (Order 809, art. 14)")


class CallRead(BaseModel):
    method: str
    path: str
    query: dict[str, str]


class CatalogueEntryRead(BaseModel):
    identifier: str
    version: int
    names: NamesRead
    definition: str | None
    object_class: str
    update_cycle: str = Field(description="month, quarter, half_year or year")
    topic: str
    datatype: str
    unit: str | None
    source: str
    source_organization: str | None
    steward: str | None
    contact: ContactRead | None
    legal_basis: str | None
    sharing_type: str
    sharing_conditions: str | None
    sharing_methods: list[str]
    sensitivity: str
    periods: PeriodsRead | None = Field(description="null: nothing is in force yet")
    freshness: FreshnessRead | None
    access: AccessRead
    how_to_get: CallRead = Field(description="the call once it is granted, else how to ask for it")

    @classmethod
    def of(cls, entry: CatalogueEntry) -> Self:
        version, owner = entry.version, entry.described.owner
        newest, oldest = entry.holdings.newest, entry.holdings.oldest
        same = {name: getattr(version, name) for name in cls.model_fields if hasattr(version, name)}
        return cls(
            **same
            | {
                "names": NamesRead(zh=version.name_zh, en=version.name_en),
                "update_cycle": version.period_type,
                "unit": entry.described.domain.unit,
                "contact": owner
                and ContactRead(organization=owner.name, name=owner.contact_name, phone=owner.contact_phone),
                "sharing_methods": list(SHARING_METHODS),
                "periods": newest
                and oldest
                and PeriodsRead(first=oldest.period, last=newest.period, count=len(entry.holdings.periods)),
                "freshness": newest
                and FreshnessRead(period=newest.period, reported=newest.reported, expected=newest.expected),
                "access": _access(entry),
                "how_to_get": _call(entry),
            }
        )


def _access(entry: CatalogueEntry) -> AccessRead:
    grants = [HeldGrantRead(number=one.number, valid_until=one.valid_until) for one in entry.grants]
    return AccessRead(granted=entry.is_held, grants=grants, may_be_asked=entry.is_askable)


def _call(entry: CatalogueEntry) -> CallRead:
    if not entry.is_held:
        return CallRead(method="POST", path="/api/v1/access-grants", query={})
    newest = entry.holdings.newest
    query = {"elements": entry.version.identifier} | ({"period": newest.period} if newest else {})
    return CallRead(method="GET", path="/api/v1/data-values", query=query)
