"""The counter: values and changes for those who were granted them, and what they say they delivered."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.exchange import cursors, repository
from hub.exchange.cursors import Standing
from hub.exchange.endings import ending_headers
from hub.exchange.errors import ReceiptInvalid
from hub.exchange.media import MediaType
from hub.exchange.models import DeliveryReceipt
from hub.exchange.plan import Plan, make_plan
from hub.exchange.questions import ValueQuestion
from hub.exchange.schemas import ReceiptCreate
from hub.exchange.writers import change_item, value_item
from hub.grants import service as grants
from hub.grants.errors import not_granted, nothing_granted
from hub.grants.service import ReadEntry
from hub.identity.subject import Subject
from hub.kit import clock, json
from hub.kit.db import Database
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _
from hub.kit.paging import encode_position
from hub.settings import settings
from hub.store import service as store
from hub.store.rows import ChangeRow, ChangeSlice, Position, ValuePage
from hub.store.scope import Outside, ReadScope, ScopeBox

VALUES_ROUTE = "/data-values"
CHANGES_ROUTE = "/changes"


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
    page: ValuePage = field(default_factory=lambda: ValuePage((), None))
    rows: int = 0


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
        standing = await _standing(snapshot, subject, plan.scope, plan)
        seen = _Seen(plan, standing, await ending_headers(snapshot, plan.elements))
        etag = _etag(plan, standing, media_type, after, limit)
        is_unchanged = _matches(known_etags, etag)
        if media_type == "application/json" and not is_unchanged:
            page = await store.select_values(snapshot, plan.scope, plan.query, after=after, limit=limit)
            seen = _Seen(plan, standing, seen.endings, page, len(page.rows))
        elif not is_unchanged:
            rows = await store.count_values(snapshot, plan.scope, plan.query)
            seen = _Seen(plan, standing, seen.endings, rows=rows)
    body = _page_body(seen.page) if media_type == "application/json" and not is_unchanged else None
    cursor = cursors.stable_id(standing)
    await cursors.keep(session, cursor, standing)
    await _log_values(session, subject, seen, media_type, body, is_unchanged=is_unchanged)
    headers = {**_headers(plan.boxes, str(cursor)), **seen.endings, "ETag": etag}
    return Reading(plan, headers, body, is_unchanged)


async def _standing(session: AsyncSession, subject: Subject, scope: ReadScope, plan: Plan | None = None) -> Standing:
    return Standing(
        organization=subject.organization.code,
        generation=await store.get_generation(session),
        fingerprint=scope.fingerprint,
        clocks=await store.read_clocks(session, scope, at=plan.query.as_of if plan else None),
    )


def _etag(plan: Plan, standing: Standing, media_type: MediaType, after: Position | None, limit: int) -> str:
    """From question, grants and clocks, never from the body: a stream's would come too late (DESIGN.md §5)."""
    told = json.dumps(
        {
            "query": plan.query,
            "elements": {identifier: fact.current for identifier, fact in plan.elements.items()},
            "standing": standing,
            "form": [media_type, after, limit] if media_type == "application/json" else [media_type],
        }
    )
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _matches(known: str | None, etag: str) -> bool:
    """`If-None-Match` (RFC 9110 §13.1.2): weak comparison."""
    return known is not None and any(tag.strip().removeprefix("W/") in {etag, "*"} for tag in known.split(","))


def _page_body(page: ValuePage) -> bytes:
    following = encode_position(list(page.next)) if page.next else None
    return json.dumps({"items": [value_item(row) for row in page.rows], "next": following}).encode()


def _headers(boxes: Iterable[ScopeBox], cursor: str) -> dict[str, str]:
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


async def read_changes(
    database: Database, session: AsyncSession, subject: Subject, *, after: str | None, limit: int
) -> tuple[bytes, dict[str, str]]:
    """What changed inside the grants since the cursor; without one: all there is, from the beginning.

    `next` always moves on. Raises `CursorExpired` when the cursor is no longer good.
    """
    async with database.snapshot() as snapshot:
        scope = await grants.read_scope(snapshot, subject)
        if not scope.boxes:
            raise nothing_granted(scope)
        standing = await _standing(snapshot, subject, scope)
        clocks = await cursors.find_clocks(snapshot, after, standing) if after is not None else {}
        found = await store.select_changes(snapshot, scope, clocks, limit)
    if found.withheld:
        raise not_granted([Outside("element_version_not_granted", name) for name in sorted(found.withheld)])
    cursor = cursors.fresh_id()
    reached = Standing(standing.organization, standing.generation, standing.fingerprint, found.clocks)
    await cursors.keep(session, cursor, reached)
    body = json.dumps({"items": [change_item(change) for change in found.rows], "next": str(cursor)}).encode()
    await _log_changes(session, subject, scope, found, body)
    return body, _headers(scope.boxes, str(cursor))


async def _log_changes(
    session: AsyncSession, subject: Subject, scope: ReadScope, found: ChangeSlice, body: bytes
) -> None:
    await grants.log_read(session, subject, _change_entries(found.rows))
    numbers = sorted({box.grant for box in scope.boxes if box.grant is not None})
    await audit.record(
        session,
        subject.actor,
        AuditAction.CHANGES_READ,
        "organization",
        subject.organization.code,
        purpose="；".join(sorted({box.purpose for box in scope.boxes if box.purpose})) or None,
        details={"grants": numbers, "rows": len(found.rows), "sha256": hashlib.sha256(body).hexdigest()},
    )


def _change_entries(changes: Sequence[ChangeRow]) -> list[ReadEntry]:
    """One entry for each grant and object class that something was read under, with what was read."""
    groups: dict[tuple[str | None, str], list[ChangeRow]] = {}
    boxes: dict[str | None, ScopeBox] = {}
    for change in changes:
        for box in change.boxes:
            if any(box.covers_element(identifier) for identifier in change.row.values):
                boxes[box.grant] = box
                groups.setdefault((box.grant, change.object_class), []).append(change)
    return [
        ReadEntry(
            route=CHANGES_ROUTE,
            object_class=object_class,
            box=boxes[grant],
            elements={i for change in read for i in change.row.values if boxes[grant].covers_element(i)},
            divisions={change.row.division for change in read},
            periods=sorted({change.row.period for change in read}),
            rows=len(read),
        )
        for (grant, object_class), read in groups.items()
    ]


async def record_receipt(session: AsyncSession, subject: Subject, receipt: ReceiptCreate) -> DeliveryReceipt:
    """Keep what a department says it delivered under a grant of its own (Order 809, art. 26)."""
    held = await grants.find_own_grant(session, subject, receipt.grant)
    if held is None:
        message = _("本单位没有编号为 {number} 的授权，或它不在本令牌的用途内。").format(number=receipt.grant[:40])
        raise ReceiptInvalid(message, errors=[ErrorItem("/grant", "grant_unknown", message)])
    row = DeliveryReceipt(
        area=settings().county,
        organization=subject.organization.code,
        client=subject.name,
        grant=held.number,
        period=receipt.period,
        rows=receipt.rows,
        sha256=receipt.sha256,
        file=receipt.file,
        recorded_at=clock.now(),
    )
    repository.add(session, row)
    await session.flush()
    await audit.record(
        session,
        subject.actor,
        AuditAction.RECEIPT_RECORD,
        "delivery_receipt",
        str(row.id),
        purpose=held.scenario,
        details={"grant": held.number, "period": receipt.period, "rows": receipt.rows, "sha256": receipt.sha256},
    )
    return row


async def list_last_deliveries(session: AsyncSession, numbers: Sequence[str]) -> dict[tuple[str, str], datetime]:
    """When each program last told of a delivery, by (grant, program)."""
    return await repository.list_last_deliveries(session, numbers)
