"""Asking for access, answering it, and the one way to a `ReadScope`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period
from hub.geography import service as geography
from hub.grants import repository
from hub.grants.checks import RequestFacts, check_request
from hub.grants.coverage import ElementFact, GrantTerms, VersionFact, read_scope_of
from hub.grants.errors import GrantNotFound, GrantRequestInvalid, GrantStateConflict, NotTheSteward, OwnRequest
from hub.grants.lifecycle import OF_THE_AUTHORITY_TOO, Decision, GrantState, deciding_organization, next_state
from hub.grants.models import AccessGrant
from hub.grants.narrowing import ApprovalTerms, narrow
from hub.grants.schemas import AccessGrantCreate
from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import uuid7
from hub.kit.i18n import gettext as _
from hub.settings import settings
from hub.store.scope import ReadScope, ScopeBox, ScopeRequest

AS_ASKED = ApprovalTerms()
_EVENTS: Mapping[Decision, AuditAction] = {
    "approval": AuditAction.ACCESS_GRANT_APPROVE,
    "refusal": AuditAction.ACCESS_GRANT_REFUSE,
    "suspension": AuditAction.ACCESS_GRANT_SUSPEND,
    "revocation": AuditAction.ACCESS_GRANT_REVOKE,
}


async def request_grant(session: AsyncSession, subject: Subject, request: AccessGrantCreate) -> AccessGrant:
    """File a request. Raises `GrantRequestInvalid` naming everything that is missing or wrong."""
    asking, today = subject.organization.code, clock.today()
    elements = await load_elements(session, request.elements or ())
    divisions = await geography.get_divisions(session, list(request.divisions or ()))
    checked, faults = check_request(request, RequestFacts(elements, divisions, asking, today))
    if checked is None:
        raise GrantRequestInvalid(_("申请有 {count} 处需要补正，请一次补齐。").format(count=len(faults)), errors=faults)
    authority = await organizations.get_authority(session)
    current = {identifier: elements[identifier].current for identifier in checked.elements}
    serial = await repository.next_serial(session)
    grant = AccessGrant(
        number=f"AG-{today.year}-{serial:06d}",
        serial=serial,
        organization=asking,
        steward=deciding_organization(
            frozenset(fact.steward or authority.code for fact in current.values()), asking, authority.code
        ),
        elements=list(checked.elements),
        element_versions={identifier: fact.version for identifier, fact in current.items()},
        divisions=list(checked.divisions),
        period_from=str(checked.periods.first),
        period_to=str(checked.periods.last) if checked.periods.last else None,
        basis=request.basis,
        scenario=request.scenario,
        scope=request.scope,
        method=request.method,
        includes_provisional=request.includes_provisional,
        valid_until=checked.valid_until,
        state="requested",
        requested_by=subject.name,
    )
    repository.add(session, grant)
    await session.flush()
    await _record(session, subject, AuditAction.ACCESS_GRANT_REQUEST, grant)
    return grant


async def decide(
    session: AsyncSession,
    subject: Subject,
    number: str,
    decision: Decision,
    *,
    reason: str | None = None,
    terms: ApprovalTerms = AS_ASKED,
) -> AccessGrant:
    """Answer a request, or suspend or end a grant. It holds from this moment: every read asks again.

    `terms`: what an approval agrees to, when it is less than was asked.
    """
    await get_grant(session, subject, number)
    grant = await repository.get_grant_for_update(session, number)
    if grant is None:
        raise GrantNotFound(_("没有这份授权。"))
    _check_may_decide(subject, grant, decision)
    state: GrantState = grant.state  # type: ignore[assignment]  # a check constraint keeps it to the five
    moved = next_state(state, decision)
    if moved is None:
        raise GrantStateConflict(_("授权 {number} 现为 {state}，不能这样办理。").format(number=number, state=state))
    if moved == "active":
        narrow(grant, terms, clock.today())
        await _consent(session, grant)
    grant.state, grant.reason = moved, reason
    grant.decided_by, grant.decided_at = subject.name, clock.now()
    await _record(session, subject, _EVENTS[decision], grant)
    return grant


def _check_may_decide(subject: Subject, grant: AccessGrant, decision: Decision) -> None:
    organization = subject.organization
    if organization.code == grant.organization:
        raise OwnRequest(_("本单位提出的申请不能由本单位办理。"))
    is_authority = organization.kind == "authority" and decision in OF_THE_AUTHORITY_TOO
    if organization.code != grant.steward and not is_authority:
        raise NotTheSteward(_("这份申请由 {steward} 办理。").format(steward=grant.steward))


async def _consent(session: AsyncSession, grant: AccessGrant) -> None:
    """The steward agrees to the definitions as they are now, not as they were when it was asked."""
    if grant.valid_until < clock.today():
        raise GrantStateConflict(_("申请的使用时限已过，请由申请单位重新申请。"))
    elements = await load_elements(session, grant.elements)
    grant.element_versions = {identifier: elements[identifier].current.version for identifier in grant.elements}


async def _record(session: AsyncSession, subject: Subject, action: AuditAction, grant: AccessGrant) -> None:
    details = {
        "elements": len(grant.elements),
        "divisions": grant.divisions,
        "steward": grant.steward,
        "valid_until": grant.valid_until.isoformat(),
    }
    await audit.record(
        session, subject.actor, action, "access_grant", grant.number, purpose=grant.scenario, details=details
    )


async def get_grant(session: AsyncSession, subject: Subject, number: str) -> AccessGrant:
    """A grant of the caller's organisation, asked or answered; the authority sees all of the county's."""
    grant = await repository.get_grant(session, number)
    seen_by = _seen_by(subject)
    if grant is None or seen_by not in {None, grant.organization, grant.steward}:
        raise GrantNotFound(_("没有这份授权。"))
    return grant


async def find_own_grant(session: AsyncSession, subject: Subject, number: str) -> AccessGrant | None:
    """A grant that the caller's organisation holds or held, and that its token is bound to."""
    grant = await repository.get_grant(session, number)
    if grant is None or grant.organization != subject.organization.code or grant.state in {"requested", "refused"}:
        return None
    return grant if subject.grants is None or number in subject.grants else None


async def list_grants(
    session: AsyncSession, subject: Subject, *, states: Collection[str] = (), after: int | None, limit: int
) -> Sequence[AccessGrant]:
    return await repository.list_grants(session, seen_by=_seen_by(subject), states=states, after=after, limit=limit)


def _seen_by(subject: Subject) -> str | None:
    return None if subject.organization.kind == "authority" else subject.organization.code


async def list_grants_of(session: AsyncSession, organization: str, *, limit: int) -> Sequence[AccessGrant]:
    """What an organisation asked for, for whoever manages its programs: the terms, never a value."""
    found = await repository.list_grants(session, seen_by=organization, after=None, limit=limit)
    return [grant for grant in found if grant.organization == organization]


async def list_active_numbers(session: AsyncSession, organization: str) -> list[str]:
    """The grants a new token of this organisation may be bound to, oldest first."""
    today = clock.today()
    grants = await repository.list_terms_of(session, organization)
    return sorted(grant.number for grant in grants if grant.state == "active" and grant.valid_until >= today)


async def list_grants_on_element(session: AsyncSession, identifier: str) -> Sequence[AccessGrant]:
    """The live grants on an element, for those who ask who uses it."""
    return await repository.list_grants_on_element(session, identifier)


async def load_elements(session: AsyncSession, identifiers: Iterable[str]) -> dict[str, ElementFact]:
    """What access needs to know of these elements; unknown identifiers are absent."""
    rows = await repository.list_element_versions(session, identifiers)
    return {
        identifier: ElementFact(identifier, [_fact(row) for row in versions])
        for identifier, versions in groupby(rows, key=lambda row: row.identifier)
    }


def _fact(row: Row[*tuple[Any, ...]]) -> VersionFact:
    return VersionFact(
        version=row.version,
        registration_status=row.registration_status,
        is_breaking=row.is_breaking,
        sharing_type=row.sharing_type,
        source_organization=row.source_organization,
        steward=row.steward,
        object_class=row.object_class,
        period_type=row.period_type,
        valid_until=row.valid_until,
        superseded_by=row.superseded_by,
        datatype=row.datatype,
        decimals=row.decimals,
    )


async def read_scope(session: AsyncSession, subject: Subject, *, supervising: bool = False) -> ReadScope:
    """The only maker of a `ReadScope`: what this caller may read of the values at this moment.

    A department reads with its active grants, narrowed to those its token is bound to; a township
    reads its own division. Nobody else reads values. `supervising` is for the desks that follow up
    how something was reported (who, when, from what to what): there the authority and the inspectors
    see their county.
    """
    scope, _elements = await read_reach(session, subject, supervising=supervising)
    return scope


async def read_reach(
    session: AsyncSession, subject: Subject, *, supervising: bool = False
) -> tuple[ReadScope, Mapping[str, ElementFact]]:
    """The scope, and what was looked up of the elements in it."""
    organization = subject.organization
    if organization.kind == "department":
        return await _granted(session, subject)
    if organization.kind == "township" and organization.division is not None:
        return ReadScope((ScopeBox(None, frozenset({organization.division}), includes_provisional=True),)), {}
    if supervising and organization.kind in {"authority", "inspectorate"}:
        return ReadScope((ScopeBox(None, frozenset({organization.division or settings().county})),)), {}
    return ReadScope(()), {}


async def _granted(session: AsyncSession, subject: Subject) -> tuple[ReadScope, Mapping[str, ElementFact]]:
    grants = await repository.list_terms_of(session, subject.organization.code)
    elements = await load_elements(session, {identifier for grant in grants for identifier in grant.element_versions})
    scope = read_scope_of(
        [_terms(grant) for grant in grants],
        elements,
        today=clock.today(),
        bound_to=None if subject.grants is None else frozenset(subject.grants),
    )
    return scope, elements


def _terms(grant: Row[*tuple[Any, ...]]) -> GrantTerms:
    return GrantTerms(
        number=grant.number,
        organization=grant.organization,
        state=grant.state,
        element_versions=grant.element_versions,
        divisions=frozenset(grant.divisions),
        period_from=Period.parse(grant.period_from),
        period_to=Period.parse(grant.period_to) if grant.period_to else None,
        valid_until=grant.valid_until,
        scenario=grant.scenario,
        includes_provisional=grant.includes_provisional,
    )


@dataclass(frozen=True)
class ReadEntry:
    """One read under one box of the scope: what was read, where, through which route, how much."""

    route: str
    object_class: str
    box: ScopeBox
    elements: Collection[str]
    divisions: Collection[str]
    periods: Sequence[str]
    rows: int


def read_entries(
    route: str, object_class: str, request: ScopeRequest, boxes: Iterable[ScopeBox], rows: int
) -> list[ReadEntry]:
    """One entry for each box a request drew on, so that each grant is told with its own purpose."""
    place = request.place
    return [
        ReadEntry(
            route=route,
            object_class=object_class,
            box=box,
            elements=[identifier for identifier in request.elements if box.covers_element(identifier)],
            divisions=box.divisions if place is None else [place.code],
            periods=[str(period) for period in request.periods if box.covers_period(period)],
            rows=rows,
        )
        for box in boxes
    ]


async def log_read(session: AsyncSession, subject: Subject, entries: Iterable[ReadEntry]) -> None:
    """Write the read log, in the transaction that answers the read: no log, no answer."""
    now = clock.now()  # one instant for all lines of a call: so its traffic can be counted in calls
    reads = [
        {
            "id": uuid7(),
            "at": now,
            "reader_kind": subject.kind,
            "reader": subject.name,
            "organization": subject.organization.code,
            "grant": entry.box.grant,
            "purpose": entry.box.purpose,
            "route": entry.route,
            "object_class": entry.object_class,
            "elements": sorted(entry.elements),
            "divisions": sorted(entry.divisions),
            "periods": list(entry.periods),
            "rows": entry.rows,
        }
        for entry in entries
    ]
    if reads:
        await repository.add_reads(session, reads)
