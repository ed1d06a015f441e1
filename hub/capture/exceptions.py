"""Lifting a lock for one township and one period: with a reason, until a day, listed, and ended early if need be."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import repository, workflow_repository
from hub.capture.errors import LockExceptionNotFound, LockExceptionRefused
from hub.capture.locks import find_lock
from hub.capture.models import Collection, LockException
from hub.capture.service import reach_of, visible
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _


async def grant_exception(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, reason: str, until: date
) -> LockException:
    """The task takes its first submission until the end of that day in China. It closes by itself."""
    collection = await _lock(session, subject, collection_id)
    ends_at = clock.end_of_day(until)
    faults = []
    if not reason.strip():
        faults.append(ErrorItem("/reason", "reason_missing", _("请写明原因。")))
    if ends_at < clock.now():
        faults.append(ErrorItem("/until", "date_in_the_past", _("截止日不能早于今天。")))
    if collection.submission is not None:
        faults.append(ErrorItem("", "already_submitted", _("这项任务已经提交，更正不受关闭影响，不需要例外。")))
    elif find_lock(collection, clock.now()) is None and collection.excepted_until is None:
        faults.append(ErrorItem("", "not_locked", _("这项任务现在没有关闭，不需要例外。")))
    if faults:
        raise LockExceptionRefused(_("不能这样开例外：有 {count} 处错误。").format(count=len(faults)), errors=faults)
    exception = LockException(
        area=collection.area,
        collection_id=collection.id,
        township=collection.township,
        reason=reason.strip(),
        until=ends_at,
        granted_by=subject.name,
        granted_at=clock.now(),
    )
    await workflow_repository.add_exception(session, exception)
    await workflow_repository.move(session, collection, {"excepted_until": ends_at})
    await _tell(session, subject, AuditAction.LOCK_EXCEPTION_GRANT, exception)
    return exception


async def end_exception(
    session: AsyncSession, subject: Subject, collection_id: UUID, exception_id: UUID
) -> LockException:
    """Before its time; one that has ended stays as it is."""
    collection = await _lock(session, subject, collection_id)
    exceptions = await workflow_repository.list_exceptions(session, collection.area, collection.id)
    exception = next((one for one in exceptions if one.id == exception_id), None)
    if exception is None:
        raise LockExceptionNotFound(_("没有这项例外。"))
    if exception.ended_at is None and exception.until > clock.now():
        exception.ended_by, exception.ended_at = subject.name, clock.now()
        live = [one.until for one in exceptions if one.ended_at is None]
        await workflow_repository.move(session, collection, {"excepted_until": max(live, default=None)})
        await _tell(session, subject, AuditAction.LOCK_EXCEPTION_END, exception)
    return exception


async def list_exceptions(session: AsyncSession, subject: Subject, collection_id: UUID) -> Sequence[LockException]:
    """Oldest first, those that have ended too: whoever may know of the task may know why it was opened."""
    found = await repository.get_collection(session, reach_of(subject), collection_id)
    collection = visible(subject, found)
    await set_scope(session, [collection.township])
    return await workflow_repository.list_exceptions(session, collection.area, collection.id)


async def _lock(session: AsyncSession, subject: Subject, collection_id: UUID) -> Collection:
    found = await repository.lock_collection(session, reach_of(subject), collection_id)
    collection = visible(subject, found)
    await set_scope(session, [collection.township])
    return collection


async def _tell(session: AsyncSession, subject: Subject, action: AuditAction, exception: LockException) -> None:
    details = {"collection": str(exception.collection_id), "township": exception.township}
    await audit.record(session, subject.actor, action, "lock_exception", str(exception.id), details=details)
