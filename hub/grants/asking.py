"""Asking for what one does not have yet: what active grants cover already is not asked again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar.periods import Period, PeriodFault, PeriodRange
from hub.geography import service as geography
from hub.grants import repository, service
from hub.grants.errors import GrantRequestInvalid
from hub.grants.models import AccessGrant
from hub.grants.schemas import AccessGrantCreate
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

MOST_GRANTS = 1000


@dataclass(frozen=True)
class Wanted:
    """The places, periods and last day of a request, as far as they can be read."""

    lineages: Sequence[Sequence[str]]
    periods: PeriodRange
    valid_until: date
    includes_provisional: bool


async def list_held(session: AsyncSession, organization: str) -> Mapping[str, Sequence[AccessGrant]]:
    """An organisation's grants that hold today, by element; the one that holds longest comes first."""
    grants = await repository.list_grants(
        session, seen_by=organization, states=("active",), after=None, limit=MOST_GRANTS
    )
    today = clock.today()
    held: dict[str, list[AccessGrant]] = {}
    for grant in sorted(grants, key=lambda one: one.valid_until, reverse=True):
        if grant.organization == organization and grant.valid_until >= today:
            for identifier in grant.elements:
                held.setdefault(identifier, []).append(grant)
    return held


async def request_missing(
    session: AsyncSession, subject: Subject, asked: AccessGrantCreate
) -> tuple[AccessGrant, Sequence[str]]:
    """File a request for what is not granted yet; and which elements were left out because they are."""
    left_out = await _covered(session, subject.organization.code, asked)
    elements = [identifier for identifier in asked.elements or () if identifier not in left_out]
    if left_out and not elements:
        message = _("所选的数据元都已有授权，地方、报告期和时限也都在授权内，不必再申请。")
        raise GrantRequestInvalid(message, errors=[ErrorItem("/elements", "already_granted", message)])
    grant = await service.request_grant(session, subject, asked.model_copy(update={"elements": elements}))
    return grant, left_out


async def _covered(session: AsyncSession, organization: str, asked: AccessGrantCreate) -> Sequence[str]:
    wanted = await _read(session, asked)
    if wanted is None:
        return ()
    held = await list_held(session, organization)
    return [
        identifier
        for identifier in dict.fromkeys(asked.elements or ())
        if any(covers(grant, wanted) for grant in held.get(identifier, ()))
    ]


async def _read(session: AsyncSession, asked: AccessGrantCreate) -> Wanted | None:
    """None when something cannot be read: then `request_grant` tells what."""
    divisions = await geography.get_divisions(session, list(asked.divisions or ()))
    if asked.periods is None or not asked.periods.first or not divisions:
        return None
    with suppress(PeriodFault, ValueError):
        last = Period.parse(asked.periods.last) if asked.periods.last else None
        periods = PeriodRange(Period.parse(asked.periods.first), last)
        until = date.fromisoformat(asked.valid_until or "")
        lineages = [division.lineage for division in divisions.values()]
        return Wanted(lineages, periods, until, asked.includes_provisional)
    return None


def covers(grant: AccessGrant, wanted: Wanted) -> bool:
    """Every place, every period, and for as long."""
    first, last = Period.parse(grant.period_from), Period.parse(grant.period_to) if grant.period_to else None
    return (
        grant.valid_until >= wanted.valid_until
        and grant.includes_provisional >= wanted.includes_provisional
        and all(set(grant.divisions) & set(lineage) for lineage in wanted.lineages)
        and first.first_day <= wanted.periods.first.first_day
        and (last is None or (wanted.periods.last is not None and wanted.periods.last.last_day <= last.last_day))
    )
