"""A township's start page: one to-do list. What came back first, then by deadline; nothing else competes."""

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import service, signing
from hub.capture.desk import CollectionTask
from hub.capture.lifecycle import CollectionState
from hub.capture.task_lines import list_lines
from hub.capture.task_page import TaskLine, TasksPage, cautions
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.views import render

MOST_WAITING = 200
MOST_DONE = 24

TO_FILL_IN: tuple[CollectionState, ...] = ("returned", "open", "closed")
WITH_OTHERS: tuple[CollectionState, ...] = ("awaiting_sign_off", "in_review")


async def tasks_page(request: Request, session: AsyncSession, subject: Subject) -> Response:
    """For a clerk what is to be filled in, for a leader what is to be signed; what waits for others comes after."""
    fills, signs = subject.may(Permission.DRAFT_WRITE), subject.may(Permission.SUBMISSION_SIGN)
    found = {state: await _list(session, subject, state) for state in (*TO_FILL_IN, *WITH_OTHERS)}
    to_do = [task for state in (TO_FILL_IN if fills else ()) for task in found[state]]
    to_do += found["awaiting_sign_off"] if signs else []
    waiting = [task for task in found["in_review"] + found["awaiting_sign_off"] if task not in to_do]
    lines = sorted(await list_lines(session, subject, to_do), key=_urgency)
    done = await service.list_collections(session, subject, state="submitted", limit=MOST_DONE)
    township = subject.organization.division or ""
    page = TasksPage(
        waiting=tuple(lines),
        with_others=tuple(await list_lines(session, subject, waiting)),
        done=tuple(await list_lines(session, subject, done)),
        cautions=cautions(lines),
        township=township,
        chooses_sign_off=subject.may(Permission.TOWNSHIP_WORKFLOW_MANAGE),
        wants_sign_off=signs and await signing.wants_sign_off(session, subject, township),
    )
    return render(request, "tasks.html", page)


async def _list(session: AsyncSession, subject: Subject, state: CollectionState) -> list[CollectionTask]:
    return list(await service.list_collections(session, subject, state=state, limit=MOST_WAITING))


def _urgency(line: TaskLine) -> tuple[bool, object]:
    """What somebody sent back waits for an answer; the rest comes by its deadline."""
    return not line.note, line.due_at
