"""The database of one hub: the operator's own, or a private server in the data folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy.engine import make_url

from hub.kit.i18n import gettext as _
from hub.kit.migration import Migrations, upgrade
from hub.kit.postgres import APP, OWNER, PostgresError, PostgresServer
from hub.settings import Settings, share_folder


@dataclass(frozen=True)
class DatabaseAddress:
    """One database, addressed as the serving role and as its owner."""

    application_url: str
    owner_url: str
    application_role: str
    private_server: PostgresServer | None = None

    @property
    def migrations(self) -> Migrations:
        return Migrations(share_folder("migrations"), owner_url=self.owner_url, application_role=self.application_role)

    def migrate(self) -> None:
        """Bring it to the newest revision, as the owner."""
        upgrade(share_folder("migrations"), owner_url=self.owner_url, application_role=self.application_role)

    def revive(self) -> None:
        """Bring a private server back that was killed; an operator's own is the operator's to bring back."""
        if self.private_server is not None:
            self.private_server.revive()

    def check_application_role(self) -> None:
        """Refuse a serving role that row-level security does not bind: the second wall would be a picture of one."""
        with psycopg.connect(self.application_url.replace("+psycopg", "")) as connection:
            row = connection.execute(
                "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        if row is not None and row[0]:
            raise PostgresError(
                _(
                    "HUB_DATABASE_URL 的角色 {role} 是超级用户或不受行级安全约束，不能用于提供服务。"
                    "请另建普通角色，并用 HUB_MIGRATION_DATABASE_URL 指定数据库所有者。"
                ).format(role=self.application_role)
            )


def has_database(settings: Settings) -> bool:
    """Whether there is one to open; opening would make a private one where there is none."""
    cluster = settings.data_dir / "postgres" / "cluster" / "PG_VERSION"
    return settings.database_url is not None or cluster.is_file()


@contextmanager
def open_database(settings: Settings) -> Iterator[DatabaseAddress]:
    """The database these settings mean; a private server is started, or adopted from another process."""
    if settings.database_url is None:
        with PostgresServer.start(settings.data_dir) as server:
            yield DatabaseAddress(server.url(role=APP), server.url(role=OWNER), APP, server)
        return
    url = settings.database_url.get_secret_value()
    owner = settings.migration_database_url or settings.database_url
    address = DatabaseAddress(_with_driver(url), _with_driver(owner.get_secret_value()), make_url(url).username or APP)
    yield address


def _with_driver(url: str) -> str:
    """Operators write postgresql://; SQLAlchemy wants to hear which driver."""
    return make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
