"""Whose a bearer token is: the first statement of every call of a program, so it makes no objects of the session's."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity.models import AccessToken, ApiClient, Organization, Person
from hub.kit.statements import Statement, first

_OWNER = Statement(
    select(
        AccessToken.expires_at,
        AccessToken.revoked_at,
        AccessToken.grants,
        Person.id.label("person"),
        Person.username,
        Person.display_name,
        Person.roles,
        Person.must_change_password,
        ApiClient.id.label("client"),
        ApiClient.client_id,
        ApiClient.name.label("client_name"),
        ApiClient.allowed_networks,
        ApiClient.last_used_at,
        func.coalesce(Person.disabled_at, ApiClient.disabled_at).label("disabled_at"),
        Organization.id.label("organization"),
        Organization.code,
        Organization.name,
        Organization.kind,
        Organization.division,
    )
    .select_from(AccessToken)
    .join(Person, Person.id == AccessToken.person_id, isouter=True)
    .join(ApiClient, ApiClient.id == AccessToken.api_client_id, isouter=True)
    .join(Organization, Organization.id == func.coalesce(Person.organization_id, ApiClient.organization_id))
    .where(AccessToken.token_sha256 == bindparam("token"))
)
_USED = Statement(
    update(ApiClient)
    .where(ApiClient.id == bindparam("client", type_=Uuid))
    .values(last_used_at=bindparam("now", type_=DateTime(timezone=True)))
)


async def get_owner(session: AsyncSession, token_sha256: bytes) -> Any:
    """The token with its owner, a person or a program, and their organisation; None when there is no such token."""
    return first(await _OWNER.rows(session, {"token": token_sha256}))


async def note_use(session: AsyncSession, client: UUID, now: datetime) -> None:
    await _USED.run(session, {"client": client, "now": now})
