"""The department's database, whichever it is: everything here is plain SQLAlchemy Core."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from hub_connectors.errors import AnotherRunFinished, SettingsFault
from hub_connectors.mapping import FormMapping
from hub_connectors.records import Record, Records
from hub_connectors.tables import METADATA, held_periods, hub_values, positions, runs, village_table

RUNNING, SUCCEEDED, FAILED, INTERRUPTED = "running", "succeeded", "failed", "interrupted"

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a connector stands: its cursor, and what that cursor was made for."""

    version: int
    cursor: str
    grants: tuple[str, ...]
    elements: tuple[str, ...]
    periods: frozenset[str]


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


class Store:
    def __init__(self, url: str, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        try:
            self._engine = sa.create_engine(url)
        except ImportError as error:
            raise SettingsFault(f"没有安装 CONNECTOR_DATABASE_URL 所需的数据库驱动：{error.name}。") from error
        METADATA.create_all(self._engine)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def prepare(self, mapping: FormMapping) -> sa.Table:
        """The department's table as its mapping is now; a column the mapping gained is added."""
        table = village_table(mapping, sa.MetaData())
        table.create(self._engine, checkfirst=True)
        present = {column["name"] for column in sa.inspect(self._engine).get_columns(table.name)}
        name = self._engine.dialect.identifier_preparer.format_table(table)
        with self.transaction() as connection:
            for column in table.columns:
                if column.name not in present:
                    definition = CreateColumn(column).compile(dialect=self._engine.dialect)
                    connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {definition}")
        return table

    def start_run(self, connector: str, period: str, mode: str) -> int:
        """Logged before anything else happens. A run still called running was killed: it is told so here."""
        with self.transaction() as connection:
            stale = sa.and_(runs.c.connector == connector, runs.c.state == RUNNING)
            message = "运行中断，没有写完；未完成的内容没有保存。"
            connection.execute(sa.update(runs).where(stale).values(state=INTERRUPTED, message=message))
            entry = {"connector": connector, "started_at": self._timestamp(), "period": period, "mode": mode}
            result = connection.execute(sa.insert(runs).values(**entry, state=RUNNING, message=""))
            key: Any = result.inserted_primary_key  # not RETURNING: MySQL has none
            return int(key[0])

    def end_run(self, run: int, state: str, message: str) -> None:
        with self.transaction() as connection:
            ended = {"state": state, "message": message, "ended_at": self._timestamp()}
            connection.execute(sa.update(runs).where(runs.c.id == run).values(**ended))

    def list_runs(self, connector: str) -> list[RunEntry]:
        names = ("started_at", "ended_at", "period", "mode", "rows", "changed", "state", "message")
        shown = [runs.c[name] for name in names]
        query = sa.select(*shown).where(runs.c.connector == connector).order_by(runs.c.id)
        with self.transaction() as connection:
            return [RunEntry(*row) for row in connection.execute(query)]

    def position(self, connector: str) -> Position | None:
        with self.transaction() as connection:
            row = connection.execute(sa.select(positions).where(positions.c.connector == connector)).one_or_none()
            if row is None:
                return None
            query = sa.select(held_periods.c.period).where(held_periods.c.connector == connector)
            periods = frozenset(connection.execute(query).scalars())
        return Position(row.version, row.cursor, _listed(row.grants), _listed(row.elements), periods)

    def _timestamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


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
        mine = sa.and_(positions.c.connector == connector, positions.c.version == before.version)
        if connection.execute(sa.update(positions).where(mine).values(**moved)).rowcount != 1:
            raise AnotherRunFinished
    scope = {"connector": connector}
    synchronise(connection, held_periods, scope, [{**scope, "period": period} for period in sorted(after.periods)])


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


def note_outcome(connection: sa.Connection, run: int, *, mode: str, rows: int, changed: int, sha256: str) -> int:
    """Returns which delivery this is: the same file again is the same delivery, a file gone back to is a new one."""
    this = connection.execute(sa.select(runs).where(runs.c.id == run)).one()
    query = (
        sa.select(runs.c.sha256, runs.c.delivery)
        .where(runs.c.connector == this.connector, runs.c.period == this.period, runs.c.delivery.is_not(None))
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    last = connection.execute(query).one_or_none()
    delivery = 1 if last is None else int(last.delivery) + (last.sha256 != sha256)
    outcome = {"mode": mode, "rows": rows, "changed": changed, "sha256": sha256, "delivery": delivery}
    connection.execute(sa.update(runs).where(runs.c.id == run).values(**outcome))
    return delivery


def synchronise(connection: sa.Connection, table: sa.Table, scope: Row, rows: Sequence[Row]) -> int:
    """Makes the scope of the table equal to the rows; returns how many were inserted or differed.

    Select, compare, then write what differs: the one upsert every database understands, and the one that can count.
    """
    keys = [column.name for column in table.primary_key]
    within = sa.and_(*(table.c[name] == value for name, value in scope.items()))
    held = {
        tuple(row[key] for key in keys): dict(row)
        for row in connection.execute(sa.select(table).where(within)).mappings()
    }
    wanted = {tuple(row[key] for key in keys): dict(row) for row in rows}
    added = [row for key, row in wanted.items() if key not in held]
    differing = [row for key, row in wanted.items() if key in held and _differs(held[key], row)]
    gone = [key for key in held if key not in wanted]
    if gone:
        condition = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in keys))
        bound = [{f"key_{name}": part for name, part in zip(keys, key, strict=True)} for key in gone]
        connection.execute(sa.delete(table).where(condition), bound)
    if added:
        connection.execute(sa.insert(table), added)
    for row in differing:
        condition = sa.and_(*(table.c[name] == row[name] for name in keys))
        connection.execute(sa.update(table).where(condition).values(row))
    return len(added) + len(differing)


def _differs(held: Row, wanted: Row) -> bool:
    return any(held[name] != value for name, value in wanted.items())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(",") if part)
