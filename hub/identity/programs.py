"""The programs of one organisation, for pages that tell it how to call."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import repository

MOST_PROGRAMS = 1000


async def list_program_ids(session: AsyncSession, organization: str) -> Sequence[str]:
    """Client ids that may still call, by name. Ids are no secret."""
    clients = await repository.list_clients(session, limit=MOST_PROGRAMS)
    return [one.client_id for one in clients if one.organization.code == organization and one.disabled_at is None]
