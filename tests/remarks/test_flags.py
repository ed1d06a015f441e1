"""Flags: marked, seen in the work list, cleared with a note."""

from datetime import timedelta

import httpx
import pytest

from hub.capture.models import Collection
from hub.kit import clock
from hub.kit.db import Database
from tests.exchange.factories import calling
from tests.people import EAST, VILLAGES, WEST, People
from tests.remarks.factories import flag
from tests.site.reading import HTML, Page, read, sign_in

FIRST, SECOND, THIRD = VILLAGES[EAST]
CELL = {"division": FIRST, "element": "workers"}
URL = "/api/v1/flags"


class TestFlags:
    async def test_marked_listed_cleared(self, database: Database, people: People, collection: Collection) -> None:
        async with (
            calling(database, people, "registrar") as approver,
            calling(database, people, "reporter_east") as reporter,
            calling(database, people, "reporter_west") as stranger,
        ):
            raised = await flag(approver, collection, "比上期多一倍", **CELL)
            assert raised.status_code == 201, raised.text
            number = raised.json()["id"]
            again = await flag(reporter, collection, "再标", **CELL)
            assert (again.status_code, again.json()["code"]) == (409, "flag_exists")
            for caller in (approver, reporter):
                listed = (await caller.get(URL)).json()["items"]
                assert [(one["id"], one["reason"]) for one in listed] == [(number, "比上期多一倍")]
            assert (await stranger.get(URL)).json()["items"] == []
            clearance = f"{URL}/{number}/clearance"
            assert (await stranger.post(clearance, json={"note": "好"})).status_code == 404
            assert (await reporter.post(clearance, json={"note": "好"})).status_code == 403
            empty = await approver.post(clearance, json={"note": " "})
            assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (422, "/note")
            cleared = await approver.post(clearance, json={"note": "乡镇说明属实"})
            assert (cleared.status_code, cleared.json()["note"]) == (200, "乡镇说明属实")
            repeated = await approver.post(clearance, json={"note": "又一次"})
            assert (repeated.status_code, repeated.json()["code"]) == (409, "flag_cleared")
            assert (await reporter.get(URL)).json()["items"] == []
            assert (await flag(reporter, collection, "又有疑问", **CELL)).status_code == 201

    async def test_the_longest_waiting_come_first_in_pages(
        self, database: Database, people: People, collection: Collection
    ) -> None:
        async with calling(database, people, "registrar") as approver:
            for days, village in ((3, SECOND), (5, THIRD), (1, FIRST)):
                with clock.travel(clock.now() - timedelta(days=days)):
                    made = await flag(approver, collection, "核实", division=village, element="male")
                    assert made.status_code == 201
            seen, after = [], None
            while True:
                asked = {"limit": 1} | ({"after": after} if after else {})
                page = (await approver.get(URL, params=asked)).json()
                seen += [one["division"] for one in page["items"]]
                if (after := page["next"]) is None:
                    break
            assert seen == [THIRD, SECOND, FIRST]
            assert (await approver.get(URL, params={"township": WEST})).json()["items"] == []
            bad = await approver.get(URL, params={"after": "WyJhIiwiYiJd"})
            assert (bad.status_code, bad.json()["errors"][0]["code"]) == (422, "cursor_not_valid")

    @pytest.mark.subject("auditor")
    async def test_an_inspector_has_no_work_list(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await client.get(URL)).json()["items"] == []
        assert (await flag(client, collection, "a", **CELL)).status_code == 403
        await sign_in(client, "auditor")
        await read(client, "/flags", 403)

    @pytest.mark.subject("reporter_west")
    async def test_another_townships_cell(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await flag(client, collection, "a", **CELL)).status_code == 404


class TestPages:
    async def test_from_the_cell_to_the_list_and_cleared(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await sign_in(client, "registrar")
        base = f"/collections/{collection.id}/cells/{FIRST}/workers"
        form = (await read(client, base)).form(f"{base}/flags")
        answer = await client.post(f"{base}/flags", data={**form.fields, "reason": "偏高"}, headers=HTML)
        assert answer.status_code == 303
        again = await client.post(f"{base}/flags", data={**form.fields, "reason": "偏高"}, headers=HTML)
        assert again.status_code == 409
        assert "已经标记" in Page(again).text
        page = await read(client, "/flags")
        assert "偏高" in page.within("td")
        assert base in page.links
        (target,) = [one.action for one in page.forms if one.action.endswith("/clearance")]
        fields = page.form(target).fields
        refused = Page(await client.post(target, data={**fields, "note": ""}, headers=HTML))
        assert "请写上内容" in refused.within(".summary")
        answer = await client.post(target, data={**fields, "note": "已电话核实"}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/flags")
        assert "没有待核实的数" in (await read(client, "/flags")).text
        assert "已电话核实" in (await read(client, base)).text

    async def test_the_list_can_be_narrowed(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "registrar")
        page = await read(client, f"/flags?township={WEST}")
        assert page.form("").fields["township"] == WEST

    @pytest.mark.usefixtures("collection")
    async def test_is_in_the_menu_of_whom_it_concerns(self, client: httpx.AsyncClient) -> None:
        for name, is_there in (("registrar", True), ("reporter_east", True), ("auditor", False)):
            await sign_in(client, name)
            assert ("/flags" in (await read(client, "/")).links) is is_there
