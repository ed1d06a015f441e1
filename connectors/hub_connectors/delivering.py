"""The second half of a run: from the connector's own database into the department's files and table.

It always delivers what is held now, so that doing it again, late, or after an interruption changes nothing more.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from hub_connectors import queue
from hub_connectors.client import HubClient
from hub_connectors.connector import Connector, Report
from hub_connectors.database import Row, Target, synchronise
from hub_connectors.delivery import delivery
from hub_connectors.errors import AnotherRunFinished, CheckFailed, ConnectorError, ReceiptNotFiled
from hub_connectors.gathering import grouped, map_period
from hub_connectors.mapping import DIVISION, NOTE, PERIOD, TOWNSHIP, VILLAGE, VillageRow, note
from hub_connectors.store import Position, Store, hold_position, load_places, load_records, note_outcome, position_of
from hub_connectors.tables import delivered_files
from hub_connectors.workbook import Form, write_workbook


@dataclass(frozen=True, slots=True)
class MadeFile:
    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """All that is going to be written, made before the first byte is."""

    report: Report
    position: Position
    rows: list[VillageRow]
    files: tuple[MadeFile, ...]


@dataclass(frozen=True, slots=True)
class Written:
    rows: int
    changed: int
    files: tuple[MadeFile, ...]


def write(
    connector: Connector, store: Store, target: Target, entry: queue.Entry, *, run_id: int | None, mode: str
) -> Written:
    """Files and table, or neither: a failing commit takes the files back with it."""
    made = _make(connector, store, entry)
    table = target.prepare(made.report.mapping)
    with ExitStack() as stack:
        pending = [stack.enter_context(delivery(file.path)) for file in made.files]
        own = stack.enter_context(store.transaction())
        hold_position(own, connector.name, made.position.version)
        theirs = stack.enter_context(target.writing(own))
        lines = [_line(made.report, entry.period, row) for row in made.rows]
        changed = synchronise(theirs, table, {PERIOD: entry.period}, lines)
        queue.mark_written(own, entry, _receipts(own, entry, made))
        sha256 = made.files[0].sha256 if made.files else ""
        if run_id is not None:
            note_outcome(own, run_id, mode=mode, rows=len(made.rows), changed=changed, sha256=sha256)
        for each, file in zip(pending, made.files, strict=True):
            each.publish(file.content)
    return Written(len(made.rows), changed, made.files)


def file_receipts(hub: HubClient, store: Store, entry: queue.Entry) -> None:
    """One for each file and grant that was used: a grant has one purpose, and the receipt is told under it."""
    with store.transaction() as connection:
        receipts = queue.receipts_of(connection, entry)
    for told in receipts:
        try:
            hub.file_receipt(told["receipt"], key=told["key"])
        except ConnectorError as error:
            raise ReceiptNotFiled(error) from error
    with store.transaction() as connection:
        queue.finish(connection, entry)


def _make(connector: Connector, store: Store, entry: queue.Entry) -> Made:
    report = connector.report_for(entry.period)
    with store.transaction() as connection:
        position = position_of(connection, connector.name)
        records = load_records(connection, connector.name, report.mapping.object_class, [entry.period])
        named = load_places(connection)
    if position is None:
        raise AnotherRunFinished
    rows, violations = map_period(report, entry.period, grouped(records, [entry.period])[entry.period], named)
    if violations:  # only after a release changed the form while the delivery waited
        raise CheckFailed(violations)
    forms = report.forms_within(position.periods.get(entry.period, ())) if entry.folder else ()
    files = tuple(
        MadeFile(
            Path(entry.folder) / form.file_name(entry.period),
            write_workbook(Form(form, report.mapping, entry.period, rows)),
        )
        for form in forms
    )
    return Made(report, position, rows, files)


def _line(report: Report, period: str, row: VillageRow) -> Row:
    names = [column.name for column in report.mapping.columns]
    return {
        PERIOD: period,
        DIVISION: row.division,
        TOWNSHIP: row.place.township,
        VILLAGE: row.place.village,
        **row.cells,
        NOTE: note(report.mapping, row, names),
    }


def _receipts(own: sa.Connection, entry: queue.Entry, made: Made) -> Sequence[Mapping[str, object]]:
    """The same delivery told twice is one receipt: the key is made of what was delivered, not of the run."""
    receipts = []
    for file in made.files:
        number = _number(own, entry, file)
        for grant in made.position.grants:
            told = f"{entry.connector} {grant} {entry.period} {file.path.name} {file.sha256} {number}"
            receipt = {
                "grant": grant,
                "period": entry.period,
                "rows": len(made.rows),
                "sha256": file.sha256,
                "file": file.path.name,
            }
            receipts.append({"key": str(uuid.uuid5(uuid.NAMESPACE_OID, told)), "receipt": receipt})
    return receipts


def _number(own: sa.Connection, entry: queue.Entry, file: MadeFile) -> int:
    """Which delivery of the file this is: the same bytes again are the same one, bytes gone back to are a new one."""
    table = delivered_files
    same = sa.and_(table.c.connector == entry.connector, table.c.period == entry.period, table.c.name == file.path.name)
    last = own.execute(sa.select(table).where(same)).one_or_none()
    if last is None:
        line = {"connector": entry.connector, "period": entry.period, "name": file.path.name}
        own.execute(sa.insert(table).values(**line, sha256=file.sha256, number=1))
        return 1
    number: int = last.number + (last.sha256 != file.sha256)
    own.execute(sa.update(table).where(same).values(sha256=file.sha256, number=number))
    return number
