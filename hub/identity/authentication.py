"""Finding out who calls, from the head of the request alone."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.identity import callers_repository, repository, secrets
from hub.identity.models import Organization, Person, Session
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
    owner = await callers_repository.get_owner(session, secrets.digest(token))
    now = clock.now()
    if owner is None or owner.revoked_at is not None or owner.expires_at <= now or owner.disabled_at is not None:
        raise _invalid_token()
    organization = OrganizationRef(owner.organization, owner.code, owner.name, owner.kind, owner.division)
    if owner.person is None:
        return await _subject_of_client(session, owner, organization, address, now)
    roles = frozenset(Role(role) for role in owner.roles)
    return Subject(
        kind="person",
        id=owner.person,
        name=owner.username,
        display_name=owner.display_name,
        organization=organization,
        roles=roles,
        permissions=permissions_of(roles),
        must_change_password=owner.must_change_password,
    )


async def _subject_of_client(
    session: AsyncSession, owner: Any, organization: OrganizationRef, address: str, now: datetime
) -> Subject:
    if not is_allowed_from(owner.allowed_networks, address):
        raise _invalid_token()
    if owner.last_used_at is None or now - owner.last_used_at > SEEN_EVERY:
        await callers_repository.note_use(session, owner.client, now)
    return Subject(
        kind="client",
        id=owner.client,
        name=owner.client_id,
        display_name=owner.client_name,
        organization=organization,
        roles=frozenset(),
        permissions=CLIENT,
        grants=tuple(owner.grants or ()),
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


def is_allowed_from(networks: Sequence[str], address: str) -> bool:
    """True when a client has no address list, or the caller's address is on it."""
    if not networks:
        return True
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(caller in ipaddress.ip_network(network) for network in networks)
