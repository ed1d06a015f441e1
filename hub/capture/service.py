"""Collections, receipts and histories, each only for whom they concern."""

from collections.abc import Sequence
from typing import get_args
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period
from hub.capture import repository, steps, workflow_repository
from hub.capture.desk import CollectionTask
from hub.capture.errors import CollectionNotFound, SubmissionNotFound
from hub.capture.lifecycle import CollectionState, Stage
from hub.capture.models import Collection, CollectionStep, Submission
from hub.capture.repository import CollectionFilter
from hub.geography import service as geography
from hub.geography.levels import CODE_LENGTHS, county_of
from hub.grants import service as grants
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope
from hub.kit.errors import Forbidden
from hub.kit.i18n import gettext as _
from hub.settings import settings
from hub.store import service as store
from hub.store.rows import HistoryEntry, ValueQuery
from hub.store.scope import Place

# Whose task it is to see how all townships are doing.
SEEING_ALL = frozenset({"authority", "inspectorate"})


async def list_collections(
    session: AsyncSession,
    subject: Subject,
    *,
    township: str | None = None,
    period: str | None = None,
    state: CollectionState | None = None,
    after: tuple[str, str, str] | None = None,
    limit: int,
) -> Sequence[CollectionTask]:
    """One page; a township sees its own tasks and, asking for another's, none."""
    now = clock.now()
    if not sees_all(subject):
        if township not in {None, subject.organization.division}:
            return []
        township = subject.organization.division or ""
    wanted = CollectionFilter(settings().county, township, period, state, after)
    found = await repository.list_collections(session, wanted, now, limit)
    names = await geography.get_divisions(session, sorted({collection.township for collection in found}))
    return [CollectionTask.of(collection, names[collection.township].name, now) for collection in found]


async def count_stages(session: AsyncSession, subject: Subject) -> dict[CollectionState, int]:
    """How many tasks stand where on the longer way, as far as the caller sees them."""
    reach = settings().county if sees_all(subject) else subject.organization.division or ""
    counted = await workflow_repository.count_by_stage(session, settings().county, reach)
    return {stage: counted.get(stage, 0) for stage in get_args(Stage)}


async def get_collection(session: AsyncSession, subject: Subject, collection_id: UUID) -> CollectionTask:
    collection = await repository.get_collection(session, reach_of(subject), collection_id)
    return await task_of(session, visible(subject, collection))


async def task_of(session: AsyncSession, collection: Collection) -> CollectionTask:
    township = await geography.get_division(session, collection.township)
    return CollectionTask.of(collection, township.name, clock.now())


def reach_of(subject: Subject) -> str:
    """Where a caller's tasks can be: a township's in its county, everybody else's where the hub serves."""
    own_division = subject.organization.division
    if subject.organization.kind == "township" and own_division is not None:
        return county_of(own_division)
    return settings().county


def sees_all(subject: Subject) -> bool:
    return subject.organization.kind in SEEING_ALL


def visible(subject: Subject, collection: Collection | None) -> Collection:
    """The collection when the caller may know of it: the township itself, the authority, an inspector."""
    if collection is None or not (sees_all(subject) or is_own(subject, collection)):
        raise CollectionNotFound(_("没有这项填报任务。"))
    return collection


def own(subject: Subject, collection: Collection | None) -> Collection:
    """The collection when it is the caller's own township's: nobody types for somebody else."""
    if collection is None or not is_own(subject, collection):
        raise CollectionNotFound(_("没有这项填报任务。"))
    return collection


def may_see_values(subject: Subject, collection: Collection) -> bool:
    return is_own(subject, collection) or subject.organization.kind == "authority"


def is_own(subject: Subject, collection: Collection) -> bool:
    return subject.organization.kind == "township" and subject.organization.division == collection.township


async def list_steps(session: AsyncSession, subject: Subject, collection_id: UUID) -> Sequence[CollectionStep]:
    """What became of the task on its way, for whoever may know of it: who, when and why, never a value."""
    collection = visible(subject, await repository.get_collection(session, reach_of(subject), collection_id))
    return await steps.list_steps(session, collection)


async def get_submission(session: AsyncSession, subject: Subject, number: str) -> Submission:
    """The receipt. The area is the number's own beginning, so no other county's rows are looked at."""
    reach = settings().county if sees_all(subject) else subject.organization.division
    submission = None
    if reach:
        await set_scope(session, [reach])
        submission = await repository.get_submission(session, number.partition("-")[0], number)
    if submission is None or not (sees_all(subject) or submission.township == subject.organization.division):
        raise SubmissionNotFound(_("没有这份提交回执。"))
    return submission


async def find_filed(session: AsyncSession, number: str) -> tuple[Submission, str | None] | None:
    """A submission and the newest number of its task, for whoever sits at the hub's own command line."""
    area = number.partition("-")[0]
    if len(area) != CODE_LENGTHS["county"] or not area.isdecimal():
        return None
    await set_scope(session, [area])
    submission = await repository.get_submission(session, area, number)
    if submission is None:
        return None
    collection = await repository.get_collection(session, area, submission.collection_id)
    return submission, collection.submission if collection is not None else None


async def list_history(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, division: str | None, element: str | None
) -> Sequence[HistoryEntry]:
    """Every change of the collection's values: who, when, from what to what, through which door, why.

    Reading another's values leaves an audit event; an inspector sees that there was a submission, not its values.
    """
    collection = visible(subject, await repository.get_collection(session, reach_of(subject), collection_id))
    if not may_see_values(subject, collection):
        raise Forbidden(_("历史数值只有填报乡镇和县数据局可以查看。"))
    place = await geography.find_division(session, division or collection.township)
    if place is None or collection.township not in place.lineage:
        return []
    scope = await grants.read_scope(session, subject, supervising=True)
    query = ValueQuery(
        collection.object_class,
        (Period.parse(collection.period),),
        None if element is None else (element,),
        Place(place.code, frozenset(place.lineage)),
    )
    entries = await store.select_history(session, scope, query)
    if not is_own(subject, collection):
        await audit.record(
            session,
            subject.actor,
            AuditAction.DATA_VALUES_READ,
            "collection",
            str(collection.id),
            purpose="supervision",
            details={"township": collection.township, "elements": sorted({entry.element for entry in entries})},
        )
    return entries
