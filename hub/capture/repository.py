from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, bindparam, delete, false, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from hub.capture.lifecycle import CollectionState, Stage
from hub.capture.models import Collection, Draft, DraftLedger, Submission
from hub.geography.levels import CODE_LENGTHS
from hub.kit.clock import CHINA
from hub.kit.json import Written
from hub.kit.statements import Statement


@dataclass(frozen=True)
class CollectionFilter:
    """`reach`: the county, or the prefecture or province with all its counties."""

    reach: str
    township: str | None = None
    period: str | None = None
    state: CollectionState | None = None
    after: tuple[str, str, str] | None = None


async def list_collections(
    session: AsyncSession, wanted: CollectionFilter, now: datetime, limit: int
) -> Sequence[Collection]:
    """Newest period first, then by township and form: a key that never changes, so that pages neither miss nor repeat.

    `after` is the (period, township, form) of the last one seen.
    """
    statement = (
        select(Collection)
        .where(within(wanted.reach))
        .order_by(Collection.period.desc(), Collection.township, Collection.form)
        .limit(limit)
    )
    if wanted.township is not None:
        statement = statement.where(Collection.township == wanted.township)
    if wanted.period is not None:
        statement = statement.where(Collection.period == wanted.period)
    if wanted.state is not None:
        statement = statement.where(_is_in_state(wanted.state, now))
    if wanted.after is not None:
        period, township, form = wanted.after
        key = tuple_(Collection.township, Collection.form)
        statement = statement.where(
            or_(Collection.period < period, and_(Collection.period == period, key > (township, form)))
        )
    return (await session.scalars(statement)).all()


def _is_in_state(state: CollectionState, now: datetime) -> ColumnElement[bool]:
    """`lifecycle.collection_state` once more, as a condition; a test holds the two together."""
    if state in get_args(Stage):
        return Collection.stage == state
    if state == "submitted":
        return and_(Collection.stage.is_(None), Collection.submission.is_not(None))
    takes_submissions = or_(
        func.coalesce(Collection.excepted_until >= now, false()),
        and_(
            Collection.opens_on <= now.astimezone(CHINA).date(),
            or_(Collection.closes_at.is_(None), Collection.closes_at >= now),
        ),
    )
    waits = and_(Collection.stage.is_(None), Collection.submission.is_(None))
    return and_(waits, takes_submissions if state == "open" else ~takes_submissions)


def within(reach: str) -> ColumnElement[bool]:
    """A county's code is an area; a shorter one is the beginning of its counties' codes."""
    if len(reach) == CODE_LENGTHS["county"]:
        return Collection.area == reach
    return Collection.area.startswith(reach, autoescape=True)


_COLLECTION = select(Collection).where(Collection.area == bindparam("area"), Collection.id == bindparam("id"))
_LOCKED = _COLLECTION.with_for_update().execution_options(populate_existing=True)
_DRAFT = (
    select(Draft)
    .where(Draft.area == bindparam("area"), Draft.collection_id == bindparam("id"))
    .execution_options(populate_existing=True)
)
_LEDGER = (
    select(DraftLedger)
    .where(DraftLedger.area == bindparam("area"), DraftLedger.collection_id == bindparam("id"))
    .execution_options(populate_existing=True)
)
_SUBMISSION = select(Submission).where(Submission.area == bindparam("area"), Submission.number == bindparam("number"))


def _filing_statement() -> Insert:
    """The submission, its collection's pointer to it and the end of the draft: the area's clock is held meanwhile."""
    new = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in Submission.__table__.c}
    filed = func.coalesce(Collection.first_submitted_at, new["submitted_at"])
    pointed = (
        update(Collection)
        .where(Collection.area == new["area"], Collection.id == new["collection_id"])
        .values(submission=new["number"], first_submitted_at=filed, stage=bindparam("stage", type_=Text))
        .cte("pointed")
    )
    filed_draft = and_(Draft.area == new["area"], Draft.collection_id == new["collection_id"])
    return insert(Submission).values(new).add_cte(pointed, delete(Draft).where(filed_draft).cte("gone"))


_FILE_SUBMISSION = Statement(_filing_statement())


async def _area_of(session: AsyncSession, reach: str, collection_id: UUID) -> str | None:
    """Of a hub that serves many counties only the id is known."""
    if len(reach) == CODE_LENGTHS["county"]:
        return reach
    return await session.scalar(select(Collection.area).where(within(reach), Collection.id == collection_id))


async def get_collection(session: AsyncSession, reach: str, collection_id: UUID) -> Collection | None:
    area = await _area_of(session, reach, collection_id)
    return await session.scalar(_COLLECTION, {"area": area, "id": collection_id})


async def lock_collection(session: AsyncSession, reach: str, collection_id: UUID) -> Collection | None:
    """The collection, locked: saving and submitting one form happen one after another."""
    area = await _area_of(session, reach, collection_id)
    return await session.scalar(_LOCKED, {"area": area, "id": collection_id})


async def lock_opening(session: AsyncSession, reach: str, form: str, period: str) -> None:
    """Two people opening one period at once meet here, before either looks at what is open."""
    key = f"capture.opening\n{reach}\n{form}\n{period}"
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


async def list_opened_townships(session: AsyncSession, reach: str, form: str, period: str) -> Sequence[str]:
    statement = select(Collection.township).where(within(reach), Collection.form == form, Collection.period == period)
    return (await session.scalars(statement)).all()


async def add_collections(session: AsyncSession, collections: Sequence[Collection]) -> None:
    session.add_all(collections)
    await session.flush()


async def get_draft(session: AsyncSession, area: str, collection_id: UUID) -> Draft | None:
    return await session.scalar(_DRAFT, {"area": area, "id": collection_id})


async def put_draft(session: AsyncSession, draft: Draft) -> None:
    statement = insert(Draft).values({column.name: getattr(draft, column.name) for column in Draft.__table__.columns})
    statement = statement.on_conflict_do_update(
        index_elements=[Draft.area, Draft.collection_id],
        set_={name: statement.excluded[name] for name in ("rows", "content_sha256", "door", "saved_by", "saved_at")},
    )
    await session.execute(statement)


async def get_ledger(session: AsyncSession, area: str, collection_id: UUID) -> DraftLedger | None:
    return await session.scalar(_LEDGER, {"area": area, "id": collection_id})


async def put_ledger(session: AsyncSession, ledger: DraftLedger) -> None:
    columns = DraftLedger.__table__.columns
    statement = insert(DraftLedger).values({column.name: getattr(ledger, column.name) for column in columns})
    statement = statement.on_conflict_do_update(
        index_elements=[DraftLedger.area, DraftLedger.collection_id],
        set_={name: statement.excluded[name] for name in ("content_sha256", "content")},
    )
    await session.execute(statement)


async def get_submission(session: AsyncSession, area: str, number: str) -> Submission | None:
    return await session.scalar(_SUBMISSION, {"area": area, "number": number})


async def list_submissions(session: AsyncSession, area: str, collection_id: UUID) -> Sequence[Submission]:
    """Oldest first."""
    statement = select(Submission).where(Submission.area == area, Submission.collection_id == collection_id)
    return (await session.scalars(statement.order_by(Submission.number))).all()


async def file_submission(
    session: AsyncSession, collection: Collection, submission: Submission, content: Written
) -> None:
    """`content` is the submission's, spelled already: its checksum is of this text. The draft ends with it."""
    new = {f"new_{column.name}": getattr(submission, column.name) for column in Submission.__table__.columns}
    stage: Stage | None = "in_review" if collection.wants_review else None
    await _FILE_SUBMISSION.run(session, {**new, "new_content": content, "stage": stage})
    set_committed_value(collection, "submission", submission.number)
    set_committed_value(collection, "stage", stage)
    if collection.first_submitted_at is None:
        set_committed_value(collection, "first_submitted_at", submission.submitted_at)
