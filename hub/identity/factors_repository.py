from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from hub.identity.models import OpenIdRequest, Person, RecoveryCode, SecondFactor, Session, SignInStep


async def get_factor(session: AsyncSession, person_id: UUID) -> SecondFactor | None:
    return await session.get(SecondFactor, person_id, populate_existing=True)


async def lock_factor(session: AsyncSession, person_id: UUID) -> SecondFactor | None:
    """Two sign-ins with one code meet here, and the second finds it taken."""
    return await session.get(SecondFactor, person_id, populate_existing=True, with_for_update=True)


async def delete_factor(session: AsyncSession, person_id: UUID) -> None:
    await session.execute(delete(SecondFactor).where(SecondFactor.person_id == person_id))


async def list_enrolled(session: AsyncSession, person_ids: Sequence[UUID]) -> set[UUID]:
    statement = select(SecondFactor.person_id).where(
        SecondFactor.person_id.in_(person_ids), SecondFactor.confirmed_at.is_not(None)
    )
    return set((await session.scalars(statement)).all())


async def replace_codes(session: AsyncSession, person_id: UUID, digests: Sequence[bytes]) -> None:
    await session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    if digests:
        rows = [{"code_sha256": digest, "person_id": person_id} for digest in digests]
        await session.execute(insert(RecoveryCode), rows)


async def count_codes(session: AsyncSession, person_id: UUID) -> int:
    statement = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return (await session.execute(statement)).scalar_one()


async def use_code(session: AsyncSession, person_id: UUID, digest: bytes, now: datetime) -> bool:
    """One statement, so that of two at once only one finds it unused."""
    statement = (
        update(RecoveryCode)
        .where(RecoveryCode.code_sha256 == digest, RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.person_id)
    )
    return (await session.execute(statement)).first() is not None


async def note_second_factor(session: AsyncSession, token_sha256: bytes, now: datetime) -> None:
    await session.execute(update(Session).where(Session.token_sha256 == token_sha256).values(second_factor_at=now))


async def get_step(session: AsyncSession, token_sha256: bytes, since: datetime) -> tuple[SignInStep, Person] | None:
    statement = (
        select(SignInStep, Person)
        .join(Person, Person.id == SignInStep.person_id)
        .where(SignInStep.token_sha256 == token_sha256, SignInStep.created_at > since)
        .options(joinedload(Person.organization))
    )
    found = (await session.execute(statement)).first()
    return None if found is None else (found[0], found[1])


async def take_step(session: AsyncSession, token_sha256: bytes) -> bool:
    """Ended, and by nobody else before."""
    statement = delete(SignInStep).where(SignInStep.token_sha256 == token_sha256).returning(SignInStep.person_id)
    return (await session.execute(statement)).first() is not None


@dataclass(frozen=True)
class SentAway:
    """What a browser was sent to the provider with, apart from its state."""

    nonce: str
    verifier: str
    next: str


async def take_openid_request(session: AsyncSession, state_sha256: bytes, since: datetime) -> SentAway | None:
    """The request that this state belongs to, which is gone afterwards: an answer is taken once."""
    statement = (
        delete(OpenIdRequest)
        .where(OpenIdRequest.state_sha256 == state_sha256)
        .returning(OpenIdRequest.nonce, OpenIdRequest.verifier, OpenIdRequest.next, OpenIdRequest.created_at)
    )
    found = (await session.execute(statement)).one_or_none()
    return SentAway(found.nonce, found.verifier, found.next) if found and found.created_at > since else None


async def forget_unfinished(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(SignInStep).where(SignInStep.created_at < before))
    await session.execute(delete(OpenIdRequest).where(OpenIdRequest.created_at < before))


async def is_subject_free(session: AsyncSession, subject: str) -> bool:
    """Whether nobody is bound to the provider's account yet."""
    return await session.scalar(select(Person.id).where(Person.openid_subject == subject)) is None
