"""Scans: what is taken in, who opens them, what is left of a withdrawn one."""

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection
from hub.kit.db import Database, set_scope
from hub.remarks import attachments
from hub.remarks.models import Attachment
from hub.settings import Settings, settings
from tests.exchange.factories import calling
from tests.people import COUNTY, EAST, VILLAGES, People
from tests.remarks.factories import JPG, PDF, PNG, api, attach
from tests.site.reading import HTML, Page, read, sign_in

FIRST = VILLAGES[EAST][0]
CELL = {"division": FIRST, "element": "workers"}


async def kept(database: Database) -> list[Attachment]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return list(await session.scalars(select(Attachment).order_by(Attachment.attached_at)))


@pytest.mark.subject("reporter_east")
class TestAttach:
    async def test_at_a_cell_and_back(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        response = await attach(client, collection, **CELL)
        assert response.status_code == 201, response.text
        told = response.json()
        assert (told["filename"], told["media_type"], told["size"]) == ("签字页.pdf", "application/pdf", len(PDF))
        async with calling(database, people, "registrar") as approver:
            opened = await approver.get(api(collection, f"attachments/{told['id']}"))
        assert opened.content == PDF
        assert opened.headers["content-disposition"].startswith('attachment; filename="scan.pdf"')
        assert opened.headers["x-content-type-options"] == "nosniff"
        assert opened.headers["content-type"] == "application/pdf"
        async with database.transaction() as session:
            actions = (await session.scalars(select(AuditEventRow.action))).all()
        assert (actions.count("attachment.add"), actions.count("attachment.read")) == (1, 1)

    @pytest.mark.parametrize(
        ("name", "content", "status", "code"),
        [
            ("a.pdf", b"", 422, "file_empty"),
            ("a.pdf", b"MZ" + bytes(50), 415, "type_not_allowed"),
            ("a.html", b"<script>alert(1)</script>", 415, "type_not_allowed"),
            ("a.svg", b"<svg/>", 415, "type_not_allowed"),
            ("a.exe", PDF, 415, "type_not_as_named"),
            ("a.pdf", JPG, 415, "type_not_as_named"),
            ("a", PNG, 415, "type_not_as_named"),
            ("a.pdf", PDF[:-6], 422, "file_cut_off"),
        ],
    )
    async def test_refuses_what_is_not_what_it_says(
        self,
        client: httpx.AsyncClient,
        database: Database,
        collection: Collection,
        name: str,
        content: bytes,
        status: int,
        code: str,
    ) -> None:
        response = await attach(client, collection, name, content, **CELL)
        assert response.status_code == status, response.text
        assert [item["code"] for item in response.json()["errors"]] == [code]
        assert await kept(database) == []

    async def test_a_name_with_a_path_loses_it(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        assert (await attach(client, collection, "../../../etc/cron.d/x.pdf")).status_code == 201
        assert [one.filename for one in await kept(database)] == ["x.pdf"]

    async def test_no_file_or_two(self, client: httpx.AsyncClient, collection: Collection) -> None:
        response = await client.post(api(collection, "attachments"), data={"division": FIRST})
        assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "missing")
        two = [("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))]
        response = await client.post(api(collection, "attachments"), files=two)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (422, "file_repeated")

    async def test_larger_than_other_bodies_but_not_without_end(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        limit, others = settings().maximum_attachment_bytes, Settings().maximum_body_bytes
        assert others < limit
        largest = PDF[:9] + bytes(limit - len(PDF)) + PDF[9:]
        assert (await attach(client, collection, "a.pdf", largest)).status_code == 201
        response = await attach(client, collection, "b.pdf", largest + b"\n")
        assert (response.status_code, response.json()["code"]) == (413, "attachment_too_large")
        response = await attach(client, collection, "c.pdf", largest * 2)
        assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")
        assert [one.size for one in await kept(database)] == [limit]

    async def test_twice_the_same_is_one(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        first, second = await attach(client, collection, **CELL), await attach(client, collection, **CELL)
        assert first.json()["id"] == second.json()["id"]
        elsewhere = await attach(client, collection)
        assert elsewhere.json()["id"] != first.json()["id"]
        assert len(await kept(database)) == 2

    @pytest.mark.parametrize(("count", "size"), [(1, 10**9), (100, len(PDF) + 1)])
    async def test_a_task_is_full_one_day(
        self,
        client: httpx.AsyncClient,
        collection: Collection,
        monkeypatch: pytest.MonkeyPatch,
        count: int,
        size: int,
    ) -> None:
        monkeypatch.setattr(attachments, "FILES_OF_A_TASK", count)
        monkeypatch.setattr(attachments, "BYTES_OF_A_TASK", size)
        assert (await attach(client, collection)).status_code == 201
        response = await attach(client, collection, "b.png", PNG)
        assert (response.status_code, response.json()["code"]) == (422, "remarks_full")

    async def test_a_task_that_is_not_there(self, client: httpx.AsyncClient, collection: Collection) -> None:
        missing = f"/api/v1/collections/{'0' * 8}-0000-7000-8000-{'0' * 12}/attachments"
        assert (await client.post(missing, files={"file": ("a.pdf", PDF)})).status_code == 404


class TestReach:
    async def test_others_find_nothing(self, database: Database, people: People, collection: Collection) -> None:
        async with calling(database, people, "reporter_east") as reporter:
            made = (await attach(reporter, collection)).json()
        for name, status in (("reporter_west", 404), ("auditor", 403), ("steward_civil_affairs", 403)):
            async with calling(database, people, name) as caller:
                for path in ("attachments", f"attachments/{made['id']}"):
                    assert (await caller.get(api(collection, path))).status_code == status, (name, path)
                withdrawn = await caller.post(api(collection, f"attachments/{made['id']}/withdrawal"))
                assert withdrawn.status_code in {403, status}

    async def test_row_security_hides_it_from_another_place(
        self, database: Database, people: People, collection: Collection
    ) -> None:
        async with calling(database, people, "reporter_east") as reporter:
            await attach(reporter, collection)
        async with database.transaction() as session:
            await set_scope(session, ["433124103"])
            assert (await session.scalars(select(Attachment))).all() == []


class TestWithdraw:
    async def test_its_content_goes_and_the_trace_stays(
        self, database: Database, people: People, collection: Collection
    ) -> None:
        async with (
            calling(database, people, "reporter_east") as reporter,
            calling(database, people, "registrar") as approver,
        ):
            made = (await attach(reporter, collection, **CELL)).json()
            path = api(collection, f"attachments/{made['id']}")
            assert (await approver.post(f"{path}/withdrawal")).status_code == 403
            for _click in range(2):
                assert (await reporter.post(f"{path}/withdrawal")).status_code == 200
            assert (await reporter.get(path)).status_code == 404
            listed = (await approver.get(api(collection, "attachments"), params=CELL)).json()["items"]
            assert [(one["filename"], one["withdrawn_at"] is not None) for one in listed] == [("签字页.pdf", True)]
            again = await attach(reporter, collection, **CELL)
            assert again.json()["id"] != made["id"]
        async with database.transaction() as session:
            await set_scope(session, [COUNTY])
            contents = (await session.scalars(select(Attachment.content).order_by(Attachment.attached_at))).all()
            assert contents == [None, PDF]


class TestPages:
    async def test_upload_open_and_withdraw(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "reporter_east")
        base = f"/collections/{collection.id}/cells/{FIRST}/workers"
        token = {"csrf_token": (await read(client, base)).form(f"{base}/attachments").fields["csrf_token"]}
        answer = await client.post(f"{base}/attachments", data=token, files={"file": ("a.pdf", PDF)}, headers=HTML)
        assert answer.status_code == 303, answer.text
        page = await read(client, base)
        (href,) = [link for link in page.links if "/attachments/" in link]
        assert (await client.get(href)).content == PDF
        answer = await client.post(f"{href}/withdrawal", data={**token, "next": "https://evil.example/"}, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "已撤下" in (await read(client, f"/collections/{collection.id}/thread")).text

    async def test_a_fault_stands_at_the_field(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "reporter_east")
        for base, path in (
            (f"/collections/{collection.id}/cells/{FIRST}/workers", f"cells/{FIRST}/workers/attachments"),
            (f"/collections/{collection.id}/thread", "attachments"),
        ):
            target = f"/collections/{collection.id}/{path}"
            token = {"csrf_token": (await read(client, base)).form(target).fields["csrf_token"]}
            for files in ({"file": ("a.pdf", b"MZ")}, {"file": ("", b"")}):
                answer = await client.post(target, data=token, files=files, headers=HTML)
                assert answer.status_code in {415, 422}, answer.text
                assert "有 1 处需要修改" in Page(answer).within(".summary")
