from datetime import timedelta

import httpx
import pytest

from hub.kit import clock
from hub.kit.db import Database
from hub.registry.search_index import index_missing
from tests.capture.factories import PERIOD, PREVIOUS, create_collection, create_published_form, rows, save, submit
from tests.exchange.factories import calling, grant
from tests.people import People
from tests.site.reading import read, sign_in

URL = "/api/v1/catalogue"


@pytest.fixture(autouse=True)
async def form(database: Database, people: People) -> None:
    await create_published_form(database, people)
    await index_missing(database)


async def report(database: Database, people: People, period: str) -> None:
    """Of two townships the eastern one submits."""
    collection = await create_collection(database, people, period=period)
    async with calling(database, people, "reporter_east") as township:
        assert (await save(township, collection, rows())).status_code == 200
        answer = await submit(township, collection)
        assert answer.status_code == 201, answer.text


async def entry(client: httpx.AsyncClient, identifier: str) -> dict[str, object]:
    answer = await client.get(URL)
    assert answer.status_code == 200, answer.text
    (found,) = [item for item in answer.json()["items"] if item["identifier"] == identifier]
    return dict(found)


class TestCatalogue:
    async def test_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL)).status_code == 401

    @pytest.mark.subject("steward_poverty_relief")
    async def test_says_how_fresh_and_how_complete(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        assert (await entry(client, "workers"))["freshness"] is None
        await report(database, people, PREVIOUS)
        await report(database, people, PERIOD)
        told = await entry(client, "workers")
        assert told["freshness"] == {"period": PERIOD, "reported": 1, "expected": 2}
        assert told["periods"] == {"first": PREVIOUS, "last": PERIOD, "count": 2}
        assert (told["update_cycle"], told["object_class"]) == ("month", "village")

    @pytest.mark.subject("steward_poverty_relief")
    async def test_says_whether_and_how_it_may_be_read(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        before = await entry(client, "workers")
        assert before["access"] == {"granted": False, "grants": [], "may_be_asked": True}
        assert before["how_to_get"] == {"method": "POST", "path": "/api/v1/access-grants", "query": {}}
        until = clock.today() + timedelta(days=5)
        number = await grant(database, elements=["workers"], valid_until=until)
        await grant(database, elements=["workers"], organization="civil-affairs")
        await report(database, people, PERIOD)
        after = await entry(client, "workers")
        assert after["access"] == {
            "granted": True,
            "grants": [{"number": number, "valid_until": str(until)}],
            "may_be_asked": True,
        }
        assert after["how_to_get"] == {
            "method": "GET",
            "path": "/api/v1/data-values",
            "query": {"elements": "workers", "period": PERIOD},
        }

    @pytest.mark.subject("steward_poverty_relief")
    async def test_pages_and_filters(self, client: httpx.AsyncClient) -> None:
        everything = [item["identifier"] for item in (await client.get(URL)).json()["items"]]
        seen, after = [], None
        while True:
            page = (await client.get(URL, params={"limit": 2} | ({"after": after} if after else {}))).json()
            seen += [item["identifier"] for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert seen == everything
        assert len(set(seen)) == len(seen) > 3
        assert (await client.get(URL, params={"owner": "civil-affairs"})).json()["items"] == []
        assert (await client.get(URL, params={"period_type": "year"})).json()["items"] == []
        named = (await client.get(URL, params={"q": "workers"})).json()["items"]
        assert [item["identifier"] for item in named][:1] == ["workers"]


class TestPage:
    async def test_picks_live_through_a_search_and_reach_the_request(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        number = await grant(database, elements=["male"])
        await sign_in(client, "steward_poverty_relief")
        page = await read(client, "/catalogue?q=workers&elements=population&elements=workers")
        hidden = next(form for form in page.forms if form.action == "/catalogue").fields
        assert hidden["elements"] == "population"
        assert f"/access-grants/{number}" in (await read(client, "/catalogue?q=male")).links
        asked = await read(client, "/access-grants/new?elements=population&elements=workers")
        assert "已选的（2）" in asked.text

    async def test_townships_see_it_and_pick_nothing(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "reporter_east")
        page = await read(client, "/catalogue")
        assert "本乡镇的可以读" in page.text
        assert "申请所选的数据" not in page.text

    async def test_nothing_found(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "steward_poverty_relief")
        assert "没有符合条件的数据" in (await read(client, "/catalogue?q=外星人")).text
