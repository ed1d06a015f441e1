"""The township's second step: the clerk sends the form for sign-off, the leader signs it or sends it back."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import repository, workflow_repository
from hub.capture.confirmations import Confirmation
from hub.capture.desk import CollectionTask
from hub.capture.errors import NobodySigns, OwnSignOff, ReasonRequired, SignOffNotWanted
from hub.capture.locks import check_may_edit
from hub.capture.models import Collection, CollectionStep, Submission
from hub.capture.service import own, reach_of, task_of
from hub.capture.steps import check_can, find_return, newest_return, newest_step, take_step
from hub.capture.submission import file_submission, prepare
from hub.geography import service as geography
from hub.geography.levels import county_of
from hub.identity import people
from hub.identity.roles import Role
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope
from hub.kit.errors import ErrorItem, NotFound
from hub.kit.i18n import gettext as _


async def request_sign_off(
    session: AsyncSession,
    subject: Subject,
    collection_id: UUID,
    *,
    confirmations: Sequence[Confirmation] = (),
    reason: str | None = None,
) -> CollectionTask:
    """Everything is checked as for a submission; then the draft is locked until somebody answers."""
    collection = await _lock(session, subject, collection_id)
    check_may_edit(collection)
    if not collection.wants_sign_off:
        raise SignOffNotWanted(_("本单位的报表不需要签发，请直接提交。"))
    filing = await prepare(session, subject, collection, confirmations, reason, await find_return(session, collection))
    details = {
        "from": collection.stage,
        "door": filing.door,
        "confirmations": [asdict(confirmation) for confirmation in confirmations],
    }
    await take_step(
        session,
        subject,
        collection,
        "request_sign_off",
        reason=filing.reason,
        details=details,
        changes={"stage": "awaiting_sign_off"},
    )
    return await task_of(session, collection)


async def sign(session: AsyncSession, subject: Subject, collection_id: UUID) -> Submission:
    """Submit what the clerk sent, in both their names. It is checked once more: the world may have moved."""
    collection, request = await _requested(session, subject, collection_id, "sign")
    if request.actor == subject.name:
        raise OwnSignOff(_("送签的人不能自己签发，请由其他签发人办理。"))
    answered = await newest_return(session, collection) if request.details["from"] == "returned" else None
    confirmations = [Confirmation(**kept) for kept in request.details["confirmations"]]
    filing = await prepare(session, subject, collection, confirmations, request.reason, answered)
    filing = replace(filing, submitted_by=request.actor, signed_by=subject.name, door=request.details["door"])
    await take_step(session, subject, collection, "sign", details={"sent_by": request.actor})
    return await file_submission(session, subject, collection, filing)


async def refuse_sign_off(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, reason: str
) -> CollectionTask:
    """Back to the clerk, who may change it again."""
    collection, request = await _requested(session, subject, collection_id, "refuse_sign_off")
    await take_step(
        session,
        subject,
        collection,
        "refuse_sign_off",
        reason=stated(reason),
        details={"sent_by": request.actor},
        changes={"stage": request.details["from"]},
    )
    return await task_of(session, collection)


async def take_back_request(session: AsyncSession, subject: Subject, collection: Collection, reason: str) -> None:
    """The clerk's second thought, before anybody signed. The collection is locked by the caller."""
    request = await newest_step(session, collection, "request_sign_off")
    stage = None if request is None else request.details["from"]
    await take_step(session, subject, collection, "take_back", reason=reason, changes={"stage": stage})


async def _requested(
    session: AsyncSession, subject: Subject, collection_id: UUID, action: str
) -> tuple[Collection, CollectionStep]:
    collection = await _lock(session, subject, collection_id)
    check_can("sign" if action == "sign" else "refuse_sign_off", collection)
    request = await newest_step(session, collection, "request_sign_off")
    if request is None:
        raise NotFound(_("没有这份送签。"))
    return collection, request


async def _lock(session: AsyncSession, subject: Subject, collection_id: UUID) -> Collection:
    collection = own(subject, await repository.lock_collection(session, reach_of(subject), collection_id))
    await set_scope(session, [collection.township])
    return collection


def stated(reason: str) -> str:
    """A reason that says something, or `ReasonRequired`."""
    if not reason.strip():
        message = _("请写明原因。")
        raise ReasonRequired(message, errors=[ErrorItem("/reason", "reason_missing", message)])
    return reason.strip()


async def wants_sign_off(session: AsyncSession, subject: Subject, township: str) -> bool:
    held = await workflow_repository.get_workflow(
        session, county_of(township), await _concerned(session, subject, township)
    )
    return held is not None and held.wants_sign_off


async def choose_sign_off(session: AsyncSession, subject: Subject, township: str, *, wanted: bool) -> bool:
    """For every task of the township, also those that are open. What waits for a signature goes on waiting for it."""
    township = await _concerned(session, subject, township)
    if wanted and not await people.has_holder(session, township, Role.LEADER):
        raise NobodySigns(_("本单位还没有签发人，请先由管理员设置，否则报表将无法提交。"))
    await workflow_repository.put_workflow(
        session, county_of(township), township, wants_sign_off=wanted, changed_by=subject.name, at=clock.now()
    )
    await audit.record(
        session,
        subject.actor,
        AuditAction.TOWNSHIP_WORKFLOW_CHANGE,
        "township",
        township,
        details={"wants_sign_off": wanted},
    )
    return wanted


async def _concerned(session: AsyncSession, subject: Subject, township: str) -> str:
    """A township's own leader, or the authority in whose reach it lies."""
    organization = subject.organization
    place = await geography.find_division(session, township)
    is_own = organization.kind == "township" and organization.division == township
    is_over = organization.kind == "authority" and place is not None and reach_of(subject) in place.lineage
    if place is None or place.level != "township" or not (is_own or is_over):
        raise NotFound(_("没有这个乡镇。"))
    return township
