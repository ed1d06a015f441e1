"""From a grant and the registry's present state to what may be read: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hub.calendar.periods import Period
from hub.grants.lifecycle import GrantState
from hub.registry.statuses import QUALIFIED
from hub.store.scope import ClosedBox, ClosedReason, ReadScope, ScopeBox


@dataclass(frozen=True)
class VersionFact:
    """What deciding about access needs to know of one version of an element."""

    version: int
    registration_status: str
    is_breaking: bool
    sharing_type: str
    source_organization: str | None
    steward: str | None
    object_class: str
    period_type: str
    valid_until: date | None = None
    superseded_by: str | None = None
    datatype: str = "text"
    decimals: int | None = None


@dataclass(frozen=True)
class ElementFact:
    """An element with all its versions, oldest first."""

    identifier: str
    versions: Sequence[VersionFact]

    @property
    def usable(self) -> VersionFact | None:
        """The newest version that may stand on a form; None when there is none (any more)."""
        return next((fact for fact in reversed(self.versions) if fact.registration_status in QUALIFIED), None)

    @property
    def current(self) -> VersionFact:
        """The version whose rules hold now: the newest usable one, else the newest."""
        return self.usable or self.versions[-1]

    def first_version_not_covered(self, agreed: int) -> int | None:
        """The next breaking version after the one agreed to: it needs consent again (DESIGN.md §4)."""
        return next((fact.version for fact in self.versions if fact.version > agreed and fact.is_breaking), None)

    def is_withheld_from(self, organization: str) -> bool:
        """不予共享: nobody but the source itself (Order 809, arts. 14 and 15)."""
        return self.current.sharing_type == "not_shared" and self.current.source_organization != organization


@dataclass(frozen=True)
class GrantTerms:
    """A grant as far as reading goes."""

    number: str
    organization: str
    state: GrantState
    element_versions: Mapping[str, int]
    divisions: frozenset[str]
    period_from: Period
    period_to: Period | None
    valid_until: date
    scenario: str
    includes_provisional: bool = False


def read_scope_of(
    grants: Iterable[GrantTerms], elements: Mapping[str, ElementFact], *, today: date, bound_to: frozenset[str] | None
) -> ReadScope:
    """The scope of an organisation's grants, newest first. `bound_to`: the grants of the caller's token."""
    boxes: list[ScopeBox] = []
    closed: list[ClosedBox] = []
    for grant in grants:
        reason = _closed_reason(grant, today, bound_to)
        if reason is not None:
            closed.append(ClosedBox(_box(grant, elements, frozenset(grant.element_versions)), reason))
            continue
        withheld = frozenset(i for i in grant.element_versions if elements[i].is_withheld_from(grant.organization))
        if withheld:
            closed.insert(0, ClosedBox(_box(grant, elements, withheld), "element_not_shared"))
        readable = frozenset(grant.element_versions) - withheld
        if readable:
            boxes.append(_box(grant, elements, readable))
    return ReadScope(tuple(boxes), tuple(closed))


def _closed_reason(grant: GrantTerms, today: date, bound_to: frozenset[str] | None) -> ClosedReason | None:
    if grant.state == "revoked":
        return "grant_revoked"
    if grant.state == "suspended":
        return "grant_suspended"
    if grant.valid_until < today:
        return "grant_expired"
    if bound_to is not None and grant.number not in bound_to:
        return "grant_not_in_token"
    return None


def _box(grant: GrantTerms, elements: Mapping[str, ElementFact], identifiers: frozenset[str]) -> ScopeBox:
    return ScopeBox(
        elements={
            identifier: elements[identifier].first_version_not_covered(grant.element_versions[identifier])
            for identifier in sorted(identifiers)
        },
        divisions=grant.divisions,
        first_day=grant.period_from.first_day,
        last_day=grant.period_to.last_day if grant.period_to else date.max,
        grant=grant.number,
        purpose=grant.scenario,
        includes_provisional=grant.includes_provisional,
    )
