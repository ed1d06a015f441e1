"""How often a program may call, told in headers: RateLimit and RateLimit-Policy of the IETF's draft
(draft-ietf-httpapi-ratelimit-headers), and X-RateLimit-* for older readers.

The windows of each caller stand in the database, so that they hold over all serving processes and over
restarts. A process takes calls from there in blocks and hands them out: one short statement for up to 60
calls. What a killed process had taken and not handed out is lost to that caller until the window ends.
People are not counted: a township's browser never meets a limit on the day a form is due. What protects
the hub from too much at once is `hub/kit/places.py`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Protocol

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from prometheus_client import Counter
from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock
from hub.kit.db import Base, Database
from hub.kit.errors import TooManyRequests
from hub.kit.i18n import gettext as _
from hub.kit.jobs import RecurringJob
from hub.kit.transaction import database_of

REFUSALS = Counter("hub_limit_refusals_total", "Requests refused because a caller's limit was reached", ["policy"])

BLOCK_SHARE, LARGEST_BLOCK = 20, 60
KEPT_FOR = timedelta(days=2)

PolicyName = Literal["minute", "day"]

# What a program finds in every answer, for the OpenAPI document.
DESCRIBED_HEADERS: Mapping[str, str] = {
    "RateLimit-Policy": "of programs: each policy's calls (q) in so many seconds (w)",
    "RateLimit": "of programs: what is left (r) of each policy, and in how many seconds it begins anew (t)",
    "X-RateLimit-Limit": "the same for older readers, of the policy that will refuse first: its calls",
    "X-RateLimit-Remaining": "what is left of it",
    "X-RateLimit-Reset": "when it begins anew, in seconds since 1970",
}


class RequestWindow(Base):
    """How many calls of one window have been handed to serving processes."""

    __tablename__ = "request_windows"

    caller: Mapped[str] = mapped_column(primary_key=True)
    policy: Mapped[str] = mapped_column(primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(primary_key=True)
    taken: Mapped[int]
    refused_at: Mapped[datetime | None]


class LimitReached(TooManyRequests):
    """`is_first`: the first refusal of this window, which the audit log keeps; the others only count."""

    code = "too_many_requests"

    def __init__(self, detail: str, *, retry_after: int, is_first: bool) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.is_first = is_first


class QuotaExhausted(LimitReached):
    code = "quota_exhausted"


class Caller(Protocol):
    """Who calls, as far as limits must know."""

    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...


@dataclass(frozen=True)
class Policy:
    """So many calls in a window. Windows stand still: every process finds the same one without asking."""

    name: PolicyName
    amount: int
    seconds: int
    reads_only: bool = False

    LENGTHS: ClassVar[Mapping[PolicyName, int]] = {"minute": 60, "day": 24 * 3600}

    @classmethod
    def of(cls, name: PolicyName, amount: int, *, reads_only: bool = False) -> "Policy":
        return cls(name, amount, cls.LENGTHS[name], reads_only)

    @property
    def block(self) -> int:
        return max(1, min(self.amount // BLOCK_SHARE, LARGEST_BLOCK))

    def start(self, now: datetime) -> datetime:
        """Days begin at midnight in China."""
        local = now.astimezone(clock.CHINA)
        if self.name == "day":
            return local.replace(hour=0, minute=0, second=0, microsecond=0)
        return local.replace(second=0, microsecond=0)

    def seconds_left(self, now: datetime) -> int:
        return max(1, self.seconds - int((now - self.start(now)).total_seconds()))


@dataclass
class _Held:
    """What this process holds of one caller's window: calls to hand out, and what the database has left."""

    starts_at: datetime
    in_database: int
    in_hand: int = 0
    is_told: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def remaining(self) -> int:
        return self.in_hand + self.in_database


class Limits:
    """The limits of one serving process."""

    def __init__(self, *, per_minute: int, reads_per_day: int, sign_ins_per_minute: int) -> None:
        policies = (Policy.of("minute", per_minute), Policy.of("day", reads_per_day, reads_only=True))
        self._policies = tuple(policy for policy in policies if policy.amount)
        self._held: dict[tuple[str, PolicyName], _Held] = {}
        self._sign_ins = RateLimitItemPerMinute(sign_ins_per_minute) if sign_ins_per_minute else None
        self._by_address = MovingWindowRateLimiter(MemoryStorage())
        self._refused_addresses: dict[str, datetime] = {}

    async def admit(self, request: Request, *, is_read: bool) -> None:
        """Count a program's call and leave the headers of its answer; raise `LimitReached` when it may not go on."""
        caller: Caller | None = getattr(request.state, "subject", None)
        if caller is None or caller.kind != "client":
            return
        database, now = database_of(request), clock.now()
        counted = [policy for policy in self._policies if is_read or not policy.reads_only]
        refused: LimitReached | None = None
        for policy in counted:
            if refused is None and not await self._take(database, caller.key, policy, now):
                refused = await self._refusal(database, caller.key, policy, now)
        request.state.answer_headers = self._headers(caller.key, now)
        if refused is not None:
            raise refused

    async def _take(self, database: Database, caller: str, policy: Policy, now: datetime) -> bool:
        held = self._window(caller, policy, now)
        if not held.in_hand and held.in_database:
            async with held.lock:
                if not held.in_hand and held.in_database:
                    taken = await _take_block(database, caller, policy, held.starts_at)
                    held.in_hand += max(0, min(policy.block, policy.amount - taken + policy.block))
                    held.in_database = max(0, policy.amount - taken)
        if not held.in_hand:
            # Others that waited may have been handed all of the block; the database may have more.
            return bool(held.in_database) and await self._take(database, caller, policy, now)
        held.in_hand -= 1
        return True

    def _window(self, caller: str, policy: Policy, now: datetime) -> _Held:
        start = policy.start(now)
        held = self._held.get((caller, policy.name))
        if held is None or held.starts_at != start:
            held = self._held[caller, policy.name] = _Held(start, policy.amount)
        return held

    async def _refusal(self, database: Database, caller: str, policy: Policy, now: datetime) -> LimitReached:
        REFUSALS.labels(policy.name).inc()
        held = self._window(caller, policy, now)
        is_first = False
        if not held.is_told:
            held.is_told = True
            is_first = await _note_refusal(database, caller, policy, held.starts_at, now)
        seconds = policy.seconds_left(now)
        if policy.name == "day":
            detail = _("今天的读取次数已达上限（{amount} 次），请在 {seconds} 秒后再试，或联系数据局调整配额。")
            return QuotaExhausted(
                detail.format(amount=policy.amount, seconds=seconds), retry_after=seconds, is_first=is_first
            )
        detail = _("请求过于频繁（每分钟最多 {amount} 次），请在 {seconds} 秒后再试。")
        return LimitReached(
            detail.format(amount=policy.amount, seconds=seconds), retry_after=seconds, is_first=is_first
        )

    def _headers(self, caller: str, now: datetime) -> dict[str, str]:
        """Both policies, and for older readers the one that will refuse first."""
        if not self._policies:
            return {}
        states = [
            (policy, self._window(caller, policy, now).remaining, policy.seconds_left(now)) for policy in self._policies
        ]
        tightest, remaining, seconds = min(states, key=lambda state: state[1] / state[0].amount)
        return {
            "RateLimit-Policy": ", ".join(
                f'"{policy.name}";q={policy.amount};w={policy.seconds}' for policy, _r, _t in states
            ),
            "RateLimit": ", ".join(f'"{policy.name}";r={left};t={until}' for policy, left, until in states),
            "X-RateLimit-Limit": str(tightest.amount),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(int(now.timestamp()) + seconds),
        }

    async def admit_address(self, request: Request) -> None:
        """Bound the tries at the doors where nobody is known yet; what slows down guessing is `identity.throttle`.

        In this process's memory alone, since a try costs a database query and a password hash as it is.
        """
        address = request.client.host if request.client else ""
        if self._sign_ins is None or await self._by_address.hit(self._sign_ins, address):
            return
        REFUSALS.labels("sign_in").inc()
        now = clock.now()
        reset, _left = await self._by_address.get_window_stats(self._sign_ins, address)
        seconds = max(1, int(reset - now.timestamp()) + 1)
        last = self._refused_addresses.get(address)
        is_first = last is None or now - last > timedelta(minutes=1)
        if is_first:
            self._refused_addresses = {
                known: at for known, at in self._refused_addresses.items() if now - at <= timedelta(minutes=1)
            } | {address: now}
        raise LimitReached(
            _("这个地址的登录请求过于频繁，请在 {seconds} 秒后再试。").format(seconds=seconds),
            retry_after=seconds,
            is_first=is_first,
        )


async def _take_block(database: Database, caller: str, policy: Policy, starts_at: datetime) -> int:
    """Hand this process a block of calls; how many have been handed out in all. Past the amount it handed out none."""
    statement = (
        insert(RequestWindow)
        .values(caller=caller, policy=policy.name, starts_at=starts_at, taken=policy.block)
        .on_conflict_do_update(
            index_elements=["caller", "policy", "starts_at"], set_={"taken": RequestWindow.taken + policy.block}
        )
        .returning(RequestWindow.taken)
    )
    async with database.transaction() as session:
        return (await session.execute(statement)).scalar_one()


async def _note_refusal(database: Database, caller: str, policy: Policy, starts_at: datetime, now: datetime) -> bool:
    """True for the one process that is the first to refuse in this window."""
    statement = (
        update(RequestWindow)
        .where(
            RequestWindow.caller == caller,
            RequestWindow.policy == policy.name,
            RequestWindow.starts_at == starts_at,
            RequestWindow.refused_at.is_(None),
        )
        .values(refused_at=now)
        .returning(RequestWindow.caller)
    )
    async with database.transaction() as session:
        return (await session.execute(statement)).first() is not None


async def _forget_old_windows(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(delete(RequestWindow).where(RequestWindow.starts_at < clock.now() - KEPT_FOR))


def forgetting_old_windows() -> RecurringJob:
    return RecurringJob("limits.forget", 3600, _forget_old_windows)
