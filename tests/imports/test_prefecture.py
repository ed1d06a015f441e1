"""One file for several counties: each is an area of its own, stored whole or not at all."""

import httpx
import pytest
from sqlalchemy import select

from hub.capture.models import Collection, Submission
from hub.kit.db import Database, set_scope
from hub.settings import settings
from hub.store.models import AreaClock
from tests.capture.factories import create_collection, create_published_form
from tests.imports.factories import EVERY_VILLAGE, csv_file, findings, row, run
from tests.imports.prefecture import FURTHER_VILLAGES, PREFECTURE, TOWNSHIPS, settle_prefecture
from tests.people import COUNTY, People

pytestmark = pytest.mark.subject("registrar")


@pytest.fixture(autouse=True)
async def _prefecture(database: Database, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "county", PREFECTURE)
    await settle_prefecture(database, people)
    await create_published_form(database, people)
    await create_collection(database, people)


class TestPrefecture:
    async def test_opening_a_period_makes_tasks_in_every_county(self, database: Database) -> None:
        async with database.transaction() as session:
            areas = (await session.scalars(select(Collection.area).distinct())).all()
        assert set(areas) == {COUNTY, *TOWNSHIPS}

    async def test_each_county_counts_by_its_own_clock(self, client: httpx.AsyncClient, database: Database) -> None:
        lines = [row(village) for village in (*FURTHER_VILLAGES, *EVERY_VILLAGE)]
        done = await run(client, database, csv_file(lines), dry_run="false")
        assert (done["state"], done["counts"]["new"]) == ("done", 10), done
        assert done["progress"]["areas"] == sorted([COUNTY, *TOWNSHIPS])
        async with database.transaction() as session:
            await set_scope(session, [PREFECTURE])
            numbers = (await session.scalars(select(Submission.number).order_by(Submission.number))).all()
            clocks = {clock.area: clock.seq for clock in (await session.scalars(select(AreaClock))).all()}
        assert numbers == ["433101-0000000001", "433122-0000000001", "433124-0000000001", "433124-0000000004"]
        assert clocks == {"433101": 2, "433122": 2, COUNTY: 6}

    async def test_a_county_outside_the_authoritys_own_division_is_not_its_to_import(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        async with database.transaction() as session:
            people.organizations["data-authority"].division = COUNTY
            await session.merge(people.organizations["data-authority"])
        done = await run(client, database, csv_file([row(FURTHER_VILLAGES[0]), *map(row, EVERY_VILLAGE)]))
        assert [(one["code"], one["line"]) for one in await findings(client, done)] == [("division-not-in-task", 2)]
