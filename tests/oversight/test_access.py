"""Who can read an element: grants, programs, ends, on the element's own page."""

from datetime import date

import httpx
import pytest

from hub.kit.db import Database
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, create_element
from tests.people import EAST, VILLAGES, WEST, People
from tests.site.reading import read, sign_in
from tests.store.factories import make_row


@pytest.fixture(autouse=True)
async def element(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)


async def test_the_page_lists_programs_grants_and_ends(
    client: httpx.AsyncClient, database: Database, people: People
) -> None:
    await submit(database, make_row(division=VILLAGES[EAST][0], **{MIGRANTS: 1}))
    numbers = {
        "open": await grant(database, divisions=(EAST,), valid_until=date(2031, 5, 6), period_to="2027-12"),
        "suspended": await grant(database, organization="civil-affairs", state="suspended"),
        "over": await grant(database, organization="human-resources", valid_until=date(2020, 1, 1)),
        "revoked": await grant(database, organization="civil-affairs", state="revoked", divisions=(WEST,)),
    }
    async with calling(database, people, "client_poverty_relief", grants=(numbers["open"],)) as program:
        answer = await program.get("/api/v1/data-values", params={"elements": MIGRANTS, "period": "2026-10"})
        assert answer.status_code == 200, answer.text
    await sign_in(client, "reporter_west")
    page = await read(client, f"/data-elements/{MIGRANTS}")
    text = page.within("table")
    for said in ("poverty-relief", "龙潭镇", "2026-01 至 2027-12", "2031年5月6日", "共 1 次", "2020年1月1日"):
        assert said in text, said
    assert "谁能读到数值（1）" in page.within("h2")
    assert page.within("span").count("现在不能读") == 2
    assert numbers["revoked"] not in page.text


async def test_nobody_can_read_it(client: httpx.AsyncClient) -> None:
    await sign_in(client, "reporter_west")
    assert "没有部门获准读取" in (await read(client, f"/data-elements/{MIGRANTS}")).text
