"""Elements and grants, valid by default. Rows are made directly: the registry has tests of its own."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.grants import repository
from hub.grants.models import AccessGrant
from hub.registry.models import DataElement, DataElementVersion
from tests.people import COUNTY

MIGRANTS = "village_migrant_workers"
POOR = "village_monitored_households"


async def create_element(
    session: AsyncSession,
    *,
    identifier: str = MIGRANTS,
    version: int = 1,
    steward: str | None = "human-resources",
    source_organization: str | None = "human-resources",
    sharing_type: str = "conditional",
    registration_status: str = "qualified",
    is_breaking: bool = False,
    object_class: str = "village",
    period_type: str = "month",
    datatype: str = "integer",
    valid_until: date | None = None,
    superseded_by: str | None = None,
    facets: Mapping[str, Any] | None = None,
    unit: str | None = None,
) -> DataElementVersion:
    if await session.get(DataElement, identifier) is None:
        session.add(DataElement(identifier=identifier))
        await session.flush()
    row = DataElementVersion(
        identifier=identifier,
        version=version,
        name_zh=identifier,
        aliases=[],
        definition="定义",
        object_class=object_class,
        property_name=identifier,
        facets=dict(facets or {}),
        datatype=datatype,
        value_domain={"datatype": datatype} | ({"unit": unit} if unit else {}),
        period_type=period_type,
        source="captured",
        is_required=True,
        topic="劳动力",
        position=version,
        collection_basis="administrative",
        source_organization=source_organization,
        steward=steward,
        sharing_type=sharing_type,
        sensitivity="internal",
        is_breaking=is_breaking,
        valid_from=date(2026, 1, 1),
        valid_until=valid_until,
        registration_status=registration_status,
        superseded_by=superseded_by,
        proposed_by="registrar",
    )
    session.add(row)
    await session.flush()
    return row


async def create_grant(
    session: AsyncSession,
    *,
    organization: str = "poverty-relief",
    steward: str = "human-resources",
    elements: Sequence[str] = (MIGRANTS,),
    version: int = 1,
    divisions: Sequence[str] = (COUNTY,),
    period_from: str = "2026-01",
    period_to: str | None = None,
    valid_until: date = date(2199, 12, 31),
    state: str = "active",
    scenario: str = "防返贫监测帮扶",
    includes_provisional: bool = False,
) -> AccessGrant:
    serial = await repository.next_serial(session)
    grant = AccessGrant(
        number=f"AG-2026-{serial:06d}",
        serial=serial,
        organization=organization,
        steward=steward,
        elements=list(elements),
        element_versions=dict.fromkeys(elements, version),
        divisions=list(divisions),
        period_from=period_from,
        period_to=period_to,
        basis="《关于建立防止返贫监测和帮扶机制的指导意见》",
        scenario=scenario,
        scope="本局监测帮扶科",
        method="服务接口",
        valid_until=valid_until,
        includes_provisional=includes_provisional,
        state=state,
        requested_by="steward_poverty_relief",
    )
    session.add(grant)
    await session.flush()
    return grant


def make_request(**changes: Any) -> dict[str, Any]:
    """The body of a request for access that is complete."""
    body = {
        "elements": [MIGRANTS],
        "divisions": [COUNTY],
        "periods": {"from": "2026-01"},
        "basis": "《政务数据共享条例》第二十条",
        "scenario": "防返贫监测帮扶",
        "scope": "本局监测帮扶科",
        "method": "服务接口",
        "valid_until": "2199-12-31",
    }
    return {name: value for name, value in (body | changes).items() if value is not None}
