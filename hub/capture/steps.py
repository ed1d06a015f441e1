"""The steps of a task's longer way: what was sent, signed, returned, approved or taken back, by whom and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import workflow_repository as repository
from hub.capture.errors import WrongState
from hub.capture.lifecycle import Action, CollectionState, Stage, can, collection_state
from hub.capture.locks import Cell
from hub.capture.models import Collection, CollectionStep
from hub.capture.words import state_words
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope
from hub.kit.i18n import gettext as _

EVENTS: Mapping[str, AuditAction] = {
    "request_sign_off": AuditAction.SIGN_OFF_REQUEST,
    "sign": AuditAction.SIGN_OFF_GIVE,
    "refuse_sign_off": AuditAction.SIGN_OFF_REFUSE,
    "take_back": AuditAction.SUBMISSION_TAKE_BACK,
    "approve": AuditAction.SUBMISSION_APPROVE,
    "return": AuditAction.SUBMISSION_RETURN,
    "revoke": AuditAction.APPROVAL_TAKE_BACK,
}


@dataclass(frozen=True)
class ReturnedCell:
    """A cell that came back, and what is asked about it."""

    division: str
    element: str
    reason: str


@dataclass(frozen=True)
class Return:
    """What the county sent back. Without named cells all of them are open."""

    reason: str
    at: datetime
    by: str
    submission: str | None
    cells: tuple[ReturnedCell, ...]

    @property
    def open_cells(self) -> frozenset[Cell] | None:
        return frozenset((cell.division, cell.element) for cell in self.cells) or None


def state_of(collection: Collection) -> CollectionState:
    stage: Stage | None = collection.stage  # type: ignore[assignment]  # a check constraint keeps it to the three
    return collection_state(
        opens_on=collection.opens_on,
        closes_at=collection.closes_at,
        is_submitted=collection.submission is not None,
        now=clock.now(),
        stage=stage,
        excepted_until=collection.excepted_until,
    )


def check_can(action: Action, collection: Collection) -> CollectionState:
    """The state that the action starts from; `WrongState` when it is not possible there, or no longer."""
    state = state_of(collection)
    if not can(action, state, wants_review=collection.wants_review):
        message = _("这项任务现在是“{state}”，不能这样办理；可能刚刚有人办理过，请刷新后查看。")
        raise WrongState(message.format(state=state_words(state)), extra={"state": state})
    return state


async def take_step(
    session: AsyncSession,
    subject: Subject,
    collection: Collection,
    action: str,
    *,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
    changes: Mapping[str, object] | None = None,
) -> CollectionStep:
    """Write the step, the collection's new columns and the audit event: reasons and cells, never a value."""
    step = CollectionStep(
        area=collection.area,
        collection_id=collection.id,
        township=collection.township,
        action=action,
        at=clock.now(),
        actor=subject.name,
        organization=subject.organization.code,
        submission=collection.submission,
        reason=reason,
        details=dict(details or {}),
    )
    await repository.add_step(session, step)
    if changes:
        await repository.move(session, collection, changes)
    await audit.record(
        session,
        subject.actor,
        EVENTS[action],
        "collection",
        str(collection.id),
        details={
            "township": collection.township,
            "submission": step.submission,
            "state": state_of(collection),
            "cells": len(step.details.get("cells", ())),
        },
    )
    return step


async def find_return(session: AsyncSession, collection: Collection) -> Return | None:
    """What a returned task came back with; None for every other task, which costs nothing to find out."""
    return await newest_return(session, collection) if collection.stage == "returned" else None


async def newest_return(session: AsyncSession, collection: Collection) -> Return | None:
    await set_scope(session, [collection.township])
    step = await repository.get_newest_step(session, collection.area, collection.id, "return")
    if step is None:
        return None
    cells = tuple(ReturnedCell(**cell) for cell in step.details["cells"])
    return Return(step.reason or "", step.at, step.actor, step.submission, cells)


async def newest_step(session: AsyncSession, collection: Collection, *actions: str) -> CollectionStep | None:
    await set_scope(session, [collection.township])
    return await repository.get_newest_step(session, collection.area, collection.id, *actions)


async def list_steps(session: AsyncSession, collection: Collection) -> Sequence[CollectionStep]:
    await set_scope(session, [collection.township])
    return await repository.list_steps(session, collection.area, collection.id)


def cells_as_stored(cells: Sequence[ReturnedCell]) -> list[dict[str, str]]:
    return [asdict(cell) for cell in cells]
