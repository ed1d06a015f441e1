"""Registered things, valid by default."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.datatypes import PermissibleValue, ValueDomain
from hub.registry import code_lists, service
from hub.registry.definition import CodeListDefinition, ElementDefinition
from hub.registry.models import DataElementVersion
from hub.registry.statuses import RegistrationStatus
from tests.people import People

PEOPLE_COUNT = ValueDomain(datatype="integer", unit="人", minimum=0, maximum=20000)


def wire_element(identifier: str = "village_migrant_workers", **overrides: Any) -> dict[str, Any]:
    """An element as the contract shows it."""
    return {
        "identifier": identifier,
        "names": {"zh": "外出务工人数", "en": "Migrant workers"},
        "aliases": ["外出打工人数", "农村劳动力转移就业人数"],
        "definition": "报告月末，本村户籍、正在本乡镇以外从业的人数。",
        "object_class": "village",
        "property": "migrant_workers",
        "facets": {"population": "本村户籍人口", "duration_months": 6, "stock_or_flow": "stock"},
        "value_domain": {"datatype": "integer", "unit": "人", "minimum": 0, "maximum": 20000, "code_list": None},
        "period_type": "month",
        "source": "captured",
        "expression": None,
        "required": True,
        "source_organization": "human-resources",
        "steward": "human-resources",
        "legal_basis": "《政务数据共享条例》第十九条",
        "sharing_type": "conditional",
        "sensitivity": "internal",
        "valid_from": "2026-01-01",
        "valid_until": None,
    } | overrides


def element_definition(**overrides: Any) -> ElementDefinition:
    given: dict[str, Any] = {
        "identifier": "village_migrant_workers",
        "name_zh": "外出务工人数",
        "aliases": ("外出打工人数",),
        "definition": "报告月末，本村户籍、正在本乡镇以外从业的人数。",
        "object_class": "village",
        "property_name": "migrant_workers",
        "facets": {"population": "本村户籍人口", "stock_or_flow": "stock"},
        "domain": PEOPLE_COUNT,
        "period_type": "month",
        "source": "captured",
        "topic": "劳动力",
        "source_organization": "human-resources",
        "steward": "human-resources",
        "legal_basis": "《政务数据共享条例》第十九条",
        "sharing_type": "conditional",
        "valid_from": date(2026, 1, 1),
    } | overrides
    return ElementDefinition(**given)


async def create_element(
    session: AsyncSession,
    people: People,
    *,
    status: RegistrationStatus | None = RegistrationStatus.QUALIFIED,
    **overrides: Any,
) -> DataElementVersion:
    """Proposed by `registrar`, approved by `registrar_two`."""
    element = element_definition(**overrides)
    version = await service.register_data_element(session, people.subject("registrar"), element)
    if status is not None:
        await service.change_registration_status(session, people.subject("registrar_two"), element.identifier, status)
    return version


async def create_code_list(
    session: AsyncSession, people: People, identifier: str = "sector", codes: str = "123"
) -> CodeListDefinition:
    values = tuple(PermissibleValue(code, f"第{code}产业") for code in codes)
    code_list = CodeListDefinition(identifier, "产业", values)
    await code_lists.register_code_list(session, people.subject("registrar"), code_list)
    return code_list
