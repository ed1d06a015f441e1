"""From definitions to the rows that hold them. A row once written keeps what it says; only its status moves."""

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import Actor
from hub.kit import clock
from hub.kit.db import uuid7
from hub.registry import repository
from hub.registry.definition import CodeListDefinition, ElementDefinition, RuleDefinition
from hub.registry.models import (
    CodeList,
    DataElementVersion,
    ElementSearchEntry,
    PermissibleValue,
    RegistrationStatusChange,
    RuleVersion,
)
from hub.registry.search import SCHEME, entry_of
from hub.registry.specifications import SHARED, stored_constraints
from hub.registry.statuses import RegistrationStatus


def proposer(actor: Actor) -> str:
    """Who proposed a version, in a form that tells a person from the operator's command line."""
    return f"{actor.kind}:{actor.name}"


def search_entry(element: ElementDefinition, version: int) -> ElementSearchEntry:
    """What the version is found by."""
    entry = entry_of(element)
    return ElementSearchEntry(
        identifier=element.identifier,
        version=version,
        scheme=SCHEME,
        names=entry.names,
        aliases=entry.aliases,
        definition=entry.definition,
        name_readings=entry.name_readings,
        alias_readings=entry.alias_readings,
        grams=list(entry.grams),
    )


def add_element_version(
    session: AsyncSession,
    actor: Actor,
    element: ElementDefinition,
    version: int,
    *,
    status: RegistrationStatus,
    is_breaking: bool = False,
) -> DataElementVersion:
    row = DataElementVersion(
        **{name: getattr(element, name) for name in SHARED},
        version=version,
        aliases=list(element.aliases),
        facets=dict(element.facets),
        datatype=element.domain.datatype,
        value_domain=stored_constraints(element.domain),
        code_list=element.domain.code_list,
        is_breaking=is_breaking,
        registration_status=status.value,
        superseded_by=None,
        proposed_by=proposer(actor),
        created_at=clock.now(),
        search_entry=search_entry(element, version),
    )
    repository.add(session, row)
    add_status_change(session, actor, "data_element", element.identifier, version, None, status)
    return row


def add_rule_version(
    session: AsyncSession,
    actor: Actor,
    rule: RuleDefinition,
    version: int,
    *,
    named: tuple[str, ...],
    status: RegistrationStatus,
) -> RuleVersion:
    row = RuleVersion(
        identifier=rule.identifier,
        version=version,
        object_class=rule.object_class,
        period_type=rule.period_type,
        expression=rule.expression,
        severity=rule.severity,
        element=rule.element,
        elements=list(named),
        message_zh=rule.message_zh,
        message_en=rule.message_en,
        registration_status=status.value,
        proposed_by=proposer(actor),
        created_at=clock.now(),
    )
    repository.add(session, row)
    add_status_change(session, actor, "rule", rule.identifier, version, None, status)
    return row


def add_code_list_version(session: AsyncSession, code_list: CodeListDefinition, version: int) -> CodeList:
    row = CodeList(
        identifier=code_list.identifier,
        version=version,
        name=code_list.name,
        source=code_list.source,
        created_at=clock.now(),
        permissible_values=[
            PermissibleValue(value=item.value, meaning=item.meaning, position=position)
            for position, item in enumerate(code_list.values, start=1)
        ],
    )
    repository.add(session, row)
    return row


def add_status_change(
    session: AsyncSession,
    actor: Actor,
    item_type: str,
    identifier: str,
    version: int,
    old: RegistrationStatus | None,
    new: RegistrationStatus,
    note: str | None = None,
) -> None:
    repository.add(
        session,
        RegistrationStatusChange(
            id=uuid7(),
            item_type=item_type,
            identifier=identifier,
            version=version,
            old_status=old.value if old else None,
            new_status=new.value,
            note=note,
            changed_by=proposer(actor),
            changed_at=clock.now(),
        ),
    )
