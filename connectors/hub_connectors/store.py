"""The connector's own database: the run log, where it stands, and what the hub said."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from hub_connectors.database import Database, synchronise
from hub_connectors.errors import AnotherRunFinished
from hub_connectors.mapping import Place
from hub_connectors.records import Record, Records
from hub_connectors.tables import METADATA, held_periods, hub_values, places, positions, pulled_pages, runs
from hub_connectors.wire import ChangeItem, Page, ValueItem

RUNNING, SUCCEEDED, FAILED, INTERRUPTED, PARKED = "running", "succeeded", "failed", "interrupted", "parked"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a connector stands: its cursor, what that cursor was made for, and what is held of each period."""

    version: int
    cursor: str
    grants: tuple[str, ...]
    elements: tuple[str, ...]
    periods: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class RunEntry:
    when: str
    ended: str | None
    period: str
    mode: str
    rows: int | None
    changed: int | None
    state: str
    message: str
    failed_attempts: list[dict[str, str]]


class Store:
    def __init__(self, url: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self.database = Database(url)
        self.database.ensure(METADATA.sorted_tables)

    def close(self) -> None:
        self.database.close()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self.database.transaction() as connection:
            yield connection

    def start_run(self, connector: str, period: str, mode: str) -> int:
        """Logged before anything else happens. A run still called running was killed: it is told so here."""
        with self.transaction() as connection:
            stale = sa.and_(runs.c.connector == connector, runs.c.state == RUNNING)
            message = "运行中断，没有写完；下次运行接着做。"
            connection.execute(sa.update(runs).where(stale).values(state=INTERRUPTED, message=message))
            entry = {"connector": connector, "started_at": self.timestamp(), "period": period, "mode": mode}
            started = sa.insert(runs).values(**entry, state=RUNNING, message="")
            key: Any = connection.execute(started).inserted_primary_key  # not RETURNING: MySQL has none
            return int(key[0])

    def end_run(self, run: int, state: str, message: str) -> None:
        with self.transaction() as connection:
            ended = {"state": state, "message": message, "ended_at": self.timestamp()}
            connection.execute(sa.update(runs).where(runs.c.id == run).values(**ended))

    def note_failed_attempts(self, run: int, attempts: Sequence[Mapping[str, str]]) -> None:
        with self.transaction() as connection:
            told = {"failed_attempts": {"attempts": list(attempts)}}
            connection.execute(sa.update(runs).where(runs.c.id == run).values(**told))

    def list_runs(self, connector: str) -> list[RunEntry]:
        query = sa.select(runs).where(runs.c.connector == connector).order_by(runs.c.id)
        with self.transaction() as connection:
            return [
                RunEntry(
                    when=row.started_at,
                    ended=row.ended_at,
                    period=row.period,
                    mode=row.mode,
                    rows=row.rows,
                    changed=row.changed,
                    state=row.state,
                    message=row.message,
                    failed_attempts=row.failed_attempts["attempts"] if row.failed_attempts else [],
                )
                for row in connection.execute(query)
            ]

    def position(self, connector: str) -> Position | None:
        with self.transaction() as connection:
            return position_of(connection, connector)

    def timestamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class StoredPages:
    """The checkpoint of a pull: each page in one transaction with the place where the next one begins."""

    def __init__(self, store: Store, connector: str) -> None:
        self._store = store
        self._connector = connector

    def load(self, question: str, shape: type[ValueItem] | type[ChangeItem]) -> list[Page]:
        mine = sa.and_(pulled_pages.c.connector == self._connector, pulled_pages.c.question == question)
        query = sa.select(pulled_pages).where(mine).order_by(pulled_pages.c.number)
        with self._store.transaction() as connection:
            rows = connection.execute(query).all()
        return [
            Page(
                tuple(shape.model_validate(item) for item in row.items["items"]),
                row.next,
                row.cursor,
                _listed(row.grants),
            )
            for row in rows
        ]

    def keep(self, question: str, number: int, page: Page) -> None:
        row = {
            "connector": self._connector,
            "question": question,
            "number": number,
            "items": {"items": [item.model_dump() for item in page.items]},
            "next": page.next,
            "cursor": page.cursor,
            "grants": ",".join(page.grants),
        }
        with self._store.transaction() as connection:
            connection.execute(sa.insert(pulled_pages).values(**row))

    def forget(self) -> None:
        with self._store.transaction() as connection:
            forget_pages(connection, self._connector)


def forget_pages(connection: sa.Connection, connector: str) -> None:
    connection.execute(sa.delete(pulled_pages).where(pulled_pages.c.connector == connector))


def position_of(connection: sa.Connection, connector: str) -> Position | None:
    row = connection.execute(sa.select(positions).where(positions.c.connector == connector)).one_or_none()
    if row is None:
        return None
    elements = _listed(row.elements)
    held = connection.execute(sa.select(held_periods).where(held_periods.c.connector == connector))
    periods = {each.period: _listed(each.elements or row.elements) for each in held}
    return Position(row.version, row.cursor, _listed(row.grants), elements, periods)


def move_position(connection: sa.Connection, connector: str, before: Position | None, after: Position) -> None:
    """The first statement of the writing transaction: from here on no other run of this connector may write."""
    moved = {
        "version": after.version,
        "cursor": after.cursor,
        "grants": ",".join(after.grants),
        "elements": ",".join(after.elements),
    }
    if before is None:
        try:
            connection.execute(sa.insert(positions).values(connector=connector, **moved))
        except sa.exc.IntegrityError as error:
            raise AnotherRunFinished from error
    else:
        _claim(connection, connector, before.version, moved)
    scope = {"connector": connector}
    held = [
        {**scope, "period": period, "elements": ",".join(elements)}
        for period, elements in sorted(after.periods.items())
    ]
    synchronise(connection, held_periods, scope, held)


def hold_position(connection: sa.Connection, connector: str, version: int) -> None:
    """Keeps other runs from saving until this transaction ends; refuses when one has saved since `version`."""
    _claim(connection, connector, version, {"version": version})


def _claim(connection: sa.Connection, connector: str, version: int, values: Mapping[str, Any]) -> None:
    mine = sa.and_(positions.c.connector == connector, positions.c.version == version)
    if connection.execute(sa.update(positions).where(mine).values(**values)).rowcount != 1:
        raise AnotherRunFinished


def load_records(connection: sa.Connection, connector: str, object_class: str, periods: Collection[str]) -> Records:
    query = sa.select(hub_values).where(
        hub_values.c.connector == connector,
        hub_values.c.object_class == object_class,
        hub_values.c.period.in_(sorted(periods)),
    )
    records = (
        Record(row.period, row.division, row.entity, row.payload, row.missing, row.revision, row.submitted_at)
        for row in connection.execute(query)
    )
    return {record.key: record for record in records}


def save_records(
    connection: sa.Connection, connector: str, object_class: str, period: str, records: Sequence[Record]
) -> None:
    scope = {"connector": connector, "object_class": object_class, "period": period}
    rows = [
        {
            **scope,
            "division": record.division,
            "entity": record.entity,
            "payload": dict(record.values),
            "missing": dict(record.missing),
            "revision": record.revision,
            "submitted_at": record.submitted_at,
        }
        for record in records
    ]
    synchronise(connection, hub_values, scope, rows)


def load_places(connection: sa.Connection) -> dict[str, Place]:
    query = sa.select(places.c.code, places.c.village, places.c.township_code, places.c.township, places.c.county)
    return {row.code: Place(*row) for row in connection.execute(query)}


def save_places(connection: sa.Connection, named: Iterable[Place]) -> None:
    """Names are told by the hub with every pull; a village renamed since then bears its new name."""
    held = load_places(connection)
    told = {place.code: place for place in named}
    added = [asdict(place) for code, place in told.items() if code not in held]
    if added:
        connection.execute(sa.insert(places), added)
    for code, place in told.items():
        if code in held and held[code] != place:
            connection.execute(sa.update(places).where(places.c.code == code).values(asdict(place)))


def note_outcome(connection: sa.Connection, run: int, *, mode: str, rows: int, changed: int, sha256: str) -> None:
    outcome = {"mode": mode, "rows": rows, "changed": changed, "sha256": sha256}
    connection.execute(sa.update(runs).where(runs.c.id == run).values(**outcome))


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
