from collections.abc import Collection as Codes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.confirmations import ConfirmedWarning
from hub.capture.models import Collection, Draft, Submission
from hub.kit import json
from hub.kit.json import Written
from hub.kit.statements import Statement
from hub.store.models import Record


async def list_collections_of(
    session: AsyncSession, form: str, period: str, townships: Codes[str]
) -> Sequence[Collection]:
    statement = select(Collection).where(
        Collection.form == form, Collection.period == period, Collection.township.in_(sorted(townships))
    )
    return (await session.scalars(statement)).all()


async def list_periods_opened(session: AsyncSession, form: str, area_beginning: str) -> Sequence[str]:
    """Newest first."""
    statement = (
        select(Collection.period)
        .where(Collection.form == form, Collection.area.startswith(area_beginning, autoescape=True))
        .distinct()
        .order_by(Collection.period.desc())
    )
    return (await session.scalars(statement)).all()


@dataclass(frozen=True)
class Task:
    """What filing has to know of a task, as it stood when it was locked."""

    id: UUID
    township: str
    form_version: int
    submission: str | None
    stage: str | None
    wants_review: bool


_LOCK = Statement(
    "SELECT id, township, form_version, submission, stage, wants_review FROM collections"
    " WHERE area = %(area)s AND form = %(form)s AND period = %(period)s AND township = ANY(%(townships)s)"
    " ORDER BY township FOR UPDATE"
)


async def lock_tasks(session: AsyncSession, area: str, form: str, period: str, townships: Codes[str]) -> list[Task]:
    """By township: whoever locks several takes them in this order."""
    asked = {"area": area, "form": form, "period": period, "townships": list(townships)}
    return [Task(*row) for row in await _LOCK.rows(session, asked)]


async def list_drafted_elsewhere(session: AsyncSession, area: str, tasks: Sequence[Task], door: str) -> Sequence[str]:
    """The townships among these that have a draft of their own, not one that came through this door."""
    statement = select(Draft.township).where(
        Draft.area == area,
        Draft.collection_id.in_([task.id for task in tasks]),
        Draft.door != door,
    )
    return (await session.scalars(statement)).all()


_DELETE_DRAFTS = Statement(
    "DELETE FROM drafts WHERE area = %(area)s AND collection_id = ANY(%(ids)s) AND door = %(door)s"
)


async def delete_drafts(session: AsyncSession, area: str, tasks: Sequence[Task], door: str) -> None:
    """The drafts that came through this door; a township's own stay."""
    ids = [task.id for task in tasks]
    await _DELETE_DRAFTS.run(session, {"area": area, "ids": ids, "door": door})


async def list_rows_held(
    session: AsyncSession, area: str, object_class: str, period: str, divisions: Codes[str]
) -> Sequence[Record]:
    statement = select(Record).where(
        Record.area == area,
        Record.object_class == object_class,
        Record.period == period,
        Record.division.in_(sorted(divisions)),
        Record.entity == "",
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


@dataclass(frozen=True)
class NewSubmission:
    """A submission's row but for its content and warnings, which are spelled already."""

    area: str
    number: str
    collection_id: UUID
    township: str
    form: str
    form_version: int
    period: str
    submitted_at: datetime
    submitted_by: str
    door: str
    reason: str | None
    supersedes: str | None
    checksum: str
    changed_rows: int
    signed_by: str | None = None


async def add_submissions(session: AsyncSession, submissions: Sequence[tuple[NewSubmission, Written, Written]]) -> None:
    """All of them down one pipeline."""
    rows = [vars(one) | {"content": content, "warnings": warnings} for one, content, warnings in submissions]
    connection = await session.connection()
    await connection.execute(insert(Submission), rows)


# The documents that `store.bulk` staged are parsed already, and compressed as they will be kept.
_ADD_STAGED = Statement(
    "INSERT INTO submissions (area, number, collection_id, township, form, form_version, period, submitted_at,"
    " submitted_by, signed_by, door, reason, supersedes, checksum, changed_rows, warnings, content)"
    " SELECT p.area, p.number, p.collection_id, p.township, p.form, p.form_version, p.period, p.submitted_at,"
    " p.submitted_by, p.signed_by, p.door, p.reason, p.supersedes, p.checksum, p.changed_rows, p.warnings, d.content"
    " FROM jsonb_array_elements(CAST(%(submissions)s AS jsonb)) AS e (one)"
    " CROSS JOIN LATERAL jsonb_populate_record(NULL::submissions, e.one) AS p"
    " JOIN staged_documents d ON d.writer = CAST(e.one ->> 'writer' AS integer)"
)


async def add_staged_submissions(
    session: AsyncSession, submissions: Mapping[int, tuple[NewSubmission, Sequence[ConfirmedWarning]]]
) -> None:
    """Submissions, by writer, with their warnings, of townships whose staged rows are their whole content."""
    rows = [vars(one) | {"writer": writer, "warnings": warnings} for writer, (one, warnings) in submissions.items()]
    await _ADD_STAGED.run(session, {"submissions": json.dumps(rows)})


_CLOSE = Statement(
    "UPDATE collections c SET submission = n.submission, approved = n.approved,"
    " first_submitted_at = coalesce(c.first_submitted_at, %(submitted_at)s)"
    " FROM unnest(CAST(%(ids)s AS uuid[]), CAST(%(submissions)s AS text[]), CAST(%(approved)s AS text[]))"
    " AS n (id, submission, approved) WHERE c.area = %(area)s AND c.id = n.id"
)


async def close_tasks(
    session: AsyncSession, area: str, submitted_at: datetime, numbers: Sequence[tuple[Task, str]]
) -> None:
    """Their newest submissions by number, in one statement. The county's own file is not reviewed by the county."""
    columns = {
        "ids": [task.id for task, _number in numbers],
        "submissions": [number for _task, number in numbers],
        "approved": [number if task.wants_review else None for task, number in numbers],
    }
    await _CLOSE.run(session, {"area": area, "submitted_at": submitted_at, **columns})
