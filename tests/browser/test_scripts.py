"""What needs no page: Node runs the scripts' own tests, one test here for each file of them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "deploy" / "building" / "browser.py"


@pytest.mark.parametrize("path", sorted(Path(__file__).parent.glob("unit/*.test.mjs")), ids=lambda path: path.stem)
def test_of_a_script_holds(path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(PROGRAM), "node", "--test", str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
