"""Searching and exporting the audit log. That somebody looked is itself an event."""

import csv
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import repository, service
from hub.audit.actions import AuditAction
from hub.audit.models import AuditEventRow
from hub.audit.repository import EventsAsked
from hub.identity.subject import Subject
from hub.kit import clock, json
from hub.kit.db import Database
from hub.kit.spreadsheets import BYTE_ORDER_MARK, csv_text
from hub.oversight.audit_words import OBJECT_TYPES

EXPORTED_AT_ONCE = 2000
HEAD = (
    "position",
    "at",
    "actor_kind",
    "actor_name",
    "organization",
    "action",
    "object_type",
    "object_id",
    "purpose",
    "outcome",
    "details",
    "request_id",
    "id",
)

Position = tuple[datetime, UUID]


@dataclass(frozen=True)
class Search:
    """What is asked for, in the words of a page or an address; days are days in China, both meant."""

    since: date | None = None
    until: date | None = None
    actor: str = ""
    action: str = ""
    object_type: str = ""
    object_id: str = ""
    outcome: str = ""

    def to_asked(self) -> EventsAsked:
        types = (self.object_type,) if self.object_type else (OBJECT_TYPES if self.object_id else ())
        return EventsAsked(
            since=datetime.combine(self.since, time.min, clock.CHINA) if self.since else None,
            until=clock.end_of_day(self.until) if self.until else None,
            actor=self.actor,
            action=self.action,
            object_types=types,
            object_id=self.object_id,
            outcome=self.outcome,
        )

    def to_details(self) -> dict[str, Any]:
        """Ids and names of actions, as they may stand in the log itself."""
        asked = {
            "since": str(self.since or ""),
            "until": str(self.until or ""),
            "actor": self.actor,
            "action": self.action,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "outcome": self.outcome,
        }
        return {name: value for name, value in asked.items() if value}


async def search(
    session: AsyncSession, subject: Subject, asked: Search, *, after: Position | None, limit: int
) -> Sequence[AuditEventRow]:
    found = await repository.list_events(session, asked.to_asked(), after=after, limit=limit)
    await _tell(session, subject, AuditAction.AUDIT_EVENTS_READ, asked)
    return found


async def begin_export(session: AsyncSession, subject: Subject, asked: Search) -> Search:
    """Written down before the first byte. What happens from now on is not in the file."""
    await _tell(session, subject, AuditAction.AUDIT_EVENTS_EXPORT, asked)
    return asked if asked.until is not None else replace(asked, until=clock.today())


async def export(database: Database, asked: Search) -> AsyncGenerator[bytes, None]:
    """CSV for spreadsheet programs, piece by piece; each piece is read in a short transaction of its own, so that a
    slow line holds none. Events are never changed, so the pieces fit together.
    """
    yield (BYTE_ORDER_MARK + _line(HEAD)).encode()
    after: Position | None = None
    while True:
        async with database.transaction() as session:
            events = await repository.list_events(session, asked.to_asked(), after=after, limit=EXPORTED_AT_ONCE)
        if not events:
            return
        yield "".join(_line(_cells(event)) for event in events).encode()
        after = (events[-1].at, events[-1].id)


def _cells(event: AuditEventRow) -> list[str]:
    told: Mapping[str, str] = {
        "at": event.at.astimezone(clock.CHINA).isoformat(timespec="milliseconds"),
        "details": json.canonical(event.details),
    }
    found = (told.get(name, getattr(event, name)) for name in HEAD)
    return [csv_text("" if value is None else str(value)) for value in found]


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue()


async def _tell(session: AsyncSession, subject: Subject, action: AuditAction, asked: Search) -> None:
    await service.record(session, subject.actor, action, "audit_events", "search", details=asked.to_details())
