"""Who reads one figure: the departments that hold a grant on it, and when each last read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography.models import Division
from hub.grants import service as grants
from hub.identity import organizations
from hub.remarks import repository


@dataclass(frozen=True)
class Reads:
    count: int
    last_at: datetime | None


NEVER = Reads(0, None)


@dataclass(frozen=True)
class FigureUse:
    """One department's grant as it bears on a figure. `ends_on` is None when the grant is no longer in force."""

    grant: str
    organization: str
    organization_name: str
    purpose: str
    ends_on: date | None
    reads: Reads


async def list_uses(session: AsyncSession, element: str, place: Division) -> Sequence[FigureUse]:
    """Grants in force whose places meet this one; a grant that ended is named when it was read under."""
    reads = {
        grant: Reads(count, last)
        for grant, count, last in await repository.list_reads_of(session, element, place.lineage)
    }
    held = [
        grant
        for grant in await grants.list_grants_on_element(session, element)
        if grant.state == "active" and not set(place.lineage).isdisjoint(grant.divisions)
    ]
    ended = await repository.list_grants(session, sorted(reads.keys() - {grant.number for grant in held}))
    names = {one.code: one.name for one in await organizations.list_organizations(session)}
    return [
        FigureUse(
            grant.number,
            grant.organization,
            names[grant.organization],
            grant.scenario,
            ends_on,
            reads.get(grant.number, NEVER),
        )
        for grant, ends_on in [*((one, one.valid_until) for one in held), *((one, None) for one in ended)]
    ]
