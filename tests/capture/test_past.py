"""A check compares with what is held of the past: the right periods, read at once, and only those that are asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
import pytest

from hub.calendar.periods import Period
from hub.capture.models import Collection
from hub.forms import service as forms
from hub.kit.db import Database
from hub.validation import LookBack
from tests.capture.factories import FORM, PERIOD, create_collection, create_published_form, rows, save, submit
from tests.forms.factories import create_rule, create_village_month
from tests.people import EAST, VILLAGES, People
from tests.performance.asked import asked
from tests.store.factories import create_values, make_row

FIRST = VILLAGES[EAST][0]
TWELVE = [str(period) for period in LookBack.USUAL.periods(Period.parse(PERIOD))]
YEAR_AGO = "2025-10"

pytestmark = pytest.mark.subject("reporter_east")


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    """October's task, on a form that also looks a year back and on the usual."""
    async with database.transaction() as session:
        await create_village_month(session)
        for name, expression in {
            "workers_year_ago": "workers <= 2 * year_ago(workers)",
            "workers_unusual": "ABS(workers - usual(workers)) <= 3 * spread(workers) + 2",
        }.items():
            await create_rule(session, name, expression, severity="warning", element="workers", elements=["workers"])
    async with database.transaction() as session:
        await forms.publish_version(session, people.subject("registrar"), FORM)
    return await create_collection(database, people)


async def hold(database: Database, workers: Mapping[str, int]) -> None:
    """What the first village reported in past periods."""
    for period, count in workers.items():
        async with database.transaction() as session:
            await create_values(session, make_row(division=FIRST, workers=count, population=200), period=period)


async def findings(client: httpx.AsyncClient, collection: Collection) -> dict[str, str]:
    """The rules that warn of the first village, with their messages."""
    answer = await client.post(f"/api/v1/collections/{collection.id}/validation")
    document = answer.json()
    assert document["valid"] is True
    assert {found["division"] for found in document["findings"]} <= {FIRST}
    return {found["rule"]: found["message"] for found in document["findings"]}


@contextmanager
def reads_of_the_past() -> Iterator[list[str]]:
    """Which periods each SELECT on the records asked for; what departments supplied for this one is another."""
    periods: list[str] = []
    with asked() as statements:
        yield periods
    of_records = (str(one.parameters) for one in statements if "FROM records" in one.statement)
    periods += [parameters for parameters in of_records if f"'{PERIOD}'" not in parameters]


class TestPast:
    async def test_ten_times_last_month_is_a_warning_with_both_numbers(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await hold(database, {TWELVE[0]: 12})
        await save(client, collection, rows(workers=120))
        found = await findings(client, collection)
        assert found.keys() == {"workers_jump"}
        assert "外出务工人数120人，上期外出务工人数12人" in found["workers_jump"]

    async def test_a_year_ago(self, client: httpx.AsyncClient, database: Database, collection: Collection) -> None:
        await hold(database, {TWELVE[0]: 100, YEAR_AGO: 30})
        await save(client, collection, rows(workers=80))
        found = await findings(client, collection)
        assert found.keys() == {"workers_year_ago"}
        assert "外出务工人数80人，上年同期外出务工人数30人" in found["workers_year_ago"]

    async def test_far_from_the_usual(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await hold(database, dict(zip(TWELVE, (60, 61) * 6, strict=True)))
        await save(client, collection, rows(workers=65))
        found = await findings(client, collection)
        assert found.keys() == {"workers_unusual"}
        message = "外出务工人数65人，过去12期外出务工人数平均60.5人，过去12期外出务工人数标准差0.5人"
        assert message in found["workers_unusual"]
        await save(client, collection, rows(workers=64))
        assert await findings(client, collection) == {}

    async def test_is_not_judged_when_too_little_is_held(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows(workers=150))
        assert await findings(client, collection) == {}
        await hold(database, dict.fromkeys(TWELVE[1:6], 1))
        assert await findings(client, collection) == {}
        await hold(database, {TWELVE[6]: 1})
        assert (await findings(client, collection)).keys() == {"workers_unusual"}

    async def test_a_correction_of_an_old_period_looks_back_from_that_period(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        await hold(database, {"2025-12": 20, "2026-01": 150, "2025-02": 20, "2026-02": 150, YEAR_AGO: 20})
        old = await create_collection(database, people, period="2026-02")
        await save(client, old, rows(workers=150))
        assert (await findings(client, old)).keys() == {"workers_year_ago"}
        await save(client, old, rows(workers=30))
        assert (await submit(client, old)).status_code == 201
        await save(client, old, rows(workers=45))
        found = await findings(client, old)
        assert "上年同期外出务工人数20人" in found["workers_year_ago"]
        assert collection.period == PERIOD


class TestReads:
    async def test_one_read_of_the_past_whatever_the_rules_look_back_on(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        with reads_of_the_past() as asked:
            await findings(client, collection)
        assert len(asked) == 1
        assert all(period in asked[0] for period in [*TWELVE, YEAR_AGO])

    async def test_the_form_shows_the_preceding_period_and_reads_no_other(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await hold(database, dict.fromkeys(TWELVE, 60))
        with reads_of_the_past() as asked:
            draft = (await client.get(f"/api/v1/collections/{collection.id}/draft")).json()
        assert draft["rows"][0]["previous"] == {"workers": 60, "population": 200}
        assert len(asked) == 1
        assert TWELVE[0] in asked[0]
        assert not any(period in asked[0] for period in TWELVE[1:])

    async def test_periods_that_no_rule_names_are_not_read(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await create_published_form(database, people)
        plain = await create_collection(database, people)
        await save(client, plain, rows())
        with reads_of_the_past() as asked:
            await findings(client, plain)
        assert len(asked) == 1
        assert TWELVE[0] in asked[0]
        assert not any(period in asked[0] for period in [*TWELVE[1:], YEAR_AGO])
