"""Bulk imports as the authority's people use them: a trial, its report, storing, calling off."""

import httpx
import pytest

from hub.capture.models import Collection
from hub.imports import storing
from hub.imports.files import import_folder
from hub.imports.work import work
from hub.kit.db import Database
from hub.settings import settings
from tests.capture.factories import create_collection, create_published_form
from tests.imports.factories import HEAD, csv_file, rows
from tests.people import People
from tests.site.reading import Page, read, sign_in

URL = "/imports"


@pytest.fixture(autouse=True)
async def collection(database: Database, people: People, monkeypatch: pytest.MonkeyPatch) -> Collection:
    monkeypatch.setattr(storing, "AREAS_AT_ONCE", 1)
    await create_published_form(database, people)
    return await create_collection(database, people)


async def send(
    client: httpx.AsyncClient, content: bytes, *, filename: str = "全县.csv", **fields: str
) -> httpx.Response:
    token = (await read(client, URL)).form(URL).fields["csrf_token"]
    return await client.post(
        URL, files={"file": (filename, content)}, data={"csrf_token": token, "period": "2026-10", **fields}
    )


async def tried(client: httpx.AsyncClient, database: Database, content: bytes, **fields: str) -> str:
    """A trial that has been worked on; its page's address."""
    answer = await send(client, content, **fields)
    assert answer.status_code == 303, answer.text
    page = str(answer.headers["location"])
    waiting = await client.get(page, headers={"accept": "text/html"})
    assert waiting.headers["refresh"] == "3"
    assert "refresh" not in (await client.get(f"{page}?still=true")).headers
    await work(database, page.rpartition("/")[2])
    return page


async def press(client: httpx.AsyncClient, page: str, action: str, **fields: str) -> httpx.Response:
    token = (await read(client, page)).form(f"{page}/{action}").fields["csrf_token"]
    return await client.post(f"{page}/{action}", data={"csrf_token": token, **fields})


class TestLarge:
    """As much as through the API, taken in as it comes; the token of the page is checked before any of it is kept."""

    CONTENT = csv_file(rows()) + b"\n" * (5 * 1024 * 1024)

    async def test_a_file_larger_than_a_page_is_taken_in(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        assert f"最大 {settings().maximum_upload_bytes // 1024**2} MB" in (await client.get(URL)).text
        assert len(self.CONTENT) > settings().maximum_body_bytes
        assert (await send(client, self.CONTENT)).status_code == 303

    @pytest.mark.parametrize("token", [None, "somebody else's"])
    async def test_nothing_is_kept_without_the_page_s_token(self, client: httpx.AsyncClient, token: str | None) -> None:
        await sign_in(client, "registrar")
        fields = {} if token is None else {"csrf_token": token}
        before = set(import_folder().glob("*"))
        for file in ((("全县.csv", self.CONTENT)), ("", b"")):
            refused = await client.post(URL, files={"file": file}, data=fields)
            assert refused.status_code == 403
            assert "页面已过期" in refused.text
        assert set(import_folder().glob("*")) == before

    async def test_a_token_behind_the_file_comes_too_late(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        token = (await read(client, URL)).form(URL).fields["csrf_token"]
        parts = [("file", ("全县.csv", self.CONTENT)), ("csrf_token", (None, token))]
        assert (await client.post(URL, files=parts)).status_code == 403

    async def test_a_larger_one_than_that_is_told_at_its_field(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await sign_in(client, "registrar")
        monkeypatch.setattr(settings(), "maximum_upload_bytes", 1024 * 1024)
        refused = await send(client, self.CONTENT)
        assert refused.status_code == 413
        assert 'id="file-faults"' in refused.text


class TestImports:
    async def test_a_trial_is_reported_and_then_stored(self, client: httpx.AsyncClient, database: Database) -> None:
        await sign_in(client, "registrar")
        page = await tried(client, database, csv_file(rows()))
        report = await client.get(page, headers={"accept": "text/html"})
        assert "refresh" not in report.headers
        assert "试算完成" in report.text
        assert "6 行" in report.text
        assert (await press(client, page, "submission")).status_code == 303
        await work(database, page.rpartition("/")[2])
        stored = await read(client, page)
        assert "已完成" in stored.within(".tag")
        assert not [form for form in stored.forms if form.action.startswith(page)]
        assert "全县.csv" in (await read(client, URL)).text

    async def test_findings_are_listed_and_downloaded(self, client: httpx.AsyncClient, database: Database) -> None:
        await sign_in(client, "registrar")
        lines = rows()
        lines[0][1] = "=二百"
        page = await tried(client, database, csv_file(lines))
        shown = await read(client, page)
        assert "B2" in shown.within("th")
        assert "=二百" in shown.within("td")
        assert "没有这一类" in (await read(client, f"{page}?severity=warning")).text
        file = await client.get(f"{page}/findings.csv")
        assert file.headers["content-type"].startswith("text/csv")
        assert '"\'=二百"' in file.text
        refused = await press(client, page, "submission")
        assert refused.status_code == 303
        await work(database, page.rpartition("/")[2])
        assert "没有写入" in (await read(client, page)).text
        await press(client, page, "submission", accept_partial="1")
        await work(database, page.rpartition("/")[2])
        assert "已完成" in (await read(client, page)).within(".tag")

    async def test_what_is_wrong_with_columns_names_the_form(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await sign_in(client, "registrar")
        page = await tried(client, database, csv_file(rows(), head=(*HEAD[:-1], "外星人数")))
        shown = await read(client, page)
        assert "外星人数" in shown.text
        assert "—" not in shown.within("dd").split()[:1]
        # Of such a file nothing can be stored: the page offers no button that would.
        assert f"{page}/submission" not in [form.action for form in shown.forms]
        told = await client.get(f"/api/v1{page}", headers={"accept": "application/json"})
        assert (told.json()["state"], told.json()["form"]) == ("refused", "village-month")

    async def test_a_running_one_is_called_off(self, client: httpx.AsyncClient, database: Database) -> None:
        await sign_in(client, "registrar")
        page = str((await send(client, csv_file(rows()))).headers["location"])
        assert (await press(client, page, "cancellation")).status_code == 303
        assert "已取消" in (await read(client, page)).within(".tag")
        token = (await read(client, URL)).form(URL).fields
        again = await client.post(f"{page}/cancellation", data={"csrf_token": token["csrf_token"]})
        assert again.status_code == 409
        assert "已经结束" in Page(again).within(".summary")

    async def test_faults_of_the_request_are_told_at_once(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        answer = await send(client, b"x", period="十月", form="no-such-form", reason="更正")
        assert answer.status_code == 422
        page = Page(answer)
        assert {"#form", "#period"} <= set(page.links)
        assert page.form(URL).fields["reason"] == "更正"
        token = (await read(client, URL)).form(URL).fields["csrf_token"]
        nothing = await client.post(URL, files={"file": ("", b"")}, data={"csrf_token": token})
        assert nothing.status_code == 422
        assert "#file" in Page(nothing).links

    async def test_is_for_the_authority(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "steward_poverty_relief")
        await read(client, URL, 403)
        await sign_in(client, "reporter_east")
        await read(client, URL, 403)
