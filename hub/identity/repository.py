from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, any_, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from hub.identity.models import (
    AccessToken,
    ApiClient,
    ApiClientSecret,
    Organization,
    Person,
    Session,
    SignInFailure,
)
from hub.kit.db import Base


async def get_organization(session: AsyncSession, code: str) -> Organization | None:
    return await session.scalar(select(Organization).where(Organization.code == code))


async def list_organizations(session: AsyncSession, kind: str | None = None) -> Sequence[Organization]:
    statement = select(Organization).order_by(Organization.code)
    if kind is not None:
        statement = statement.where(Organization.kind == kind)
    return (await session.scalars(statement)).all()


async def get_person(session: AsyncSession, username: str) -> Person | None:
    return await session.scalar(
        select(Person).where(Person.username == username).options(joinedload(Person.organization))
    )


async def list_display_names(session: AsyncSession, usernames: Sequence[str]) -> Sequence[tuple[str, str]]:
    found = await session.execute(select(Person.username, Person.display_name).where(Person.username.in_(usernames)))
    return [(row.username, row.display_name) for row in found]


async def has_holder(session: AsyncSession, division: str, role: str) -> bool:
    holders = (
        select(Person.id)
        .join(Organization, Organization.id == Person.organization_id)
        .where(Organization.division == division, literal(role) == any_(Person.roles), Person.disabled_at.is_(None))
    )
    return bool(await session.scalar(select(holders.exists())))


@dataclass(frozen=True)
class PeopleAsked:
    """Which people are meant; what is empty does not narrow. `words`: part of a name or username."""

    words: str = ""
    organization: str = ""
    role: str = ""
    is_disabled: bool | None = None


async def lock_first_people(session: AsyncSession) -> None:
    """One founder at a time, to the end of its transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext("identity.first_people"))))


async def list_people(
    session: AsyncSession, *, limit: int, after: str | None = None, asked: PeopleAsked | None = None
) -> Sequence[Person]:
    statement = select(Person).options(joinedload(Person.organization)).order_by(Person.username).limit(limit)
    if after is not None:
        statement = statement.where(Person.username > after)
    if asked is not None and asked.words:
        statement = statement.where(
            Person.username.icontains(asked.words, autoescape=True)
            | Person.display_name.icontains(asked.words, autoescape=True)
        )
    if asked is not None and asked.organization:
        statement = statement.where(Person.organization.has(Organization.code == asked.organization))
    if asked is not None and asked.role:
        statement = statement.where(literal(asked.role) == any_(Person.roles))
    if asked is not None and asked.is_disabled is not None:
        statement = statement.where(Person.disabled_at.is_not(None) == asked.is_disabled)
    return (await session.scalars(statement)).all()


async def lock_administrators(session: AsyncSession, role: str) -> Sequence[UUID]:
    """Everybody with the role who may sign in, held until the transaction ends."""
    statement = (
        select(Person.id)
        .where(literal(role) == any_(Person.roles), Person.disabled_at.is_(None))
        .order_by(Person.id)
        .with_for_update()
    )
    return (await session.scalars(statement)).all()


async def count_members(session: AsyncSession, organization_id: UUID) -> tuple[int, int]:
    """People and programs of an organisation that may still come in."""
    people = select(func.count()).where(Person.organization_id == organization_id, Person.disabled_at.is_(None))
    clients = select(func.count()).where(ApiClient.organization_id == organization_id, ApiClient.disabled_at.is_(None))
    row = (await session.execute(select(people.scalar_subquery(), clients.scalar_subquery()))).one()
    return row[0], row[1]


async def list_clients(
    session: AsyncSession, *, limit: int, after: str | None = None, organization: str = ""
) -> Sequence[ApiClient]:
    statement = select(ApiClient).options(joinedload(ApiClient.organization)).order_by(ApiClient.client_id).limit(limit)
    if after is not None:
        statement = statement.where(ApiClient.client_id > after)
    if organization:
        statement = statement.where(ApiClient.organization.has(Organization.code == organization))
    return (await session.scalars(statement)).all()


async def get_session(session: AsyncSession, token_sha256: bytes) -> Session | None:
    return await session.scalar(
        select(Session)
        .where(Session.token_sha256 == token_sha256, Session.ended_at.is_(None))
        .options(joinedload(Session.person).joinedload(Person.organization))
    )


async def end_sessions(
    session: AsyncSession, person_id: UUID, now: datetime, *, but: bytes | None = None, only: bytes | None = None
) -> int:
    """How many were ended. `but`: kept open; `only`: no other than this."""
    statement = update(Session).where(Session.person_id == person_id, Session.ended_at.is_(None))
    if but is not None:
        statement = statement.where(Session.token_sha256 != but)
    if only is not None:
        statement = statement.where(Session.token_sha256 == only)
    return len((await session.execute(statement.values(ended_at=now).returning(Session.token_sha256))).all())


async def list_sessions(
    session: AsyncSession, person_id: UUID, *, seen_since: datetime, opened_since: datetime
) -> Sequence[Session]:
    statement = (
        select(Session)
        .where(
            Session.person_id == person_id,
            Session.ended_at.is_(None),
            Session.last_seen_at >= seen_since,
            Session.created_at >= opened_since,
        )
        .order_by(Session.created_at.desc())
    )
    return (await session.scalars(statement)).all()


async def note_sign_in(session: AsyncSession, person_id: UUID, now: datetime) -> None:
    await session.execute(update(Person).where(Person.id == person_id).values(last_sign_in_at=now))


async def get_client(session: AsyncSession, client_id: str) -> ApiClient | None:
    return await session.scalar(
        select(ApiClient).where(ApiClient.client_id == client_id).options(joinedload(ApiClient.organization))
    )


async def list_live_secrets(session: AsyncSession, api_client_id: UUID) -> Sequence[ApiClientSecret]:
    statement = (
        select(ApiClientSecret)
        .where(ApiClientSecret.api_client_id == api_client_id, ApiClientSecret.revoked_at.is_(None))
        .order_by(ApiClientSecret.created_at)
    )
    return (await session.scalars(statement)).all()


async def revoke_tokens_of_client(session: AsyncSession, api_client_id: UUID, now: datetime) -> None:
    await _revoke_tokens(session, AccessToken.api_client_id == api_client_id, now)


async def revoke_tokens_of_secret(session: AsyncSession, secret_id: UUID, now: datetime) -> None:
    await _revoke_tokens(session, AccessToken.api_client_secret_id == secret_id, now)


async def revoke_tokens_of_person(session: AsyncSession, person_id: UUID, now: datetime) -> None:
    await _revoke_tokens(session, AccessToken.person_id == person_id, now)


async def _revoke_tokens(session: AsyncSession, owner: ColumnElement[bool], now: datetime) -> None:
    await session.execute(update(AccessToken).where(owner, AccessToken.revoked_at.is_(None)).values(revoked_at=now))


async def count_failures(
    session: AsyncSession, since: datetime, *, account_sha256: bytes | None = None, address: str | None = None
) -> tuple[int, datetime | None]:
    """How many failures since then, and when the last one was."""
    statement = select(func.count(), func.max(SignInFailure.at)).where(SignInFailure.at > since)
    if account_sha256 is not None:
        statement = statement.where(SignInFailure.account_sha256 == account_sha256)
    if address is not None:
        statement = statement.where(SignInFailure.address == address)
    count, last = (await session.execute(statement)).one()
    return count, last


async def forget_failures(session: AsyncSession, account_sha256: bytes) -> None:
    await session.execute(delete(SignInFailure).where(SignInFailure.account_sha256 == account_sha256))


def add(session: AsyncSession, row: Base) -> None:
    session.add(row)
