"""REL-R8: a transaction left open on a county's clock stalls that county's submitters alone, and not for long."""

import asyncio
import time
from dataclasses import dataclass

import httpx
import psycopg

from hub.kit.db import Database
from tests.faults.feed import COUNTIES, Reader, divisions, villages
from tests.faults.stand import Stand, new_chance, new_nursery
from tests.faults.work import Clerk, clerks
from tests.people import COUNTY
from tests.store.factories import create_values, make_row

PATIENCE_SECONDS = 60
ELSEWHERE = COUNTIES[0]


@dataclass
class Outcome:
    refusal: httpx.Response | None = None
    reads_while_held: int = 0
    others_while_held: int = 0
    missed: int = 0
    repeated: int = 0
    is_submitted_at_last: bool = False
    held_seconds: float = 0.0

    def __str__(self) -> str:
        return (
            f"held for {self.held_seconds:.0f} s: {self.reads_while_held} reads and {self.others_while_held}"
            f" submissions of another county went on; {self.missed} rows missed, {self.repeated} repeated"
        )


async def hold_the_clock(stand: Stand) -> Outcome:
    """Somebody takes the county's clock and goes to lunch; PostgreSQL ends it after the hub's own timeout."""
    outcome, database = Outcome(), Database(stand.url, pool_size=5)
    async with database.transaction() as session:
        for division in divisions():
            session.add(division)
            await session.flush()
    async with new_nursery(stand) as nursery:
        await nursery.start()
        first, second = clerks(stand, nursery.url)[:2]
        await first.write(1)
        reader = Reader(database, new_chance("held transaction"))
        await reader.poll()
        holder = await psycopg.AsyncConnection.connect(stand.url.replace("+psycopg", ""))
        await holder.execute("SELECT set_config('hub.divisions', '', true)")
        await holder.execute("SELECT seq FROM area_clocks WHERE area = %s FOR UPDATE", [COUNTY])
        began = time.monotonic()
        submitting = asyncio.create_task(_submit(second))
        async with httpx.AsyncClient(
            base_url=f"{nursery.url}/api/v1", headers={"Authorization": f"Bearer {stand.program_token}"}, timeout=30
        ) as program:
            while not submitting.done():
                await _go_on(database, program, outcome)
        outcome.refusal = submitting.result()
        outcome.is_submitted_at_last = await _until_submitted(second)
        outcome.held_seconds = time.monotonic() - began
        while await reader.poll():
            pass
        await holder.close()
        for clerk in (first, second):
            await clerk.sender.client.aclose()
    held = set(stand.ask("SELECT period, division, revision FROM record_revisions"))
    outcome.missed, outcome.repeated = len(held ^ reader.seen), reader.repeated
    await database.close()
    return outcome


async def _submit(clerk: Clerk) -> httpx.Response:
    """One try, without the patience that a program has."""
    await clerk.save(1)
    return await clerk.sender.client.post(
        f"/collections/{clerk.task.id}/submission",
        json=clerk.body(1),
        headers={"Authorization": f"Bearer {clerk.task.token}", "Idempotency-Key": "once"},
        timeout=PATIENCE_SECONDS,
    )


async def _go_on(database: Database, program: httpx.AsyncClient, outcome: Outcome) -> None:
    """What must not wait: reading, in the same county, and submitting in another one."""
    for path in ("/data-values?elements=workers&period=2026-01", "/changes"):
        (await program.get(path)).raise_for_status()
        outcome.reads_while_held += 1
    outcome.others_while_held += 1
    row = make_row(division=villages(ELSEWHERE)[0], workers=outcome.others_while_held)
    async with database.transaction() as session:
        await create_values(session, row, area=ELSEWHERE)


async def _until_submitted(clerk: Clerk) -> bool:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if (await _submit(clerk)).status_code == 201:
            return True
    return False
