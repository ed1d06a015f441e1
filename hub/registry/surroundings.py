"""What a definition is checked against, read from the registry."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.datatypes import PermissibleValue, ValueDomain
from hub.identity import organizations
from hub.registry import repository
from hub.registry.checks import Dependent, Surroundings
from hub.registry.models import CodeList, DataElementVersion
from hub.registry.specifications import PermissibleValues, domain_of


def values_of(code_list: CodeList) -> tuple[PermissibleValue, ...]:
    return tuple(PermissibleValue(item.value, item.meaning) for item in code_list.permissible_values)


async def permissible_values(session: AsyncSession, versions: Sequence[DataElementVersion]) -> PermissibleValues:
    """The values of every code list that these versions name, in the version they name."""
    pairs = {
        (version.code_list, version.code_list_version)
        for version in versions
        if version.code_list is not None and version.code_list_version is not None
    }
    found = await repository.list_code_lists_of(session, pairs)
    return {(code_list.identifier, code_list.version): values_of(code_list) for code_list in found}


async def newest_code_lists(session: AsyncSession) -> Mapping[str, CodeList]:
    return {code_list.identifier: code_list for code_list in await repository.list_newest_code_lists(session)}


async def domains_of_form(
    session: AsyncSession, object_class: str, period_type: str
) -> tuple[dict[str, ValueDomain], Sequence[DataElementVersion]]:
    """The domains of the elements that share a form, and those elements."""
    versions = await repository.list_current_of_form(session, object_class, period_type)
    values = await permissible_values(session, versions)
    domains = {
        version.identifier: domain_of(version, values.get((version.code_list, version.code_list_version), ()))
        for version in versions
    }
    return domains, versions


async def surroundings(session: AsyncSession, identifier: str, object_class: str, period_type: str) -> Surroundings:
    """Everything registered that a definition of `identifier` must fit."""
    domains, versions = await domains_of_form(session, object_class, period_type)
    derived = [
        Dependent(version.identifier, version.expression, domains[version.identifier])
        for version in versions
        if version.expression is not None
    ]
    asked = [
        Dependent(version.identifier, version.applies_when) for version in versions if version.applies_when is not None
    ]
    rules = [
        Dependent(rule.identifier, rule.expression)
        for rule in await repository.list_current_rules(
            session, object_class=object_class, period_type=period_type, naming=identifier
        )
    ]
    lists = await newest_code_lists(session)
    return Surroundings(
        organizations=frozenset(await organizations.codes(session)),
        code_lists={name: values_of(code_list) for name, code_list in lists.items()},
        domains=domains,
        dependents=(*derived, *asked, *rules),
    )
