"""Who can read the values of an element, answered in one list: each grant, its programs, its places, its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from hub.geography import service as geography
from hub.grants import service as grants
from hub.identity import organizations
from hub.kit import clock
from hub.oversight import repository


@dataclass(frozen=True)
class Access:
    """One grant in force or suspended. `clients`: the programs of its department that can use it now."""

    grant: str
    organization: str
    purpose: str
    places: tuple[str, ...]
    period_from: str
    period_to: str | None
    ends_on: date
    is_open: bool
    clients: tuple[str, ...]
    reads: int
    last_read_at: datetime | None


async def list_access(session: AsyncSession, identifier: str) -> Sequence[Access]:
    """Those that open it now come first. A grant past its end opens nothing and is told as closed."""
    held = await grants.list_grants_on_element(session, identifier)
    names = {one.code: one.name for one in await organizations.list_organizations(session)}
    divisions = await geography.get_divisions(session, sorted({code for one in held for code in one.divisions}))
    clients = await repository.list_live_clients(session, sorted({one.organization for one in held}))
    reads = await repository.list_reads_by_grant(session, identifier)
    found = [
        Access(
            grant=one.number,
            organization=names[one.organization],
            purpose=one.scenario,
            places=tuple(divisions[code].name if code in divisions else code for code in one.divisions),
            period_from=one.period_from,
            period_to=one.period_to,
            ends_on=one.valid_until,
            is_open=one.state == "active" and one.valid_until >= clock.today(),
            clients=tuple(client for organization, client in clients if organization == one.organization),
            reads=reads[one.number][0] if one.number in reads else 0,
            last_read_at=reads[one.number][1] if one.number in reads else None,
        )
        for one in held
    ]
    return sorted(found, key=lambda one: (not one.is_open, one.organization, one.grant))
