"""The browsers in which a person is signed in, as they see them, and the end of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.identity import people, repository, secrets
from hub.identity.models import Session
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.settings import settings

_BROWSERS: Mapping[str, str] = MappingProxyType(
    {"Edg/": "Edge", "Firefox/": "Firefox", "QQBrowser/": "QQ", "Chrome/": "Chrome", "Safari/": "Safari"}
)
_SYSTEMS: Mapping[str, str] = MappingProxyType(
    {"Android": "Android", "iPhone": "iPhone", "Windows": "Windows", "Mac OS X": "macOS", "Linux": "Linux"}
)


@dataclass(frozen=True)
class OpenSession:
    """`number` is the hash that is kept of its token: it names the session and opens nothing."""

    number: str
    browser: str
    address: str
    opened_at: datetime
    last_seen_at: datetime
    has_second_factor: bool
    is_this: bool


async def list_own(session: AsyncSession, subject: Subject, token: str | None) -> Sequence[OpenSession]:
    held = await _open_of(session, subject.id)
    this = secrets.digest(token) if token else None
    return [
        OpenSession(
            one.token_sha256.hex(),
            browser_words(one.user_agent),
            one.address,
            one.created_at,
            one.last_seen_at,
            one.second_factor_at is not None,
            one.token_sha256 == this,
        )
        for one in held
    ]


async def _open_of(session: AsyncSession, person_id: UUID) -> Sequence[Session]:
    """Newest first; those that have grown too old in silence are left out."""
    now, chosen = clock.now(), settings()
    return await repository.list_sessions(
        session,
        person_id,
        seen_since=now - timedelta(minutes=chosen.session_idle_minutes),
        opened_since=now - timedelta(hours=chosen.session_hours),
    )


async def count_open(session: AsyncSession, person_id: UUID) -> int:
    return len(await _open_of(session, person_id))


async def end_own(session: AsyncSession, subject: Subject, number: str | None, *, keep: str | None) -> int:
    """End one other session, or without a number all others; how many were ended."""
    if number is not None and not re.fullmatch(r"[0-9a-f]{64}", number):
        return 0
    only = None if number is None else bytes.fromhex(number)
    kept = secrets.digest(keep) if keep else None
    count = await repository.end_sessions(session, subject.id, clock.now(), but=kept, only=only)
    if count:
        details = {"sessions": count}
        await audit.record(session, subject.actor, AuditAction.SESSIONS_END, "person", subject.name, details=details)
    return count


async def end_all(session: AsyncSession, actor: Actor, username: str) -> None:
    """An administrator's word: every session and token of the person ends at once."""
    person = await people.get_person(session, username)
    await people.end_access(session, person)
    await audit.record(session, actor, AuditAction.SESSIONS_END, "person", username)


def browser_words(user_agent: str) -> str:
    """Which browser on which system, as far as it says; enough to know one's own."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), None)
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), None)
    known = [part for part in (browser, system) if part]
    return " · ".join(known) if known else _("未知浏览器")
