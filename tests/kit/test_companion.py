"""A second process of ours: told of its parent's end however that comes, and its own end waited for."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.kit.companion import Companion

WORK = """
import sys, time
from pathlib import Path
from hub.kit.companion import end_with_parent

end_with_parent()
here = Path(__file__)
here.with_suffix(".pid").write_text(str(__import__("os").getpid()))
try:
    time.sleep(float(here.with_suffix(".seconds").read_text()))
except KeyboardInterrupt:
    here.with_suffix(".interrupted").touch()
    sys.exit(130)
sys.exit(3)
"""
PARENT = "from hub.kit.companion import Companion; Companion('work'); input()"
PATIENCE = 30


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module for a companion: it leaves notes beside itself."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = tmp_path / "work.py"
    made.write_text(WORK)
    made.with_suffix(".seconds").write_text("60")
    return made


def until_there(path: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists() or not (path.suffix != ".pid" or path.read_text()):
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


def test_its_status_is_waited_for(work: Path) -> None:
    work.with_suffix(".seconds").write_text("0")
    with Companion("work") as companion:
        assert companion.wait() == 3
    assert not work.with_suffix(".interrupted").exists()


def test_whoever_leaves_it_interrupts_it_and_waits_for_its_end(work: Path) -> None:
    with Companion("work") as companion:
        until_there(work.with_suffix(".pid"))
    assert companion.wait() == 130
    assert work.with_suffix(".interrupted").exists()


def test_it_does_not_outlive_a_parent_that_was_killed(work: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE) as parent:
        until_there(work.with_suffix(".pid"))
        parent.send_signal(signal.SIGKILL)
    until_there(work.with_suffix(".interrupted"))


def test_a_file_in_the_working_directory_is_not_the_program(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH")
    monkeypatch.chdir(work.parent)
    with Companion("work") as companion:
        assert companion.wait() == 1
    assert not work.with_suffix(".pid").exists()


def test_it_says_which_signal_killed_it(work: Path) -> None:
    with Companion("work") as companion:
        until_there(work.with_suffix(".pid"))
        os.kill(int(work.with_suffix(".pid").read_text()), signal.SIGKILL)
        assert companion.wait() == -signal.SIGKILL
