"""Grants as pages show them. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args

from hub.calendar.words import period_words
from hub.grants.calls import Call
from hub.grants.clocks import AnswerClock
from hub.grants.lifecycle import OF_THE_AUTHORITY_TOO, Decision, next_state
from hub.grants.models import AccessGrant
from hub.grants.schemas import AccessGrantRead
from hub.grants.words import TONES, decision_words, state_words
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, day

# From here on a department is told that the end is near: a new request takes ten working days (art. 21).
WARNED_DAYS = 30


@dataclass(frozen=True)
class GrantLine:
    """`left`: how long it still holds, in words; empty when it does not. `is_ending`: soon."""

    number: str
    state: str
    tone: str
    organization: str
    steward: str
    scenario: str
    element_count: int
    valid_until: date
    left: str
    is_ending: bool


@dataclass(frozen=True)
class GrantsPage:
    """`waiting`: requests that the caller's unit is to answer. `state`: the filter as it was asked."""

    lines: tuple[GrantLine, ...]
    state: str
    states: tuple[Choice, ...]
    waiting: int
    ending: int
    next: str | None
    may_request: bool


@dataclass(frozen=True)
class ElementLine:
    """One element of a request as who decides must see it. `granted`: what the department may read of it already."""

    identifier: str
    label: str
    about: str
    sharing: str
    sharing_tone: str
    conditions: str
    sensitivity: str
    granted: str
    is_chosen: bool


@dataclass(frozen=True)
class GrantPage:
    """One grant with the five statutory fields. `decisions`: what this person may decide now.

    `ended`: why nothing can be read any more, in words. `clock`: of a request that waits for its answer.
    """

    line: GrantLine
    facts: tuple[tuple[str, str], ...]
    elements: tuple[ElementLine, ...]
    divisions: tuple[Choice, ...]
    requested_by: str
    requested_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    ended: str | None
    clock: AnswerClock | None
    decisions: tuple[Choice, ...]
    is_narrowable: bool
    asks_provisional: bool
    is_own: bool
    may_read: bool
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class CallsPage:
    """Texts to copy. `forms` and `periods`: what the calls may be made for instead."""

    number: str
    calls: tuple[Call, ...]
    forms: tuple[Choice, ...]
    form: str
    periods: tuple[Choice, ...]
    period: str
    client: str
    has_client: bool


def grant_line(grant: AccessGrantRead, organizations: Mapping[str, str], today: date) -> GrantLine:
    days = (grant.valid_until - today).days
    left = ""
    if grant.state == "active":
        left = _("今天到期") if days == 0 else _("还有 {days} 天").format(days=days)
    return GrantLine(
        number=grant.number,
        state=state_words(grant.state),
        tone=TONES.get(grant.state, "plain"),
        organization=organizations.get(grant.organization, grant.organization),
        steward=organizations.get(grant.steward, grant.steward),
        scenario=grant.scenario,
        element_count=len(grant.elements),
        valid_until=grant.valid_until,
        left=left,
        is_ending=grant.state == "active" and days <= WARNED_DAYS,
    )


@dataclass(frozen=True)
class GrantMaterial:
    """What the services said of one grant, and today."""

    grant: AccessGrant
    organizations: Mapping[str, str]
    elements: tuple[ElementLine, ...]
    divisions: Mapping[str, str]
    clock: AnswerClock | None
    today: date


def grant_page(
    subject: Subject,
    material: GrantMaterial,
    *,
    typed: Mapping[str, str],
    faults: Mapping[str, Sequence[str]],
) -> GrantPage:
    grant, read = material.grant, AccessGrantRead.of(material.grant)
    is_own = grant.organization == subject.organization.code
    return GrantPage(
        line=grant_line(read, material.organizations, material.today),
        facts=(
            (_("使用依据"), read.basis),
            (_("使用场景"), read.scenario),
            (_("使用范围"), read.scope),
            (_("共享方式"), read.method),
            (_("报告期"), periods_words(read)),
            (_("未审核的数据"), _("包括，每一项有标记") if read.includes_provisional else _("不包括")),
        ),
        elements=material.elements,
        divisions=tuple(Choice(one, material.divisions.get(one, one)) for one in read.divisions),
        requested_by=read.requested_by,
        requested_at=read.requested_at,
        decided_by=read.decided_by,
        decided_at=read.decided_at,
        reason=read.reason,
        ended=ended_words(read),
        clock=material.clock,
        decisions=tuple(Choice(one, decision_words(one)) for one in open_decisions(subject, grant)),
        is_narrowable=read.state == "requested",
        asks_provisional=read.includes_provisional,
        is_own=is_own,
        may_read=is_own and read.state == "active" and subject.may(Permission.DATA_VALUE_READ),
        typed=typed,
        faults=faults,
    )


def ended_words(read: AccessGrantRead) -> str | None:
    """Why a grant opens nothing, and what to do."""
    match read.state:
        case "expired":
            return _("这份授权已于{day}到期，不能再读取；还要用的，请重新申请。").format(day=day(read.valid_until))
        case "suspended":
            return _("这份授权已暂停，暂时不能读取：{reason}").format(reason=read.reason or "—")
        case "revoked":
            return _("这份授权已撤销，不能再读取：{reason}").format(reason=read.reason or "—")
        case "refused":
            return _("这份申请没有同意：{reason}").format(reason=read.reason or "—")
        case _:
            return None


def periods_words(read: AccessGrantRead) -> str:
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
