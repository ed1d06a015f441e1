"""REL-R7: whatever moment a connector is killed at, its next run ends with the hub's values, and no row twice."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEED = os.environ.get("CONNECTOR_SEED", "20261122")
KILLS = int(os.environ.get("CONNECTOR_KILLS", "500"))


def torment(*arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: a fork must not inherit the threads that other tests have started."""
    command = [sys.executable, "-m", "tests.faults.connector_kills", "--seed", SEED, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_connector_killed_at_a_random_byte_resumes() -> None:
    """Longer: `python -m tests.faults.connector_kills --kills 5000`, or CONNECTOR_KILLS=5000 here."""
    done = torment("--kills", str(KILLS))
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum(int(number) for number in re.findall(r"(\d+) kills in", done.stdout)) >= KILLS
    assert all(int(number) > 0 for number in re.findall(r"(\d+) runs gone on from kept pages", done.stdout))


def test_a_cursor_stored_apart_from_its_data_is_found_out() -> None:
    """The negative control: a checkpoint in a transaction of its own must fail the same comparison."""
    done = torment("--naive")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not the source" in done.stdout
