"""roapi, a server of read-only tables in Rust (DataFusion), beside the hub where it is installed.

    .venv/bin/pip install roapi==0.12.7

It is no dependency of the project's: nothing but this comparison uses it. It keeps the table in memory and asks
nobody who reads: no grants, no wall, no log, no history.
"""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import psycopg

from tests.benchmarks.serving import served_by
from tests.journey.hub_process import BIN, free_port

VILLAGES = "SELECT left(division, 6) AS county, division, period, {cells} FROM records ORDER BY division"


def find_roapi() -> str | None:
    return shutil.which("roapi", path=str(BIN)) or shutil.which("roapi")


@contextmanager
def serve_roapi(command: str, owner_url: str, folder: Path, elements: Sequence[str]) -> Iterator[str]:
    """All villages with these elements as a Parquet file, served as the table `villages`."""
    table, file = folder / "villages.csv", folder / "villages.parquet"
    cells = ", ".join(f"(payload ->> '{element}')::bigint AS {element}" for element in elements)
    with psycopg.connect(owner_url) as owner:
        owner.execute("SELECT set_config('hub.divisions', '71', true)")
        statement = f"COPY ({VILLAGES.format(cells=cells)}) TO STDOUT (FORMAT csv, HEADER)"
        with owner.cursor().copy(statement.encode()) as copied, table.open("wb") as written:
            written.writelines(copied)
    texts = dict.fromkeys(("county", "division", "period"), pl.String)
    pl.scan_csv(table, schema_overrides=texts).sink_parquet(file)
    port = free_port()
    others = [part for door in ("postgres", "flight-sql") for part in (f"--addr-{door}", f"127.0.0.1:{free_port()}")]
    started = [command, "--addr-http", f"127.0.0.1:{port}", *others, "--table", f"villages={file}"]
    with served_by(started, {"RUST_LOG": "warn"}, port, "/api/schema", stdout=subprocess.DEVNULL) as url:
        yield url
