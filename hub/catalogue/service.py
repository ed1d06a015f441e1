"""The catalogue: what is held, by whom, under which conditions, how fresh, and how to get it (Order 809, art. 13)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.held_repository import HeldPeriod, list_held_periods
from hub.forms.names import form_code
from hub.grants import asking
from hub.grants.models import AccessGrant
from hub.identity import organizations
from hub.identity.models import Organization
from hub.identity.subject import Subject
from hub.registry import service as registry
from hub.registry.models import DataElementVersion
from hub.registry.service import DescribedElement
from hub.registry.statuses import QUALIFIED
from hub.settings import settings

# More elements than any county has: the whole list is put together, and then paged.
MOST_ENTRIES = 5000


@dataclass(frozen=True)
class CatalogueFilter:
    """What is looked for; empty: everything. `facets` by the registry's names, `owner` a source organisation."""

    q: str = ""
    owner: str = ""
    facets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Holdings:
    """The periods in force of an element's form, newest first; none: nobody has reported yet."""

    periods: tuple[HeldPeriod, ...]

    @property
    def newest(self) -> HeldPeriod | None:
        return self.periods[0] if self.periods else None

    @property
    def oldest(self) -> HeldPeriod | None:
        return self.periods[-1] if self.periods else None


@dataclass(frozen=True)
class CatalogueEntry:
    """`grants`: under which the caller reads it today; `is_own`: it is the caller's own township's to read.

    `place`: where it stands in the list.
    """

    place: tuple[int, int, str]
    described: DescribedElement
    steward: Organization | None
    holdings: Holdings
    grants: tuple[AccessGrant, ...]
    is_own: bool

    @property
    def version(self) -> DataElementVersion:
        return self.described.version

    @property
    def is_held(self) -> bool:
        """The caller may read it already."""
        return self.is_own or bool(self.grants)

    @property
    def is_askable(self) -> bool:
        """不予共享 is for its source alone (art. 14)."""
        return self.version.sharing_type != "not_shared"


async def list_entries(session: AsyncSession, subject: Subject, wanted: CatalogueFilter) -> Sequence[CatalogueEntry]:
    """Everything that may stand on a form and fits, best first; when nothing is looked for, what is held first."""
    found = await registry.search_elements(session, q=wanted.q or None, facets=dict(wanted.facets), limit=MOST_ENTRIES)
    kept = [
        (version, rank)
        for version, rank in found
        if version.registration_status in QUALIFIED
        and (not wanted.owner or version.source_organization == wanted.owner)
    ]
    described = await registry.describe(session, [version for version, _rank in kept])
    holdings = await _holdings(session)
    held = await asking.list_held(session, subject.organization.code)
    known = {one.code: one for one in await organizations.list_organizations(session)}
    is_own = subject.organization.kind == "township"
    entries = [
        CatalogueEntry(
            place=(0 if wanted.q or _form(version) in holdings else 1, rank, version.identifier),
            described=one,
            steward=known.get(version.steward or ""),
            holdings=holdings.get(_form(version), Holdings(())),
            grants=tuple(held.get(version.identifier, ())),
            is_own=is_own,
        )
        for (version, rank), one in zip(kept, described, strict=True)
    ]
    return sorted(entries, key=lambda entry: entry.place)


def _form(version: DataElementVersion) -> str:
    return form_code(version.object_class, version.period_type)


async def _holdings(session: AsyncSession) -> Mapping[str, Holdings]:
    periods: dict[str, list[HeldPeriod]] = defaultdict(list)
    for held in await list_held_periods(session, settings().county):
        if held.reported:
            periods[held.form].append(held)
    return {form: Holdings(tuple(of_form)) for form, of_form in periods.items()}
