"""Alembic's environment: runs as the database's owner and grants the application's role what it needs."""

from alembic import context
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import create_engine, pool, text
from sqlalchemy.engine import Connection

from hub.kit.migration import MIGRATION_LOCK
from hub.models import Base

# A migration waits at most this long for a lock, so that it never stops a running hub for longer.
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"


@Operations.register_operation("grant_to_application")
class GrantToApplication(MigrateOperation):
    """`op.grant_to_application("SELECT, INSERT", "audit_events")`: the serving role owns nothing."""

    def __init__(self, privileges: str, tables: tuple[str, ...]) -> None:
        self.privileges = privileges
        self.tables = tables

    @classmethod
    def grant_to_application(cls, operations: Operations, privileges: str, *tables: str) -> None:
        operations.invoke(cls(privileges, tables))


@Operations.implementation_for(GrantToApplication)
def grant(operations: Operations, operation: GrantToApplication) -> None:
    role = context.config.attributes["application_role"]
    for table in operation.tables:
        operations.execute(f'GRANT {operation.privileges} ON {table} TO "{role}"')


@Operations.register_operation("protect_rows")
class ProtectRows(MigrateOperation):
    """`op.protect_rows("records", "division")`: rows outside the transaction's divisions do not exist."""

    def __init__(self, table: str, column: str) -> None:
        self.table = table
        self.column = column

    @classmethod
    def protect_rows(cls, operations: Operations, table: str, column: str) -> None:
        operations.invoke(cls(table, column))


@Operations.implementation_for(ProtectRows)
def protect(operations: Operations, operation: ProtectRows) -> None:
    """FORCE also binds the owner; without a context `current_setting` is null and no row matches.

    EXISTS leaves PostgreSQL the choice: a township's twenty rows are looked up one by one, a county's
    are met with a hash of its divisions. IN always hashed them, 6 ms for each statement that wrote. The
    inner SELECT splits the context once for a statement, not once for each division.
    """
    table, column = operation.table, operation.column
    operations.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    operations.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    operations.execute(
        f"CREATE POLICY divisions_in_scope ON {table} USING (EXISTS ("
        f"SELECT FROM divisions WHERE divisions.code = {table}.{column} AND divisions.lineage && "
        "(SELECT string_to_array(current_setting('hub.divisions', true), ','))))"
    )


@Operations.register_operation("let_owner_back_up")
class LetOwnerBackUp(MigrateOperation):
    """`op.let_owner_back_up("records")`: wanted for every table with row security, or `hub backup` refuses."""

    def __init__(self, tables: tuple[str, ...]) -> None:
        self.tables = tables

    @classmethod
    def let_owner_back_up(cls, operations: Operations, *tables: str) -> None:
        operations.invoke(cls(tables))


@Operations.implementation_for(LetOwnerBackUp)
def let_back_up(operations: Operations, operation: LetOwnerBackUp) -> None:
    for table in operation.tables:
        operations.execute(
            f"CREATE POLICY owner_backs_up ON {table} FOR SELECT TO CURRENT_USER "
            "USING (current_user = session_user AND current_setting('hub.backup', true) = 'on')"
        )


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        # Inside a caller's transaction, all or nothing: a restore has its own lock and its own patience.
        run(given)
        return
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.commit()
        run(connection)
    engine.dispose()


run_online()
