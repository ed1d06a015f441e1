"""`make bench`: every benchmark, each printing its ratios from one run."""

import importlib
import pkgutil
from pathlib import Path

if __name__ == "__main__":
    for module in sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if module.startswith("bench_"):
            importlib.import_module(f"tests.benchmarks.{module}").main()
