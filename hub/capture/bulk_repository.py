from collections.abc import Collection as Codes
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture.models import Collection, Draft, Submission
from hub.kit.json import Written
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


async def list_drafted(session: AsyncSession, area: str, collections: Sequence[Collection]) -> Sequence[str]:
    """The townships among these that have a draft."""
    statement = select(Draft.township).where(
        Draft.area == area, Draft.collection_id.in_([collection.id for collection in collections])
    )
    return (await session.scalars(statement)).all()


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


_ADD_SUBMISSIONS = text(
    "INSERT INTO submissions (area, number, collection_id, township, form, form_version, period, submitted_at,"
    " submitted_by, door, reason, supersedes, checksum, content, warnings, changed_rows)"
    " SELECT :area, n.number, n.collection_id, n.township, :form, n.form_version, :period, n.submitted_at,"
    " n.submitted_by, n.door, n.reason, n.supersedes, n.checksum, CAST(n.content AS jsonb),"
    " CAST(n.warnings AS jsonb), n.changed_rows"
    " FROM unnest(CAST(:number AS text[]), CAST(:collection_id AS uuid[]), CAST(:township AS text[]),"
    " CAST(:form_version AS integer[]), CAST(:submitted_at AS timestamptz[]), CAST(:submitted_by AS text[]),"
    " CAST(:door AS text[]), CAST(:reason AS text[]), CAST(:supersedes AS text[]), CAST(:checksum AS text[]),"
    " CAST(:content AS text[]), CAST(:warnings AS text[]), CAST(:changed_rows AS integer[]))"
    " AS n (number, collection_id, township, form_version, submitted_at, submitted_by, door, reason, supersedes,"
    " checksum, content, warnings, changed_rows)"
)
_LISTED = (
    "number",
    "collection_id",
    "township",
    "form_version",
    "submitted_at",
    "submitted_by",
    "door",
    "reason",
    "supersedes",
    "checksum",
    "changed_rows",
)


async def add_submissions(session: AsyncSession, submissions: Sequence[tuple[Submission, Written, Written]]) -> None:
    """All of one area, form and period in one statement, each with its content and warnings spelled already."""
    first = submissions[0][0]
    columns: dict[str, Any] = {
        name: [getattr(one, name) for one, _content, _warnings in submissions] for name in _LISTED
    }
    columns["content"] = [content.text for _one, content, _warnings in submissions]
    columns["warnings"] = [warnings.text for _one, _content, warnings in submissions]
    shared = {"area": first.area, "form": first.form, "period": first.period}
    await session.execute(_ADD_SUBMISSIONS, shared | columns)
