"""Bringing a database to the newest revision, and asking where it stands."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool, text
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


def newest_revision(folder: Path) -> str | None:
    return ScriptDirectory(str(folder)).get_current_head()


async def current_revision(session: AsyncSession) -> str | None:
    """The revision the database stands at; None before the first migration."""
    connection = await session.connection()
    return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


def is_empty(owner_url: str) -> bool:
    """True when the database has not been migrated yet."""
    engine = create_engine(owner_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        return connection.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None
