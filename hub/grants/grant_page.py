"""Grants as pages show them. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from hub.calendar.words import period_words
from hub.grants.lifecycle import OF_THE_AUTHORITY_TOO, Decision, next_state
from hub.grants.models import AccessGrant
from hub.grants.schemas import AccessGrantRead
from hub.grants.words import TONES, decision_words, state_words
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.views import Choice


@dataclass(frozen=True)
class GrantLine:
    number: str
    state: str
    tone: str
    organization: str
    steward: str
    scenario: str
    element_count: int
    valid_until: date


@dataclass(frozen=True)
class GrantsPage:
    """`waiting`: requests that the caller's unit is to answer. `state`: the filter as it was asked."""

    lines: tuple[GrantLine, ...]
    state: str
    states: tuple[Choice, ...]
    waiting: int
    next: str | None
    may_request: bool


@dataclass(frozen=True)
class GrantPage:
    """One grant with the five statutory fields. `decisions`: what this person may decide now."""

    line: GrantLine
    facts: tuple[tuple[str, str], ...]
    elements: tuple[Choice, ...]
    divisions: tuple[Choice, ...]
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    decisions: tuple[Choice, ...]
    typed: Mapping[str, str]
    fault: str | None


@dataclass(frozen=True)
class ElementGroup:
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class RequestPage:
    """The request form: what may be asked for, what was typed, and every fault by its field."""

    groups: tuple[ElementGroup, ...]
    divisions: tuple[Choice, ...]
    chosen_elements: frozenset[str]
    chosen_divisions: frozenset[str]
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


def grant_line(grant: AccessGrantRead, organizations: Mapping[str, str]) -> GrantLine:
    return GrantLine(
        number=grant.number,
        state=state_words(grant.state),
        tone=TONES.get(grant.state, "plain"),
        organization=organizations.get(grant.organization, grant.organization),
        steward=organizations.get(grant.steward, grant.steward),
        scenario=grant.scenario,
        element_count=len(grant.elements),
        valid_until=grant.valid_until,
    )


@dataclass(frozen=True)
class Names:
    """What the codes on a grant are called."""

    organizations: Mapping[str, str]
    elements: Mapping[str, str]
    divisions: Mapping[str, str]


def grant_page(
    subject: Subject, grant: AccessGrant, names: Names, *, typed: Mapping[str, str], fault: str | None
) -> GrantPage:
    read = AccessGrantRead.of(grant)
    return GrantPage(
        line=grant_line(read, names.organizations),
        facts=(
            (_("使用依据"), read.basis),
            (_("使用场景"), read.scenario),
            (_("使用范围"), read.scope),
            (_("共享方式"), read.method),
            (_("报告期"), _periods(read)),
        ),
        elements=tuple(Choice(one, names.elements.get(one, one)) for one in read.elements),
        divisions=tuple(Choice(one, names.divisions.get(one, one)) for one in read.divisions),
        requested_by=read.requested_by,
        requested_at=read.requested_at,
        decided_by=read.decided_by,
        decided_at=read.decided_at,
        reason=read.reason,
        decisions=tuple(Choice(one, decision_words(one)) for one in open_decisions(subject, grant)),
        typed=typed,
        fault=fault,
    )


def _periods(read: AccessGrantRead) -> str:
    first = period_words(read.periods.first)
    if read.periods.last is None:
        return _("{first}起").format(first=first)
    return _("{first}至{last}").format(first=first, last=period_words(read.periods.last))


def open_decisions(subject: Subject, grant: AccessGrant) -> tuple[Decision, ...]:
    """The buttons that make sense for this person; the service decides in the end."""
    organization = subject.organization
    if not subject.may(Permission.ACCESS_GRANT_DECIDE) or organization.code == grant.organization:
        return ()
    decisions: tuple[Decision, ...] = get_args(Decision)
    return tuple(
        decision
        for decision in decisions
        if next_state(grant.state, decision) is not None  # type: ignore[arg-type]  # a check constraint keeps it to the five
        and (
            organization.code == grant.steward
            or (organization.kind == "authority" and decision in OF_THE_AUTHORITY_TOO)
        )
    )
