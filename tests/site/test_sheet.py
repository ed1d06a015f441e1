import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from hub.capture.models import Collection, Draft
from hub.forms import service as forms
from hub.identity.models import Session
from hub.kit import clock
from hub.kit.db import Database, set_scope
from tests.capture.factories import FORM, PREVIOUS, create_collection, create_published_form, row, rows, save, submit
from tests.forms.factories import create_element
from tests.people import COUNTY, EAST, VILLAGES, People
from tests.site.reading import Page, read, sign_in

FIRST, SECOND, THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


@pytest.fixture
async def desk(client: httpx.AsyncClient, collection: Collection) -> httpx.AsyncClient:
    await sign_in(client, "reporter_east")
    return client


def task(collection: Collection) -> str:
    return f"/collections/{collection.id}"


def address(collection: Collection) -> str:
    """The face without JavaScript: the same form as fields."""
    return f"/collections/{collection.id}/plain"


async def typed(desk: httpx.AsyncClient, collection: Collection) -> dict[str, str]:
    """The form's fields as the page shows them now."""
    return (await read(desk, address(collection))).form(address(collection)).fields


async def press(desk: httpx.AsyncClient, collection: Collection, fields: dict[str, str], action: str) -> httpx.Response:
    return await desk.post(address(collection), data=fields | {"action": action})


def filled(fields: dict[str, str], **values: str) -> dict[str, str]:
    complete = {"population": "200", "male": "110", "female": "90", "workers": "80", **values}
    given = {f"v.{village}.{name}": value for village in VILLAGES[EAST] for name, value in complete.items()}
    return fields | given


async def drafted(database: Database) -> list[Any]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        draft = (await session.scalars(select(Draft))).one_or_none()
        return [] if draft is None else draft.rows


class TestReadCollection:
    async def test_shows_a_row_for_each_village(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        page = await read(desk, address(collection))
        fields = page.form(address(collection)).fields
        assert {f"v.{village}.workers" for village in VILLAGES[EAST]} <= fields.keys()
        assert fields["etag"].startswith('"')
        assert page.attributes[f"v.{FIRST}.workers"]["inputmode"] == "numeric"

    async def test_adds_up_the_columns_that_count_something(
        self, desk: httpx.AsyncClient, collection: Collection
    ) -> None:
        fields = filled(await typed(desk, collection))
        fields[f"v.{FIRST}.workers"], fields[f"v.{SECOND}.workers"] = "１，００１", "十二"
        await press(desk, collection, fields, "save")
        page = await read(desk, address(collection))
        assert "合计" in page.text
        assert str(1001 + 80) in page.text

    async def test_is_read_only_after_closing_and_says_why(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        async with database.transaction() as session:
            await session.execute(update(Collection).values(closes_at=clock.now()))
        page = await read(desk, address(collection))
        assert "关闭首次提交" in page.text
        assert '<fieldset class="locked" disabled>' in page.response.text
        assert "暂存</button>" not in page.response.text.replace('aria-hidden="true">暂存', "")

    async def test_is_hidden_from_another_township(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await sign_in(client, "reporter_west")
        page = await read(client, address(collection), 404)
        assert "没有这项填报任务" in page.text

    async def test_shows_others_how_it_stands_and_no_draft(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await sign_in(client, "registrar")
        page = await read(client, task(collection))
        assert "尚未提交" in page.text
        assert not [form for form in page.forms if form.action == address(collection)]
        answer = await client.post(address(collection), data=page.form("/sign-out").fields | {"action": "save"})
        assert answer.status_code == 403


class TestSave:
    async def test_keeps_what_was_typed_exactly(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        fields = await typed(desk, collection)
        odd = {f"v.{FIRST}.workers": "十二 <b>", f"v.{SECOND}.workers": " １,２３４ ", f"m.{THIRD}.workers": "refused"}
        answer = await press(desk, collection, fields | odd, "save")
        assert answer.headers["location"] == address(collection)
        again = await typed(desk, collection)
        assert {name: again[name] for name in odd} == odd
        assert [entry["division"] for entry in await drafted(database)] == [FIRST, SECOND, THIRD]

    async def test_keeps_the_type_of_what_came_through_the_api(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        await save(desk, collection, {"rows": [{"division": FIRST, "values": {"workers": 7}}]})
        desk.headers["x-csrf-token"] = (await typed(desk, collection))["csrf_token"]
        await save(desk, collection, {"rows": [{"division": FIRST, "values": {"workers": 7, "male": [1]}}]})
        fields = await typed(desk, collection)
        await press(desk, collection, fields | {f"v.{FIRST}.female": "3"}, "save")
        assert (await drafted(database))[0]["values"] == {"male": [1], "female": "3", "workers": 7}

    async def test_writes_nothing_when_nothing_changed(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        await press(desk, collection, await typed(desk, collection), "save")
        assert await drafted(database) == []

    async def test_a_page_cut_short_clears_nothing(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        await press(desk, collection, filled(await typed(desk, collection)), "save")
        fields = await typed(desk, collection)
        short = {name: fields[name] for name in ("csrf_token", "etag")} | {f"v.{FIRST}.workers": "9"}
        await press(desk, collection, short, "save")
        held = await drafted(database)
        assert held[0]["values"] == {"population": "200", "male": "110", "female": "90", "workers": "9"}
        assert len(held) == 3

    async def test_wants_the_token(self, desk: httpx.AsyncClient, collection: Collection, database: Database) -> None:
        fields = filled(await typed(desk, collection)) | {"csrf_token": "old"}
        answer = await press(desk, collection, fields, "save")
        assert answer.status_code == 403
        assert await drafted(database) == []
        resumed = Page(answer).form(address(collection)).fields
        assert (await desk.post(address(collection), data=resumed)).status_code == 303
        assert len(await drafted(database)) == 3

    async def test_another_sites_form_is_not_resumed(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        fields = await typed(desk, collection)
        desk.headers["origin"] = "https://evil.example"
        answer = await press(desk, collection, fields, "save")
        assert answer.status_code == 403
        assert "csrf_token" not in answer.text.replace(fields["csrf_token"], "").partition("<main")[2]

    async def test_a_session_that_ended_loses_nothing(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        fields = filled(await typed(desk, collection))
        async with database.transaction() as session:
            await session.execute(update(Session).values(ended_at=clock.now()))
        expired = await press(desk, collection, fields, "save")
        assert expired.status_code == 401
        form = Page(expired).form("/sign-in").fields
        assert form[f"resumed.v.{FIRST}.workers"] == "80"
        wrong = await desk.post("/sign-in", data=form | {"username": "reporter_east", "password": "wrong"})
        again = Page(wrong).form("/sign-in").fields | {"password": "Correct-Horse-9"}
        resumed = Page(await desk.post("/sign-in", data=again)).form(address(collection)).fields
        assert (await desk.post(address(collection), data=resumed)).status_code == 303
        assert len(await drafted(database)) == 3

    async def test_tells_of_a_cell_that_is_too_long(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        long = "1" * 2001
        answer = await press(desk, collection, await typed(desk, collection) | {f"v.{FIRST}.workers": long}, "save")
        assert answer.status_code == 422
        page = Page(answer)
        assert "最多 2000 个字" in page.within(".summary")
        assert page.form(address(collection)).fields[f"v.{FIRST}.workers"] == long


class TestConflict:
    async def test_shows_both_and_overwrites_only_after_it_was_seen(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        fields = await typed(desk, collection)
        await press(desk, collection, fields | {f"v.{FIRST}.workers": "5"}, "save")
        answer = await press(desk, collection, fields | {f"v.{FIRST}.workers": "6"}, "save")
        assert answer.status_code == 412
        page = Page(answer)
        assert "对方保存的：5" in page.text
        assert re.search(r"reporter_east 于 20\d\d-\d\d-\d\d \d\d:\d\d 保存", page.within(".summary"))
        mine = page.form(address(collection)).fields
        assert mine[f"v.{FIRST}.workers"] == "6"
        assert (await drafted(database))[0]["values"] == {"workers": "5"}
        assert (await desk.post(address(collection), data=mine | {"action": "save"})).status_code == 303
        assert (await drafted(database))[0]["values"] == {"workers": "6"}

    async def test_the_same_text_twice_is_none(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        fields = await typed(desk, collection) | {f"v.{FIRST}.workers": "5"}
        assert (await press(desk, collection, fields, "save")).status_code == 303
        assert (await press(desk, collection, fields, "save")).status_code == 303


class TestCheck:
    async def test_names_every_fault_and_its_cell(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        fields = filled(await typed(desk, collection)) | {f"v.{FIRST}.workers": "十二", f"v.{SECOND}.male": ""}
        page = Page(await press(desk, collection, fields, "check"))
        assert page.within("title").startswith("有错误：")
        assert "有 2 处需要修改" in page.within("h2")
        assert {f"#v.{FIRST}.workers", f"#v.{SECOND}.male"} <= set(page.links)
        cell = page.attributes[f"v.{FIRST}.workers"]
        assert cell["aria-invalid"] == "true"
        assert cell["value"] == "十二"
        assert cell["aria-describedby"].split()[-1] in page.attributes
        assert page.attributes["summary"]["role"] == "alert"

    async def test_says_when_all_is_well(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        page = Page(await press(desk, collection, filled(await typed(desk, collection)), "check"))
        assert "检查通过" in page.within("p")

    async def test_a_village_without_anything_is_one_fault(
        self, desk: httpx.AsyncClient, collection: Collection
    ) -> None:
        page = Page(await press(desk, collection, await typed(desk, collection), "check"))
        assert "有 3 处需要修改" in page.within("h2")
        assert f"#r.{FIRST}" in page.links
        assert f"r.{FIRST}" in page.attributes

    async def test_what_belongs_nowhere_can_be_thrown_out(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        desk.headers["x-csrf-token"] = (await typed(desk, collection))["csrf_token"]
        stray = {"division": VILLAGES["433124103"][0], "values": {"workers": 1}}
        await save(desk, collection, {"rows": [row(FIRST, nonsense=1), stray]})
        page = Page(await press(desk, collection, await typed(desk, collection), "check"))
        assert "#strays" in page.links
        assert "nonsense = 1" in page.text
        await press(desk, collection, page.form(address(collection)).fields | {"drop_strays": "yes"}, "save")
        assert await drafted(database) == [row(FIRST) | {"missing": {}}]


class TestTakeOver:
    async def test_fills_only_what_is_empty(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database, people: People
    ) -> None:
        desk.headers["x-csrf-token"] = (await typed(desk, collection))["csrf_token"]
        before = await create_collection(database, people, period=PREVIOUS)
        await save(desk, before, rows(workers=70))
        assert (await submit(desk, before)).status_code == 201
        page = await read(desk, address(collection))
        fields = page.form(address(collection)).fields
        assert "上期 70" in page.text
        carries = [button for button in page.form(address(collection)).buttons if button.startswith("carry.")]
        some = fields | {f"v.{FIRST}.workers": "75", f"m.{SECOND}.workers": "not_yet_known"}
        for carry in carries:
            await press(desk, collection, some, carry)
            some = await typed(desk, collection)
        assert (some[f"v.{FIRST}.workers"], some[f"v.{SECOND}.workers"], some[f"v.{THIRD}.workers"]) == ("75", "", "70")
        assert some[f"v.{FIRST}.population"] == "200"


class TestSubmit:
    async def test_leads_to_the_receipt(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        answer = await press(desk, collection, filled(await typed(desk, collection)), "submit")
        assert answer.status_code == 303, answer.text
        page = await read(desk, answer.headers["location"])
        assert answer.headers["location"].rpartition("/")[2] in page.text
        assert "校验码" in page.text
        assert "网页" in page.text

    async def test_inspectors_see_the_receipt_but_no_values(
        self, desk: httpx.AsyncClient, collection: Collection
    ) -> None:
        answer = await press(desk, collection, filled(await typed(desk, collection)), "submit")
        await sign_in(desk, "auditor")
        for path in (answer.headers["location"], task(collection)):
            assert f"{task(collection)}/history" not in (await read(desk, path)).links
        await read(desk, f"{task(collection)}/history", 403)
        await sign_in(desk, "registrar")
        assert f"{task(collection)}/history" in (await read(desk, task(collection))).links

    async def test_pressed_twice_submits_once(self, desk: httpx.AsyncClient, collection: Collection) -> None:
        fields = filled(await typed(desk, collection))
        first = await press(desk, collection, fields, "submit")
        second = await press(desk, collection, fields, "submit")
        assert second.headers["location"] == first.headers["location"]
        assert "没有改动" in (await read(desk, second.headers["location"])).text

    async def test_refused_keeps_the_draft(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        fields = filled(await typed(desk, collection), workers="十")
        answer = await press(desk, collection, fields, "submit")
        assert answer.status_code == 422
        assert "有 3 处需要修改" in Page(answer).within("h2")
        assert (await drafted(database))[0]["values"]["workers"] == "十"

    async def test_warning_wants_a_reason_which_is_never_lost(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database, people: People
    ) -> None:
        desk.headers["x-csrf-token"] = (await typed(desk, collection))["csrf_token"]
        before = await create_collection(database, people, period=PREVIOUS)
        await save(desk, before, rows(workers=10))
        assert (await submit(desk, before)).status_code == 201
        fields = filled(await typed(desk, collection), workers="10") | {f"v.{FIRST}.workers": "100"}
        refused = await press(desk, collection, fields, "submit")
        assert refused.status_code == 422
        fields = Page(refused).form(address(collection)).fields
        (name,) = [name for name in fields if name.startswith("reason|")]
        assert "情况属实" in Page(refused).within("h2")
        saved = await press(desk, collection, fields | {name: "新厂招工"}, "save")
        assert saved.status_code == 200
        fresh = await press(desk, collection, await typed(desk, collection), "check")
        assert Page(fresh).form(address(collection)).fields[name] == "新厂招工", "whoever opens the form next finds it"
        checked = await press(desk, collection, fields | {name: "新厂招工"}, "check")
        fields = Page(checked).form(address(collection)).fields
        assert fields[name] == "新厂招工"
        answer = await press(desk, collection, fields, "submit")
        assert "新厂招工" in (await read(desk, answer.headers["location"])).text

    async def test_correction_wants_a_reason_and_keeps_history(
        self, desk: httpx.AsyncClient, collection: Collection
    ) -> None:
        first = await press(desk, collection, filled(await typed(desk, collection)), "submit")
        number = first.headers["location"].rpartition("/")[2]
        fields = await typed(desk, collection) | {f"v.{FIRST}.workers": "81"}
        refused = await press(desk, collection, fields, "submit")
        assert refused.status_code == 422
        assert "请填写更正原因" in Page(refused).within(".summary")
        fields = Page(refused).form(address(collection)).fields | {"reason": "漏报一人"}
        answer = await press(desk, collection, fields, "submit")
        receipt = await read(desk, answer.headers["location"])
        assert number in receipt.text
        assert "漏报一人" in receipt.text
        history = await read(desk, f"{task(collection)}/history?division={FIRST}&element=workers")
        assert "漏报一人" in history.within("td")
        assert history.within(".number").split()[2:] == ["80", "81", "—", "80"]

    async def test_closed_says_so_and_keeps_the_draft(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database
    ) -> None:
        async with database.transaction() as session:
            await session.execute(update(Collection).values(closes_at=clock.now()))
        answer = await press(desk, collection, filled(await typed(desk, collection)), "submit")
        assert answer.status_code == 409
        assert "关闭首次提交" in Page(answer).within(".summary")
        assert len(await drafted(database)) == 3


class TestTasks:
    async def test_sorted_by_due_date_with_progress(
        self, desk: httpx.AsyncClient, collection: Collection, database: Database, people: People
    ) -> None:
        await press(desk, collection, filled(await typed(desk, collection)) | {f"v.{FIRST}.workers": ""}, "save")
        await create_collection(database, people, period="2026-11")
        page = await read(desk, "/")
        assert "已填 2/3 行" in page.text
        assert page.links.index(task(collection)) < len(page.links)
        assert page.text.index("2026年10月") < page.text.index("2026年11月")


class TestWhatDoesNotApply:
    """C08: greyed by rule, said in words, owed by nobody, from the first drawing on and on every page that counts."""

    @pytest.fixture
    async def inhabited(self, database: Database, people: People, collection: Collection) -> Collection:
        """A form that asks for the workshop's hands only where anybody lives."""
        async with database.transaction() as session:
            await create_element(session, "hands", name_zh="车间工人数", position=46, applies_when="population > 0")
        async with database.transaction() as session:
            await forms.publish_version(session, people.subject("registrar"), FORM)
        return await create_collection(database, people, period="2026-11")

    async def test_is_drawn_and_counted_before_any_script_runs(
        self, desk: httpx.AsyncClient, inhabited: Collection
    ) -> None:
        fields = filled(await typed(desk, inhabited), population="0", male="0", female="0", workers="0")
        fields[f"v.{SECOND}.population"] = "200"
        await press(desk, inhabited, fields, "save")
        grid = await read(desk, task(inhabited))
        assert grid.response.text.count('<td class="n locked-cell not-asked"><i>不涉及</i></td>') == 2
        assert "已填 2/3 行" in grid.text
        plain = await read(desk, address(inhabited))
        assert plain.response.text.count("不涉及，不用填") == 2
        assert "已填 2/3 行" in plain.text
        tasks = (await read(desk, "/")).text
        assert "2/3" in tasks
        assert "第2村民委员会" in tasks
        assert "第1村民委员会" not in tasks

    async def test_what_stands_there_all_the_same_is_seen(self, desk: httpx.AsyncClient, inhabited: Collection) -> None:
        fields = filled(await typed(desk, inhabited), population="0", hands="4")
        await press(desk, inhabited, fields, "save")
        grid = await read(desk, task(inhabited))
        assert "不涉及</i>" not in grid.response.text
