"""One run: pull, map, check, deliver, tell the hub. Either all of it is there afterwards, or nothing changed."""

import hashlib
import logging
import re
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from hub_connectors.checks import check
from hub_connectors.client import HubClient
from hub_connectors.connector import Connector
from hub_connectors.delivery import delivery
from hub_connectors.divisions import DivisionNames
from hub_connectors.errors import CheckFailed, ConnectorError, PeriodFault, ReceiptNotFiled, Violation
from hub_connectors.layout import write_workbook
from hub_connectors.mapping import (
    DIVISION,
    NOTE,
    PERIOD,
    TOWNSHIP,
    VILLAGE,
    FormMapping,
    VillageRow,
    frame,
    map_row,
    note,
)
from hub_connectors.pull import Pulled, pull
from hub_connectors.records import Record, Records, apply, snapshot
from hub_connectors.store import (
    Position,
    Store,
    load_records,
    move_position,
    note_outcome,
    save_records,
    synchronise,
)

logger = logging.getLogger(__name__)

COMMON_ELEMENT = "village_migrant_workers"
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The line that a run prints (CONTRACT.md)."""

    connector: str
    period: str
    mode: str
    rows: int
    changed: int
    file: str
    sha256: str
    columns: dict[str, str]

    def as_line(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Finished:
    outcome: Outcome
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that a run will write, made before the first byte is written."""

    records: dict[str, list[Record]]
    rows: dict[str, list[VillageRow]]
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def run(
    connector: Connector,
    *,
    run_id: int,
    period: str,
    out: Path,
    wants_changes: bool,
    hub: HubClient,
    store: Store,
) -> Finished:
    check_period(period)
    table = store.prepare(connector.mapping)
    before = store.position(connector.name)
    pulled = pull(hub, connector.mapping, period, before, wants_changes=wants_changes)
    prepared = _prepare(connector, period, pulled, hub, store)
    target = (out / connector.layout.file_name(period)).resolve()
    after = Position(
        version=before.version + 1 if before else 1,
        cursor=pulled.cursor,
        grants=pulled.grants,
        elements=connector.mapping.elements,
        periods=pulled.periods,
    )
    with delivery(target) as pending, store.transaction() as connection:
        move_position(connection, connector.name, before, after)
        changed = _write(connection, connector, table, prepared)
        rows = len(prepared.rows[period])
        number = note_outcome(
            connection, run_id, mode=pulled.mode, rows=rows, changed=changed[period], sha256=prepared.sha256
        )
        pending.publish(prepared.content)
    columns = {COMMON_ELEMENT: connector.mapping.column_of(COMMON_ELEMENT)}
    outcome = Outcome(connector.name, period, pulled.mode, rows, changed[period], str(target), prepared.sha256, columns)
    _file_receipts(hub, outcome, pulled.grants, number)
    return Finished(outcome, pulled.remarks)


def check_period(period: str) -> None:
    if not MONTH.fullmatch(period):
        raise PeriodFault(f"报告期“{period}”无效：本连接器的表式是月报，报告期写作 2026-11。")


def _prepare(connector: Connector, period: str, pulled: Pulled, hub: HubClient, store: Store) -> Prepared:
    mapping = connector.mapping
    touched = pulled.touched | {period}
    with store.transaction() as connection:
        held = load_records(connection, connector.name, mapping.object_class, touched)
    records = _grouped(_merged(held, pulled, mapping), touched)
    divisions = {record.division for group in records.values() for record in group}
    names = DivisionNames(hub).of_villages(divisions)
    rows: dict[str, list[VillageRow]] = {}
    violations: list[Violation] = []
    for each, group in sorted(records.items()):
        rows[each], faults = _map_period(connector, each, group, names)
        violations.extend(faults)
    if violations:
        raise CheckFailed(violations)
    return Prepared(records, rows, write_workbook(connector.layout, mapping, period, rows[period]))


def _merged(held: Records, pulled: Pulled, mapping: FormMapping) -> Records:
    elements = frozenset(mapping.elements)
    kept = {key: record for key, record in held.items() if record.period not in pulled.snapshots}
    for items in pulled.snapshots.values():
        kept.update(snapshot(items, elements))
    return apply(kept, pulled.changes, elements, mapping.object_class)


def _grouped(records: Records, periods: Collection[str]) -> dict[str, list[Record]]:
    """In the order of the codes: that is the order of every official form."""
    grouped: defaultdict[str, list[Record]] = defaultdict(list, {period: [] for period in periods})
    for _, record in sorted(records.items()):
        grouped[record.period].append(record)
    return dict(grouped)


def _map_period(
    connector: Connector, period: str, records: list[Record], names: dict[str, tuple[str, str]]
) -> tuple[list[VillageRow], list[Violation]]:
    rows: list[VillageRow] = []
    violations: list[Violation] = []
    for record in records:
        row, faults = map_row(
            connector.mapping,
            period=period,
            division=record.division,
            names=names[record.division],
            values=record.values,
            missing=record.missing,
        )
        rows.append(row)
        violations.extend(faults)
    return rows, violations + check(connector.schema, frame(connector.mapping, period, rows))


def _write(connection: sa.Connection, connector: Connector, table: sa.Table, prepared: Prepared) -> dict[str, int]:
    mapping = connector.mapping
    changed = {}
    for period, rows in prepared.rows.items():
        save_records(connection, connector.name, mapping.object_class, period, prepared.records[period])
        lines = [
            {
                PERIOD: period,
                DIVISION: row.division,
                TOWNSHIP: row.township,
                VILLAGE: row.village,
                **row.cells,
                NOTE: note(mapping, row),
            }
            for row in rows
        ]
        changed[period] = synchronise(connection, table, {PERIOD: period}, lines)
    return changed


def _file_receipts(hub: HubClient, outcome: Outcome, grants: tuple[str, ...], number: int) -> None:
    """One for each grant that was used: a grant has one purpose, and the receipt is told under it.

    The same delivery told twice is one receipt: the key is made of what was delivered, not of the run.
    """
    for grant in grants:
        told = f"{outcome.connector} {grant} {outcome.period} {outcome.sha256} {number}"
        receipt: dict[str, str | int] = {
            "grant": grant,
            "period": outcome.period,
            "rows": outcome.rows,
            "sha256": outcome.sha256,
            "file": Path(outcome.file).name,
        }
        try:
            hub.file_receipt(receipt, key=str(uuid.uuid5(uuid.NAMESPACE_OID, told)))
        except ConnectorError as error:
            raise ReceiptNotFiled(error) from error
