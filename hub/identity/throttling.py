"""What slows down guessing, kept in the database so that it holds over all processes; the waits are in `throttle`."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import ANONYMOUS
from hub.identity import repository, secrets
from hub.identity.errors import SignInThrottled
from hub.identity.models import SignInFailure
from hub.identity.throttle import WINDOW, Failures, wait_until
from hub.kit import clock
from hub.kit.i18n import gettext as _


async def check(session: AsyncSession, account: str, address: str) -> None:
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


async def note_failure(
    session: AsyncSession,
    action: AuditAction,
    account: str,
    address: str,
    *,
    details: Mapping[str, str] | None = None,
) -> None:
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
        details={"address": address, **(details or {})},
    )


async def forget(session: AsyncSession, account: str) -> None:
    """The right one came: what was mistyped before it counts no more."""
    await repository.forget_failures(session, _account(account))


def _account(name: str) -> bytes:
    return secrets.digest(name.strip().casefold())
