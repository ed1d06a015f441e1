"""A person's second factor: bound with a first code, asked for at each sign-in, taken off or reset (RFC 6238).

Codes are guessed as passwords are, so the same throttle counts them: what fails is written in a transaction of
its own, and checked before the next try.
"""

import secrets as random
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

import segno
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import factors_repository as stored
from hub.identity import people, repository, secrets, throttling, totp
from hub.identity.errors import SecondFactorRefused, SecondFactorStateConflict
from hub.identity.models import Person, SecondFactor
from hub.identity.sealing import SealingKey
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.settings import settings

RECOVERY_CODES = 10
# Without 0, 1, I, L, O and U: read from paper, typed by hand. 12 of 30 letters are 58 bits.
_LETTERS, _LENGTH = "23456789ABCDEFGHJKMNPQRSTVWXYZ", 12


@dataclass(frozen=True)
class Standing:
    """`codes_left`: recovery codes that were not used yet."""

    confirmed_at: datetime | None
    codes_left: int


@dataclass(frozen=True)
class Enrolment:
    """What the person's authenticator is shown, until a first code proves that it has it."""

    secret: str
    address: str

    def picture(self) -> bytes:
        """The QR code as SVG: dark squares on white, with nothing inline that a page's policy would stop."""
        written = BytesIO()
        segno.make(self.address, error="m", micro=False).save(
            written, kind="svg", scale=5, border=4, light="#ffffff", svgclass=None, lineclass=None, omitsize=False
        )
        return written.getvalue()


async def standing_of(session: AsyncSession, person_id: UUID) -> Standing:
    held = await stored.get_factor(session, person_id)
    if held is None or held.confirmed_at is None:
        return Standing(None, 0)
    return Standing(held.confirmed_at, await stored.count_codes(session, person_id))


async def begin(session: AsyncSession, subject: Subject) -> Enrolment:
    """The secret to bind; the same one until it is bound, so that a page that is loaded again shows no other."""
    held = await stored.lock_factor(session, subject.id)
    if held is not None and held.confirmed_at is not None:
        raise SecondFactorStateConflict(_("已经绑定动态验证码；换手机请先解除再重新绑定。"))
    if held is None:
        sealed = _key().seal(totp.new_secret(), owner=subject.id.bytes)
        held = SecondFactor(person_id=subject.id, sealed_secret=sealed, created_at=clock.now())
        repository.add(session, held)
        await session.flush()
    secret = _open(held)
    issuer = _("数据一次采集平台")
    return Enrolment(totp.as_text(secret), totp.address(secret, account=subject.name, issuer=issuer))


async def confirm(
    database: Database, subject: Subject, *, code: str, address: str, session_token: str | None
) -> list[str]:
    """Bind it; the recovery codes, which are shown now and never again. The person's other sessions end."""
    async with database.transaction() as session:
        await throttling.check(session, subject.name, address)
        held = await stored.lock_factor(session, subject.id)
        if held is None or held.confirmed_at is not None:
            raise SecondFactorStateConflict(_("没有等待绑定的动态验证码，请从头开始。"))
        step = totp.matching_step(_open(held), code, clock.now(), last_step=None)
        if step is not None:
            now = clock.now()
            held.confirmed_at, held.last_step = now, step
            codes = await _new_codes(session, subject.id)
            keep = secrets.digest(session_token) if session_token else None
            await repository.end_sessions(session, subject.id, now, but=keep)
            if keep is not None:
                await stored.note_second_factor(session, keep, now)
            await audit.record(session, subject.actor, AuditAction.SECOND_FACTOR_CONFIRM, "person", subject.name)
            return codes
    await _note_refusal(database, subject.name, address)
    raise _refused(_("验证码不对。请确认手机时间准确，并输入应用里当前显示的 6 位数字。"))


async def remove(database: Database, subject: Subject, *, password: str, code: str, address: str) -> None:
    """Take it off: with the password and a code, so that an open session alone cannot."""
    async with database.transaction() as session:
        await throttling.check(session, subject.name, address)
        person = await people.get_person(session, subject.name)
    if await secrets.verify_password(password, person.password_hash):
        async with database.transaction() as session:
            if await is_right(session, person, code):
                await _forget(session, person)
                await audit.record(session, subject.actor, AuditAction.SECOND_FACTOR_REMOVE, "person", subject.name)
                return
    await _note_refusal(database, subject.name, address)
    raise _refused(_("密码或验证码不对，没有解除。"))


async def renew_codes(database: Database, subject: Subject, *, code: str, address: str) -> list[str]:
    """Ten new recovery codes in place of the old ones, used or not."""
    async with database.transaction() as session:
        await throttling.check(session, subject.name, address)
        person = await people.get_person(session, subject.name)
        if await is_right(session, person, code):
            codes = await _new_codes(session, person.id)
            await audit.record(session, subject.actor, AuditAction.SECOND_FACTOR_RENEW_CODES, "person", subject.name)
            return codes
    await _note_refusal(database, subject.name, address)
    raise _refused(_("验证码不对，恢复码没有更换。"))


async def reset(session: AsyncSession, actor: Actor, username: str) -> None:
    """An administrator's help for who lost telephone and codes; the person's sessions end."""
    person = await people.get_person(session, username)
    await _forget(session, person)
    await people.end_access(session, person)
    await audit.record(session, actor, AuditAction.SECOND_FACTOR_RESET, "person", username)


async def is_asked_for(session: AsyncSession, person: Person) -> bool:
    held = await stored.get_factor(session, person.id)
    return held is not None and held.confirmed_at is not None


async def is_right(session: AsyncSession, person: Person, code: str) -> bool:
    """Whether this code opens, now and once: of the authenticator, or one for recovery."""
    held = await stored.lock_factor(session, person.id)
    if held is None or held.confirmed_at is None:
        return False
    step = totp.matching_step(_open(held), code, clock.now(), last_step=held.last_step)
    if step is not None:
        held.last_step = step
        return True
    return await stored.use_code(session, person.id, _kept(code), clock.now())


def _key() -> SealingKey:
    return SealingKey.load_or_create(settings().data_dir)


def _open(held: SecondFactor) -> bytes:
    return _key().open(held.sealed_secret, owner=held.person_id.bytes)


async def _new_codes(session: AsyncSession, person_id: UUID) -> list[str]:
    drawn = ["".join(random.choice(_LETTERS) for _each in range(_LENGTH)) for _code in range(RECOVERY_CODES)]
    await stored.replace_codes(session, person_id, [secrets.digest(code) for code in drawn])
    return ["-".join(code[start : start + 4] for start in range(0, _LENGTH, 4)) for code in drawn]


def _kept(typed: str) -> bytes:
    return secrets.digest(typed.upper().replace("-", "").replace(" ", ""))


async def _forget(session: AsyncSession, person: Person) -> None:
    await stored.replace_codes(session, person.id, ())
    await stored.delete_factor(session, person.id)


async def _note_refusal(database: Database, username: str, address: str) -> None:
    async with database.transaction() as session:
        await throttling.note_failure(session, AuditAction.SECOND_FACTOR_REFUSE, username, address)


def _refused(sentence: str) -> SecondFactorRefused:
    return SecondFactorRefused(sentence, errors=[ErrorItem("/code", "second_factor_refused", sentence)])
