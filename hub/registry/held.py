"""What is registered, in the shape in which files are compared with it."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.datatypes import ValueDomain
from hub.identity import organizations
from hub.registry import repository
from hub.registry.file_checks import Form, Registered
from hub.registry.file_conversion import code_list_declaration
from hub.registry.models import DataElementVersion
from hub.registry.plan import Held, HeldCodeList, HeldElement, HeldRule
from hub.registry.specifications import (
    code_list_definition,
    domain_of,
    element_definition,
    rule_definition,
)
from hub.registry.statuses import ENDED
from hub.registry.surroundings import permissible_values


async def read_registered(session: AsyncSession) -> Registered:
    """What files may refer to without bringing it along."""
    lists = await repository.list_newest_code_lists(session)
    current = await repository.list_current(session)
    values = await permissible_values(session, current)
    domains: dict[Form, dict[str, ValueDomain]] = defaultdict(dict)
    for version in current:
        if version.registration_status not in ENDED:
            domain = domain_of(version, values.get((version.code_list, version.code_list_version), ()))
            domains[version.object_class, version.period_type][version.identifier] = domain
    return Registered(
        organizations=frozenset(await organizations.codes(session)),
        code_lists={item.identifier: code_list_declaration(code_list_definition(item)) for item in lists},
        domains=domains,
    )


async def read_held(session: AsyncSession) -> Held:
    lists = await repository.list_newest_code_lists(session)
    rules = await repository.list_newest_rules(session)
    return Held(
        organizations=frozenset(await organizations.codes(session)),
        code_lists={item.identifier: HeldCodeList(item.version, code_list_definition(item)) for item in lists},
        elements=await _elements(session, await repository.list_newest(session)),
        rules={
            rule.identifier: HeldRule(rule.version, rule_definition(rule), rule.registration_status in ENDED)
            for rule in rules
        },
    )


async def _elements(session: AsyncSession, newest: Sequence[DataElementVersion]) -> dict[str, HeldElement]:
    current = {version.identifier: version for version in await repository.list_current(session)}
    values = await permissible_values(session, list(current.values()))
    held = {}
    for version in newest:
        shown = current[version.identifier]
        held[version.identifier] = HeldElement(
            version=version.version,
            newest=element_definition(version),
            current=element_definition(shown),
            current_values=values.get((shown.code_list, shown.code_list_version), ()),
            has_ended=shown.registration_status in ENDED and version.registration_status in ENDED,
        )
    return held
