"""People as the administrator's pages show them. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.identity.models import Organization, Person
from hub.identity.roles import Role
from hub.identity.words import kind_words, role_about, role_words
from hub.kit.shown import Choice


@dataclass(frozen=True)
class RoleChoice:
    """A checkbox, with what the role lets its holder do."""

    value: str
    label: str
    about: str


@dataclass(frozen=True)
class PersonLine:
    username: str
    display_name: str
    organization: str
    roles: tuple[str, ...]
    is_disabled: bool
    has_second_factor: bool
    last_sign_in_at: datetime | None


@dataclass(frozen=True)
class PeoplePage:
    """`asked`: the filter as it was asked. `next`: the address of the next page."""

    lines: tuple[PersonLine, ...]
    asked: Mapping[str, str]
    organizations: tuple[Choice, ...]
    roles: tuple[Choice, ...]
    next: str | None


@dataclass(frozen=True)
class PersonForm:
    """What was typed or is held, with every fault at its field."""

    organizations: tuple[Choice, ...]
    roles: tuple[RoleChoice, ...]
    typed: Mapping[str, str]
    chosen_roles: frozenset[str]
    faults: Mapping[str, Sequence[str]]

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


@dataclass(frozen=True)
class PersonPage:
    """One person with what may be done about them. `fault`: why the last button did nothing."""

    line: PersonLine
    form: PersonForm
    created_at: datetime
    is_bound_to_provider: bool
    open_sessions: int
    fault: str | None


@dataclass(frozen=True)
class PasswordIssuedPage:
    """The one time that this password is seen."""

    username: str
    display_name: str
    password: str
    is_new: bool


def person_line(person: Person, *, has_second_factor: bool) -> PersonLine:
    return PersonLine(
        username=person.username,
        display_name=person.display_name,
        organization=person.organization.name,
        roles=tuple(role_words(role) for role in person.roles),
        is_disabled=person.disabled_at is not None,
        has_second_factor=has_second_factor,
        last_sign_in_at=person.last_sign_in_at,
    )


def organization_choices(organizations: Sequence[Organization], *, but_keep: str = "") -> tuple[Choice, ...]:
    """Those that somebody may join, by kind and name, and the one that is chosen already."""
    shown = [one for one in organizations if one.closed_at is None or one.code == but_keep]
    shown.sort(key=lambda one: (one.kind, one.code))
    return tuple(Choice(one.code, f"{one.name}（{kind_words(one.kind)}）") for one in shown)


def role_choices() -> tuple[RoleChoice, ...]:
    return tuple(RoleChoice(role.value, role_words(role), role_about(role)) for role in Role)
