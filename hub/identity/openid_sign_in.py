"""Signing in by a provider's word: the account must be here already, and stays bound to the provider's own subject."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import ANONYMOUS, Actor
from hub.identity import factors_repository as stored
from hub.identity import people, repository, secrets, sign_in
from hub.identity.errors import OpenIdRefused
from hub.identity.factors_repository import SentAway
from hub.identity.models import OpenIdRequest, Person
from hub.identity.openid import Asked, Identity, Provider
from hub.identity.sign_in import STEP_LIVES, Browser, SecondStep, SignedIn
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.i18n import gettext as _


@dataclass(frozen=True)
class Departure:
    """Where the browser goes, and what its cookie keeps so that the answer is this browser's."""

    address: str
    state: str


@dataclass(frozen=True)
class Answer:
    """What the provider sent the browser back with. `kept`: the state in the browser's cookie."""

    state: str
    kept: str
    code: str
    error: str


async def begin(database: Database, provider: Provider, *, next_path: str, return_to: str) -> Departure:
    asked = Asked.draw()
    address = await provider.authorization_address(asked, return_to=return_to)
    now = clock.now()
    async with database.transaction() as session:
        await stored.forget_unfinished(session, now - STEP_LIVES)
        request = OpenIdRequest(
            state_sha256=secrets.digest(asked.state),
            nonce=asked.nonce,
            verifier=asked.verifier,
            next=next_path,
            created_at=now,
        )
        repository.add(session, request)
    return Departure(address, asked.state)


async def finish(
    database: Database, provider: Provider, answer: Answer, *, return_to: str, browser: Browser
) -> tuple[SignedIn | SecondStep, str]:
    """A session, or the question for the second factor; and where the person wanted to go.

    Every refusal is written down with its reason. No account is ever made here: who may do what is decided by the
    county, not by whoever has an account at the provider.
    """
    username = ""
    try:
        request = await _taken(database, answer)
        if answer.error or not answer.code:
            raise _refused(_("统一身份认证没有同意登录，请重试。"), "provider_refused")
        identity = await provider.identify(
            answer.code, nonce=request.nonce, verifier=request.verifier, return_to=return_to
        )
        username = identity.username
        person = await _bound_person(database, identity)
    except OpenIdRefused as refusal:
        await _note(database, username, browser.address, refusal.reason)
        raise
    return await sign_in.enter(database, person, method="openid", browser=browser), request.next


async def _taken(database: Database, answer: Answer) -> SentAway:
    """The request this is the answer to: of this browser, and answered for the first time."""
    async with database.transaction() as session:
        state = secrets.digest(answer.state)
        is_ours = bool(answer.state) and secrets.same(state, secrets.digest(answer.kept))
        request = await stored.take_openid_request(session, state, clock.now() - STEP_LIVES) if is_ours else None
    if request is None:
        raise _refused(_("这次登录已经用过、过期，或不是从这个浏览器开始的，请重新登录。"), "state_unknown")
    return request


async def _bound_person(database: Database, identity: Identity) -> Person:
    """Found by name; from its first sign-in on bound to the subject, because names are given again and subjects not."""
    async with database.transaction() as session:
        person = await repository.get_person(session, identity.username.strip().lower())
        if person is None:
            raise _refused(_("统一身份认证的账号在本平台没有对应的人员，请联系系统管理员添加。"), "person_unknown")
        if person.disabled_at is not None:
            raise _refused(_("这个账号已停用，请联系系统管理员。"), "person_disabled")
        if person.openid_subject is None and await stored.is_subject_free(session, identity.subject):
            person.openid_subject = identity.subject
        if person.openid_subject != identity.subject:
            raise _refused(_("这个用户名已绑定另一个统一身份认证账号，请联系系统管理员解除绑定。"), "subject_differs")
    return person


async def unbind(session: AsyncSession, actor: Actor, username: str) -> None:
    """The next sign-in through the provider binds anew."""
    person = await people.get_person(session, username)
    person.openid_subject = None
    await audit.record(session, actor, AuditAction.OPENID_UNBIND, "person", username)


async def _note(database: Database, username: str, address: str, reason: str) -> None:
    """Not counted by the throttle: anybody's link can make somebody's browser bring a wrong answer."""
    account = secrets.digest(username.casefold()).hex()[:16] if username else "unknown"
    async with database.transaction() as session:
        await audit.record(
            session,
            ANONYMOUS,
            AuditAction.OPENID_REFUSE,
            "account",
            account,
            outcome="refused",
            details={"address": address, "reason": reason},
        )


def _refused(sentence: str, reason: str) -> OpenIdRefused:
    return OpenIdRefused(sentence, reason=reason)
