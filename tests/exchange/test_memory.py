"""A stream's memory is a few pages, whatever the size of the result."""

import asyncio
import json
import sys
from collections.abc import Mapping

import psycopg
import pytest

from hub.exchange.media import OFFERED
from hub.kit.db import Database
from hub.kit.postgres import PostgresServer
from tests.exchange.factories import grant
from tests.grants.factories import create_element
from tests.people import COUNTY, EAST, People

ROWS = 100_000
ELEMENTS = [f"village_element_{number}" for number in range(8)]
GROWTH_MEGABYTES = 120  # 600,000 × 8 may take 700 MB in all

PLACES = """
INSERT INTO divisions (code, name, level, parent_code, lineage, code_system, code_year)
SELECT %(east)s || lpad(n::text, 6, '0'), 'x', 'village', %(east)s,
    ARRAY['43', '4331', %(county)s, %(east)s, %(east)s || lpad(n::text, 6, '0')], 'NBS', 2023
FROM generate_series(1, %(rows)s) n
"""
RECORDS = """
INSERT INTO records (area, object_class, period, division, entity, payload, missing, versions, revision, seq,
    submission, submitted_at)
SELECT %(county)s, 'village', '2026-10', code, '',
    (SELECT jsonb_object_agg(e, (random() * 100000)::int) FROM unnest(%(elements)s::text[]) e WHERE code <> ''),
    '{}', (SELECT jsonb_object_agg(e, 1) FROM unnest(%(elements)s::text[]) e), 1, 1, 'x', now()
FROM divisions WHERE parent_code = %(east)s AND length(code) = 15
"""


@pytest.mark.full_transaction
async def test_is_flat(
    database: Database,
    people: People,
    owner_url: str,
    postgres: PostgresServer,
    database_name: str,
) -> None:
    del people
    async with database.transaction() as session:
        for element in ELEMENTS:
            await create_element(session, identifier=element)
    number = await grant(database, elements=ELEMENTS)
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as owner:
        given = {"east": EAST, "county": COUNTY, "rows": ROWS, "elements": ELEMENTS}
        owner.execute("SELECT set_config('hub.divisions', '43', false)")
        owner.execute(PLACES, given)
        owner.execute(RECORDS, given)
        owner.execute("ANALYZE records, divisions")
    for media_type in OFFERED[1:]:
        told = await stream(postgres.url(database=database_name), media_type, number)
        assert told["size"] > ROWS
        assert told["grown"] < GROWTH_MEGABYTES, media_type


async def stream(url: str, media_type: str, number: str) -> Mapping[str, float]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.exchange.streaming",
        url,
        media_type,
        ",".join(ELEMENTS),
        number,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _none = await process.communicate()
    told: Mapping[str, float] = json.loads(output)
    return told
