"""Bringing a database to the newest revision, and asking where it stands."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select
from sqlalchemy.ext.asyncio import AsyncSession

# One migrator at a time, whatever the number of servers that start at once.
MIGRATION_LOCK = 0x4D16


def configuration(folder: Path, *, owner_url: str, application_role: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["url"] = owner_url
    config.attributes["application_role"] = application_role
    return config


def upgrade(folder: Path, *, owner_url: str, application_role: str, revision: str = "head") -> None:
    """Run every migration that is missing, as the owner."""
    command.upgrade(configuration(folder, owner_url=owner_url, application_role=application_role), revision)


def draft(folder: Path, owner_url: str, application_role: str, message: str) -> None:
    """Write the next numbered migration from the difference between the models and the database."""
    config = configuration(folder, owner_url=owner_url, application_role=application_role)
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    newest = newest_revision(folder) or "0000"
    command.revision(config, message=message, autogenerate=True, rev_id=f"{int(newest) + 1:04d}")


def newest_revision(folder: Path) -> str | None:
    return ScriptDirectory(str(folder)).get_current_head()


async def current_revision(session: AsyncSession) -> str | None:
    """The revision the database stands at; None before the first migration."""
    connection = await session.connection()
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


class Migrations:
    """The migrations of this program, run inside a caller's own transaction: all or nothing."""

    def __init__(self, folder: Path, *, owner_url: str, application_role: str) -> None:
        self._config = configuration(folder, owner_url=owner_url, application_role=application_role)
        walked = ScriptDirectory(str(folder)).walk_revisions()
        self.revisions = tuple(script.revision for script in walked)[::-1]

    @property
    def newest(self) -> str:
        return self.revisions[-1]

    async def lock(self, session: AsyncSession) -> None:
        """Keep other migrators out, to the end of the transaction."""
        await session.execute(select(func.pg_advisory_xact_lock(MIGRATION_LOCK)))

    async def go_to(self, session: AsyncSession, revision: str) -> None:
        """Up or down to a known revision."""
        standing = await current_revision(session)
        is_back = standing is not None and self.revisions.index(revision) < self.revisions.index(standing)
        connection = await session.connection()
        await connection.run_sync(self._run, command.downgrade if is_back else command.upgrade, revision)

    def _run(self, connection: Connection, move: Callable[[Config, str], None], revision: str) -> None:
        self._config.attributes["connection"] = connection
        move(self._config, revision)
