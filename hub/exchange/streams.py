"""Whole results as a stream, outside the request's transaction (DESIGN.md §5)."""

import hashlib
from collections.abc import AsyncGenerator
from typing import Any

from anyio import CancelScope
from fastapi.responses import StreamingResponse

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import writers
from hub.exchange.media import MediaType
from hub.exchange.plan import Plan
from hub.identity.subject import Subject
from hub.kit.db import Database
from hub.store import service as store


class ValueStream:
    """Reads in a snapshot of its own, page by page, and tells the audit log what went out, also when cut off.

    That the values were asked for was committed before the first byte; this second event adds how
    many rows and which bytes were handed over.
    """

    def __init__(self, database: Database, subject: Subject, plan: Plan, media_type: MediaType) -> None:
        self._database = database
        self._subject = subject
        self._plan = plan
        self._media_type = media_type
        self._digest = hashlib.sha256()
        self._rows = 0

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        is_complete = False
        pages = self._pages()
        written = writers.write(self._media_type, self._plan, pages)
        try:
            async for chunk in written:
                self._digest.update(chunk)
                yield chunk
            is_complete = True
        finally:
            # A reader who hangs up cancels this task; what was handed over is told all the same.
            with CancelScope(shield=True):
                await written.aclose()
                await pages.aclose()
                await self._tell(is_complete=is_complete)

    async def _pages(self) -> AsyncGenerator[str, None]:
        after, form = None, writers.TEXT_FORMS[self._media_type]
        async with self._database.snapshot() as session:
            while True:
                page = await store.select_text(
                    session, self._plan.scope, self._plan.query, form, after=after, limit=writers.ROWS_AT_ONCE
                )
                self._rows += page.rows
                if page.rows:
                    yield page.text
                if page.next is None:
                    return
                after = page.next

    async def _tell(self, *, is_complete: bool) -> None:
        details: dict[str, Any] = {
            "grants": self._plan.grants,
            "media_type": self._media_type,
            "rows": self._rows,
            "sha256": self._digest.hexdigest(),
            "complete": is_complete,
        }
        async with self._database.transaction() as session:
            await audit.record(
                session,
                self._subject.actor,
                AuditAction.DATA_VALUES_DELIVER,
                "object_class",
                self._plan.query.object_class,
                purpose=self._plan.purpose,
                details=details,
            )


class ClosingResponse(StreamingResponse):
    """Closes its generator whatever happens: a hung-up connection must not keep a snapshot open."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], *, media_type: str, headers: dict[str, str]) -> None:
        super().__init__(chunks, media_type=media_type, headers=headers)
        self._chunks = chunks

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await self._chunks.aclose()
