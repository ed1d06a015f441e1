"""Whole results as a stream, outside the request's transaction (DESIGN.md §5)."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from functools import partial
from typing import Any, Literal

from anyio import CancelScope
from fastapi.responses import StreamingResponse

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import writers
from hub.exchange.media import MediaType
from hub.exchange.plan import Plan, current_versions
from hub.identity.subject import Subject
from hub.kit.db import Database
from hub.store import service as store
from hub.store.rows import TextForm

# The bytes of a whole result, made of its pages of text ("table": to be read back).
Write = Callable[[AsyncIterator[str]], AsyncGenerator[bytes, None]]
WORKBOOK: Literal["application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"] = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)


class ValueStream:
    """Reads in a snapshot of its own, page by page, and tells the audit log what went out, also when cut off.

    That the values were asked for was committed before the first byte; this second event adds how
    many rows and which bytes were handed over.
    """

    def __init__(
        self,
        database: Database,
        subject: Subject,
        plan: Plan,
        media_type: MediaType,
        *,
        workbook: Write | None = None,
        is_for_spreadsheets: bool = False,
    ) -> None:
        """`workbook`: the pages are put into one by this, instead of being written as the media type."""
        self._database = database
        self._subject = subject
        self._plan = plan
        self._told_as = WORKBOOK if workbook else media_type
        self._form: TextForm = "table" if workbook else writers.TEXT_FORMS[media_type]
        self._write = workbook or partial(writers.write, media_type, plan, is_for_spreadsheets=is_for_spreadsheets)
        self._digest = hashlib.sha256()
        self._rows = 0

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        is_complete = False
        pages = self._pages()
        written = self._write(pages)
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
        after, versions = None, current_versions(self._plan.elements)
        async with self._database.snapshot() as session:
            while True:
                page = await store.select_text(
                    session,
                    self._plan.scope,
                    self._plan.query,
                    self._form,
                    after=after,
                    limit=writers.ROWS_AT_ONCE,
                    versions=versions,
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
            "media_type": self._told_as,
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
