"""`GET /data-values`: values for those who were granted them."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import cursors
from hub.exchange.cursors import Standing
from hub.exchange.endings import ending_headers
from hub.exchange.media import MediaType
from hub.exchange.plan import Plan, current_versions, make_plan
from hub.exchange.questions import ValueQuestion
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.kit import json
from hub.kit.db import Database
from hub.kit.paging import encode_position
from hub.store import service as store
from hub.store.rows import Position, TextPage
from hub.store.scope import ScopeBox

VALUES_ROUTE = "/data-values"


@dataclass(frozen=True)
class Reading:
    """An answer that is logged and may be sent. Without a body: nothing changed since the caller's `ETag`."""

    plan: Plan
    headers: Mapping[str, str]
    body: bytes | None = None
    is_unchanged: bool = False


@dataclass(frozen=True)
class _Seen:
    """What one snapshot showed."""

    plan: Plan
    standing: Standing
    endings: Mapping[str, str]
    page: TextPage | None = None
    rows: int = 0
    provisional: int = 0


async def read_values(
    database: Database,
    session: AsyncSession,
    subject: Subject,
    question: ValueQuestion,
    *,
    media_type: MediaType,
    known_etags: str | None,
    after: Position | None,
    limit: int,
) -> Reading:
    """Answer a question about values, or prepare the stream that will.

    Scope, clocks and rows are read in one snapshot. Cursor, audit event and read log are written in the
    request's transaction, which commits before the first byte goes out: no log, no values.
    """
    async with database.snapshot() as snapshot:
        plan = await make_plan(snapshot, subject, question)
        standing = await _standing(snapshot, subject, plan)
        seen = _Seen(plan, standing, await ending_headers(snapshot, plan.elements))
        etag = _etag(plan, standing, media_type, after, limit)
        is_unchanged = _matches(known_etags, etag)
        if media_type == "application/json" and not is_unchanged:
            versions = current_versions(plan.elements)
            page = await store.select_text(
                snapshot, plan.scope, plan.query, "json", after=after, limit=limit, versions=versions
            )
            seen = _Seen(plan, standing, seen.endings, page, page.rows, page.provisional)
        elif not is_unchanged:
            rows, left_out = await store.count_with_left_out(snapshot, plan.scope, plan.query)
            seen = _Seen(plan, standing, seen.endings, rows=rows, provisional=left_out)
    body = _page_body(seen.page) if seen.page else None
    cursor = cursors.stable_id(standing)
    await cursors.keep(session, cursor, standing)
    await _log_values(session, subject, seen, media_type, body, is_unchanged=is_unchanged)
    headers = {**answer_headers(plan.boxes, str(cursor)), **seen.endings, "ETag": etag}
    if not question.provisional and not is_unchanged:
        headers["Hub-Provisional"] = str(seen.provisional)
    return Reading(plan, headers, body, is_unchanged)


async def _standing(session: AsyncSession, subject: Subject, plan: Plan) -> Standing:
    generation, clocks = await store.read_standing(session, plan.scope, at=plan.query.as_of)
    return Standing(subject.organization.code, generation, plan.scope.fingerprint, clocks)


def _etag(plan: Plan, standing: Standing, media_type: MediaType, after: Position | None, limit: int) -> str:
    """From question, grants and clocks, never from the body: a stream's would come too late (DESIGN.md §5)."""
    query = plan.query
    told = repr(
        (
            query.object_class,
            [str(period) for period in query.periods],
            query.elements,
            query.place.code if query.place else None,
            query.as_of,
            query.provisional,
            sorted((identifier, fact.current) for identifier, fact in plan.elements.items()),
            (standing.organization, standing.generation, standing.fingerprint, sorted(standing.clocks.items())),
            (media_type, after, limit) if media_type == "application/json" else (media_type,),
        )
    )
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _matches(known: str | None, etag: str) -> bool:
    """`If-None-Match` (RFC 9110 §13.1.2): weak comparison."""
    return known is not None and any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in known.split(","))


def _page_body(page: TextPage) -> bytes:
    following = encode_position(list(page.next)) if page.next else None
    return f'{{"items":[{page.text}],"next":{json.dumps(following)}}}'.encode()


def answer_headers(boxes: Iterable[ScopeBox], cursor: str) -> dict[str, str]:
    numbers = sorted({box.grant for box in boxes if box.grant is not None})
    headers = {"Cache-Control": "private, no-cache", "Vary": "Accept, Authorization", "Hub-Cursor": cursor}
    return headers | {"Hub-Grant": ", ".join(numbers)} if numbers else headers


async def _log_values(
    session: AsyncSession,
    subject: Subject,
    seen: _Seen,
    media_type: MediaType,
    body: bytes | None,
    *,
    is_unchanged: bool,
) -> None:
    plan, query = seen.plan, seen.plan.query
    if not is_unchanged:  # a 304 hands over no value, so no township is told of a reader
        entries = grants.read_entries(VALUES_ROUTE, query.object_class, plan.request, plan.boxes, seen.rows)
        await grants.log_read(session, subject, entries)
    details: dict[str, Any] = {
        "grants": plan.grants,
        "elements": list(plan.request.elements),
        "periods": [str(period) for period in query.periods],
        "division": query.place.code if query.place else None,
        "as_of": json.format_instant(query.as_of) if query.as_of else None,
        "media_type": media_type,
        "rows": seen.rows,
        "unchanged": is_unchanged,
        "sha256": hashlib.sha256(body).hexdigest() if body is not None else None,
    }
    await audit.record(
        session,
        subject.actor,
        AuditAction.DATA_VALUES_READ,
        "object_class",
        query.object_class,
        purpose=plan.purpose,
        details=details,
    )
