"""Threads: who may say what where, and what is kept of it."""

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection
from hub.kit.db import Database, set_scope
from hub.remarks import service
from hub.remarks.models import Remark
from tests.exchange.factories import calling
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.remarks.factories import api, say
from tests.site.reading import HTML, Page, read, sign_in

FIRST = VILLAGES[EAST][0]
CELL = {"division": FIRST, "element": "workers"}


async def kept(database: Database) -> list[Remark]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return list(await session.scalars(select(Remark).order_by(Remark.made_at)))


class TestMakeRemark:
    @pytest.mark.subject("reporter_east")
    async def test_at_a_cell(self, client: httpx.AsyncClient, database: Database, collection: Collection) -> None:
        response = await say(client, collection, "  外出的有两户搬迁\r\n已核 ", **CELL)
        assert response.status_code == 201, response.text
        assert response.json()["text"] == "外出的有两户搬迁\n已核"
        (remark,) = await kept(database)
        assert (remark.division, remark.element, remark.organization) == (FIRST, "workers", f"township-{EAST}")
        async with database.transaction() as session:
            event = (await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "remark.make"))).one()
        assert event.details == {"collection": str(collection.id), "township": EAST, **CELL}

    async def test_anonymous(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await say(client, collection, "a")).status_code == 401

    @pytest.mark.subject("auditor")
    async def test_an_inspector_says_nothing(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await say(client, collection, "a")).status_code == 403
        assert (await client.get(api(collection, "remarks"))).status_code == 403

    @pytest.mark.subject("reporter_west")
    async def test_another_township_finds_no_task(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await say(client, collection, "a", **CELL)).status_code == 404
        assert (await say(client, collection, "a")).status_code == 404
        assert (await client.get(api(collection, "remarks"))).status_code == 404

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("text", "code"),
        [("", "text_missing"), (" \n\t", "text_missing"), ("长" * 2001, "text_too_long")],
    )
    async def test_wants_something_said_and_not_too_much(
        self, client: httpx.AsyncClient, database: Database, collection: Collection, text: str, code: str
    ) -> None:
        response = await say(client, collection, text, **CELL)
        assert response.status_code == 422
        assert [(item["pointer"], item["code"]) for item in response.json()["errors"]] == [("/text", code)]
        assert await kept(database) == []

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        "place",
        [
            {"division": FIRST},
            {"element": "workers"},
            {"division": VILLAGES[WEST][0], "element": "workers"},
            {"division": FIRST, "element": "no_such"},
        ],
    )
    async def test_a_place_that_is_no_cell(
        self, client: httpx.AsyncClient, collection: Collection, place: dict[str, str]
    ) -> None:
        assert (await say(client, collection, "a", **place)).status_code == 404

    @pytest.mark.subject("reporter_east")
    async def test_there_is_an_end_to_it(
        self, client: httpx.AsyncClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "REMARKS_OF_A_TASK", 1)
        assert (await say(client, collection, "一")).status_code == 201
        response = await say(client, collection, "二", **CELL)
        assert (response.status_code, response.json()["code"]) == (422, "remarks_full")

    @pytest.mark.subject("reporter_east")
    async def test_the_same_key_says_it_once(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        for _attempt in range(2):
            response = await client.post(
                api(collection, "remarks"), json={"text": "一次"}, headers={"idempotency-key": "k"}
            )
            assert response.status_code == 201
        assert len(await kept(database)) == 1


class TestListRemarks:
    async def test_both_sides_read_all_and_a_cell_its_own(
        self, database: Database, people: People, collection: Collection
    ) -> None:
        async with (
            calling(database, people, "reporter_east") as reporter,
            calling(database, people, "registrar") as approver,
        ):
            await say(reporter, collection, "整表说明")
            await say(approver, collection, "请说明这一格", **CELL)
            for caller in (reporter, approver):
                listed = (await caller.get(api(collection, "remarks"))).json()["items"]
                assert [one["text"] for one in listed] == ["整表说明", "请说明这一格"]
                at_cell = (await caller.get(api(collection, "remarks"), params=CELL)).json()["items"]
                assert [one["organization"] for one in at_cell] == ["data-authority"]


class TestPages:
    async def test_a_thread_is_answered_and_the_answer_seen(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        path = f"/collections/{collection.id}/thread"
        await sign_in(client, "registrar")
        form = (await read(client, path)).form(path)
        sent = {**form.fields, "text": "第1村的数请说明"}
        for _click in range(2):
            answer = await client.post(path, data=sent, headers=HTML)
            assert answer.status_code == 303
        assert len(await kept(database)) == 1
        await sign_in(client, "reporter_east")
        page = await read(client, path)
        assert "第1村的数请说明" in page.text
        answer = await client.post(path, data={**page.form(path).fields, "text": "已核实"}, headers=HTML)
        assert answer.status_code == 303
        await sign_in(client, "registrar")
        assert "已核实" in (await read(client, path)).text

    async def test_what_was_typed_comes_back_with_the_fault(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await sign_in(client, "reporter_east")
        for path, target in (
            (f"/collections/{collection.id}/thread", f"/collections/{collection.id}/thread"),
            (
                f"/collections/{collection.id}/cells/{FIRST}/workers",
                f"/collections/{collection.id}/cells/{FIRST}/workers/remarks",
            ),
        ):
            form = (await read(client, path)).form(target)
            answer = await client.post(target, data={**form.fields, "text": "长" * 2001}, headers=HTML)
            page = Page(answer)
            assert answer.status_code == 422
            assert "最多 2000 个字，现在有 2001 个。" in page.within(".summary")
            assert page.form(target).fields["text"] == "长" * 2001
            assert page.within("title").startswith("有错误：")

    @pytest.mark.parametrize("key", ["", "no key", "00000000-0000-0000-0000-00000000000g"])
    async def test_a_key_of_nobodys_making_is_replaced(
        self, client: httpx.AsyncClient, database: Database, collection: Collection, key: str
    ) -> None:
        await sign_in(client, "reporter_east")
        path = f"/collections/{collection.id}/thread"
        form = (await read(client, path)).form(path)
        answer = await client.post(path, data={**form.fields, "key": key, "text": "说明"}, headers=HTML)
        assert answer.status_code == 303
        assert len(await kept(database)) == 1

    async def test_marked_up_text_stays_text(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "reporter_east")
        path = f"/collections/{collection.id}/thread"
        form = (await read(client, path)).form(path)
        await client.post(path, data={**form.fields, "text": "<script>alert(1)</script>"}, headers=HTML)
        assert "&lt;script&gt;alert(1)" in (await client.get(path, headers=HTML)).text

    async def test_a_thread_that_is_not_theirs(self, client: httpx.AsyncClient, collection: Collection) -> None:
        for name, status in (("reporter_west", 404), ("auditor", 403), ("steward_civil_affairs", 403)):
            await sign_in(client, name)
            await read(client, f"/collections/{collection.id}/thread", status)
