"""One private PostgreSQL server for one data folder, for a hub that was given no database.

Every process of the hub calls `PostgresServer.start` and gets the same server: the first starts it, the
others adopt it, the last to leave stops it. It listens on a Unix socket in a 0700 folder only and knows its
callers by their operating system account (peer authentication), so there is no password to keep. It
survives the death of any of them; after its own it recovers at the next start.

    <data folder>/postgres/   cluster/ log/ socket/   postgresql.conf pg_hba.conf pg_ident.conf   *.lock start.log
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from hub.kit.files import make_durable
from hub.kit.i18n import gettext as _
from hub.kit.postgres_account import (
    choose_account,
    exclusive_lock,
    is_shared,
    make_folder,
    make_private_folder,
    open_file,
    own_name,
    release_lock,
    share_lock,
    write_file,
)
from hub.kit.postgres_binaries import Binaries, PostgresError, find_binaries

__all__ = ["ADMIN", "APP", "DATABASE", "OWNER", "PostgresError", "PostgresServer"]

ADMIN = "hub_admin"  # the bootstrap superuser: makes roles and databases, nothing else
OWNER = "hub_owner"  # owns the database and migrates it
APP = "hub_app"  # what a serving hub connects as: no owner, and subject to row-level security
DATABASE = "hub"

# Written out wherever it counts, because PGPORT in somebody's environment would change the default.
_PORT = 5432
_SOCKET_PATH_BYTES = 107  # sun_path of a Unix socket address holds 108 with the closing NUL
_STALE_SECONDS = 30
_RECOVERY_SECONDS = 120
_STOP_SECONDS = 60
_LOG_LINES = 12
# What a start says while children of a killed server, or its lock file, are still there.
_STALE = ("lock file", "shared memory block")

# For 2 cores and 4 GB. Durability is PostgreSQL's default, but stands here because the hub promises it.
_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(_PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "wal_compression": "on",
    # RELIABILITY REL-R8: a transaction left open holds its area's clock; it mustn't for long.
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, YMD",
    "lc_messages": "C",
    "default_text_search_config": "pg_catalog.simple",
    # A week of logs, one file for each day of the week.
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_lock_waits": "on",
    # A refused row would be quoted in DETAIL, and its statement below it.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


class PostgresServer:
    """Made by `start`; a context manager that stops on leaving."""

    def __init__(self, home: Path, binaries: Path | None = None, settings: Mapping[str, str] = _SETTINGS) -> None:
        self._home = home
        self._settings = settings
        self._cluster = home / "cluster"
        self._start_lock = home / "start.lock"
        self._users_lock = home / "users.lock"
        self._use: int | None = None
        self._account = choose_account(self._cluster)
        self._forced_binaries = binaries
        self._sockets = _socket_folder(home)

    @classmethod
    def start(cls, data_dir: Path, *, settings: Mapping[str, str] | None = None, binaries: Path | None = None) -> Self:
        """The server of this data folder, started unless it runs. `settings` (of PostgreSQL, over ours) count only
        when this call starts it; `binaries` is the only folder of programs looked into.
        """
        home = data_dir.resolve() / "postgres"
        with _told(home):
            make_folder(home)
            with exclusive_lock(home / "start.lock"):
                server = cls(home, binaries, {**_SETTINGS, **(settings or {})})
                server._open()
        return server

    def stop(self, *, force: bool = False) -> None:
        """Leave the server; the last user stops it. `force` stops it whoever else still uses it."""
        if self._use is None and not force:
            return
        with _told(self._home), exclusive_lock(self._start_lock):
            if self._use is not None:
                release_lock(self._use)
                self._use = None
            if force or not is_shared(self._users_lock):
                self._shut_down()

    def revive(self) -> bool:
        """Start the server again when it died under its users; False, and nothing done, while it lives."""
        if self._use is None or self.is_running():
            return False
        with _told(self._home), exclusive_lock(self._start_lock):
            if not self._answers():
                self._launch()
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Of the postmaster, as its own file tells; after a crash that file stands until the next start."""
        try:
            return int((self._cluster / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        """For SQLAlchemy; without `+psycopg` for psycopg and libpq's own tools."""
        return f"postgresql+psycopg://{role}@/{quote(database)}?host={quote(str(self._sockets))}&port={_PORT}"

    def is_running(self) -> bool:
        return self._ping() == psycopg.pq.Ping.OK

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """A database of the owner's that the application may connect to. Nobody may be connected to the template."""
        with self._connect() as connection:
            _create_database(connection, name, template)
            _grant_database(connection, name)

    def drop_database(self, name: str) -> None:
        """With its connections; an absent one is fine."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @cached_property
    def _binaries(self) -> Binaries:
        """Looked for only when something has to be run; whoever adopts a server and leaves it needs none."""
        return find_binaries(self._cluster, self._forced_binaries)

    def _open(self) -> None:
        """Under the start lock."""
        if not self._answers():
            self._launch()
        self._use = share_lock(self._users_lock)
        try:
            self._prepare()
        except BaseException:
            release_lock(self._use)
            raise

    def _answers(self) -> bool:
        """Waits for a server that is just starting, recovering or stopping."""
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while (ping := self._ping()) == psycopg.pq.Ping.REJECT:
            if time.monotonic() > deadline:
                raise self._failure(
                    _("数据库在 {seconds} 秒内没有恢复完毕,请稍后再试。").format(seconds=_RECOVERY_SECONDS)
                )
            time.sleep(0.02)
        return ping == psycopg.pq.Ping.OK

    def _ping(self) -> psycopg.pq.Ping:
        target = self._target(connect_timeout="5")
        return psycopg.pq.Ping(psycopg.pq.PGconn.ping(os.fsencode(target)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._target(), autocommit=True)

    def _target(self, connect_timeout: str = "30") -> str:
        return make_conninfo(
            host=str(self._sockets), port=_PORT, user=ADMIN, dbname="postgres", connect_timeout=connect_timeout
        )

    def _launch(self) -> None:
        self._account.check_reach(self._home)
        self._account.check_reach(self._binaries.folder)
        if self._cluster.exists():
            if self._cluster.stat().st_uid != self._account.uid:
                self._account.own(self._cluster)
        else:
            self._make_cluster()
        make_private_folder(self._home / "log", self._account)
        make_private_folder(self._sockets, self._account)
        self._write_settings()
        deadline = time.monotonic() + _STALE_SECONDS
        # A process killed in the middle of its start may have left one that is coming up.
        while not self._try_launch() and not self._answers():
            # PostgreSQL's own check of postmaster.pid and shared memory is what keeps two servers off one cluster.
            # It refuses while children of a killed server live, so it is asked again and never overridden.
            if time.monotonic() > deadline or not any(sign in self._start_log() for sign in _STALE):
                raise self._failure(_("数据库服务器无法启动。请按以下日志处理后重试:"))
            time.sleep(0.1)

    def _try_launch(self) -> bool:
        self._reap()
        options = f"-c config_file={_shell_quote(self._home / 'postgresql.conf')}"
        start = ["start", "-D", str(self._cluster), "-w", "-t", str(_RECOVERY_SECONDS), "-o", options]
        return self._pg("pg_ctl", *start) == 0

    def _reap(self) -> None:
        """As process 1 of a container the hub inherits the server, and a dead one stays in the process table,
        where PostgreSQL takes it for alive, until its parent has asked for it.
        """
        if os.getpid() == 1 and self.pid is not None:
            try:
                os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return

    def _make_cluster(self) -> None:
        """Beside its place and moved there when whole: a start cut short leaves nothing that looks like a cluster."""
        for leftover in self._home.glob("cluster.new-*"):
            # Its initdb may still be writing, hence the new name for ours; what can't go now goes next time.
            shutil.rmtree(leftover, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=self._home))
        self._account.own(fresh)
        options = ["-D", str(fresh), f"--username={ADMIN}", "--encoding=UTF8", "--data-checksums", "--no-instructions"]
        options += ["--auth-local=peer", "--auth-host=reject"]
        if self._settings["fsync"] == "off":
            options.append("--no-sync")
        # Sorted by code point, the same on every machine. The character classes come from C.UTF-8 where the system
        # has it: under plain C, pg_trgm doesn't take Chinese characters for letters.
        for character_class in ("C.UTF-8", "C"):
            if self._pg("initdb", *options, "--locale=C", f"--lc-ctype={character_class}") == 0:
                break
            if "locale" not in self._start_log():
                raise self._failure(_("无法建立数据库。请按以下日志处理后重试:"))
        else:
            raise self._failure(_("无法建立数据库。请按以下日志处理后重试:"))
        fresh.rename(self._cluster)
        make_durable(self._home)

    def _write_settings(self) -> None:
        paths = {
            "hba_file": self._home / "pg_hba.conf",
            "ident_file": self._home / "pg_ident.conf",
            "unix_socket_directories": self._sockets,
            "log_directory": self._home / "log",
        }
        lines = [f"{name} = {_conf_quote(str(value))}" for name, value in {**self._settings, **paths}.items()]
        write_file(self._home / "postgresql.conf", "\n".join(["# Written by the hub at every start.", *lines, ""]))
        write_file(self._home / "pg_hba.conf", "local all all peer map=hub\nlocal replication all peer map=hub\n")
        # root is always let in: it could become any of the others, and an operator's `sudo hub …` should work.
        accounts = sorted({own_name(), self._account.name, "root"})
        users = [f'hub "{account}" {role}\n' for account in accounts for role in (ADMIN, OWNER, APP)]
        write_file(self._home / "pg_ident.conf", "".join(users))

    def _prepare(self) -> None:
        """Roles and database, whichever are missing: an earlier first start may have been cut short."""
        with self._connect() as connection:
            # A statement outlives the process that sent it. The lock goes when the server has noticed.
            connection.execute("SELECT pg_advisory_lock(1)")
            roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
            for role in {OWNER, APP} - roles:
                connection.execute(
                    sql.SQL(
                        "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                    ).format(sql.Identifier(role))
                )
            granted: dict[str, bool] = dict(
                connection.execute("SELECT datname, datacl IS NOT NULL FROM pg_database").fetchall()
            )
            if DATABASE not in granted:
                _create_database(connection, DATABASE, template=None)
            if not granted.get(DATABASE):
                _grant_database(connection, DATABASE)

    def _shut_down(self) -> None:
        if self.pid is None:
            return
        stop = ["stop", "-D", str(self._cluster), "-m", "fast", "-w", "-t", str(_STOP_SECONDS)]
        if self._pg("pg_ctl", *stop) != 0 and self._ping() != psycopg.pq.Ping.NO_RESPONSE:
            raise self._failure(_("数据库服务器没有在 {seconds} 秒内停止。").format(seconds=_STOP_SECONDS))
        self._reap()

    def _pg(self, program: str, *arguments: str) -> int:
        """Its output goes to start.log, in a file and not a pipe: the server keeps it open for life."""
        with open_file(self._home / "start.log") as output:
            return self._account.run([str(self._binaries.folder / program), *arguments], output)

    def _start_log(self) -> str:
        return (self._home / "start.log").read_text(encoding="utf-8", errors="replace")

    def _failure(self, sentence: str) -> PostgresError:
        """With the last lines of what the programs and the server said."""
        lines = self._start_log().splitlines()
        logs = sorted((self._home / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        for log in logs[-1:]:
            lines += log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
        return PostgresError("\n".join([sentence, *lines[-2 * _LOG_LINES :]]))


def _create_database(connection: psycopg.Connection, name: str, template: str | None) -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
    if template is not None:
        statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    connection.execute(statement)


def _grant_database(connection: psycopg.Connection, name: str) -> None:
    database = sql.Identifier(name)
    with connection.transaction():
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        # TEMPORARY: bulk loads go through staging tables, as COPY is refused under row-level security.
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(database, sql.Identifier(APP))
        )


@contextmanager
def _told(home: Path) -> Iterator[None]:
    """What the system or the server refuses reaches people as a sentence."""
    try:
        yield
    except OSError as error:
        raise PostgresError(
            _("数据库文件夹 {home} 无法使用:{error}。请检查所有者、权限和磁盘空间。").format(home=home, error=error)
        ) from error
    except psycopg.Error as error:
        raise PostgresError(
            _("数据库服务器已启动,但无法准备角色和数据库:{error}。请查看 {logs} 中的日志。").format(
                error=error, logs=home / "log"
            )
        ) from error


def _socket_folder(home: Path) -> Path:
    """Inside the data folder, unless that path is too long for a socket or has a character that lists of
    folders give a meaning to, such as a comma; then a short one, the same for every process of this folder.
    """
    folder = home / "socket"
    path = str(folder / f".s.PGSQL.{_PORT}")
    is_plain = path.isascii() and all(character.isalnum() or character in "/._-" for character in path)
    if is_plain and len(path) <= _SOCKET_PATH_BYTES:
        return folder
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"hub-postgres-{name}"  # noqa: S108  # its owner and mode are checked


def _conf_quote(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _shell_quote(path: Path) -> str:
    """pg_ctl hands its options to a shell."""
    return "'" + str(path).replace("'", "'\\''") + "'"
