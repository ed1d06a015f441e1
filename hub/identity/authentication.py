"""Finding out who calls, from the head of the request alone."""

import ipaddress
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import repository, secrets
from hub.identity.models import AccessToken, ApiClient, Organization, Person, Session
from hub.identity.roles import CLIENT, Role, permissions_of
from hub.identity.subject import OrganizationRef, Subject
from hub.kit import clock
from hub.kit.errors import Unauthenticated
from hub.kit.i18n import gettext as _
from hub.settings import settings

# `last_seen_at` and `last_used_at` are for people: a write on every request would be for nothing.
SEEN_EVERY = timedelta(minutes=1)


async def subject_of_token(session: AsyncSession, token: str, address: str) -> Subject:
    """The owner of a bearer token. Raises `Unauthenticated` when it is unknown, ended or revoked."""
    found = await repository.get_token(session, secrets.digest(token))
    now = clock.now()
    if found is None or found.revoked_at is not None or found.expires_at <= now:
        raise _invalid_token()
    if found.person is not None:
        if found.person.disabled_at is not None:
            raise _invalid_token()
        return subject_of_person(found.person)
    return _subject_of_client(found, address, now)


def _subject_of_client(token: AccessToken, address: str, now: datetime) -> Subject:
    client = token.api_client
    if client is None or client.disabled_at is not None or not is_allowed_from(client, address):
        raise _invalid_token()
    if client.last_used_at is None or now - client.last_used_at > SEEN_EVERY:
        client.last_used_at = now
    return Subject(
        kind="client",
        id=client.id,
        name=client.client_id,
        display_name=client.name,
        organization=reference(client.organization),
        roles=frozenset(),
        permissions=CLIENT,
        grants=tuple(token.grants or ()),
    )


def _invalid_token() -> Unauthenticated:
    return Unauthenticated(_("令牌无效、已过期或已撤销，请重新获取。"), code="invalid_token")


async def subject_of_session(session: AsyncSession, token: str) -> Subject | None:
    """The person of a browser session, or None when it has ended (idle, too old, signed out, disabled)."""
    found = await repository.get_session(session, secrets.digest(token))
    now = clock.now()
    if found is None or found.person.disabled_at is not None:
        return None
    idle = timedelta(minutes=settings().session_idle_minutes)
    if now - found.last_seen_at > idle or now - found.created_at > timedelta(hours=settings().session_hours):
        found.ended_at = now
        return None
    if now - found.last_seen_at > SEEN_EVERY:
        found.last_seen_at = now
    return subject_of_person(found.person, opened=found)


def subject_of_person(person: Person, *, opened: Session | None = None) -> Subject:
    """With the session that was opened, if a browser calls. A handed-over password binds who signed in with it."""
    roles = frozenset(Role(role) for role in person.roles)
    return Subject(
        kind="person",
        id=person.id,
        name=person.username,
        display_name=person.display_name,
        organization=reference(person.organization),
        roles=roles,
        permissions=permissions_of(roles),
        csrf_token=None if opened is None else opened.csrf_token,
        must_change_password=person.must_change_password and (opened is None or opened.method == "password"),
        has_second_factor=opened is not None and opened.second_factor_at is not None,
    )


def reference(organization: Organization) -> OrganizationRef:
    return OrganizationRef(
        id=organization.id,
        code=organization.code,
        name=organization.name,
        kind=organization.kind,  # type: ignore[arg-type]  # a check constraint keeps it to the four kinds
        division=organization.division,
    )


def is_allowed_from(client: ApiClient, address: str) -> bool:
    """True when the client has no address list, or the caller's address is on it."""
    if not client.allowed_networks:
        return True
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(caller in ipaddress.ip_network(network) for network in client.allowed_networks)
