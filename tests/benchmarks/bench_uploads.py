"""A workbook of 30,000 villages × 60 elements through the limited child, against calamine alone.

    python -m tests.benchmarks.bench_uploads

Both run in a process of their own, and seconds are of computing, so that a crowded machine does not count.
The ratio is what the walls cost: unpacking a second time, looking through every
cell, text for every value, handing over. The small form shows what starting a child costs.
"""

import asyncio
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from hub.kit.spreadsheets import open_workbook
from hub.kit.uploads.limits import FORM_LIMITS, IMPORT_LIMITS, UploadLimits
from hub.kit.uploads.reading import read_upload

VILLAGES, ELEMENTS, SMALL = 30_000, 60, 60
LIMIT_RATIO, LIMIT_SMALL_SECONDS = 2.0, 0.5
ALONE = (
    "import sys, python_calamine as c; s = c.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0);"
    "print(sum(1 for row in s.iter_rows()))"
)


def write_sheet(path: Path, rows: int) -> None:
    chance = random.Random(20261122)  # noqa: S311 - figures, not secrets
    with open_workbook(path, streams_rows=True) as book:
        sheet = book.add_worksheet("数据")
        for row in range(rows):
            sheet.write_string(row, 0, f"{433124100000 + row}")
            for column in range(1, ELEMENTS):
                value = chance.randrange(5000) if column % 3 else chance.randrange(10**6) / 100
                sheet.write_number(row, column, value)


def computing() -> float:
    """Seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def seconds_alone(path: Path) -> float:
    started = computing()
    subprocess.run([sys.executable, "-I", "-c", ALONE, str(path)], check=True, stdout=subprocess.DEVNULL)
    return computing() - started


def seconds_of_upload(path: Path, limits: UploadLimits, rows: int) -> float:
    started = computing()
    upload = asyncio.run(read_upload(path, filename=path.name, limits=limits))
    took = computing() - started
    assert upload.sheets[0].cells.shape == (rows, ELEMENTS)
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        large, small = Path(folder) / "large.xlsx", Path(folder) / "small.xlsx"
        write_sheet(large, VILLAGES)
        write_sheet(small, SMALL)
        alone = min(seconds_alone(large) for _ in range(2))
        whole = min(seconds_of_upload(large, IMPORT_LIMITS, VILLAGES) for _ in range(2))
        form = min(seconds_of_upload(small, FORM_LIMITS, SMALL) for _ in range(3))
    out = [
        f"upload {VILLAGES} × {ELEMENTS}: {whole:.2f} s, calamine alone {alone:.2f} s",
        f"ratio {whole / alone:.2f} (limit {LIMIT_RATIO})",
        f"upload {SMALL} × {ELEMENTS}: {form:.2f} s (limit {LIMIT_SMALL_SECONDS})",
    ]
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
