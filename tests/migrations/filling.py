"""Rows for every table of any revision, made from what the database says of itself."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

# Words that check constraints know; for every other column any word will do.
WORDS = {
    "kind": {"organizations": "township", "record_revisions": "value", "reminders": "asked"},
    "level": "county",
    "outcome": "done",
    "source": {"data_element_versions": "captured"},
    "sharing_type": "unconditional",
    "registration_status": "recorded",
    "severity": "error",
    "obligation": "mandatory",
    "door": "web",
    "state": {"access_grants": "active"},
}


def word(table: str, column: str) -> str:
    known = WORDS.get(column, "x")
    return known if isinstance(known, str) else known.get(table, "x")


def value(table: Table, column: str, kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, ARRAY):
        return ["x"]
    if isinstance(kind, JSONB):
        return {"x": 1}
    by_type: Mapping[str, Any] = {
        "UUID": uuid.UUID(int=1),
        "BYTEA": b"x",
        "BOOLEAN": False,
        "INTEGER": 1,
        "BIGINT": 1,
        "DOUBLE": 1.0,
        "DOUBLE_PRECISION": 1.0,
        "DATE": text("date '2026-11-22'"),
        "TIMESTAMP": text("timestamptz '2026-11-22T00:00:00Z'"),
    }
    return by_type.get(kind.compile().split("(")[0].split()[0].upper(), word(table.name, column))


def fill(connection: Connection) -> list[str]:
    """Put one row into every table that can hold one, in the order of the foreign keys; the tables filled."""
    metadata = MetaData()
    metadata.reflect(connection)
    # FORCE binds the owner too: say which divisions' rows are meant.
    connection.execute(text("SELECT set_config('hub.divisions', 'x', false)"))
    filled = []
    for table in metadata.sorted_tables:
        if table.name == "alembic_version" or connection.scalar(select(func.count()).select_from(table)):
            continue
        row = {
            column.name: value(table, column.name, column.type)
            for column in table.columns
            if column.identity is None and not column.nullable
        }
        if table.name == "access_tokens":
            row["person_id"] = uuid.UUID(int=1)
        connection.execute(table.insert().values(row))
        filled.append(table.name)
    return filled


Content = dict[str, list[dict[str, str]]]


def content(connection: Connection) -> Content:
    """Every row of every table, column by column as text, for comparing before and after."""
    metadata = MetaData()
    metadata.reflect(connection)
    connection.execute(text("SELECT set_config('hub.divisions', 'x', false)"))
    found: Content = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            found[table.name] = [{name: str(held) for name, held in row.items()} for row in rows]
    return found


def as_before(after: Content, before: Content) -> Content:
    """What there is now of the tables and columns that there were: a migration may add some."""
    return {
        table: [{name: row.get(name, "lost") for name in (rows[0] if rows else row)} for row in after.get(table, [])]
        for table, rows in before.items()
        if table in after
    }
