"""Every revision goes up, down and up again on a filled database; the models and the migrations agree."""

import os
from collections.abc import Iterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Engine, Integer, MetaData, create_engine, text

from hub.kit.migration import configuration
from hub.kit.postgres import APP, OWNER, PostgresServer
from hub.models import Base
from hub.settings import share_folder
from tests.migrations.filling import as_before, content, fill

REVISIONS = [script.revision for script in ScriptDirectory(str(share_folder("migrations"))).walk_revisions()][::-1]


@pytest.fixture
def database(postgres: PostgresServer, worker_id: str) -> Iterator[tuple[Config, Engine]]:
    name = f"migrations_{worker_id}_{os.getpid()}"
    postgres.drop_database(name)
    postgres.create_database(name)
    url = postgres.url(role=OWNER, database=name)
    engine = create_engine(url)
    yield configuration(share_folder("migrations"), owner_url=url, application_role=APP), engine
    engine.dispose()
    postgres.drop_database(name)


class TestRevisions:
    def test_there_is_one_line_of_them_named_by_number(self) -> None:
        assert [f"{number:04d}" for number in range(1, len(REVISIONS) + 1)] == REVISIONS

    def test_go_down_and_up_again_and_keep_the_previous_revisions_data(self, database: tuple[Config, Engine]) -> None:
        config, engine = database
        for revision in REVISIONS:
            with engine.begin() as connection:
                fill(connection)
            with engine.begin() as connection:
                before = content(connection)
            command.upgrade(config, revision)
            if revision != REVISIONS[0]:
                command.downgrade(config, "-1")
                command.upgrade(config, revision)
            with engine.begin() as connection:
                after = content(connection)
            assert as_before(after, before) == before
        assert sum(len(rows) for rows in before.values()) > 20

    def test_go_all_the_way_down(self, database: tuple[Config, Engine]) -> None:
        config, engine = database
        command.upgrade(config, "head")
        command.downgrade(config, "base")
        with engine.begin() as connection:
            left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).fetchall()
        assert [name for (name,) in left] == ["alembic_version"]


class TestModels:
    def test_agree_with_the_migrations(self, database: tuple[Config, Engine]) -> None:
        config, _engine = database
        command.upgrade(config, "head")
        command.check(config)

    def test_a_drift_would_be_seen(self, database: tuple[Config, Engine]) -> None:
        config, engine = database
        command.upgrade(config, "head")
        drifted = MetaData(naming_convention=Base.metadata.naming_convention)
        for table in Base.metadata.sorted_tables:
            table.to_metadata(drifted)
        drifted.tables["forms"].append_column(Column("forgotten", Integer))
        with engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), drifted)
        assert [difference[0] for difference in differences] == ["add_column"]


class TestSecondWall:
    """Row-level security stands from the first migration on, and binds owner and application alike."""

    TABLES = (
        "attachments",
        "collection_steps",
        "delegations",
        "draft_ledgers",
        "drafts",
        "flags",
        "import_findings",
        "lock_exceptions",
        "provisional_records",
        "record_revisions",
        "records",
        "remarks",
        "submissions",
    )

    def test_binds_everybody(self, database: tuple[Config, Engine]) -> None:
        config, engine = database
        command.upgrade(config, "head")
        with engine.begin() as connection:
            rows = connection.execute(
                text("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname")
            ).fetchall()
        assert [name for (name,) in rows] == sorted(self.TABLES)

    def test_no_context_no_rows(self, database: tuple[Config, Engine]) -> None:
        config, engine = database
        command.upgrade(config, "head")
        with engine.begin() as connection:
            fill(connection)
        for scope, count in (("x", 1), ("y", 0), ("", 0), (None, 0)):
            with engine.begin() as connection:
                if scope is not None:
                    connection.execute(text("SELECT set_config('hub.divisions', :scope, true)"), {"scope": scope})
                else:
                    connection.execute(text("RESET hub.divisions"))
                for table in self.TABLES:
                    assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == count, (table, scope)
