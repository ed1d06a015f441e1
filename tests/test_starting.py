"""The first step of `hub`: what it loads, and the database server that starts meanwhile."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, nullcontext
from pathlib import Path

import pytest

from hub import starting
from hub.kit.postgres import PostgresError, PostgresServer
from hub.settings import settings


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not tmp_path: as root that lies below a 0700 folder, where the server's account can't go."""
    made = Path(tempfile.mkdtemp(prefix="hub-test-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def fresh_settings() -> Iterator[None]:
    """Read anew from the environment, and again by whoever comes after."""
    settings.cache_clear()
    yield
    settings.cache_clear()


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def done() -> Future[None]:
    future: Future[None] = Future()
    future.set_result(None)
    return future


class TestLoading:
    def test_the_first_step_waits_for_nothing_heavy(self) -> None:
        loaded = loaded_by("import hub.starting")
        assert "psycopg" in loaded
        assert loaded.isdisjoint({"sqlalchemy", "polars", "fastapi", "alembic", "hub.cli"})

    def test_the_companion_loads_no_pages_and_routes(self) -> None:
        loaded = loaded_by("import hub.preparation")
        assert "alembic" in loaded
        assert loaded.isdisjoint({"fastapi", "jinja2", "uvicorn", "typer", "procrastinate", "pypinyin"})

    def test_a_process_reads_nothing_aloud_unless_it_is_asked_to(self) -> None:
        assert "pypinyin" not in loaded_by("import hub.cli, hub.runtime")


class TestServerAhead:
    def test_is_adopted_and_stops_with_its_last_user(self, folder: Path) -> None:
        with starting.server_ahead(folder) as ahead:
            ahead.result()
            server = PostgresServer.start(folder)
            server.stop()
            assert server.is_running()
        assert not server.is_running()

    def test_leaves_it_to_the_command_to_say_why_it_does_not_start(self, folder: Path) -> None:
        (folder / "postgres").write_text("in the way")
        with starting.server_ahead(folder), pytest.raises(PostgresError):
            PostgresServer.start(folder)

    @pytest.mark.parametrize(
        ("arguments", "environment", "is_started", "is_prepared"),
        [
            (["run"], {}, True, True),
            (["serve"], {}, True, False),
            (["run", "--help"], {}, False, False),
            (["settings"], {}, False, False),
            (["run"], {"HUB_DATABASE_URL": "postgresql://hub_app@db/hub"}, False, True),
            (["serve"], {"HUB_DATABASE_URL": "postgresql://hub_app@db/hub"}, False, False),
            (["run"], {"HUB_PORT": "eighty"}, False, False),
        ],
    )
    def test_and_the_companion_are_for_commands_that_serve(
        self,
        monkeypatch: pytest.MonkeyPatch,
        fresh_settings: None,
        tmp_path: Path,
        arguments: list[str],
        environment: dict[str, str],
        is_started: bool,
        is_prepared: bool,
    ) -> None:
        monkeypatch.delenv("HUB_DATABASE_URL", raising=False)
        monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "new"))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        begun: list[str] = []

        def server_ahead(_folder: Path) -> nullcontext[Future[None]]:
            begun.append("server")
            return nullcontext(done())

        monkeypatch.setattr(starting, "server_ahead", server_ahead)
        monkeypatch.setattr(starting, "Companion", lambda module: nullcontext(begun.append(module)))
        with ExitStack() as stack:
            starting.go_ahead(arguments, stack)
        assert begun == ["server"] * is_started + ["hub.preparing"] * is_prepared

    @pytest.mark.parametrize(
        ("demo", "held", "is_prepared"), [("1", None, True), ("0", None, False), ("1", "postgres", False)]
    )
    def test_only_a_demo_in_a_new_folder_is_worth_a_companion_and_the_server_goes_before_the_rest(
        self,
        monkeypatch: pytest.MonkeyPatch,
        fresh_settings: None,
        tmp_path: Path,
        demo: str,
        held: str | None,
        is_prepared: bool,
    ) -> None:
        waited_for: list[object] = []
        server = done()
        monkeypatch.delenv("HUB_DATABASE_URL", raising=False)
        monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("HUB_DEMO", demo)
        monkeypatch.setattr(starting, "server_ahead", lambda _folder: nullcontext(server))
        monkeypatch.setattr(starting, "Companion", nullcontext)
        monkeypatch.setattr(starting, "wait", waited_for.extend)
        if held is not None:
            (tmp_path / held).mkdir()
        with ExitStack() as stack:
            assert starting.go_ahead(["run"], stack) == ("hub.preparing" if is_prepared else None)
        assert waited_for == [server] * is_prepared
