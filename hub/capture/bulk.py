"""Filing for many townships of one county at once, whoever brings the rows: an authority's file, or the demo."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

import polars as pl
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import bulk_repository, repository
from hub.capture.bulk_repository import NewSubmission, Task
from hub.capture.checksum import submission_checksum
from hub.capture.confirmations import ConfirmedWarning
from hub.capture.errors import TaskMoved
from hub.capture.etag import content_sha256
from hub.capture.models import Collection, Draft
from hub.capture.rows import SubmittedRow, TypedEntry
from hub.capture.written_rows import WrittenRows
from hub.forms.content import FormContent
from hub.kit import clock, json
from hub.kit.db import set_scope
from hub.kit.i18n import gettext as _
from hub.kit.json import Written
from hub.store import bulk
from hub.store.bulk import BulkRecorded, BulkWriting, RowCounts, Writer, WriterRows
from hub.store.models import Record

_NOTHING = Written("[]")


@dataclass(frozen=True)
class TownshipRows:
    """One township's part: which rows its task asks for, in order, and who brings those that are there.

    `seen` is the submission that stood when the rows were checked.
    """

    township: str
    asked: Sequence[str]
    writer: Writer
    seen: str | None = None
    warnings: Sequence[ConfirmedWarning] = ()


@dataclass(frozen=True)
class AreaRows:
    """Checked rows of one county, good ones only."""

    area: str
    form: FormContent
    period: str
    written: WrittenRows
    townships: Sequence[TownshipRows]


@dataclass(frozen=True)
class FiledTownship:
    """What became of one township's rows. Without a `submission` nothing differed and nothing was owed."""

    task: Task
    counts: RowCounts
    submission: NewSubmission | None
    is_complete: bool

    @property
    def township(self) -> str:
        return self.task.township


@dataclass(frozen=True)
class _Part:
    """A township with its task, its rows as staged and, where the file has not all of them, the rows held.

    `rows`: each by its division, where they have to be put together with the held ones.
    """

    given: TownshipRows
    task: Task
    staged: Written
    absent: Sequence[str] = ()
    held: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        return all(division in self.held for division in self.absent)

    def spelled(self) -> Written:
        """Its whole content, or as much of it as there is."""
        if not self.held:
            return self.staged
        rows = (self.rows.get(division) or self.held.get(division) for division in self.given.asked)
        return Written(f"[{','.join(row for row in rows if row is not None)}]")


async def tasks_of(session: AsyncSession, form: str, period: str, townships: Sequence[str]) -> dict[str, Collection]:
    """The tasks of these townships for the period, by township; a township without one is not there."""
    found = await bulk_repository.list_collections_of(session, form, period, townships)
    return {collection.township: collection for collection in found}


async def list_periods_opened(session: AsyncSession, form: str, reach: str) -> Sequence[str]:
    """The periods for which a form was opened anywhere in a county, prefecture or province, newest first."""
    return await bulk_repository.list_periods_opened(session, form, reach)


async def compare_area(session: AsyncSession, rows: AreaRows) -> dict[str, RowCounts]:
    """How the rows stand to what is held, for each township; writes nothing."""
    await set_scope(session, [given.township for given in rows.townships])
    counts = await bulk.compare(session, _writing(rows))
    return {given.township: counts.get(number, RowCounts()) for number, given in enumerate(rows.townships)}


async def file_area(session: AsyncSession, rows: AreaRows) -> list[FiledTownship]:
    """Record the rows and file a submission for each township that has anything new to say.

    A submission speaks for the rows that are there. It closes the township's task only when, with what is held
    already, no row is missing: else the task stays open, and the values are served all the same. A township's own
    draft is left alone; one that an earlier file began is done with. The caller writes the audit event.
    """
    await set_scope(session, [given.township for given in rows.townships])
    tasks = await _lock(session, rows)
    writing = _writing(rows)
    parts = await _parts(session, rows, tasks)
    counts = await bulk.compare(session, writing)
    filing = {
        number: part
        for number, part in enumerate(parts)
        if counts.get(number, RowCounts()).differing or (part.task.submission is None and part.is_complete)
    }
    counted = {number: counts.get(number, RowCounts()) for number in filing}
    spelled = {number: part.spelled() for number, part in filing.items()}
    writers = {number: part.given.writer for number, part in filing.items()}
    recorded = await bulk.record(session, writing, counted, writers) if filing else {}
    submissions = {
        number: _submission(rows, part, recorded[number], spelled[number]) for number, part in filing.items()
    }
    if submissions:
        await _file(session, rows, filing, submissions, spelled)
    await _forget_drafts(session, rows.area, parts)
    return [
        FiledTownship(part.task, counts.get(number, RowCounts()), submissions.get(number), is_complete=part.is_complete)
        for number, part in enumerate(parts)
    ]


async def _file(
    session: AsyncSession,
    rows: AreaRows,
    filing: Mapping[int, _Part],
    submissions: Mapping[int, NewSubmission],
    spelled: Mapping[int, Written],
) -> None:
    """The submissions, and what becomes of the tasks."""
    staged = {
        number: (one, filing[number].given.warnings) for number, one in submissions.items() if not filing[number].held
    }
    if staged:
        await bulk_repository.add_staged_submissions(session, staged)
    sent = [
        (one, spelled[number], _warnings(filing[number])) for number, one in submissions.items() if number not in staged
    ]
    if sent:
        await bulk_repository.add_submissions(session, sent)
    closed = [
        (part.task, submissions[number].number)
        for number, part in filing.items()
        if part.is_complete or part.task.submission is not None
    ]
    if closed:
        submitted_at = next(iter(submissions.values())).submitted_at
        await bulk_repository.close_tasks(session, rows.area, submitted_at, closed)


async def _forget_drafts(session: AsyncSession, area: str, parts: Sequence[_Part]) -> None:
    """What an earlier file had for a task that this one completes would be shown as typed over what is submitted."""
    for door in sorted({part.given.writer.door for part in parts}):
        done = [part.task for part in parts if part.is_complete and part.given.writer.door == door]
        if done:
            await bulk_repository.delete_drafts(session, area, done, door)


async def _lock(session: AsyncSession, rows: AreaRows) -> dict[str, Task]:
    """The tasks, locked; `TaskMoved` when one of them was submitted, sent or returned since the rows were checked."""
    townships = [given.township for given in rows.townships]
    found = await bulk_repository.lock_tasks(session, rows.area, rows.form.code, rows.period, townships)
    tasks = {task.township: task for task in found}
    moved = [
        given.township
        for given in rows.townships
        if given.township not in tasks
        or tasks[given.township].submission != given.seen
        or tasks[given.township].stage is not None
    ]
    if moved:
        raise TaskMoved(_("乡镇 {townships} 刚刚自己提交了，请重新核对后再写入。").format(townships="、".join(moved)))
    return tasks


def _writing(rows: AreaRows) -> BulkWriting:
    numbers = {given.township: number for number, given in enumerate(rows.townships)}
    return BulkWriting(
        rows.area,
        rows.form.object_class,
        rows.period,
        [WriterRows(numbers[one.township], one.content, one.answered) for one in rows.written.documents],
        rows.written.answers,
        rows.form.versions,
        [item.identifier for item in rows.form.supplied],
    )


async def _parts(session: AsyncSession, rows: AreaRows, tasks: Mapping[str, Task]) -> list[_Part]:
    """Held rows are read only for townships whose rows are not all in the file."""
    staged = {one.township: Written(one.content) for one in rows.written.documents}
    absent = _absent(rows)
    held: dict[str, str] = {}
    if absent:
        wanted = [division for divisions in absent.values() for division in divisions]
        found = await bulk_repository.list_rows_held(session, rows.area, rows.form.object_class, rows.period, wanted)
        held = {record.division: json.canonical(_held_row(rows.form, record).to_stored()) for record in found}
    parts = []
    for given in rows.townships:
        lacking = absent.get(given.township, ())
        kept = {division: held[division] for division in lacking if division in held}
        own = _rows_of(rows.written, given.township) if kept else {}
        parts.append(_Part(given, tasks[given.township], staged.get(given.township, _NOTHING), lacking, kept, own))
    return parts


def _absent(rows: AreaRows) -> dict[str, list[str]]:
    """The divisions that a task asks for and the file has not, of each township with any."""
    there = {one.township: one.divisions for one in rows.written.documents}
    found = {}
    for given in rows.townships:
        present = set(there.get(given.township, ()))
        if len(present) < len(given.asked):
            found[given.township] = [division for division in given.asked if division not in present]
    return found


def _rows_of(written: WrittenRows, township: str) -> dict[str, str]:
    rows = written.rows.filter(pl.col("township") == township)
    return dict(zip(rows["division"], rows["content"], strict=True))


def _held_row(form: FormContent, record: Record) -> SubmittedRow:
    payload = record.payload
    return SubmittedRow(
        record.division,
        {item.identifier: payload[item.identifier] for item in form.captured if item.identifier in payload},
        record.missing,
        {item.identifier: payload[item.identifier] for item in form.derived if item.identifier in payload},
    )


def _submission(rows: AreaRows, part: _Part, recorded: BulkRecorded, content: Written) -> NewSubmission:
    task, writer = part.task, part.given.writer
    return NewSubmission(
        area=rows.area,
        number=recorded.number,
        collection_id=task.id,
        township=task.township,
        form=rows.form.code,
        form_version=task.form_version,
        period=rows.period,
        submitted_at=recorded.submitted_at,
        submitted_by=writer.actor,
        door=writer.door,
        reason=writer.reason,
        supersedes=task.submission,
        checksum=submission_checksum(recorded.number, task.id, recorded.submitted_at, content),
        changed_rows=recorded.changed_rows,
    )


def _warnings(part: _Part) -> Written:
    return Written(json.dumps([asdict(warning) for warning in part.given.warnings]))


async def prefill_drafts(
    session: AsyncSession, area: str, tasks: Mapping[Task, Sequence[TypedEntry]], *, actor: str, door: str
) -> int:
    """What a file had for tasks that stay open, as their townships' drafts, where they have none of their own."""
    await set_scope(session, [task.township for task in tasks])
    drafted = set(await bulk_repository.list_drafted_elsewhere(session, area, list(tasks), door))
    wanted = {task: entries for task, entries in tasks.items() if task.township not in drafted}
    saved_at = clock.now()
    for task, entries in wanted.items():
        await repository.put_draft(session, _draft(area, task, entries, actor, door, saved_at))
    return len(wanted)


def _draft(area: str, task: Task, entries: Sequence[TypedEntry], actor: str, door: str, saved_at: datetime) -> Draft:
    rows = [entry.to_stored() for entry in entries]
    return Draft(
        area=area,
        collection_id=task.id,
        township=task.township,
        rows=rows,
        content_sha256=content_sha256(rows),
        door=door,
        saved_by=actor,
        saved_at=saved_at,
    )
