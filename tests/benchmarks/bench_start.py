"""From an empty data folder to the first page, packages installed.

    python -m tests.benchmarks.bench_start

The same again on the folder that was made, and without the demo county. The target is DESIGN.md §7's.
"""

import compileall
import sys
import tempfile
import time
from pathlib import Path

import httpx

import hub
from tests.journey.hub_process import running_hub

TARGET_SECONDS = 5.0


def _first_page(folder: Path, settings: dict[str, str]) -> float:
    start = time.perf_counter()
    with running_hub(folder, settings) as started:
        page = httpx.get(f"{started.url}/", headers={"accept": "text/html"}, follow_redirects=True)
        assert page.status_code == 200, page.text
        return time.perf_counter() - start


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    return folder


def main() -> None:
    # As pip does with a package: an editable one is else compiled at every start, where Python may write no bytecode.
    compileall.compile_dir(str(Path(hub.__file__).parent), quiet=1)
    lines = []
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as made:
        Path(made).chmod(0o711)
        demo, empty = _folder(Path(made), "demo"), _folder(Path(made), "empty")
        for name, folder, settings in (
            ("empty folder, with the demo county", demo, {}),
            ("the same folder again", demo, {}),
            ("empty folder, without the demo", empty, {"HUB_DEMO": "0"}),
        ):
            seconds = _first_page(folder, settings)
            lines.append(f"{name:36} {seconds:5.1f} s to the first page ({seconds / TARGET_SECONDS:4.2f} × the limit)")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
