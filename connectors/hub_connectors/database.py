"""A database of the department, whichever it is: plain SQLAlchemy Core."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from hub_connectors.errors import SettingsFault
from hub_connectors.mapping import TableMapping
from hub_connectors.tables import village_table

Row = Mapping[str, Any]


class Database:
    """Nothing is asked of the server before the first use: a target that is down must not keep a run from pulling."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self.engine = sa.create_engine(url)
        except ImportError as error:
            raise SettingsFault(f"没有安装数据库驱动：{error.name}。") from error

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        with self.engine.begin() as connection:
            yield connection

    def ensure(self, tables: Iterable[sa.Table]) -> None:
        """Tables as they are defined now; a column that a later release gained is added to what stands."""
        wanted = {table.name: table for table in tables}
        preparer = self.engine.dialect.identifier_preparer
        with self.transaction() as connection:
            found = sa.inspect(connection).get_multi_columns(filter_names=list(wanted))
            held = {key[1]: {column["name"] for column in columns} for key, columns in found.items()}
            for name, table in wanted.items():
                if name not in held:
                    table.create(connection, checkfirst=True)
                    continue
                for column in table.columns:
                    if column.name not in held[name]:
                        definition = CreateColumn(column).compile(dialect=self.engine.dialect)
                        connection.exec_driver_sql(
                            f"ALTER TABLE {preparer.format_table(table)} ADD COLUMN {definition}"
                        )


class Target:
    """Where the department's table stands: in the connector's own database, or in one of the department's."""

    def __init__(self, own: Database, other: Database | None = None) -> None:
        self._own = own
        self._other = None if other is None or other.url == own.url else other

    def prepare(self, mapping: TableMapping) -> sa.Table:
        table = village_table(mapping, sa.MetaData())
        (self._other or self._own).ensure([table])
        return table

    @contextmanager
    def writing(self, own: sa.Connection) -> Iterator[sa.Connection]:
        """The transaction for the table. One database: the very transaction that notes the delivery."""
        if self._other is None:
            yield own
            return
        with self._other.transaction() as connection:
            yield connection

    def close(self) -> None:
        if self._other is not None:
            self._other.close()


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
