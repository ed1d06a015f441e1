"""`Idempotency-Key`: the same write, sent again, answers what it answered before.

The answer is kept in the write's own transaction, so a key exists exactly when the write does, for
90 days (a month's retries and more). Only answers that succeeded are kept: a refusal may be mended
and sent again under the same key.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from sqlalchemy import LargeBinary, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from hub.kit import clock, json
from hub.kit.db import Base, Database
from hub.kit.errors import Conflict
from hub.kit.i18n import gettext as _
from hub.kit.jobs import RecurringJob

KEPT_FOR = timedelta(days=90)

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        min_length=1,
        max_length=200,
        description="the same key with the same body gives the same answer",
    ),
]


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"

    caller: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    headers: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)


class IdempotencyKeyReused(Conflict):
    code = "idempotency_key_reused"


@dataclass(frozen=True)
class Idempotency:
    """What the caller sent along; `once` runs the write at most once for it."""

    key: str | None
    route: str
    request_sha256: bytes

    async def once(
        self,
        session: AsyncSession,
        caller: str,
        write: Callable[[], Awaitable[Any]],
        *,
        status: int = 201,
        headers: Callable[[Any], dict[str, str]] = lambda _answer: {},
    ) -> Response:
        """Run `write`, keep its answer beside what it wrote, and answer it; or answer what was kept.

        Two requests with one key meet at a transaction-long advisory lock, so one executes and the
        other gets its answer.
        """
        if self.key is None:
            answer = await write()
            return json.JSONResponse(answer, status_code=status, headers=headers(answer))
        await session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"{caller}\n{self.route}\n{self.key}", 0)))
        )
        kept = await session.get(IdempotencyKey, (caller, self.route, self.key))
        if kept is None:
            answer = await write()
            kept = self._keep(session, caller, answer, status, headers(answer))
        elif kept.request_sha256 != self.request_sha256:
            raise IdempotencyKeyReused(_("这个 Idempotency-Key 已用于另一个内容不同的请求，请换一个新的。"))
        # In the one spelling: the database gives the keys of an object back in another order than they were written.
        content = json.canonical(kept.answer)
        return Response(content, status_code=kept.status, headers=kept.headers, media_type="application/json")

    def _keep(
        self, session: AsyncSession, caller: str, answer: Any, status: int, headers: dict[str, str]
    ) -> IdempotencyKey:
        kept = IdempotencyKey(
            caller=caller,
            route=self.route,
            key=self.key,
            request_sha256=self.request_sha256,
            status=status,
            answer=json.loads(json.dumps(answer)),
            headers=headers,
            created_at=clock.now(),
        )
        session.add(kept)
        return kept


async def idempotency(request: Request, idempotency_key: IdempotencyKeyHeader = None) -> Idempotency:
    digest = hashlib.sha256(await request.body()).digest()
    return Idempotency(idempotency_key, f"{request.method} {request.url.path}", digest)


IdempotentWrite = Annotated[Idempotency, Depends(idempotency)]


async def _forget_old_keys(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < clock.now() - KEPT_FOR))


def forgetting_old_keys() -> RecurringJob:
    """Keys are kept as long as promised, and no longer."""
    return RecurringJob("idempotency.forget", 3600, _forget_old_keys)
