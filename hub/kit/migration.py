"""Bringing a database to the newest revision, and asking where it stands."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncSession


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
