"""Keeping the rows of a whole county at once: what `recording.record_values` does for one township, set-wise.

Rows are copied into staging tables of the transaction's own (COPY is refused under row-level security), compared
there with what is held, and merged from there. The caller has set a scope that covers all rows, and locked
whatever else decides who may write them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit import clock, json
from hub.kit.copying import copied_lines
from hub.kit.i18n import gettext as _
from hub.store import bulk_repository as repository
from hub.store.errors import ConcurrentWriting
from hub.store.recording import advance_area


@dataclass(frozen=True)
class WriterRows:
    """One writer's rows: `content` is the JSON array that its submission is made of (`division`, perhaps `entity`, and
    the objects `values`, `derived`, `missing`, without nulls), `answered` says, as a PostgreSQL array, which of
    `BulkWriting.answers` (from 1) each of them has.
    """

    writer: int
    content: str
    answered: str


@dataclass(frozen=True)
class BulkWriting:
    """The rows of one form for one period, inside one area, of many writers (townships).

    `answers` are PostgreSQL arrays: the identifiers of values and reasons, in order. `versions` are every row's;
    what is held under an identifier of `kept` (what departments supply) stays in its row.
    """

    area: str
    object_class: str
    period: str
    rows: Sequence[WriterRows]
    answers: Sequence[str]
    versions: Mapping[str, int]
    kept: Sequence[str] = ()


@dataclass(frozen=True)
class RowCounts:
    new: int = 0
    changed: int = 0
    same: int = 0

    @property
    def differing(self) -> int:
        return self.new + self.changed


@dataclass(frozen=True)
class Writer:
    """Who brings the rows of one number, through which door, and why."""

    actor: str
    door: str
    reason: str | None = None


@dataclass(frozen=True)
class BulkRecorded:
    """The submission's number, and its rows that differ from what was held."""

    number: str
    submitted_at: datetime
    changed_rows: int


async def compare(session: AsyncSession, writing: BulkWriting) -> dict[int, RowCounts]:
    """How the rows stand to what is held, for each writer. They stay staged until `record` or the end."""
    lines = copied_lines((str(one.writer), one.content, one.answered) for one in writing.rows)
    await repository.stage(session, lines, writing.answers, json.dumps(dict(writing.versions)))
    key = (writing.area, writing.object_class, writing.period)
    if await repository.lock_held(session, *key):
        if writing.kept:
            await repository.keep_supplied(session, *key, writing.kept)
        await repository.find_changes(session, *key)
    return {
        writer: RowCounts(new, changed, total - new - changed)
        for writer, total, new, changed in await repository.count_changes(session)
    }


async def record(
    session: AsyncSession, writing: BulkWriting, counts: Mapping[int, RowCounts], writers: Mapping[int, Writer]
) -> dict[int, BulkRecorded]:
    """Merge what `compare` staged of these writers, as one submission each; the others' rows are passed over.

    The area's clock is locked here, after everything was compared, and `submitted_at` is taken under it. A
    writer none of whose rows differ gets a number too.
    """
    order = sorted(writers)
    steps = {writer: max(counts[writer].differing, 1) for writer in order}
    last = await advance_area(session, writing.area, sum(steps.values()))
    submitted_at = clock.now()
    first = last - sum(steps.values()) + 1
    firsts: dict[int, int] = {}
    for writer in order:
        firsts[writer] = first
        first += steps[writer]
    numbers = {writer: f"{writing.area}-{firsts[writer]:010d}" for writer in order}
    merged = [repository.Numbered(writer, numbers[writer], firsts[writer], *_deed(writers[writer])) for writer in order]
    try:
        await repository.merge(
            session,
            writing.area,
            writing.object_class,
            writing.period,
            submitted_at,
            merged,
        )
    except IntegrityError as error:
        raise ConcurrentWriting(_("同一行刚刚由他人写入，请重新读取后再提交。")) from error
    return {writer: BulkRecorded(numbers[writer], submitted_at, counts[writer].differing) for writer in order}


def _deed(writer: Writer) -> tuple[str, str, str | None]:
    return writer.actor, writer.door, writer.reason
