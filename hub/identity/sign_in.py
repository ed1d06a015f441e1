"""Signing in and out in a browser: a password or the provider's word, then a second factor where there is one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.identity import factors_repository as stored
from hub.identity import repository, second_factor, secrets, throttling
from hub.identity.authentication import subject_of_person
from hub.identity.errors import SignInRefused, SignInStepExpired
from hub.identity.models import Person, Session, SignInStep
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.i18n import gettext as _

# Between the two factors, and on the way to a provider and back.
STEP_LIVES = timedelta(minutes=10)


@dataclass(frozen=True)
class Browser:
    """Where a sign-in comes from, as the list of one's own sessions shows it."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class SignedIn:
    """The session's token goes into the cookie and nowhere else."""

    token: str
    subject: Subject


@dataclass(frozen=True)
class SecondStep:
    """The first factor held. The token goes into the form that asks for the second, and opens nothing by itself."""

    token: str


async def sign_in(database: Database, *, username: str, password: str, browser: Browser) -> SignedIn | SecondStep:
    """Open a session. Raises `SignInRefused`, in one sentence for every cause, or `SignInThrottled`.

    The password is checked between two transactions: hashing takes time, and nothing may be held
    open meanwhile.
    """
    async with database.transaction() as session:
        await throttling.check(session, username, browser.address)
        person = await repository.get_person(session, username)
    known_hash = person.password_hash if person is not None and person.disabled_at is None else None
    if not await secrets.verify_password(password, known_hash) or person is None:
        async with database.transaction() as session:
            await throttling.note_failure(session, AuditAction.SIGN_IN_REFUSE, username, browser.address)
        raise SignInRefused(_("用户名或密码不对。"))
    return await enter(database, person, method="password", browser=browser)


async def enter(database: Database, person: Person, *, method: str, browser: Browser) -> SignedIn | SecondStep:
    """The first factor holds: open a session, or ask for the second."""
    now = clock.now()
    async with database.transaction() as session:
        if not await second_factor.is_asked_for(session, person):
            return await _open(session, person, method, browser, second_factor_at=None)
        await stored.forget_unfinished(session, now - STEP_LIVES)
        token = secrets.new_secret("hubs2")
        step = SignInStep(token_sha256=secrets.digest(token), person_id=person.id, method=method, created_at=now)
        repository.add(session, step)
    return SecondStep(token)


async def finish(database: Database, *, token: str, code: str, browser: Browser) -> SignedIn:
    """The second factor. Raises `SignInRefused`, `SignInThrottled`, or `SignInStepExpired`: begin again."""
    digest, now = secrets.digest(token), clock.now()
    async with database.transaction() as session:
        found = await stored.get_step(session, digest, now - STEP_LIVES)
        if found is None or found[1].disabled_at is not None:
            raise SignInStepExpired(_("登录用时太长，请从头登录。"))
        step, person = found
        await throttling.check(session, person.username, browser.address)
        if await second_factor.is_right(session, person, code) and await stored.take_step(session, digest):
            return await _open(session, person, step.method, browser, second_factor_at=now)
    async with database.transaction() as session:
        await throttling.note_failure(session, AuditAction.SECOND_FACTOR_REFUSE, person.username, browser.address)
    raise SignInRefused(_("验证码不对，或者已经用过。请等应用里显示下一个再输入。"))


async def _open(
    session: AsyncSession, person: Person, method: str, browser: Browser, *, second_factor_at: datetime | None
) -> SignedIn:
    now, token = clock.now(), secrets.new_secret("hubw")
    await throttling.forget(session, person.username)
    await repository.note_sign_in(session, person.id, now)
    opened = Session(
        token_sha256=secrets.digest(token),
        person_id=person.id,
        csrf_token=secrets.new_secret("csrf"),
        created_at=now,
        last_seen_at=now,
        address=browser.address,
        user_agent=browser.user_agent[:200],
        method=method,
        second_factor_at=second_factor_at,
    )
    repository.add(session, opened)
    subject = subject_of_person(person, opened=opened)
    details = {"method": method, "second_factor": second_factor_at is not None}
    await audit.record(session, subject.actor, AuditAction.SESSION_OPEN, "person", person.username, details=details)
    return SignedIn(token, subject)


async def sign_out(session: AsyncSession, subject: Subject, token: str) -> str:
    """End the session on the server; a copied cookie is worth nothing afterwards. Says how it was opened."""
    found = await repository.get_session(session, secrets.digest(token))
    if found is not None:
        found.ended_at = clock.now()
    await audit.record(session, subject.actor, AuditAction.SESSION_CLOSE, "person", subject.name)
    return "password" if found is None else found.method
