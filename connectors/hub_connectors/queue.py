"""What is held but not delivered: an outbox in the connector's own database.

A line is put there in the transaction that saves what the hub said, and taken away when file, table and receipts are
done. So a run that is killed in between is finished by the next one, and a target that stays down leaves a parked line
that a person empties with `replay`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from hub_connectors.database import Row
from hub_connectors.errors import AnotherRunFinished
from hub_connectors.tables import deliveries

PENDING, WRITTEN, PARKED = "pending", "written", "parked"
UNFINISHED = (PENDING, WRITTEN)


@dataclass(frozen=True, slots=True)
class Entry:
    id: int
    connector: str
    period: str
    folder: str
    state: str
    attempts: int
    since: str
    message: str


def put(connection: sa.Connection, connector: str, period: str, folder: str, *, at: str) -> None:
    """One line for each period and folder. What waited there already is brought up to the same state with it."""
    same = sa.and_(deliveries.c.connector == connector, deliveries.c.period == period, deliveries.c.folder == folder)
    told = {"state": PENDING, "attempts": 0, "message": ""}
    if connection.execute(sa.update(deliveries).where(same).values(**told)).rowcount == 0:
        line = {"connector": connector, "period": period, "folder": folder, "since": at}
        connection.execute(sa.insert(deliveries).values(**line, **told))


def waiting(connection: sa.Connection, connector: str, states: Collection[str]) -> list[Entry]:
    shown = [deliveries.c[name] for name in Entry.__slots__]
    mine = sa.and_(deliveries.c.connector == connector, deliveries.c.state.in_(sorted(states)))
    return [Entry(*row) for row in connection.execute(sa.select(*shown).where(mine).order_by(deliveries.c.id))]


def mark_written(connection: sa.Connection, entry: Entry, receipts: Sequence[Row]) -> None:
    """In the transaction that writes the table: from now on only the receipts are missing."""
    _update(connection, entry, {"state": WRITTEN, "receipts": {"receipts": list(receipts)}, "message": ""})


def park(connection: sa.Connection, entry: Entry, attempts: int, message: str) -> None:
    _update(connection, entry, {"state": PARKED, "attempts": entry.attempts + attempts, "message": message})


def receipts_of(connection: sa.Connection, entry: Entry) -> list[dict[str, Any]]:
    told = connection.execute(sa.select(deliveries.c.receipts).where(deliveries.c.id == entry.id)).scalar_one_or_none()
    return [] if told is None else list(told["receipts"])


def finish(connection: sa.Connection, entry: Entry) -> None:
    """Only what is still written: another run may have put the line back since."""
    done = sa.and_(deliveries.c.id == entry.id, deliveries.c.state == WRITTEN)
    connection.execute(sa.delete(deliveries).where(done))


def _update(connection: sa.Connection, entry: Entry, values: dict[str, Any]) -> None:
    if connection.execute(sa.update(deliveries).where(deliveries.c.id == entry.id).values(**values)).rowcount != 1:
        raise AnotherRunFinished
