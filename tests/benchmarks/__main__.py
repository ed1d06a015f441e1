"""`make bench`: every benchmark, each in a process of its own, each printing its ratios.

    python -m tests.benchmarks [--national]

A county and a province (30,000 villages); with `--national` the nation's 600,000 as well, which takes some minutes
and gigabytes.
"""

import pkgutil
import subprocess
import sys
from pathlib import Path

NATIONAL = {"bench_reading": ["--national"], "bench_validation": ["--rows", "600000"]}


def main() -> int:
    is_national = "--national" in sys.argv[1:]
    failed = 0
    for name in sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if name.startswith("bench_"):
            sys.stdout.write(f"\n== {name.removeprefix('bench_')}\n")
            sys.stdout.flush()
            for options in ([], NATIONAL[name]) if is_national and name in NATIONAL else ([],):
                module = f"tests.benchmarks.{name}"
                failed |= subprocess.run([sys.executable, "-m", module, *options], check=False).returncode
    return failed


if __name__ == "__main__":
    sys.exit(main())
