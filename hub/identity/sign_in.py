"""Signing in and out in a browser, and what slows down guessing."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import ANONYMOUS
from hub.identity import repository, secrets
from hub.identity.authentication import subject_of_person
from hub.identity.errors import SignInRefused, SignInThrottled
from hub.identity.models import Session, SignInFailure
from hub.identity.subject import Subject
from hub.identity.throttle import WINDOW, Failures, wait_until
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.i18n import gettext as _


@dataclass(frozen=True)
class SignedIn:
    """The session's token goes into the cookie and nowhere else."""

    token: str
    subject: Subject


async def sign_in(database: Database, *, username: str, password: str, address: str, user_agent: str) -> SignedIn:
    """Open a session. Raises `SignInRefused`, in one sentence for every cause, or `SignInThrottled`.

    The password is checked between two transactions: hashing takes time, and nothing may be held
    open meanwhile.
    """
    async with database.transaction() as session:
        await check_throttle(session, username, address)
        person = await repository.get_person(session, username)
    known_hash = person.password_hash if person is not None and person.disabled_at is None else None
    if not await secrets.verify_password(password, known_hash) or person is None:
        async with database.transaction() as session:
            await note_failure(session, AuditAction.SIGN_IN_REFUSE, username, address)
        raise SignInRefused(_("用户名或密码不对。"))
    async with database.transaction() as session:
        await repository.forget_failures(session, _account(username))
        token, csrf_token, now = secrets.new_secret("hubw"), secrets.new_secret("csrf"), clock.now()
        row = Session(
            token_sha256=secrets.digest(token),
            person_id=person.id,
            csrf_token=csrf_token,
            created_at=now,
            last_seen_at=now,
            address=address,
            user_agent=user_agent[:200],
        )
        repository.add(session, row)
        subject = subject_of_person(person, csrf_token=csrf_token)
        await audit.record(session, subject.actor, AuditAction.SESSION_OPEN, "person", username)
    return SignedIn(token, subject)


async def sign_out(session: AsyncSession, subject: Subject, token: str) -> None:
    """End the session on the server; a copied cookie is worth nothing afterwards."""
    found = await repository.get_session(session, secrets.digest(token))
    if found is not None:
        found.ended_at = clock.now()
    await audit.record(session, subject.actor, AuditAction.SESSION_CLOSE, "person", subject.name)


async def check_throttle(session: AsyncSession, account: str, address: str) -> None:
    """Raise `SignInThrottled` while too many tries failed for this account or from this address."""
    now = clock.now()
    of_account = await repository.count_failures(session, now - WINDOW, account_sha256=_account(account))
    of_address = await repository.count_failures(session, now - WINDOW, address=address)
    until = wait_until(Failures(*of_account), Failures(*of_address))
    if until is not None and until > now:
        seconds = int((until - now).total_seconds()) + 1
        raise SignInThrottled(
            _("失败次数过多，请在 {seconds} 秒后再试。").format(seconds=seconds),
            retry_after=seconds,
            extra={"error": "temporarily_unavailable"},
        )


async def note_failure(session: AsyncSession, action: AuditAction, account: str, address: str) -> None:
    """Count a failed try. The name tried is kept hashed: people type passwords into the wrong field."""
    account_sha256 = _account(account)
    repository.add(session, SignInFailure(account_sha256=account_sha256, address=address, at=clock.now()))
    await audit.record(
        session,
        ANONYMOUS,
        action,
        "account",
        account_sha256.hex()[:16],
        outcome="refused",
        details={"address": address},
    )


def _account(name: str) -> bytes:
    return secrets.digest(name.strip().casefold())
