"""Opaque bearer tokens: 256 random bits, kept hashed, short-lived, revocable at once."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import repository, secrets
from hub.identity.models import AccessToken, ApiClient, ApiClientSecret, Person
from hub.kit import clock
from hub.settings import settings


def _expiry(now: datetime) -> datetime:
    return now + timedelta(minutes=settings().token_minutes)


async def issue_client_token(
    session: AsyncSession, client: ApiClient, secret: ApiClientSecret, grants: tuple[str, ...]
) -> tuple[str, int]:
    """A token bound to these grants, and so to their purposes; with the seconds it lives."""
    token = await _issue(
        session, AccessToken(api_client_id=client.id, api_client_secret_id=secret.id, grants=list(grants))
    )
    actor = Actor("client", str(client.id), client.client_id, client.organization.code)
    await audit.record(
        session, actor, AuditAction.TOKEN_ISSUE, "api_client", client.client_id, details={"grants": list(grants)}
    )
    return token, settings().token_minutes * 60


async def issue_person_token(session: AsyncSession, person: Person, actor: Actor) -> str:
    """A token for a person, for use at a command line beside the server."""
    token = await _issue(session, AccessToken(person_id=person.id))
    await audit.record(session, actor, AuditAction.TOKEN_ISSUE, "person", person.username)
    return token


async def _issue(session: AsyncSession, row: AccessToken) -> str:
    token = secrets.new_secret("hubt")
    row.token_sha256 = secrets.digest(token)
    row.issued_at = clock.now()
    row.expires_at = _expiry(row.issued_at)
    repository.add(session, row)
    return token
