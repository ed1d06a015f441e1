"""The budget of the busiest routes, as statements and plans (P10): a stopwatch in a test only measures the machine.

A statement more, or a walk through a table that grows, is what makes a route slow in a county; either fails here.
`make bench` measures the time.
"""

from collections.abc import AsyncIterator

import httpx
import pytest
from sqlalchemy import text

from hub.calendar.periods import Period
from hub.capture.models import Collection
from hub.imports.work import work
from hub.kit.db import Database
from hub.store import totals
from hub.store.rows import ValueQuery
from tests.capture.factories import PERIOD, PREVIOUS, create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling, grant
from tests.exchange.factories import submit as submit_rows
from tests.grants.factories import MIGRANTS, create_element
from tests.imports.factories import csv_file, post, row
from tests.people import EAST, VILLAGES, WEST, People
from tests.performance.asked import Asked, asked, nodes, walked, wasted
from tests.store.factories import make_box, make_row, make_scope

# A scope is told once a transaction, and the tests' usual savepoints share theirs: so these commit.
pytestmark = pytest.mark.full_transaction

SAVING, CHECKING, SUBMITTING, CORRECTING = 12, 8, 13, 14
READING, FOLLOWING = 8, 8
IMPORTING = 46


async def refuse_walks(database: Database, statements: list[Asked]) -> None:
    async with database.engine.connect() as connection:
        for statement in statements:
            assert not await walked(connection, statement), statement.statement


class TestTownship:
    @pytest.fixture
    async def collection(self, database: Database, people: People) -> Collection:
        await create_published_form(database, people)
        return await create_collection(database, people)

    @pytest.mark.subject("reporter_east")
    async def test_saving_checking_submitting_correcting(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows())  # the form is read and compiled once in each process
        url = f"/api/v1/collections/{collection.id}"
        with asked() as saving:
            assert (await save(client, collection, rows())).status_code == 200
        with asked() as checking:
            assert (await client.post(f"{url}/validation")).json()["valid"]
        with asked() as submitting:
            assert (await submit(client, collection)).status_code == 201
        await save(client, collection, rows(workers=70))
        with asked() as correcting:
            assert (await submit(client, collection, reason="核实后更正")).status_code == 201
        counts = [len(statements) for statements in (saving, checking, submitting, correcting)]
        budget = [SAVING, CHECKING, SUBMITTING, CORRECTING]
        assert [count <= allowed for count, allowed in zip(counts, budget, strict=True)] == [True] * 4, counts
        await refuse_walks(database, [*saving, *checking, *submitting, *correcting])

    @pytest.mark.subject("reporter_east")
    async def test_others_rows_are_not_looked_at(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        """Of a period that the whole county has filled in, and of many periods, a township's check reads its own."""
        for period in ("2026-08", PREVIOUS, PERIOD):
            for township in (EAST, WEST):
                values = [make_row(division=code, workers=3) for code in VILLAGES[township]]
                await submit_rows(database, *values, period=period)
        with asked() as checking:
            await client.post(f"/api/v1/collections/{collection.id}/validation")
        reads = [statement for statement in checking if "FROM records" in statement.statement]
        assert reads
        async with database.engine.connect() as connection:
            for read in reads:
                assert await wasted(connection, read, EAST) == 0, read.statement


class TestDepartment:
    @pytest.fixture
    async def program(self, database: Database, people: People) -> AsyncIterator[httpx.AsyncClient]:
        async with database.transaction() as session:
            await create_element(session)
        number = await grant(database)
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as client:
            yield client

    async def test_reading_and_following(self, database: Database, program: httpx.AsyncClient) -> None:
        counts = []
        await program.get("/api/v1/changes")  # the first call of a minute also notes that the program is in use
        for villages in (VILLAGES[EAST][:1], VILLAGES[EAST]):
            await submit_rows(database, *(make_row(division=code, **{MIGRANTS: len(villages)}) for code in villages))
            with asked() as reading:
                answer = await program.get("/api/v1/data-values", params={"elements": MIGRANTS, "period": "2026-10"})
            with asked() as following:
                changes = await program.get("/api/v1/changes", params={"limit": 1000})
            assert len(answer.json()["items"]) == len(villages)
            assert changes.json()["items"]
            await refuse_walks(database, [*reading, *following])
            counts.append((len(reading), len(following)))
        assert counts[0] == counts[1], "more rows, more statements"
        assert counts[0][0] <= READING, counts
        assert counts[0][1] <= FOLLOWING, counts


async def test_a_walk_is_found(database: Database, people: People) -> None:
    """The control: no index serves a search in payloads."""
    async with database.engine.connect() as connection:
        assert await walked(connection, Asked("SELECT 1 FROM records WHERE payload ? 'x'", None)) == {"records"}
        await connection.execute(text("ROLLBACK"))


@pytest.mark.subject("registrar")
async def test_a_countys_import_asks_no_more_for_more_rows(
    client: httpx.AsyncClient, database: Database, people: People
) -> None:
    await create_published_form(database, people)
    await create_collection(database, people)
    counts = []
    for number, villages in enumerate(([VILLAGES[EAST][0]], [*VILLAGES[EAST], *VILLAGES[WEST]])):
        content = csv_file([row(village, workers=70 + number) for village in villages])
        answer = await post(client, content, period=PERIOD, dry_run="false", accept_partial="true", reason="x")
        with asked() as importing:
            await work(database, answer.json()["id"])
        await refuse_walks(database, importing)
        counts.append(len(importing))
    assert max(counts) <= IMPORTING, counts


async def test_a_sum_sorts_cells_and_no_rows(database: Database, people: People) -> None:
    """Whole rows, once for each of their cells, were 350 MB on the disk for one county's year of sixty elements."""
    await submit_rows(database, *(make_row(division=code, workers=3, poor=2) for code in VILLAGES[EAST]))
    query = ValueQuery("village", (Period.parse("2026-10"),), ("workers", "poor"))
    async with database.transaction() as session:
        with asked() as statements:
            sums = await totals.select_totals(session, make_scope(make_box(elements=["workers", "poor"])), query)
        assert [(one.element, one.total, one.reported) for one in sums] == [("poor", 6, 3), ("workers", 9, 3)]
        (statement,) = statements
        connection = await session.connection()
        explain = f"EXPLAIN (VERBOSE, FORMAT JSON) {statement.statement}"
        plans = (await connection.exec_driver_sql(explain, statement.parameters)).scalar_one()
    sorts = [node for node in nodes(plans[0]["Plan"]) if node["Node Type"] == "Sort"]
    assert sorts
    assert "payload" not in str([node["Output"] for node in sorts])
