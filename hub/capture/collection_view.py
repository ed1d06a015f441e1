"""The page of a task, for whoever opens it; and the same page again when a button on it was pressed in vain."""

from dataclasses import replace

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.calendar.words import due_words
from hub.capture import drafting, service
from hub.capture.desk import CollectionTask
from hub.capture.grid_page import grid_page
from hub.capture.notices import sheet_notices
from hub.capture.refusals import Refused
from hub.capture.review_page import review_page
from hub.capture.reviewing import Review, open_review
from hub.capture.task_page import TaskLine, task_line
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.views import render

# The browser may keep this page to open it without a line (hub/browser/entries/worker.js), until its person signs out.
KEEP_OFFLINE = "X-Keep-Offline"


async def show_collection(
    request: Request, session: AsyncSession, subject: Subject, task: CollectionTask, refused: Refused | None = None
) -> Response:
    """The form itself for the township whose task it is; for others, how the task stands."""
    fills_in = service.is_own(subject, task.collection) and subject.may(Permission.DRAFT_WRITE)
    if fills_in and not _is_to_sign(subject, task):
        return await _show_form(request, session, subject, task, refused)
    opened = await open_review(session, subject, task)
    page = review_page(opened, subject, await line_of(session, opened), refused)
    return render(request, "collection.html", page, status=200 if refused is None else refused.error.status)


def _is_to_sign(subject: Subject, task: CollectionTask) -> bool:
    """Whoever fills in and signs as well looks at it as a leader while it waits for a signature."""
    return task.state == "awaiting_sign_off" and subject.may(Permission.SUBMISSION_SIGN)


async def _show_form(
    request: Request, session: AsyncSession, subject: Subject, task: CollectionTask, refused: Refused | None
) -> Response:
    view = await drafting.get_draft(session, subject, task.collection.id, is_judged_live=True)
    due = due_words(task.collection.due_at, await calendar.work_calendar(session))
    page = grid_page(view, due, subject, await sheet_notices(request, session, subject, view))
    if refused is not None:
        way = replace(page.sheet.way, typed=refused.typed, faults=refused.faults)
        shown = replace(page, sheet=replace(page.sheet, way=way, refusal=refused.view))
        return render(request, "grid.html", shown, status=refused.error.status)
    response = render(request, "grid.html", page)
    response.headers[KEEP_OFFLINE] = "yes"
    return response


async def line_of(session: AsyncSession, opened: Review) -> TaskLine:
    return task_line(opened.task, opened.form.name, await calendar.work_calendar(session), {})
