"""A hub that is told to stop takes with it what it started."""

import signal

import pytest

from tests.journey.hub_process import running_hub


@pytest.mark.parametrize("word", [signal.SIGTERM, signal.SIGINT], ids=lambda word: word.name)
def test_its_private_database_server_stops_with_it(word: signal.Signals) -> None:
    with running_hub(settings={"HUB_DEMO": "0"}) as hub:
        (running,) = hub.folder.rglob("postmaster.pid")
        hub.process.send_signal(word)
        assert hub.process.wait(timeout=60) == 0
        assert not running.exists()
