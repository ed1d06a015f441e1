from collections.abc import Collection as Codes
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

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


async def lock_collections(
    session: AsyncSession, area: str, form: str, period: str, townships: Codes[str]
) -> Sequence[Collection]:
    """By township: whoever locks several takes them in this order."""
    statement = (
        select(Collection)
        .where(
            Collection.area == area,
            Collection.form == form,
            Collection.period == period,
            Collection.township.in_(sorted(townships)),
        )
        .order_by(Collection.township)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def list_drafted_elsewhere(
    session: AsyncSession, area: str, collections: Sequence[Collection], door: str
) -> Sequence[str]:
    """The townships among these that have a draft of their own, not one that came through this door."""
    statement = select(Draft.township).where(
        Draft.area == area,
        Draft.collection_id.in_([collection.id for collection in collections]),
        Draft.door != door,
    )
    return (await session.scalars(statement)).all()


_DELETE_DRAFTS = Statement(
    "DELETE FROM drafts WHERE area = %(area)s AND collection_id = ANY(%(ids)s) AND door = %(door)s"
)


async def delete_drafts(session: AsyncSession, area: str, collections: Sequence[Collection], door: str) -> None:
    """The drafts that came through this door; a township's own stay."""
    ids = [collection.id for collection in collections]
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


_COLUMNS = [column.name for column in Submission.__table__.columns if column.name not in {"content", "warnings"}]


async def add_submissions(session: AsyncSession, submissions: Sequence[tuple[Submission, Written, Written]]) -> None:
    """Each with its content and warnings spelled already; all of them down one pipeline."""
    rows = [
        {name: getattr(one, name) for name in _COLUMNS} | {"content": content, "warnings": warnings}
        for one, content, warnings in submissions
    ]
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
    session: AsyncSession, submissions: Mapping[int, tuple[Submission, Sequence[ConfirmedWarning]]]
) -> None:
    """Submissions, by writer, with their warnings, of townships whose staged rows are their whole content."""
    rows = [
        {name: getattr(one, name) for name in _COLUMNS} | {"writer": writer, "warnings": warnings}
        for writer, (one, warnings) in submissions.items()
    ]
    await _ADD_STAGED.run(session, {"submissions": json.dumps(rows)})


_CLOSE = Statement(
    "UPDATE collections c SET submission = n.submission, approved = n.approved,"
    " first_submitted_at = coalesce(c.first_submitted_at, %(submitted_at)s)"
    " FROM unnest(CAST(%(ids)s AS uuid[]), CAST(%(submissions)s AS text[]), CAST(%(approved)s AS text[]))"
    " AS n (id, submission, approved) WHERE c.area = %(area)s AND c.id = n.id"
)


async def close_collections(
    session: AsyncSession, area: str, submitted_at: datetime, numbers: Mapping[Collection, str]
) -> None:
    """Their newest submissions by number, in one statement; the objects learn of it too.

    The county's own file is not reviewed by the county.
    """
    approved = {task: number if task.wants_review else None for task, number in numbers.items()}
    columns = {
        "ids": [task.id for task in numbers],
        "submissions": list(numbers.values()),
        "approved": list(approved.values()),
    }
    await _CLOSE.run(session, {"area": area, "submitted_at": submitted_at, **columns})
    for task, number in numbers.items():
        set_committed_value(task, "submission", number)
        set_committed_value(task, "approved", approved[task])
        set_committed_value(task, "first_submitted_at", task.first_submitted_at or submitted_at)
