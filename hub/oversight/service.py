"""Who used what: for the townships that reported it, and for whoever wants to change an element."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import receipts
from hub.forms import service as forms
from hub.forms.names import form_code
from hub.geography import service as geography
from hub.geography.models import Division
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import NotFound
from hub.kit.i18n import gettext as _
from hub.oversight import repository, served
from hub.oversight.served import Reading, Served
from hub.registry import service as registry
from hub.settings import settings


@dataclass(frozen=True)
class Usage:
    """How often one organisation read one element of a division, under which grant and for which purpose."""

    division: str
    element: str
    organization: str
    organization_name: str
    purpose: str
    grant: str
    reads: int
    last_read_at: datetime


async def list_usage(
    session: AsyncSession,
    subject: Subject,
    *,
    division: str | None,
    since: date | None,
    until: date | None,
    after: tuple[str, str, str] | None,
    limit: int,
) -> Sequence[Usage]:
    """Who read which elements of the division, for what purpose, how often. Days are days in China, both meant."""
    place = await _place(session, subject, division)
    codes = await repository.list_codes_around(session, place.code)
    rows = await repository.list_usage(
        session,
        codes,
        since=_from(since),
        until=_to(until),
        after=after,
        limit=limit,
    )
    await audit.record(
        session, subject.actor, AuditAction.USAGE_READ, "division", place.code, details={"rows": len(rows)}
    )
    return [
        Usage(
            division=place.code,
            element=row.element,
            organization=row.organization,
            organization_name=row.organization_name,
            purpose=row.purpose,
            grant=row.grant,
            reads=row.reads,
            last_read_at=row.last_read_at,
        )
        for row in rows
    ]


async def count_served(
    session: AsyncSession, subject: Subject, *, division: str | None, since: date | None, until: date | None
) -> Served:
    """How many departments each of the division's figures served, and how many forms that saved."""
    place = await _place(session, subject, division)
    codes = await repository.list_codes_around(session, place.code)
    rows = await repository.list_readings(session, codes, since=_from(since), until=_to(until))
    return served.count_served(Reading(*row) for row in rows)


def _from(since: date | None) -> datetime | None:
    return datetime.combine(since, time.min, clock.CHINA) if since else None


def _to(until: date | None) -> datetime | None:
    return clock.end_of_day(until) if until else None


async def _place(session: AsyncSession, subject: Subject, code: str | None) -> Division:
    """A division inside the caller's own: a township sees itself, the authority its county."""
    own = subject.organization.division or settings().county
    place = await geography.find_division(session, code or own)
    if place is None or own not in place.lineage:
        raise NotFound(_("没有这个区划，或它不在您的辖区内。"))
    return place


UseKind = Literal["form", "rule", "derived_element", "grant", "program"]


@dataclass(frozen=True)
class Use:
    """One thing that would notice a change of the element."""

    kind: UseKind
    id: str
    version: int | None = None
    organization: str | None = None
    purpose: str | None = None
    last_at: datetime | None = None


async def list_uses(session: AsyncSession, identifier: str) -> Sequence[Use]:
    """Forms that ask it, rules and derived elements that name it, grants on it, programs that delivered under them."""
    current = await registry.get_current(session, identifier)
    inside = await registry.list_uses_in_registry(session, identifier)
    form = await forms.find_newest(session, form_code(current.object_class, current.period_type))
    held = await grants.list_grants_on_element(session, identifier)
    organizations = {grant.number: grant.organization for grant in held}
    deliveries = await receipts.list_last_deliveries(session, [grant.number for grant in held])
    uses = [Use("rule", rule.identifier, rule.version) for rule in inside.rules]
    uses += [Use("derived_element", derived.identifier, derived.version) for derived in inside.derived]
    if form is not None and identifier in {item.identifier for item in form.fields}:
        uses.append(Use("form", form.code, form.version))
    uses += [Use("grant", grant.number, None, grant.organization, grant.scenario) for grant in held]
    uses += [
        Use("program", client, None, organizations[number], None, last)
        for (number, client), last in sorted(deliveries.items())
    ]
    return uses
