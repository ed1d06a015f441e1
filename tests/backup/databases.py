"""Databases of their own for backups and restores: migrated, filled, looked into past every wall."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from psycopg import sql
from sqlalchemy import create_engine

from hub.backup.restoring import Target
from hub.kit.db import Database
from hub.kit.migration import Migrations, configuration, upgrade
from hub.kit.postgres import ADMIN, APP, OWNER, PostgresServer
from hub.settings import Settings, share_folder
from tests.migrations.filling import fill

MIGRATIONS = share_folder("migrations")


@dataclass
class Place:
    """One database and one data folder, as a hub has them."""

    server: PostgresServer
    name: str
    settings: Settings

    @property
    def owner_url(self) -> str:
        return self.server.url(role=OWNER, database=self.name)

    @property
    def folder(self) -> Path:
        return self.settings.data_dir

    def migrate(self, revision: str = "head") -> None:
        upgrade(MIGRATIONS, owner_url=self.owner_url, application_role=APP, revision=revision)

    def downgrade(self, revision: str) -> None:
        command.downgrade(configuration(MIGRATIONS, owner_url=self.owner_url, application_role=APP), revision)

    def fill(self) -> None:
        """At least one row in every table of the hub."""
        engine = create_engine(self.owner_url)
        with engine.begin() as connection:
            fill(connection)
        engine.dispose()

    def owner(self) -> Database:
        return Database(self.owner_url, pool_size=1)

    def target(self, owner: Database) -> Target:
        migrations = Migrations(MIGRATIONS, owner_url=self.owner_url, application_role=APP)
        return Target(owner, migrations, self.settings)

    @contextmanager
    def as_superuser(self) -> Iterator[psycopg.Connection[Any]]:
        """Row-level security does not bind a superuser: what is seen here is all there is."""
        url = self.server.url(role=ADMIN, database=self.name).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def run(self, statement: str) -> None:
        with self.as_superuser() as connection:
            connection.execute(statement)

    def content(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        with self.as_superuser() as connection:
            tables = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables"
                " WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' ORDER BY 1, 2"
            ).fetchall()
            return {
                f"{schema}.{table}": [
                    row
                    for (row,) in connection.execute(
                        sql.SQL("SELECT whole::text FROM {} AS whole ORDER BY 1").format(sql.Identifier(schema, table))
                    )
                ]
                for schema, table in tables
            }

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}


@contextmanager
def new_place(server: PostgresServer, name: str, folder: Path, *, template: Place | None = None) -> Iterator[Place]:
    """An empty place, or a copy of another. Other runs of the tests may use the same server."""
    name = f"{name}_{os.getpid()}"
    server.create_database(name, template=template.name if template else None)
    if template is None:
        folder.mkdir(parents=True)
    else:
        shutil.copytree(template.folder, folder)
    yield Place(server, name, Settings(data_dir=folder))
    server.drop_database(name)
