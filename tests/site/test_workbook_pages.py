import httpx
import pytest
from openpyxl.workbook import Workbook
from sqlalchemy import select

from hub.capture.models import Collection, Draft
from hub.kit.db import Database, set_scope
from hub.workbooks import page as workbook_page
from hub.workbooks.layout import IDENTITY_SHEET, Identity
from tests.capture.factories import create_collection, create_published_form, row, save
from tests.exchange.factories import calling
from tests.people import COUNTY, EAST, VILLAGES, People
from tests.site.reading import HTML, Page, read, sign_in
from tests.workbooks.filling import LABOUR, PEOPLE, changed, typed

FIRST, SECOND, THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


@pytest.fixture
async def desk(client: httpx.AsyncClient, collection: Collection) -> httpx.AsyncClient:
    await sign_in(client, "reporter_east")
    return client


def address(collection: Collection) -> str:
    return f"/collections/{collection.id}/workbook"


async def download(desk: httpx.AsyncClient, collection: Collection) -> bytes:
    page = await read(desk, f"/collections/{collection.id}")
    assert address(collection) in page.links
    answer = await desk.get(address(collection))
    assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
    return answer.content


async def send(desk: httpx.AsyncClient, collection: Collection, content: bytes, filename: str = "a.xlsx") -> Page:
    fields = (await read(desk, f"/collections/{collection.id}")).form(address(collection)).fields
    files = {"file": (filename, content)}
    return Page(
        await desk.post(address(collection), data={"csrf_token": fields["csrf_token"]}, files=files, headers=HTML)
    )


async def drafted(database: Database) -> Draft | None:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return (await session.scalars(select(Draft))).one_or_none()


def write_identity(book: Workbook, identity: Identity) -> None:
    book[IDENTITY_SHEET].delete_rows(1, 20)
    for line in identity.lines():
        book[IDENTITY_SHEET].append(line)


class TestWorkbookPages:
    async def test_shows_differences_and_findings_with_their_cells_and_stores_nothing(
        self, desk: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        content = changed(
            await download(desk, collection),
            typed(PEOPLE, "C6", 200),
            typed(LABOUR, "C7", "二十"),
            typed(PEOPLE, "E8", "无"),
        )
        page = await send(desk, collection, content)
        assert page.response.status_code == 200
        assert "新填 2 格，改动 0 格，不变 0 格，不能采用 1 格" in page.text
        assert f"{LABOUR} C7" in page.within("strong")
        assert f"{PEOPLE} C6" in page.text
        assert await drafted(database) is None

    async def test_says_what_an_older_workbook_would_empty_before_anything_is_stored(
        self, desk: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        content = await download(desk, collection)
        async with calling(database, people, "reporter_east") as township:
            assert (await save(township, collection, {"rows": [row(FIRST), row(SECOND)]})).status_code == 200
        page = await send(desk, collection, content)
        assert "其中 8 格在工作簿里是空的" in page.text
        # What can be done stands over the long list of what is missing.
        assert page.response.text.index("存入草稿") < page.response.text.index('id="summary"')
        unchanged = await send(desk, collection, await download(desk, collection))
        assert "在工作簿里是空的" not in unchanged.text

    async def test_a_long_list_of_faults_is_folded(
        self, desk: httpx.AsyncClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workbook_page, "OPEN_FAULTS", 2)
        cells = [typed(PEOPLE, f"{column}{line}", "很多") for column in "CE" for line in (6, 7)]
        page = await send(desk, collection, changed(await download(desk, collection), *cells))
        count = int(page.text.partition("有 ")[2].partition(" 处需要修改")[0])
        assert f"其余 {count - 2} 处" in page.within("summary")
        assert page.response.text.partition("<details><summary>其余")[0].count("<li><strong>") == 2

    async def test_names_the_form_that_another_workbook_is_of(
        self, desk: httpx.AsyncClient, collection: Collection
    ) -> None:
        other = Identity("x", "township-year", 1, "2026", EAST, "")
        content = changed(await download(desk, collection), lambda book: write_identity(book, other))
        page = await send(desk, collection, content)
        assert "这是另一张表的工作簿（乡镇年报表），现在要的是村月报表" in page.text
        assert "_hub" not in page.within("main")

    async def test_stores_what_was_previewed_through_the_excel_door(
        self, desk: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        content = changed(await download(desk, collection), typed(PEOPLE, "C6", 200), typed(LABOUR, "C7", "二十"))
        page = await send(desk, collection, content)
        form = page.form(f"{address(collection)}/draft")
        answer = await desk.post(form.action, data=form.fields, headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/collections/{collection.id}")
        draft = await drafted(database)
        assert draft is not None
        assert draft.door == "excel"
        assert draft.rows == [
            {"division": FIRST, "values": {"population": 200}, "missing": {}},
            {"division": SECOND, "values": {"workers": "二十"}, "missing": {}},
        ]

    async def test_history_shows_page_workbook_and_program_apart(
        self, desk: httpx.AsyncClient, people: People, collection: Collection
    ) -> None:
        """FEATURES W10: change by web, Excel and API, three lines, three doors."""
        headers = await people.authorization("reporter_east") | {"If-Match": "*"}
        draft, submission = (f"/api/v1/collections/{collection.id}/{name}" for name in ("draft", "submission"))
        sheet = f"/collections/{collection.id}/plain"
        fields = (await read(desk, sheet)).form(sheet).fields
        complete = {"population": "200", "male": "110", "female": "90", "workers": "80"}
        given = {f"v.{village}.{name}": value for village in VILLAGES[EAST] for name, value in complete.items()}
        await desk.post(sheet, data={**fields, **given, "action": "submit"}, headers=HTML)
        page = await send(desk, collection, changed(await download(desk, collection), typed(LABOUR, "C6", 79)))
        stored = page.form(f"{address(collection)}/draft")
        await desk.post(stored.action, data=stored.fields, headers=HTML)
        fields = (await read(desk, sheet)).form(sheet).fields
        await desk.post(sheet, data={**fields, "action": "submit", "reason": "数错了"}, headers=HTML)
        body = {"rows": [row(village, workers=78 if village == FIRST else 80) for village in VILLAGES[EAST]]}
        await desk.put(draft, json=body, headers=headers)
        await desk.post(submission, json={"reason": "又数错了"}, headers=headers)
        history = await desk.get(
            f"/api/v1/collections/{collection.id}/history",
            params={"division": FIRST, "element": "workers"},
            headers=headers,
        )
        assert [(one["new"], one["door"]) for one in history.json()["items"]] == [
            (80, "web"),
            (79, "excel"),
            (78, "api"),
        ]

    async def test_never_overwrites_what_was_saved_after_the_preview(
        self, desk: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        page = await send(desk, collection, changed(await download(desk, collection), typed(PEOPLE, "C6", 200)))
        form = page.form(f"{address(collection)}/draft")
        headers = await people.authorization("reporter_east")
        body = {"rows": [row(FIRST)]}
        await desk.put(f"/api/v1/collections/{collection.id}/draft", json=body, headers=headers | {"If-Match": "*"})
        refused = Page(await desk.post(form.action, data=form.fields, headers=HTML))
        assert refused.response.status_code == 412
        assert "没有存入" in refused.within("h2")
        draft = await drafted(database)
        assert draft is not None
        assert draft.door == "api"

    async def test_says_that_nothing_differs(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        page = await send(desk, collection, await download(desk, collection))
        assert "没有要存入的内容" in page.text
        assert [form.action for form in page.forms if form.action.endswith("/draft")] == []

    @pytest.mark.parametrize(
        ("content", "filename", "status", "said"),
        [
            (b"MZ" + bytes(100), "a.xlsx", 415, "这是程序"),
            (b"", "", 422, "请先选择"),
            (b"a,b\n1,2\n", "a.csv", 422, "不是 CSV"),
        ],
    )
    async def test_says_why_a_file_was_not_taken(
        self, desk: httpx.AsyncClient, collection: Collection, content: bytes, filename: str, status: int, said: str
    ) -> None:
        page = await send(desk, collection, content, filename)
        assert page.response.status_code == status
        assert said in page.text
        assert page.form(address(collection)).buttons == [""]

    async def test_lists_every_fault_of_structure_with_its_cell(
        self, desk: httpx.AsyncClient, collection: Collection
    ) -> None:
        content = changed(
            await download(desk, collection), typed(PEOPLE, "E4", "男性"), typed(LABOUR, "A9", "433124103200")
        )
        page = await send(desk, collection, content)
        assert page.response.status_code == 422
        assert {f"{PEOPLE} E4", f"{LABOUR} B9"} <= set(page.texts["strong"])

    @pytest.mark.parametrize("fields", [{"draft": "{"}, {"draft": '{"rows": 1}'}, {}])
    async def test_refuses_a_page_cut_short(
        self, desk: httpx.AsyncClient, collection: Collection, fields: dict[str, str]
    ) -> None:
        token = (await read(desk, f"/collections/{collection.id}")).form(address(collection)).fields["csrf_token"]
        answer = await desk.post(f"{address(collection)}/draft", data={**fields, "csrf_token": token}, headers=HTML)
        assert answer.status_code == 400

    async def test_wants_the_token_of_the_page(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        answer = await desk.post(address(collection), files={"file": ("a.xlsx", b"x")}, headers=HTML)
        assert answer.status_code == 403

    async def test_is_not_there_for_others(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "reporter_west")
        assert (await client.get(address(collection), headers=HTML)).status_code == 404
