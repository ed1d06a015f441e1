"""What other rooms and the pages ask the registry. Writing stands in `register`, `status` and `code_lists`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from sqlalchemy.ext.asyncio import AsyncSession

from hub.datatypes import ValueDomain
from hub.identity import organizations
from hub.identity.models import Organization
from hub.registry import repository, search_repository
from hub.registry.code_lists import list_code_lists, register_code_list
from hub.registry.definition import ElementDefinition
from hub.registry.errors import DataElementNotFound, RuleNotFound
from hub.registry.models import DataElementVersion, RegistrationStatusChange, RuleVersion
from hub.registry.register import current_of, register_data_element, register_version
from hub.registry.search import read_terms
from hub.registry.specifications import PermissibleValues, domain_of
from hub.registry.status import change_registration_status, change_rule_status
from hub.registry.statuses import QUALIFIED, RegistrationStatus
from hub.registry.surroundings import permissible_values
from hub.validation import named_identifiers

__all__ = [
    "DescribedElement",
    "FacetCounts",
    "RegistryUses",
    "change_registration_status",
    "change_rule_status",
    "count_facets",
    "describe",
    "get_current",
    "get_rule",
    "get_rule_versions",
    "get_versions",
    "list_alike",
    "list_assembled",
    "list_code_lists",
    "list_current_of",
    "list_object_classes",
    "list_permissible_values",
    "list_rule_status_changes",
    "list_rule_versions",
    "list_rules",
    "list_status_changes",
    "list_uses_in_registry",
    "list_versions",
    "register_code_list",
    "register_data_element",
    "register_version",
    "search_elements",
    "search_rules",
]


MOST_ALIKE = 20
# A county's registry has hundreds of elements; what finds more than this is narrowed before it is counted.
MOST_COUNTED = 5_000


@dataclass(frozen=True)
class FacetCounts:
    """How many were found (every element has an object class), and how many with which value of which facet.

    `is_whole` is false when there were too many to count: then the numbers are those of a part.
    """

    total: int
    is_whole: bool
    of: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class DescribedElement:
    """A version with what is needed to show it: its domain with the list's values, and who answers for it."""

    version: DataElementVersion
    domain: ValueDomain
    owner: Organization | None


@dataclass(frozen=True)
class RegistryUses:
    """Who names an element inside the registry; forms and grants know their own."""

    rules: tuple[RuleVersion, ...]
    derived: tuple[DataElementVersion, ...]


async def list_assembled(
    session: AsyncSession, object_class: str, period_type: str, on: date
) -> Sequence[DataElementVersion]:
    """What may stand on a form on that day: for each element its newest qualified version that is valid then."""
    return await repository.list_assembled(session, object_class, period_type, on)


async def list_rules(session: AsyncSession, object_class: str, period_type: str) -> Sequence[RuleVersion]:
    """The rules that judge: for each its newest version that is qualified or above."""
    rules = await repository.list_current_rules(session, object_class=object_class, period_type=period_type)
    return [rule for rule in rules if rule.registration_status in QUALIFIED]


async def list_object_classes(session: AsyncSession) -> Sequence[tuple[str, str]]:
    """Every (object class, period type) that has an element which may stand on a form."""
    return await repository.list_object_classes(session)


async def get_versions(session: AsyncSession, pairs: Iterable[tuple[str, int]]) -> Sequence[DataElementVersion]:
    """The versions of these (identifier, version); a pair that is not there is left out."""
    return await repository.list_versions_of(session, pairs)


async def get_rule_versions(session: AsyncSession, pairs: Iterable[tuple[str, int]]) -> Sequence[RuleVersion]:
    return await repository.list_rule_versions_of(session, pairs)


async def list_permissible_values(session: AsyncSession, versions: Sequence[DataElementVersion]) -> PermissibleValues:
    """By (code list, its version), for every list that these versions name."""
    return await permissible_values(session, versions)


async def get_current(session: AsyncSession, identifier: str) -> DataElementVersion:
    """The newest version that is qualified or above, else the newest."""
    return current_of(list(await list_versions(session, identifier)))


async def list_current_of(session: AsyncSession, identifiers: Iterable[str]) -> Sequence[DataElementVersion]:
    """What these elements are called and mean now; an unknown identifier is left out."""
    return await repository.list_current_of(session, identifiers)


async def describe(session: AsyncSession, versions: Sequence[DataElementVersion]) -> list[DescribedElement]:
    values = await permissible_values(session, versions)
    owners = {organization.code: organization for organization in await organizations.list_organizations(session)}
    return [
        DescribedElement(
            version,
            domain_of(version, values.get((version.code_list, version.code_list_version), ())),
            owners.get(version.source_organization or ""),
        )
        for version in versions
    ]


async def list_versions(session: AsyncSession, identifier: str) -> Sequence[DataElementVersion]:
    """Every version, oldest first."""
    versions = await repository.list_versions(session, identifier)
    if not versions:
        raise DataElementNotFound(identifier)
    return versions


async def list_status_changes(session: AsyncSession, identifier: str) -> Sequence[RegistrationStatusChange]:
    """Who moved the element from where to where, oldest first."""
    await list_versions(session, identifier)
    return await repository.list_status_changes(session, "data_element", identifier)


async def search_elements(
    session: AsyncSession,
    *,
    q: str | None = None,
    object_class: str | None = None,
    period_type: str | None = None,
    status: RegistrationStatus | None = None,
    source: str | None = None,
    facets: Mapping[str, str] = MappingProxyType({}),
    after: tuple[int, str] | None = None,
    limit: int,
) -> Sequence[tuple[DataElementVersion, int]]:
    """Elements and their rank, best first, then by identifier; `after` is the last rank and identifier seen."""
    named = {"object_class": object_class, "period_type": period_type, "status": status, "source": source}
    filters = {**facets, **{name: value for name, value in named.items() if value is not None}}
    return await search_repository.search(session, read_terms(q), filters, after=after, limit=limit)


async def list_alike(session: AsyncSession, element: ElementDefinition) -> Sequence[DataElementVersion]:
    """Elements that may be the same fact: about the same property of the same object, or called the same."""
    found = await search_repository.list_alike(
        session,
        names=(element.name_zh, *element.aliases),
        object_class=element.object_class,
        property_name=element.property_name,
        limit=MOST_ALIKE,
    )
    return [version for version in found if version.identifier != element.identifier]


async def count_facets(
    session: AsyncSession, q: str | None, filters: Mapping[str, str], facets: Sequence[str]
) -> FacetCounts:
    """Facet to value to how many elements would be found with it, the other filters standing as they are."""
    terms = read_terms(q)
    counts = dict(await search_repository.count_facets(session, terms, filters, facets, most=MOST_COUNTED))
    total = sum(counts["object_class"].values())
    for chosen in filters:
        if chosen in counts:
            counts |= await search_repository.count_facets(
                session, terms, filters, [chosen], but=chosen, most=MOST_COUNTED
            )
    counts["status"] = await search_repository.count_statuses(session, terms, filters, most=MOST_COUNTED)
    return FacetCounts(total, total < MOST_COUNTED, counts)


async def list_uses_in_registry(session: AsyncSession, identifier: str) -> RegistryUses:
    """The rules and the derived elements that name the element."""
    current = await get_current(session, identifier)
    rules = await repository.list_current_rules(session, naming=identifier)
    neighbours = await repository.list_current_of_form(session, current.object_class, current.period_type)
    derived = [
        neighbour
        for neighbour in neighbours
        if neighbour.expression is not None and identifier in named_identifiers(neighbour.expression)
    ]
    return RegistryUses(tuple(rules), tuple(derived))


async def search_rules(
    session: AsyncSession,
    *,
    object_class: str | None = None,
    period_type: str | None = None,
    status: RegistrationStatus | None = None,
    element: str | None = None,
    after: str | None = None,
    limit: int,
) -> Sequence[RuleVersion]:
    return await repository.list_current_rules(
        session,
        object_class=object_class,
        period_type=period_type,
        status=status.value if status else None,
        naming=element,
        after=after,
        limit=limit,
    )


async def list_rule_versions(session: AsyncSession, identifier: str) -> Sequence[RuleVersion]:
    """Every version of a rule, oldest first."""
    versions = await repository.list_rule_versions(session, identifier)
    if not versions:
        raise RuleNotFound(identifier)
    return versions


async def list_rule_status_changes(session: AsyncSession, identifier: str) -> Sequence[RegistrationStatusChange]:
    """Who moved the rule from where to where, oldest first."""
    return await repository.list_status_changes(session, "rule", identifier)


async def get_rule(session: AsyncSession, identifier: str) -> RuleVersion:
    """The newest version that is qualified or above, else the newest."""
    versions = await list_rule_versions(session, identifier)
    standing = [version for version in versions if version.registration_status in QUALIFIED]
    return (standing or versions)[-1]
