"""Forms of 20 villages × 60 elements with 250 rules, submitted to a real hub over HTTP.

    python -m tests.benchmarks.bench_submission

Two server processes on an empty data folder; drafts are saved, then submitted by 1, 8 and 32 clients at
once. Every answer must be a receipt, and every receipt must be found in the database. The target is
DESIGN.md §7's; a crowded machine does not reach it, so read the ratios of one run only.
"""

import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hub.capture import opening
from hub.capture.models import Collection, Submission
from hub.forms import service as forms
from hub.geography.models import Division
from hub.identity.models import Organization, Person
from hub.kit.db import Database, set_scope
from hub.kit.installation import open_database
from hub.settings import Settings
from tests.benchmarks.serving import serve_hub, serve_naive
from tests.benchmarks.shape import COUNTS, ELEMENTS, NAMES, RULES, VILLAGES
from tests.forms.factories import create_element, create_rule
from tests.people import COUNTY, People

TOWNSHIPS, WORKERS = 64, 2
TARGET_PER_SECOND, TARGET_P95_MILLISECONDS = 45, 800
# The first month only warms the processes up, and is what the second month's rules look back on.
CLIENTS_OF_MONTH = {"2026-06": 8, "2026-07": 1, "2026-08": 8, "2026-09": 32}
FORM = "village-month"


@dataclass(frozen=True)
class Desk:
    """One township: its villages, and the head of its requests."""

    villages: Sequence[str]
    headers: Mapping[str, str]
    collections: Mapping[str, str]


async def _add_townships(session: AsyncSession, people: People) -> list[str]:
    upper = ["43", "4331", COUNTY]
    places = [(f"{COUNTY}{500 + number}", COUNTY, upper) for number in range(TOWNSHIPS)]
    codes = [code for code, _parent, _upper in places]
    places += [(f"{code}{200 + number}", code, [*upper, code]) for code in codes for number in range(VILLAGES)]
    for code, parent, above in places:
        level = "township" if parent == COUNTY else "village"
        lineage = [*above, code]
        session.add(
            Division(
                code=code,
                name=code,
                level=level,
                parent_code=parent,
                lineage=lineage,
                code_system="NBS",
                code_year=2023,
            )
        )
    await session.flush()
    for code in codes:
        office = Organization(
            code=f"township-{code}", name=code, kind="township", division=code, contact_name="", contact_phone=""
        )
        session.add(office)
        await session.flush()
        people.persons[code] = Person(
            username=f"township-{code}",
            display_name=code,
            password_hash="",
            must_change_password=False,
            organization=office,
            organization_id=office.id,
            roles=["reporter"],
        )
        session.add(people.persons[code])
    return codes


async def _publish_form(session: AsyncSession, people: People) -> None:
    """Five elements in six are counts, the others amounts; a rule in four looks back on the month before."""
    chosen = random.Random(1)  # noqa: S311 - repeatable data, no secret
    amount = {"datatype": "decimal", "minimum": 0, "decimals": 2}
    count = {"datatype": "integer", "minimum": 0, "maximum": 20000}
    for number, name in enumerate(NAMES):
        domain = count if name in COUNTS else amount
        await create_element(session, name, position=number, topic=f"{number // 10}", value_domain=domain)
    for number in range(RULES):
        one, two, three = chosen.sample(COUNTS, 3)
        expression, named = (
            (f"{one} + {two} <= {three} + 40000", [one, two, three]),
            (f"{one} <= {two} + 20000", [one, two]),
            (f"{one} <= 1.5 * {two} + 30000", [one, two]),
            (f"{one} <= previous({one}) + 20000", [one]),
        )[number % 4]
        await create_rule(session, f"rule_{number:03}", expression, element=one, elements=named)
    await forms.publish_version(session, people.subject("registrar"), FORM)


async def _settle(database: Database) -> list[Desk]:
    """The county, its form, its open months, and a token for each township."""
    people = await People.settle(database)
    async with database.transaction() as session:
        codes = await _add_townships(session, people)
    async with database.transaction() as session:
        await _publish_form(session, people)
    for month in CLIENTS_OF_MONTH:
        async with database.transaction() as session:
            await opening.open_period(session, people.subject("registrar"), form=FORM, period=month)
    async with database.transaction() as session:
        opened = (await session.scalars(select(Collection))).all()
    return [
        Desk(
            [f"{code}{200 + number}" for number in range(VILLAGES)],
            await people.authorization(code),
            {one.period: str(one.id) for one in opened if one.township == code},
        )
        for code in codes
    ]


def _draft(desk: Desk, chosen: random.Random) -> dict[str, object]:
    def values() -> dict[str, float]:
        return {n: chosen.randrange(1000) if n in COUNTS else chosen.randrange(10**5) / 100 for n in NAMES}

    return {"rows": [{"division": village, "values": values()} for village in desk.villages]}


async def _all(desks: Sequence[Desk], clients: int, work: Callable[[Desk], Awaitable[None]]) -> tuple[float, float]:
    """How many a second, and the slowest twentieth in milliseconds."""
    gate, took = asyncio.Semaphore(clients), []

    async def one(desk: Desk) -> None:
        async with gate:
            start = time.perf_counter()
            await work(desk)
            took.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(one(desk) for desk in desks))
    per_second = len(desks) / (time.perf_counter() - start)
    return per_second, sorted(took)[int(len(took) * 0.95)] * 1000


async def _month(url: str, desks: Sequence[Desk], month: str, clients: int) -> str:
    chosen = random.Random(month)  # noqa: S311 - repeatable data, no secret
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=60, limits=limits) as client:

        async def save(desk: Desk) -> None:
            address = f"/collections/{desk.collections[month]}/draft"
            body = _draft(desk, chosen)
            answer = await client.put(address, json=body, headers={**desk.headers, "If-Match": "*"})
            assert answer.status_code == 200, answer.text

        async def submit(desk: Desk) -> None:
            address = f"/collections/{desk.collections[month]}/submission"
            answer = await client.post(address, json={}, headers=desk.headers)
            assert answer.status_code == 201, answer.text

        saved, _slow = await _all(desks, clients, save)
        submitted, slow = await _all(desks, clients, submit)
    return (
        f"{clients:3} clients, hub: {submitted:6.1f}/s ({submitted / TARGET_PER_SECOND:4.2f} × the target), "
        f"p95 {slow:6.0f} ms ({slow / TARGET_P95_MILLISECONDS:4.2f} × the limit); "
        f"{saved:6.1f} drafts/s; draft and submission {1 / (1 / saved + 1 / submitted):6.1f}/s"
    )


async def _naive_month(url: str, desks: Sequence[Desk], clients: int) -> str:
    chosen = random.Random(clients)  # noqa: S311 - repeatable data, no secret
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits) as client:

        async def submit(desk: Desk) -> None:
            answer = await client.post(f"/forms/2026-{clients:02}", json=_draft(desk, chosen))
            assert answer.status_code == 201, answer.text

        submitted, slow = await _all(desks, clients, submit)
    return f"{clients:3} clients, ORM + pydantic: {submitted:6.1f}/s, p95 {slow:6.0f} ms"


async def _check_kept(database: Database) -> str:
    """Every receipt is in the database, and the database writes through to the disk before it answers."""
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        kept = await session.scalar(select(func.count()).select_from(Submission))
        durable = [await session.scalar(text(f"SHOW {name}")) for name in ("fsync", "synchronous_commit")]
    assert kept == TOWNSHIPS * len(CLIENTS_OF_MONTH), kept
    assert durable == ["on", "on"], durable
    return f"{kept} submissions, none failed, all kept; fsync and synchronous_commit are on"


async def _measure(application_url: str, owner_url: str, data: Path) -> list[str]:
    database = Database(application_url, pool_size=2)
    try:
        desks = await _settle(database)
        with serve_hub(data, workers=WORKERS) as url:
            lines = [await _month(url, desks, month, clients) for month, clients in CLIENTS_OF_MONTH.items()]
        with serve_naive("submission", owner_url, workers=WORKERS) as url:
            naive = [await _naive_month(url, desks, clients) for clients in (2, 1, 8, 32)]
        return [*lines[1:], *naive[1:], await _check_kept(database)]
    finally:
        await database.close()


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    folder.chmod(0o711)  # PostgreSQL's own account must be able to pass
    try:
        with open_database(Settings(data_dir=folder / "data", demo=False)) as address:
            address.migrate()
            lines = asyncio.run(_measure(address.application_url, address.owner_url, folder / "data"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    head = f"{VILLAGES} villages × {ELEMENTS} elements, {RULES} rules, {WORKERS} workers, {os.cpu_count()} cores"
    sys.stdout.write("\n".join([head, *lines]) + "\n")


if __name__ == "__main__":
    main()
