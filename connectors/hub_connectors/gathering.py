"""The first half of a run: from the hub into the connector's own database.

The data, the cursor that was made for them, and the lines that say what must be delivered are one transaction. After
it the hub is not needed any more, except to be told what was delivered.
"""

from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from hub_connectors import queue
from hub_connectors.checks import check
from hub_connectors.client import HubClient
from hub_connectors.connector import Connector, Report
from hub_connectors.divisions import DivisionNames
from hub_connectors.errors import CheckFailed, PeriodFault, Violation
from hub_connectors.mapping import Place, VillageRow, frame, map_row
from hub_connectors.pull import Pulled, pull
from hub_connectors.records import Record, Records, apply, snapshot
from hub_connectors.store import (
    Position,
    Store,
    StoredPages,
    forget_pages,
    load_records,
    move_position,
    save_places,
    save_records,
)
from hub_connectors.wire import ChangeItem


def gather(
    connector: Connector, hub: HubClient, store: Store, *, period: str, out: Path, wants_changes: bool
) -> Pulled:
    before = store.position(connector.name)
    checkpoint = StoredPages(store, connector.name)
    pulled = pull(hub, connector, period, before, checkpoint, wants_changes=wants_changes)
    touched = {each for each in pulled.touched | {period} if report_of(connector, each)}
    held: Records = {}
    with store.transaction() as connection:
        for each in touched:
            object_class = connector.report_for(each).mapping.object_class
            held |= load_records(connection, connector.name, object_class, [each])
    records = grouped(_merged(connector, held, pulled), touched)
    named = DivisionNames(hub).places(record.division for group in records.values() for record in group)
    try:
        _refuse_violations(connector, records, named)
    except CheckFailed:
        checkpoint.forget()  # what is corrected at the hub must be asked for anew, not gone on from
        raise
    version = before.version + 1 if before else 1
    after = Position(version, pulled.cursor, pulled.grants, connector.elements, pulled.periods)
    with store.transaction() as connection:
        move_position(connection, connector.name, before, after)
        forget_pages(connection, connector.name)
        save_places(connection, named.values())
        for each, group in sorted(records.items()):
            object_class = connector.report_for(each).mapping.object_class
            save_records(connection, connector.name, object_class, each, group)
            folder = str(out.resolve()) if each == period else ""
            queue.put(connection, connector.name, each, folder, at=store.timestamp())
    return pulled


def report_of(connector: Connector, period: str) -> Report | None:
    """A grant may bring changes of periods that the department has no report for."""
    try:
        return connector.report_for(period)
    except PeriodFault:
        return None


def grouped(records: Records, periods: Collection[str]) -> dict[str, list[Record]]:
    """In the order of the codes: that is the order of every official form."""
    groups: defaultdict[str, list[Record]] = defaultdict(list, {period: [] for period in periods})
    for _, record in sorted(records.items()):
        groups[record.period].append(record)
    return dict(groups)


def map_period(
    report: Report, period: str, records: list[Record], named: dict[str, Place]
) -> tuple[list[VillageRow], list[Violation]]:
    """The lines of the department's table, and everything in them that its own schema refuses."""
    rows: list[VillageRow] = []
    violations: list[Violation] = []
    for record in records:
        row, faults = map_row(
            report.mapping,
            period=period,
            place=named[record.division],
            values=record.values,
            missing=record.missing,
        )
        rows.append(row)
        violations.extend(faults)
    return rows, violations + check(report.schema, frame(report.mapping, period, rows))


def _refuse_violations(connector: Connector, records: dict[str, list[Record]], named: dict[str, Place]) -> None:
    violations = [
        violation
        for period, group in sorted(records.items())
        for violation in map_period(connector.report_for(period), period, group, named)[1]
    ]
    if violations:
        raise CheckFailed(violations)


def _merged(connector: Connector, held: Records, pulled: Pulled) -> Records:
    kept = {key: record for key, record in held.items() if record.period not in pulled.snapshots}
    for period, items in pulled.snapshots.items():
        kept.update(snapshot(items, frozenset(connector.report_for(period).mapping.elements)))

    def elements_of(item: ChangeItem) -> Collection[str]:
        report = report_of(connector, item.period)
        if report is None or report.mapping.object_class != item.object_class:
            return ()
        return report.mapping.elements

    return apply(kept, pulled.changes, elements_of)
