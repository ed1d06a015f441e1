"""The connector's own tables (run log, position, what the hub said, queue), and the department's, from its mapping."""

from decimal import Decimal
from typing import Any

import simplejson
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine

from hub_connectors.mapping import DIVISION, NOTE, PERIOD, TOWNSHIP, VILLAGE, Column, Kind, TableMapping

CODE = sa.String(32)
TEXT = sa.String(200)


class ExactJson(TypeDecorator[dict[str, Any]]):
    """JSON as text: a database's own JSON type may turn 1.10 into a float."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: sa.Dialect) -> str | None:
        del dialect
        if value is None:
            return None
        text: str = simplejson.dumps(value, use_decimal=True, allow_nan=False, ensure_ascii=False, sort_keys=True)
        return text

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> dict[str, Any] | None:
        del dialect
        return None if value is None else dict(simplejson.loads(value, use_decimal=True))


class ExactNumber(TypeDecorator[Decimal]):
    """NUMERIC, except on SQLite, which would store it as a float: there it is text."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, decimals: int) -> None:
        super().__init__(precision=15 + decimals, scale=decimals)
        self.decimals = decimals

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(40))
        return dialect.type_descriptor(sa.Numeric(15 + self.decimals, self.decimals))

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> Decimal | str | None:
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Decimal | str | None, dialect: sa.Dialect) -> Decimal | None:
        del dialect
        return None if value is None else Decimal(value)


METADATA = sa.MetaData()

runs = sa.Table(
    "connector_runs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("connector", CODE, nullable=False, index=True),
    sa.Column("started_at", CODE, nullable=False),
    sa.Column("ended_at", CODE),
    sa.Column("period", CODE, nullable=False),
    sa.Column("mode", CODE, nullable=False),
    sa.Column("state", CODE, nullable=False),
    sa.Column("rows", sa.Integer),
    sa.Column("changed", sa.Integer),
    sa.Column("sha256", sa.String(64)),
    sa.Column("failed_attempts", ExactJson),
    sa.Column("message", sa.Text, nullable=False),
)

# `version` lets one of two simultaneous runs win and the other write nothing.
positions = sa.Table(
    "connector_positions",
    METADATA,
    sa.Column("connector", CODE, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("grants", sa.Text, nullable=False),
    sa.Column("elements", sa.Text, nullable=False),
)

held_periods = sa.Table(
    "connector_periods",
    METADATA,
    sa.Column("connector", CODE, primary_key=True),
    sa.Column("period", CODE, primary_key=True),
    sa.Column("elements", sa.Text),  # what was granted of the period; empty in rows of the first release: all
)

# Pages of a pull that has not been committed yet: a killed run goes on after the last of them.
pulled_pages = sa.Table(
    "connector_pages",
    METADATA,
    sa.Column("connector", CODE, primary_key=True),
    sa.Column("question", sa.String(64), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("items", ExactJson, nullable=False),
    sa.Column("next", sa.Text),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("grants", sa.Text, nullable=False),
)

places = sa.Table(
    "connector_places",
    METADATA,
    sa.Column("code", CODE, primary_key=True),
    sa.Column("village", TEXT, nullable=False),
    sa.Column("township_code", CODE, nullable=False),
    sa.Column("township", TEXT, nullable=False),
    sa.Column("county", TEXT, nullable=False),
)

# What is held but not delivered yet. A line says which state to deliver, not which bytes: delivering it twice, late or
# after a newer one does no harm, because it always brings the table and the files up to what is held.
deliveries = sa.Table(
    "connector_deliveries",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("connector", CODE, nullable=False, index=True),
    sa.Column("period", CODE, nullable=False),
    sa.Column("folder", sa.Text, nullable=False),  # empty: only the table
    sa.Column("state", CODE, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("since", CODE, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("receipts", ExactJson),
)

# Which delivery of a file this is: the same bytes again are the same delivery, bytes gone back to are a new one.
delivered_files = sa.Table(
    "connector_files",
    METADATA,
    sa.Column("connector", CODE, primary_key=True),
    sa.Column("period", CODE, primary_key=True),
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
)

hub_values = sa.Table(
    "hub_values",
    METADATA,
    sa.Column("connector", CODE, primary_key=True),
    sa.Column("object_class", CODE, primary_key=True),
    sa.Column("period", CODE, primary_key=True),
    sa.Column("division", CODE, primary_key=True),
    sa.Column("entity", TEXT, primary_key=True),
    sa.Column("payload", ExactJson, nullable=False),
    sa.Column("missing", ExactJson, nullable=False),
    sa.Column("revision", CODE, nullable=False),
    sa.Column("submitted_at", CODE, nullable=False),
)


def village_table(mapping: TableMapping, metadata: sa.MetaData) -> sa.Table:
    """The department's own table: its columns bear the names that its form bears."""
    return sa.Table(
        mapping.table,
        metadata,
        sa.Column(PERIOD, CODE, primary_key=True),
        sa.Column(DIVISION, CODE, primary_key=True),
        sa.Column(TOWNSHIP, TEXT, nullable=False),
        sa.Column(VILLAGE, TEXT, nullable=False),
        *(sa.Column(column.name, _type_of(column)) for column in mapping.columns),
        sa.Column(NOTE, sa.Text, nullable=False),
    )


def _type_of(column: Column) -> TypeEngine[Any]:
    match column.kind:
        case Kind.COUNT:
            return sa.BigInteger()
        case Kind.DECIMAL:
            return ExactNumber(column.decimals)
        case Kind.CODE:
            return TEXT
