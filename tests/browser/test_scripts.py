"""What needs no page: Node runs the scripts' own tests, one test here for each file of them."""

import gzip
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


def test_the_entry_page_loads_few_scripts() -> None:
    """UX.md: at most 60 KB compressed on the page that an old machine opens every month."""
    built = ROOT / "hub" / "static" / "built"
    sizes = {name: len(gzip.compress((built / name).read_bytes(), 9)) for name in ("frame.js", "sheet.js")}
    assert sum(sizes.values()) <= 60 * 1024, sizes
