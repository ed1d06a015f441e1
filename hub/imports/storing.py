"""Storing what was checked: one county, one transaction. What is stored is written down in the same transaction."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.capture import bulk
from hub.capture.bulk import AreaRows, FiledTownship, TownshipRows
from hub.capture.confirmations import ConfirmedWarning
from hub.capture.rows import TypedEntry
from hub.capture.written_rows import put_together, written_rows
from hub.forms.content import FormContent
from hub.imports import repository
from hub.imports.checking import CheckedPart, FileFinding
from hub.imports.ground import Ground
from hub.imports.models import Import, ImportArea
from hub.kit.db import Database
from hub.kit.i18n import gettext as _
from hub.store.bulk import RowCounts, Writer
from hub.store.errors import AreaBusy

DOOR = "import"
# The database merges one county while the next one's rows are written out.
AREAS_AT_ONCE = 2
BUSY_TRIES, BUSY_SECONDS = 6, 2.0
NUMBERS_NAMED = 200


def area_rows(form: FormContent, period: str, part: CheckedPart, ground: Ground, given: Import) -> list[AreaRows]:
    """The good rows of a part, county by county. Written out all at once: a county alone is too little work."""
    codes = part.table.division.filter(part.is_good).alias("division")
    missing = part.missing.filter(part.is_good) if part.missing.width else part.missing
    written = written_rows(form, part.values.filter(part.is_good).insert_column(0, codes), missing)
    warnings = _warnings(form, part.findings, ground, given)
    townships = sorted({ground.township_of[division] for division in codes})
    asked = {township: list(ground.townships[township].asked) for township in townships}
    found = []
    for rows in put_together(written, asked):
        named = [one.township for one in rows.documents]
        everybody = [_township_rows(ground, township, given, warnings.get(township, ())) for township in named]
        found.append(AreaRows(rows.area, form, period, rows, everybody))
    return found


def _township_rows(ground: Ground, township: str, given: Import, warnings: Sequence[ConfirmedWarning]) -> TownshipRows:
    on_the_ground = ground.townships[township]
    writer = Writer(given.requested_by, DOOR, given.reason)
    return TownshipRows(township, list(on_the_ground.asked), writer, on_the_ground.task.submission, warnings)


def _warnings(
    form: FormContent, findings: Iterable[FileFinding], ground: Ground, given: Import
) -> Mapping[str, list[ConfirmedWarning]]:
    """Nobody explains the warnings of a province one by one, and the submission says so."""
    reason = given.reason or _("批量导入，未逐条说明")
    found: dict[str, list[ConfirmedWarning]] = defaultdict(list)
    for placed in findings:
        finding = placed.finding
        township = ground.township_of.get(finding.division)
        if finding.severity == "warning" and township is not None:
            found[township].append(
                ConfirmedWarning(
                    finding.code,
                    finding.division,
                    finding.element,
                    finding.elements,
                    finding.rule,
                    None if finding.rule is None else form.rule_versions[finding.rule],
                    finding.value,
                    finding.message,
                    reason,
                )
            )
    return found


def entries_of(part: CheckedPart, ground: Ground) -> dict[str, list[TypedEntry]]:
    """Every row of the part as it was typed, by township: what a draft of a task that stays open begins with."""
    cells, reasons = part.table.cells.to_dicts(), part.table.missing.to_dicts() or [{}] * len(part.table)
    values = part.values.to_dicts()
    found: dict[str, list[TypedEntry]] = defaultdict(list)
    seen: set[str] = set()
    for division, typed, read, given in zip(part.table.division.to_list(), cells, values, reasons, strict=True):
        if division in ground.township_of and division not in seen:
            seen.add(division)
            found[ground.township_of[division]].append(
                TypedEntry(
                    division,
                    {name: _as_sent(cell, read.get(name)) for name, cell in typed.items() if cell is not None},
                    {name: reason for name, reason in given.items() if reason is not None},
                )
            )
    return found


def _as_sent(cell: str, value: object) -> object:
    """A number is a number in the draft, as a program sends it; what could not be read stays as it was written."""
    return value if isinstance(value, bool | int | Decimal) else cell


async def compare(database: Database, areas: Iterable[AreaRows]) -> RowCounts:
    """How the rows stand to what is held."""
    total = RowCounts()
    for rows in areas:
        async with database.transaction() as session:
            for counts in (await bulk.compare_area(session, rows)).values():
                total = plus(total, counts)
    return total


async def correcting(database: Database, areas: Iterable[AreaRows]) -> list[str]:
    """The townships whose submitted values the rows would correct."""
    found = []
    for rows in areas:
        submitted = {given.township for given in rows.townships if given.seen is not None}
        if submitted:
            async with database.transaction() as session:
                counts = await bulk.compare_area(session, rows)
            found += [township for township in sorted(submitted) if counts[township].differing]
    return found


def plus(one: RowCounts, other: RowCounts) -> RowCounts:
    return RowCounts(one.new + other.new, one.changed + other.changed, one.same + other.same)


async def store(
    database: Database,
    given: Import,
    actor: Actor,
    areas: Sequence[AreaRows],
    drafts: Mapping[str, Sequence[TypedEntry]],
) -> None:
    """All of these counties, each in a transaction of its own; one that is stored already is passed over."""
    places = asyncio.Semaphore(AREAS_AT_ONCE)

    async def one(rows: AreaRows) -> None:
        async with places:
            await _store_area(database, given, actor, rows, drafts)

    ended = await asyncio.gather(*(one(rows) for rows in areas), return_exceptions=True)
    for failure in ended:
        if isinstance(failure, BaseException):
            raise failure


async def _store_area(
    database: Database, given: Import, actor: Actor, rows: AreaRows, drafts: Mapping[str, Sequence[TypedEntry]]
) -> None:
    for attempt in range(1, BUSY_TRIES + 1):
        try:
            await _try_area(database, given, actor, rows, drafts)
        except AreaBusy:
            if attempt == BUSY_TRIES:
                raise
            await asyncio.sleep(BUSY_SECONDS)
        else:
            return


async def _try_area(
    database: Database, given: Import, actor: Actor, rows: AreaRows, drafts: Mapping[str, Sequence[TypedEntry]]
) -> None:
    async with database.transaction() as session:
        await repository.lock_area(session, given.id, rows.area)
        if not await repository.is_wanted(session, given.id, rows.area):
            return
        filed = await bulk.file_area(session, rows)
        prefilled = {
            one.task: drafts[one.township]
            for one in filed
            if not one.is_complete and one.task.submission is None and drafts.get(one.township)
        }
        if prefilled:
            await bulk.prefill_drafts(session, rows.area, prefilled, actor=given.requested_by, door=DOOR)
        await repository.add_area(session, _area(given.id, rows.area, filed))
        await audit.record(
            session,
            actor,
            AuditAction.IMPORT_STORE,
            "import",
            str(given.id),
            details=_details(rows, filed),
        )


def _area(import_id: UUID, area: str, filed: Sequence[FiledTownship]) -> ImportArea:
    counts = sum_of(one.counts for one in filed)
    return ImportArea(
        import_id=import_id,
        area=area,
        counts={"new": counts.new, "changed": counts.changed, "same": counts.same},
        submissions=sum(one.submission is not None for one in filed),
    )


def sum_of(counts: Iterable[RowCounts]) -> RowCounts:
    total = RowCounts()
    for one in counts:
        total = plus(total, one)
    return total


def _details(rows: AreaRows, filed: Sequence[FiledTownship]) -> dict[str, object]:
    numbers = [one.submission.number for one in filed if one.submission is not None]
    return {
        "area": rows.area,
        "form": rows.form.code,
        "period": rows.period,
        "rows": sum(len(one.divisions) for one in rows.written.documents),
        "changed_rows": sum(one.counts.differing for one in filed),
        "submissions": numbers[:NUMBERS_NAMED],
        "incomplete": [one.township for one in filed if not one.is_complete],
    }
