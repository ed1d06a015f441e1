"""Tasks as lines of a list: their state, when they are due, how far they are and what came back."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from hub.calendar import service as calendar
from hub.capture.desk import CollectionTask
from hub.capture.progress import list_progress
from hub.capture.reminding import newest_reminders
from hub.capture.service import is_own
from hub.capture.steps import find_return
from hub.capture.task_page import TaskLine, returned_words, task_line
from hub.forms import service as forms
from hub.identity.subject import Subject


async def list_lines(session: AsyncSession, subject: Subject, tasks: Sequence[CollectionTask]) -> list[TaskLine]:
    work_calendar = await calendar.work_calendar(session)
    progress = await list_progress(session, subject, tasks)
    names = {
        (code, version): (await forms.get_form(session, code, version)).name
        for code, version in {(task.collection.form, task.collection.form_version) for task in tasks}
    }
    reminders = await newest_reminders(session, [task for task in tasks if is_own(subject, task.collection)])
    return [
        task_line(
            task,
            names[task.collection.form, task.collection.form_version],
            work_calendar,
            progress,
            await _note(session, subject, task),
            reminders.get(task.collection.id),
        )
        for task in tasks
    ]


async def _note(session: AsyncSession, subject: Subject, task: CollectionTask) -> str:
    """Why the township's own task came back."""
    if task.state != "returned" or not is_own(subject, task.collection):
        return ""
    returned = await find_return(session, task.collection)
    return "" if returned is None else returned_words(returned)
