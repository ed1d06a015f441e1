"""Registered elements and rules, small but real: what the tests' forms are assembled from."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit import clock
from hub.registry.models import DataElement, DataElementVersion, RuleVersion

PERSONS: dict[str, Any] = {"datatype": "integer", "unit": "人", "minimum": 0, "maximum": 20000}


async def create_element(session: AsyncSession, identifier: str, **overrides: Any) -> DataElementVersion:
    """A captured, required count of persons about villages each month, qualified since long ago."""
    if await session.get(DataElement, identifier) is None:
        session.add(DataElement(identifier=identifier))
        await session.flush()
    domain = dict(overrides.pop("value_domain", PERSONS))
    values: dict[str, Any] = {
        "identifier": identifier,
        "version": 1,
        "name_zh": identifier,
        "name_en": identifier,
        "aliases": [],
        "definition": f"{identifier}的口径",
        "object_class": "village",
        "property_name": identifier,
        "facets": {},
        "datatype": domain["datatype"],
        "value_domain": domain,
        "period_type": "month",
        "source": "captured",
        "is_required": True,
        "topic": "人口",
        "position": 10,
        "collection_basis": "administrative",
        "sharing_type": "unconditional",
        "sensitivity": "internal",
        "valid_from": date(2020, 1, 1),
        "registration_status": "qualified",
        "proposed_by": "registrar",
    }
    element = DataElementVersion(**{**values, **overrides})
    session.add(element)
    await session.flush()
    return element


async def create_rule(session: AsyncSession, identifier: str, expression: str, **overrides: Any) -> RuleVersion:
    values: dict[str, Any] = {
        "identifier": identifier,
        "version": 1,
        "object_class": "village",
        "period_type": "month",
        "expression": expression,
        "severity": "error",
        "message_zh": f"{identifier}不成立",
        "message_en": f"{identifier} does not hold",
        "registration_status": "qualified",
        "proposed_by": "registrar",
        "created_at": clock.now(),
    }
    rule = RuleVersion(**{**values, **overrides})
    session.add(rule)
    await session.flush()
    return rule


async def create_village_month(session: AsyncSession) -> None:
    """Eight elements and three rules: counts, a text, an amount, a date, one derived, one supplied."""
    await create_element(session, "population", name_zh="户籍人口数", position=10)
    await create_element(session, "male", name_zh="男", position=20)
    await create_element(session, "female", name_zh="女", position=30)
    await create_element(session, "workers", name_zh="外出务工人数", topic="劳动力", position=40)
    await create_element(
        session,
        "income",
        name_zh="集体经济收入",
        topic="经济",
        position=50,
        is_required=False,
        value_domain={"datatype": "decimal", "unit": "万元", "minimum": 0, "maximum": 5000, "decimals": 2},
    )
    await create_element(
        session,
        "surveyed_on",
        name_zh="调查日期",
        topic="经济",
        position=60,
        is_required=False,
        value_domain={"datatype": "date"},
    )
    await create_element(
        session, "staying", name_zh="在村人口数", position=35, source="derived", expression="population - workers"
    )
    await create_element(
        session, "pensioners", name_zh="领取养老金人数", topic="劳动力", position=45, source="supplied"
    )
    await create_rule(
        session,
        "sexes_add_up",
        "male + female = population",
        element="population",
        elements=["male", "female", "population"],
    )
    await create_rule(
        session, "workers_within", "workers <= population", element="workers", elements=["workers", "population"]
    )
    await create_rule(
        session,
        "workers_jump",
        "workers <= 2 * previous(workers)",
        severity="warning",
        element="workers",
        elements=["workers"],
    )
