"""Values read over HTTP from a real hub: a county, a province, and with `--national` the whole country.

    python -m tests.benchmarks.bench_reading [--national]

The same machine, the same PostgreSQL, one run: the hub beside what a typical developer writes, and beside
plain COPY. The limits are DESIGN.md §7's; read the ratios of one run only.
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg

from hub.kit.db import Database
from hub.kit.installation import open_database
from hub.settings import Settings
from tests.benchmarks.naive_reading import NaiveBase
from tests.benchmarks.roapi import find_roapi, serve_roapi
from tests.benchmarks.serving import serve_hub, serve_naive
from tests.exchange.factories import grant
from tests.grants.factories import create_element
from tests.people import People

VILLAGES, ELEMENTS, ASKED, WORKERS, CLIENTS = 250, 60, 8, 2, 8
NAMES = [f"village_element_{number}" for number in range(ELEMENTS)]
CHOSEN = NAMES[3::7][:ASKED]
PERIOD = "2026-10"
SECONDS, ROUNDS = 2.0, 3
CHANGED = 600
PROVINCE = 120
TIMES_ORM, TIMES_ROAPI, TIMES_COPY_OF_CHANGES = 8, 5, 2
FORMS = (
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
)

PLACES = """
INSERT INTO divisions (code, name, level, parent_code, lineage, code_system, code_year)
SELECT code, code, level, parent, lineage, 'NBS', 2023 FROM (
    SELECT '71' AS code, 'province' AS level, NULL AS parent, ARRAY['71'] AS lineage
    UNION ALL SELECT '71' || f, 'prefecture', '71', ARRAY['71', '71' || f] FROM prefectures
    UNION ALL SELECT c, 'county', left(c, 4), ARRAY['71', left(c, 4), c] FROM counties
    UNION ALL SELECT c || '001', 'township', c, ARRAY['71', left(c, 4), c, c || '001'] FROM counties
    UNION ALL SELECT c || '001' || v, 'village', c || '001', ARRAY['71', left(c, 4), c, c || '001', c || '001' || v]
        FROM counties, generate_series(100, 99 + %(villages)s) v
) places ORDER BY length(code)
"""
# Some thousand different villages, each many times: making each of the nation's rows by itself took most of an hour.
DRAWN = """
CREATE TEMP TABLE drawn AS
SELECT n, jsonb_object_agg('village_element_' || e, (random() * 1000)::int) AS payload
FROM generate_series(0, 4999) n, generate_series(0, 59) e GROUP BY n
"""
COMMON = """
CREATE TEMP TABLE common AS
SELECT jsonb_object_agg('village_element_' || e, 1) AS versions, array_agg('village_element_' || e) AS changed
FROM generate_series(0, 59) e
"""
RECORDS = """
INSERT INTO records (area, object_class, period, division, entity, payload, missing, versions, revision, seq,
    submission, submitted_at)
SELECT left(code, 6), 'village', %(period)s, code, '', payload, '{}', versions, 1, seq,
    left(code, 6) || '-0000000001', now()
FROM (
    SELECT code, row_number() OVER (PARTITION BY left(code, 6) ORDER BY code) AS seq,
        row_number() OVER (ORDER BY code) AS place
    FROM divisions WHERE level = 'village' AND code LIKE '71%%'
) villages JOIN drawn ON n = place %% 5000 CROSS JOIN common
"""
REVISIONS = """
INSERT INTO record_revisions (area, object_class, period, division, entity, revision, seq, kind, payload, missing,
    versions, changed, submission, submitted_at, actor, door)
SELECT area, object_class, period, division, entity, revision, seq, 'value', payload, missing, records.versions,
    changed, submission, submitted_at, 'bench', 'api' FROM records CROSS JOIN common
"""
CHANGES = """
INSERT INTO record_revisions (area, object_class, period, division, entity, revision, seq, kind, payload, missing,
    versions, changed, submission, submitted_at, actor, door)
SELECT r.area, object_class, period, division, entity, 2,
    c.seq + row_number() OVER (PARTITION BY r.area ORDER BY r.seq),
    'correction', payload, missing, versions, %(elements)s, submission, now(), 'bench', 'api'
FROM records r JOIN area_clocks c USING (area) WHERE r.area = ANY(%(areas)s) AND r.seq <= %(rows)s
"""


@dataclass(frozen=True)
class Country:
    counties: Sequence[str]
    headers: Mapping[str, str]
    owner_url: str


@dataclass(frozen=True)
class Served:
    """A route that answers one county's values, what it is asked for each, and how many times it the hub is to be.

    No limit: it answers no values, only as many bytes, and shows how fast anything could be here.
    """

    url: str
    path: str
    asked: Sequence[Mapping[str, str]]
    headers: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = 1


async def _settle(database: Database, owner_url: str, counties: int) -> Country:
    people = await People.settle(database)
    async with database.transaction() as session:
        for name in NAMES:
            await create_element(session, identifier=name)
    codes = [f"71{10 + index % 80}{10 + index // 80}" for index in range(counties)]
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("CREATE TEMP TABLE counties (c text)")
        owner.execute("INSERT INTO counties SELECT unnest(%s::text[])", [codes])
        owner.execute("CREATE TEMP VIEW prefectures AS SELECT DISTINCT substr(c, 3, 2) AS f FROM counties")
        owner.execute("SELECT set_config('hub.divisions', '71', false)")
        for statement in (PLACES, DRAWN, COMMON, RECORDS, REVISIONS):
            owner.execute(statement, {"villages": VILLAGES, "period": PERIOD} if "%" in statement else None)
        owner.execute("INSERT INTO area_clocks SELECT c, %s FROM counties", [VILLAGES])
        _fill_naive(owner)
        owner.execute("VACUUM ANALYZE")
    number = await grant(database, elements=CHOSEN, divisions=["71"])
    headers = await people.authorization("client_poverty_relief", grants=(number,))
    return Country(codes, headers, owner_url)


def _fill_naive(owner: psycopg.Connection) -> None:
    for table in NaiveBase.metadata.sorted_tables:
        columns = ", ".join(
            f"{c.name} {'bigserial' if c.name == 'id' else c.type.compile(dialect=None)}" for c in table.columns
        )
        owner.execute(f"CREATE TABLE {table.name} ({columns.replace('DATETIME', 'timestamptz')})")  # type: ignore[arg-type]
    some = "records WHERE area = ANY(SELECT c FROM counties ORDER BY c LIMIT 40)"
    owner.execute(f"INSERT INTO naive_documents SELECT division, period, submitted_at, payload FROM {some}")
    owner.execute(
        "INSERT INTO naive_values (division, period, element, value)"
        f" SELECT division, period, key, value::int FROM {some.replace('WHERE', ', jsonb_each_text(payload) WHERE')}"
    )
    owner.execute("CREATE INDEX ON naive_values (division text_pattern_ops, period)")
    owner.execute("CREATE INDEX ON naive_documents (division text_pattern_ops, period)")


async def _per_second(served: Served) -> float:
    """Answers a second with several clients at once; each asks for another county."""
    ends_at, answered, asked = time.perf_counter() + SECONDS, 0, served.asked
    async with httpx.AsyncClient(base_url=served.url, headers=served.headers, timeout=60) as client:

        async def ask(first: int) -> None:
            nonlocal answered
            turn = first
            while time.perf_counter() < ends_at:
                answer = await client.get(served.path, params=asked[turn % len(asked)])
                assert answer.status_code == 200, answer.text
                if turn == first and served.limit is not None:
                    _check(answer.json())
                answered += 1
                turn += CLIENTS

        start = time.perf_counter()
        await asyncio.gather(*(ask(first) for first in range(CLIENTS)))
        return answered / (time.perf_counter() - start)


async def _size(url: str, asked: Mapping[str, str], country: Country) -> int:
    async with httpx.AsyncClient(headers=country.headers, timeout=60) as client:
        return len((await client.get(url, params=asked)).content)


def _check(body: Any) -> None:
    rows = body["items"] if isinstance(body, dict) else body
    assert len(rows) == VILLAGES
    assert {*CHOSEN} <= rows[0].get("values", rows[0]).keys()


async def _county(hub: str, naive: str, country: Country, folder: Path) -> list[str]:
    counties = sorted(country.counties)[:40]
    asked = [{"elements": ",".join(CHOSEN), "period": PERIOD, "division": code, "limit": "1000"} for code in counties]
    served = {
        "hub": Served(f"{hub}/api/v1", "/data-values", asked, country.headers),
        "ORM, a row for each value": Served(naive, "/rows", asked, limit=TIMES_ORM),
        "ORM, a document for each village": Served(naive, "/documents", asked, limit=TIMES_ORM),
        "as many bytes from FastAPI, nothing read": Served(
            naive, "/bytes", [{"size": str(await _size(f"{hub}/api/v1/data-values", asked[0], country))}], limit=None
        ),
    }
    with ExitStack() as beside:
        if command := find_roapi():
            url = beside.enter_context(serve_roapi(command, country.owner_url, folder, NAMES))
            columns = ",".join(("division", "period", *CHOSEN))
            filters = [{"columns": columns, "filter[county]": f"'{code}'"} for code in counties]
            served["roapi, from memory"] = Served(url, "/api/tables/villages", filters, limit=TIMES_ROAPI)
        speeds = dict.fromkeys(served, 0.0)
        for _round in range(ROUNDS):  # in turns, and the best of each: a machine is not as busy all the time
            for name, one in served.items():
                speeds[name] = max(speeds[name], await _per_second(one))
    lines = [f"county pull ({VILLAGES} × {ASKED}), {CLIENTS} clients: hub {speeds['hub']:.0f}/s"]
    for name, other in list(served.items())[1:]:
        limit = f", limit ≥ {other.limit}" if other.limit else ""
        lines.append(f"  {speeds['hub'] / speeds[name]:5.2f} × {name} ({speeds[name]:.1f}/s){limit}")
    return lines if command else [*lines, "  roapi is not installed (tests/benchmarks/roapi.py)"]


def _copy(country: Country, statement: str, parameters: Mapping[str, object]) -> tuple[float, int]:
    """Seconds and bytes of plain COPY, as `psql` does it: by the owner, without a wall."""
    with psycopg.connect(country.owner_url) as owner:
        owner.execute("SELECT set_config('hub.divisions', '71', true)")
        start = time.perf_counter()
        with owner.cursor().copy(f"COPY ({statement}) TO STDOUT (FORMAT csv)", parameters) as copy:  # type: ignore[arg-type]
            size = sum(len(chunk) for chunk in copy)
        return time.perf_counter() - start, size


CELLS = ", ".join(f"payload ->> '{name}'" for name in CHOSEN)


async def _whole(hub: str, country: Country) -> list[str]:
    rows = VILLAGES * len(country.counties)
    plain, _size = _copy(
        country,
        f"SELECT division, period, {CELLS}, revision, submission, submitted_at FROM records"
        " WHERE object_class = 'village' AND period = %(period)s ORDER BY division",
        {"period": PERIOD},
    )
    lines = [f"{rows} × {ASKED} whole, COPY of the same rows {plain:.2f} s"]
    async with httpx.AsyncClient(base_url=f"{hub}/api/v1", headers=country.headers, timeout=600) as client:
        for media_type in FORMS:
            start, size, first = time.perf_counter(), 0, 0.0
            asked = {"elements": ",".join(CHOSEN), "period": PERIOD}
            async with client.stream("GET", "/data-values", params=asked, headers={"Accept": media_type}) as answer:
                assert answer.status_code == 200, await answer.aread()
                async for chunk in answer.aiter_raw():
                    first = first or time.perf_counter() - start
                    size += len(chunk)
            took = time.perf_counter() - start
            lines.append(f"  {took / plain:5.2f} × COPY: {media_type}, {size / 1e6:.1f} MB, first byte {first:.2f} s")
    return lines


async def _changes(hub: str, country: Country) -> list[str]:
    areas = sorted(country.counties)[:3]
    async with httpx.AsyncClient(base_url=f"{hub}/api/v1", headers=country.headers, timeout=600) as client:
        head = await client.get("/data-values", params={"elements": CHOSEN[0], "period": PERIOD, "limit": "1"})
        with psycopg.connect(country.owner_url, autocommit=True) as owner:
            owner.execute("SELECT set_config('hub.divisions', '71', false)")
            per_area = CHANGED // len(areas)
            owner.execute(CHANGES, {"areas": areas, "rows": per_area, "elements": CHOSEN})
            owner.execute("UPDATE area_clocks SET seq = seq + %s WHERE area = ANY(%s)", [per_area, areas])
            owner.execute("ANALYZE record_revisions")
        asked = {"after": head.headers["hub-cursor"], "limit": "1000"}
        took = []
        for _turn in range(7):
            start = time.perf_counter()
            answer = await client.get("/changes", params=asked)
            took.append(time.perf_counter() - start)
            assert len(answer.json()["items"]) == CHANGED
    copied = [
        _copy(
            country,
            f"SELECT area, seq, division, period, object_class, {CELLS}, versions, revision, submission, submitted_at"
            " FROM record_revisions WHERE area = ANY(%(areas)s) AND seq > %(after)s ORDER BY area, seq",
            {"areas": areas, "after": VILLAGES},
        )[0]
        for _turn in range(7)
    ]
    of_all = f"changes since a cursor, {CHANGED} of {VILLAGES * len(country.counties)} rows: {min(took) * 1000:.1f} ms"
    times = (
        f"{min(took) / min(copied):.2f} × indexed COPY ({min(copied) * 1000:.1f} ms), limit ≤ {TIMES_COPY_OF_CHANGES}"
    )
    return [f"{of_all}, {times}"]


async def _measure(application_url: str, owner_url: str, data: Path, counties: int) -> list[str]:
    database = Database(application_url, pool_size=2)
    try:
        country = await _settle(database, owner_url.replace("+psycopg", ""), counties)
        with serve_hub(data, workers=WORKERS) as hub, serve_naive("reading", owner_url, workers=WORKERS) as naive:
            lines = await _county(hub, naive, country, data.parent)
            lines += await _changes(hub, country)
            lines += await _whole(hub, country)
    finally:
        await database.close()
    return lines


def main() -> None:
    counties = 20 * PROVINCE if "--national" in sys.argv else PROVINCE
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    try:
        with open_database(Settings(data_dir=folder / "data", demo=False)) as address:
            address.migrate()
            lines = asyncio.run(_measure(address.application_url, address.owner_url, folder / "data", counties))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(
        "\n".join([f"{counties * VILLAGES} villages × {ELEMENTS} elements, {WORKERS} workers", *lines]) + "\n"
    )


if __name__ == "__main__":
    main()
