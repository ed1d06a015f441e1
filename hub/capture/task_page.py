"""Tasks and histories as pages show them. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from hub.calendar.deadlines import WorkCalendar
from hub.calendar.words import DueWords, due_words, period_words
from hub.capture.desk import CollectionTask
from hub.capture.lifecycle import is_before_opening
from hub.capture.models import Reminder
from hub.capture.progress import Progress
from hub.capture.steps import Return
from hub.capture.words import missing_choices
from hub.forms.content import FormContent
from hub.kit import clock
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, cell
from hub.store.rows import HistoryEntry


@dataclass(frozen=True)
class TaskLine:
    """One task in a list. `due` only while it waits; `tone` is the colour of the state, which is also said in words.

    `note`: why it came back; `reminder`: the newest word to the township about it.
    """

    id: str
    form_name: str
    period: str
    township: str
    state: str
    tone: str
    is_late: bool
    opens_on: date
    due_at: datetime
    due: DueWords | None
    progress: Progress | None
    submission: str | None
    note: str = ""
    reminder: str = ""


@dataclass(frozen=True)
class TasksPage:
    """A township's desk: what waits (returned first, then by due date), what others have now, what is done.

    `chooses_sign_off`: this person says whether a leader signs before anything is submitted.
    """

    waiting: tuple[TaskLine, ...]
    with_others: tuple[TaskLine, ...]
    done: tuple[TaskLine, ...]
    cautions: tuple[str, ...]
    township: str
    chooses_sign_off: bool
    wants_sign_off: bool


@dataclass(frozen=True)
class CollectionFilters:
    period: str
    state: str
    township: str


@dataclass(frozen=True)
class StateCount:
    """How many tasks stand there now."""

    state: str
    words: str
    count: int


@dataclass(frozen=True)
class CollectionsPage:
    """The authority's and the inspectors' list. `next` leads on when there are more."""

    lines: tuple[TaskLine, ...]
    filters: CollectionFilters
    townships: tuple[Choice, ...]
    submitted: int
    late: int
    next: str | None
    may_open: bool
    counts: tuple[StateCount, ...]


@dataclass(frozen=True)
class OpeningPage:
    """The form to open a period: what was typed, and the faults by field."""

    forms: tuple[Choice, ...]
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


@dataclass(frozen=True)
class HistoryLine:
    at: datetime
    by: str
    place: str
    element: str
    old: str
    new: str
    door: str
    reason: str
    submission: str


@dataclass(frozen=True)
class Step:
    """One line of what became of the task."""

    at: datetime
    what: str
    by: str
    reason: str
    cells: tuple[str, ...]
    submission: str | None


@dataclass(frozen=True)
class HistoryPage:
    """Who changed what, when, from what to what. `division` and `element` are the chosen filters."""

    id: str
    form_name: str
    period: str
    township: str
    lines: tuple[HistoryLine, ...]
    divisions: tuple[Choice, ...]
    elements: tuple[Choice, ...]
    division: str
    element: str
    steps: tuple[Step, ...] = ()


def task_line(
    task: CollectionTask,
    form_name: str,
    calendar: WorkCalendar,
    progress: Mapping[UUID, Progress],
    note: str = "",
    reminder: Reminder | None = None,
) -> TaskLine:
    collection = task.collection
    state, tone = state_line(task)
    return TaskLine(
        id=str(collection.id),
        form_name=form_name,
        period=period_words(collection.period),
        township=task.township_name,
        state=state,
        tone=tone,
        is_late=task.is_late,
        opens_on=collection.opens_on,
        due_at=collection.due_at,
        due=None if task.is_submitted else due_words(collection.due_at, calendar),
        progress=progress.get(collection.id),
        submission=collection.submission,
        note=note,
        reminder="" if reminder is None else reminder_words(reminder),
    )


def reminder_words(reminder: Reminder) -> str:
    match reminder.kind:
        case "before_due":
            return _("提醒：快到截止日期了。")
        case "overdue":
            return _("提醒：已过截止日期，已告知县里。")
        case _ if reminder.note:
            return _("县里请尽快提交：{note}").format(note=reminder.note)
        case _:
            return _("县里请尽快提交。")


def returned_words(returned: Return) -> str:
    """The reason, and how much of the form is open again."""
    if returned.open_cells is None:
        return _("退回原因：{reason}（整张表可以修改）").format(reason=returned.reason)
    return _("退回原因：{reason}（{count} 格可以修改）").format(reason=returned.reason, count=len(returned.cells))


def state_line(task: CollectionTask) -> tuple[str, str]:
    """The state in words, and its colour. Whoever submitted late is told apart from whoever did not submit."""
    late = _("（逾期）") if task.is_late and task.is_submitted else ""
    match task.state:
        case "submitted":
            done = _("已审核") if task.collection.wants_review else _("已提交")
            return done + late, "warning" if late else "good"
        case "in_review":
            return _("待审核") + late, "warning" if late else "active"
        case "returned":
            return _("已退回，待修改"), "warning"
        case "awaiting_sign_off":
            return (
                (_("待签发，逾期未交"), "error") if task.is_late and not task.is_submitted else (_("待签发"), "active")
            )
        case "closed" if is_before_opening(task.collection.opens_on, clock.now()):
            return _("未到开放日"), "plain"
        case "closed":
            return _("已关闭，未交"), "error"
        case _:
            return (_("逾期未交"), "error") if task.is_late else (_("填报中"), "active")


def cautions(lines: Sequence[TaskLine]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.due.caution for line in lines if line.due is not None and line.due.caution))


def door_words(door: str) -> str:
    return {"web": _("网页"), "excel": _("电子表格"), "api": _("接口"), "import": _("批量导入")}.get(door, door)


def history_line(entry: HistoryEntry, form: FormContent, places: Mapping[str, str]) -> HistoryLine:
    element = form.spec.by_identifier.get(entry.element)
    return HistoryLine(
        at=entry.submitted_at,
        by=entry.actor,
        place=places.get(entry.division, entry.division),
        element=element.label if element else entry.element,
        old=_said(entry.old, entry.old_missing),
        new=_said(entry.new, entry.new_missing),
        door=door_words(entry.door),
        reason=entry.reason or "",
        submission=entry.submission,
    )


def _said(value: object, missing: str | None) -> str:
    reasons = {choice.value: choice.label for choice in missing_choices()}
    return cell(value) if value is not None else reasons.get(missing or "", "—")
