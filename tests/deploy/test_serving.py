"""How the server process is started: what it believes, what it writes, how many there are."""

import os
from typing import Any

import pytest
import uvicorn

from hub import cli
from hub.kit.accepting import SharingLoop
from hub.settings import Settings, figures_folder


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What uvicorn was started with, and whether processes share their figures meanwhile."""
    found: list[dict[str, Any]] = []

    def run(_app: str, **options: Any) -> None:
        found.append(options | {"figures": figures_folder()})

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)
    monkeypatch.setattr(uvicorn, "run", run)
    monkeypatch.setattr(cli.logs, "configure", lambda *_arguments: None)
    return found


class TestProxies:
    def test_nobodys_word_is_taken_for_an_address(self, started: list[dict[str, Any]]) -> None:
        cli._serve(Settings())
        assert started[0]["proxy_headers"] is False

    def test_but_that_of_the_proxies_named(self, started: list[dict[str, Any]]) -> None:
        cli._serve(Settings(trusted_proxies="10.1.2.3,172.30.0.0/24"))
        assert started[0]["proxy_headers"] is True
        assert started[0]["forwarded_allow_ips"] == "10.1.2.3,172.30.0.0/24"


class TestLog:
    def test_uvicorns_own_which_holds_query_strings_is_off(self, started: list[dict[str, Any]]) -> None:
        cli._serve(Settings())
        assert (started[0]["access_log"], started[0]["log_config"]) == (False, None)


class TestProcesses:
    def test_one_keeps_its_figures_to_itself(self, started: list[dict[str, Any]]) -> None:
        cli._serve(Settings(workers=1))
        assert started[0]["figures"] is None

    def test_several_keep_them_together(self, started: list[dict[str, Any]]) -> None:
        cli._serve(Settings(workers=2))
        folder = started[0]["figures"]
        assert folder is not None
        assert not folder.exists()  # gone with the server

    def test_share_what_comes_in(self, started: list[dict[str, Any]]) -> None:
        cli._serve(Settings(workers=2))
        assert uvicorn.Config("x:y", loop=started[0]["loop"]).get_loop_factory() is SharingLoop

    @pytest.mark.parametrize(
        ("processors", "workers", "threads"), [(2, 2, "1"), (8, 2, "4"), (2, 4, "1"), (8, 1, None)]
    )
    def test_share_the_processors(
        self,
        started: list[dict[str, Any]],
        monkeypatch: pytest.MonkeyPatch,
        processors: int,
        workers: int,
        threads: str | None,
    ) -> None:
        monkeypatch.setattr(os, "cpu_count", lambda: processors)
        cli._serve(Settings(workers=workers))
        assert os.environ.get("POLARS_MAX_THREADS") == threads
        monkeypatch.delenv("POLARS_MAX_THREADS", raising=False)

    @pytest.mark.parametrize(("option", "workers"), [(None, 3), (2, 2)])
    def test_are_as_many_as_the_setting_or_the_option_says(
        self, started: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, option: int | None, workers: int
    ) -> None:
        monkeypatch.setattr(cli, "settings", lambda: Settings(workers=3))
        cli.serve(option)
        assert started[0]["workers"] == workers
