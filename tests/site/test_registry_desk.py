"""The authority's desk of the registry: registering, comparing, code lists, rules, files in and out."""

import io
import zipfile
from collections.abc import Mapping
from datetime import date

import httpx
import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.service import SYSTEM
from hub.kit.db import Database
from hub.registry import service
from hub.registry.apply import apply_files
from hub.registry.file_upload import packed
from hub.registry.files import read_folder
from hub.registry.models import DataElementVersion
from hub.registry.statuses import RegistrationStatus
from hub.settings import share_folder
from tests.capture.factories import FORM, create_published_form
from tests.forms.factories import create_element as create_form_element
from tests.people import People
from tests.registry.factories import create_code_list, create_element
from tests.site.reading import Page, read, sign_in

NAME = "village_migrant_workers"
NEW = "/data-elements/new"
FILES = "/registry/files"

TYPED = {
    "identifier": "village_returned_workers",
    "names_zh": "返乡人数",
    "definition": "报告月末，本村户籍、外出务工后已经返乡的人数。",
    "object_class": "village",
    "property": "returned_workers",
    "period_type": "month",
    "facets_population": "本村户籍人口",
    "facets_stock_or_flow": "stock",
    "facets_reference_time": "period_end",
    "value_domain_datatype": "integer",
    "value_domain_unit_other": "人",
    "value_domain_minimum": "0",
    "source": "captured",
    "source_organization": "human-resources",
    "steward": "human-resources",
    "legal_basis": "《政务数据共享条例》第十九条",
    "sharing_type": "unconditional",
    "sensitivity": "internal",
    "collection_basis": "administrative",
    "topic_other": "劳动力",
    "required": "yes",
    "action": "save",
}


@pytest.fixture
async def element(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session, people)


async def post(client: httpx.AsyncClient, path: str, fields: Mapping[str, str | list[str]]) -> httpx.Response:
    token = (await read(client, path)).form(path).fields["csrf_token"]
    return await client.post(path, data={**fields, "csrf_token": token})


@pytest.mark.parametrize("path", ["/data-elements", "/code-lists", "/rules", FILES])
async def test_the_menu_says_whose_desk_it_is(client: httpx.AsyncClient, people: People, path: str) -> None:
    await sign_in(client, "registrar")
    assert '<a href="/data-elements" aria-current="page">' in (await read(client, path)).response.text


class TestRegister:
    async def test_registers_what_the_second_person_approves(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await sign_in(client, "registrar")
        answer = await post(client, NEW, TYPED | {"facet_name": "duration_months", "facet_value": "6"})
        assert answer.headers["location"] == "/data-elements/village_returned_workers"
        (row,) = (await session.scalars(select(DataElementVersion))).all()
        assert (row.registration_status, row.topic, row.value_domain["unit"]) == ("candidate", "劳动力", "人")
        assert row.facets["duration_months"] == 6
        waiting = await read(client, "/data-elements/waiting")
        assert "我提出的，等别人核准（1）" in waiting.text
        await sign_in(client, "registrar_two")
        assert "等我核准（1）" in (await read(client, "/data-elements/waiting")).text

    async def test_tells_everything_at_its_field_and_keeps_what_was_typed(
        self, client: httpx.AsyncClient, people: People
    ) -> None:
        await sign_in(client, "registrar")
        wrong = TYPED | {
            "identifier": "Wrong Name",
            "value_domain_minimum": "零",
            "facets_population": "",
            "value_domain_unit_other": "",
            "source": "derived",
            "expression": "population -",
            "valid_from": "昨天",
            "aliases": "一\n二",
        }
        answer = await post(client, NEW, wrong)
        assert answer.status_code == 422
        page = Page(answer)
        fields = ("identifier", "value_domain_minimum", "facets_population", "value_domain_unit", "expression")
        for field in (*fields, "valid_from"):
            assert page.attributes[field]["aria-invalid"] == "true", field
        assert "有 6 处需要修改" in page.within(".summary")
        assert {f"#{field}" for field in fields} <= set(page.links)
        typed = page.form(NEW).fields
        assert (typed["value_domain_minimum"], typed["aliases"], typed["valid_from"]) == ("零", "一\n二", "昨天")

    async def test_shows_what_it_would_look_like(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "registrar")
        page = Page(await post(client, NEW, TYPED | {"action": "preview"}))
        assert "返乡人数" in page.within(".as-on-form")
        assert "必填" in page.within(".as-on-form")

    @pytest.mark.usefixtures("element")
    async def test_asks_about_likely_duplicates_first(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        for like in ({"names_zh": "外出打工人数"}, {"property": "migrant_workers"}):
            page = Page(await post(client, NEW, TYPED | like))
            assert f"/data-elements/{NAME}" in page.links, like
        confirmed = TYPED | {"names_zh": "外出打工人数", "is_not_the_same": "yes"}
        assert (await post(client, NEW, confirmed)).status_code == 303

    async def test_is_not_for_others(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "steward_human_resources")
        for path in (NEW, f"/data-elements/{NAME}/versions/new", "/code-lists/new"):
            assert (await client.get(path, headers={"accept": "text/html"})).status_code == 403


class TestWaiting:
    PATH = "/data-elements/waiting"

    @pytest.fixture
    async def proposed(self, database: Database, people: People) -> None:
        async with database.transaction() as session:
            await create_element(session, people, status=None)
            await create_element(session, people, status=None, identifier="village_vague", definition=None)
            await create_element(session, people, status=None, identifier="village_other", steward="civil-affairs")

    @pytest.mark.usefixtures("proposed")
    async def test_several_are_approved_at_once(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        await sign_in(client, "registrar_two")
        assert (await post(client, self.PATH, {})).status_code == 422
        answer = await post(client, self.PATH, {"element": [NAME, "village_other"], "note": "已核对"})
        assert answer.status_code == 303
        assert "已核准 2 项" in (await read(client, self.PATH)).text
        for identifier in (NAME, "village_other"):
            changes = await service.list_status_changes(session, identifier)
            assert (changes[-1].new_status, changes[-1].note) == ("qualified", "已核对")

    @pytest.mark.usefixtures("proposed")
    async def test_only_what_waits_for_me(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        """The author's own, an incomplete one and another steward's are not there to be ticked, nor taken when sent."""
        for person, refused in (("registrar", NAME), ("registrar_two", "village_vague")):
            await sign_in(client, person)
            token = (await read(client, self.PATH)).form("/sign-out").fields["csrf_token"]
            fields = {"csrf_token": token, "element": refused}
            assert (await client.post(self.PATH, data=fields)).status_code == 422, person
        await sign_in(client, "steward_human_resources")
        page = await read(client, self.PATH)
        assert f"/data-elements/{NAME}" in page.links
        assert "/data-elements/village_other" not in page.links


@pytest.mark.usefixtures("element")
class TestNewVersion:
    PATH = f"/data-elements/{NAME}/versions/new"

    async def test_begins_with_what_is_held_and_changes_only_what_was_changed(
        self, client: httpx.AsyncClient, session: AsyncSession
    ) -> None:
        await sign_in(client, "registrar")
        typed = (await read(client, self.PATH)).form(self.PATH).fields
        again = await client.post(self.PATH, data=typed | {"action": "save"})
        assert again.status_code == 409
        assert "与现有版本相同" in Page(again).within(".summary")
        answer = await client.post(self.PATH, data=typed | {"action": "save", "names_zh": "外出务工总人数"})
        assert answer.status_code == 303, answer.text
        old, new = await service.list_versions(session, NAME)
        assert (new.name_zh, new.facets, new.position) == ("外出务工总人数", old.facets, old.position)

    async def test_a_breaking_change_must_be_meant(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        typed = (await read(client, self.PATH)).form(self.PATH).fields | {"action": "save", "value_domain_unit": ""}
        typed["value_domain_unit_other"] = "万人"
        answer = await client.post(self.PATH, data=typed)
        assert answer.status_code == 409
        assert "计量单位变了" in answer.text
        assert (await client.post(self.PATH, data=typed | {"breaking": "yes"})).status_code == 303


class TestCompare:
    @pytest.mark.usefixtures("element")
    async def test_marks_what_differs_in_words_and_within(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        async with database.transaction() as session:
            changes = {
                "name_zh": "外出务工总人数",
                "legal_basis": None,
                "name_en": "Migrants",
                "valid_from": date(2026, 1, 1),
            }
            await service.register_version(session, people.subject("registrar"), NAME, changes)
        await sign_in(client, "auditor")
        page = await read(client, f"/data-elements/{NAME}/compare?from=1&to=2")
        assert page.within("ins").split() == ["总", "Migrants"]
        assert "《政务数据共享条例》第十九条" in page.within("del")
        assert [page.within(".tag").split().count(mark) for mark in ("修改", "增加", "删去")] == [1, 1, 1]
        assert "有 3 处不同" in page.text

    @pytest.mark.usefixtures("element")
    async def test_a_single_version_has_nothing_to_compare(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        assert "只有一版" in (await read(client, f"/data-elements/{NAME}/compare?from=7")).text


class TestCodeLists:
    async def test_registers_revises_and_compares(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "registrar")
        typed = {"identifier": "sector", "name": "产业", "source": "GB/T 4754", "values": "1 第一产业\n2\t第二产业\n"}
        assert (await post(client, "/code-lists/new", typed)).status_code == 303
        assert "/code-lists/sector" in (await read(client, "/code-lists")).links
        path = "/code-lists/sector/versions/new"
        assert (await read(client, path)).form(path).fields["values"] == "1 第一产业\n2 第二产业"
        assert (await post(client, path, typed | {"values": "1 第一产业\n2 第二产业\n3 第三产业"})).status_code == 303
        page = await read(client, "/code-lists/sector/compare")
        assert "代码 3" in page.text
        assert page.within("ins") == "第三产业"

    async def test_tells_every_fault_with_its_line(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "registrar")
        typed = {"identifier": "Sector!", "name": "", "values": "1 第一产业\n2"}
        answer = await post(client, "/code-lists/new", typed)
        assert answer.status_code == 422
        page = Page(answer)
        for field in ("identifier", "name", "values"):
            assert page.attributes[field]["aria-invalid"] == "true"
        assert "第2行" in page.within(".summary")
        assert page.form("/code-lists/new").fields["values"] == "1 第一产业\n2"

    async def test_a_narrowed_list_must_be_meant(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        async with database.transaction() as session:
            await create_code_list(session, people)
        await sign_in(client, "registrar")
        path = "/code-lists/sector/versions/new"
        narrowed = {"name": "产业", "values": "1 第1产业"}
        assert (await post(client, path, narrowed)).status_code == 303  # nobody uses it yet
        assert (await post(client, path, {"name": "产业", "values": "1 第1产业"})).status_code == 409


@pytest.fixture
async def shipped(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await apply_files(session, SYSTEM, read_folder(share_folder("schemas")))


@pytest.mark.usefixtures("shipped")
class TestRules:
    async def test_are_listed_read_and_moved_on(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        await sign_in(client, "registrar")
        page = await read(client, "/rules?object_class=village&period_type=month")
        path = next(link for link in page.links if link.startswith("/rules/"))
        shown = await read(client, path)
        action = f"{path}/registration-status"
        answer = await client.post(action, data=shown.form(action).fields | {"status": "qualified", "note": "已核对"})
        assert answer.status_code == 303
        assert "已核对" in (await read(client, path)).text
        back = await client.post(action, data=shown.form(action).fields | {"status": "recorded"})
        assert back.status_code == 409
        assert "只能向前" in Page(back).within(".summary")
        rule = await service.get_rule(session, path.removeprefix("/rules/"))
        assert rule.registration_status == RegistrationStatus.QUALIFIED


async def upload(client: httpx.AsyncClient, *files: tuple[str, bytes]) -> httpx.Response:
    token = (await read(client, FILES)).form(FILES).fields["csrf_token"]
    parts = [("files", (name, content, "application/octet-stream")) for name, content in files]
    return await client.post(FILES, data={"csrf_token": token}, files=parts)


async def export(client: httpx.AsyncClient, path: str = "/registry/export") -> dict[str, bytes]:
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    packed_files = io.BytesIO()
    with zipfile.ZipFile(packed_files, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed_files.getvalue()


@pytest.mark.usefixtures("shipped")
class TestFiles:
    ELEMENTS = "schemas/elements/village-month.yaml"

    async def test_one_edited_name_is_one_change_and_is_applied_once_confirmed(
        self, client: httpx.AsyncClient, session: AsyncSession
    ) -> None:
        await sign_in(client, "registrar")
        files = await export(client)
        assert "没有可导入的" in (await upload(client, ("all.zip", zipped(files)))).text
        files[self.ELEMENTS] = files[self.ELEMENTS].replace("zh: 外出务工户数".encode(), "zh: 外出务工家庭数".encode())
        page = Page(await upload(client, ("all.zip", zipped(files))))
        assert [link for link in page.links if link.startswith("/data-elements/")] == [
            "/data-elements/village_migrant_households"
        ]
        assert "中文名称" in page.text
        action = f"{FILES}/application"
        fields = page.form(action).fields
        assert (await client.post(action, data=fields)).headers["location"] == "/data-elements/waiting"
        (*_old, new) = await service.list_versions(session, "village_migrant_households")
        assert (new.version, new.name_zh, new.registration_status) == (2, "外出务工家庭数", "recorded")
        again = await client.post(action, data=fields)
        assert again.status_code == 409
        assert "登记册又有变化" in Page(again).within(".summary")

    async def test_one_element_goes_out_and_comes_back(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        files = await export(client, "/data-elements/village_migrant_households/file")
        assert list(files) == ["schemas/elements/village-month.yaml"]
        (element,) = yaml.safe_load(files[self.ELEMENTS])["elements"]
        assert element["identifier"] == "village_migrant_households"
        assert "没有可导入的" in (await upload(client, ("one.yaml", files[self.ELEMENTS]))).text

    async def test_faults_have_their_file_and_line(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        answer = await upload(client, ("one.yaml", b"elements:\n  - identifier: x\n"), ("notes.yaml", b"a: 1\n"))
        assert answer.status_code == 422
        assert "notes.yaml 第1行" in Page(answer).within(".summary")
        answer = await upload(client, ("one.yaml", b"elements:\n  - identifier: x\n"))
        assert "elements/one.yaml 第2行" in Page(answer).within(".summary")

    async def test_a_breaking_change_is_shown_and_not_applied(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        files = await export(client)
        files[self.ELEMENTS] = files[self.ELEMENTS].replace(b"property: migrant_households", b"property: other")
        page = Page(await upload(client, ("all.zip", zipped(files))))
        assert "不兼容，不能导入" in page.text
        assert [form for form in page.forms if form.action.endswith("application")] == []

    @pytest.mark.parametrize(
        ("name", "content", "status"),
        [
            ("../../etc/passwd", b"root", 422),
            ("a.zip", zipped({"../evil.yaml": b"elements: []"}), 422),
            ("a.zip", zipped({"elements/x.yaml": b"\0" * 6_000_000}), 413),
            ("a.zip", zipped({f"elements/x{n}.yaml": b"" for n in range(301)}), 413),
            ("a.zip", zipped({"elements/inner.zip": b"PK\x03\x04"}), 415),
            ("a.zip", b"PK\x03\x04 not a zip", 422),
            ("bomb.yaml", b"a: &a [1]\nb: [*a, *a]\nelements: []\n", 422),
            ("empty.yaml", b"", 422),
        ],
    )
    async def test_hostile_files_are_refused(
        self, client: httpx.AsyncClient, name: str, content: bytes, status: int
    ) -> None:
        await sign_in(client, "registrar")
        answer = await upload(client, (name, content))
        assert answer.status_code == status, answer.text
        assert Page(answer).within(".summary")

    async def test_a_tampered_confirmation_changes_nothing(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        token = (await read(client, FILES)).form(FILES).fields["csrf_token"]
        for content in ("", "x", packed({"../x.yaml": b"a: 1"})):
            fields = {"csrf_token": token, "content": content, "fingerprint": "x"}
            assert (await client.post(f"{FILES}/application", data=fields)).status_code in {400, 422}

    async def test_others_download_and_do_not_upload(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        assert FILES not in [form.action for form in (await read(client, FILES)).forms]
        assert self.ELEMENTS in await export(client)


@pytest.mark.usefixtures("shipped")
class TestList:
    async def test_counts_and_filters_by_facet(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        page = await read(client, "/data-elements?q=wugong&place=outside_province")
        assert "/data-elements/village_migrant_workers_out_of_province" in page.links
        assert "/data-elements/village_migrant_workers" not in page.links
        assert "本村户籍人口" in page.text
        assert page.attributes["q"]["value"] == "wugong"

    async def test_leads_through_all_pages(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        path, seen = "/data-elements?object_class=village", set()
        while path:
            page = await read(client, path)
            seen |= {link for link in page.links if link.startswith("/data-elements/village")}
            path = next((link for link in page.links if "after=" in link), "")
        assert f"共 {len(seen)} 个数据元" in page.text
        assert len(seen) > 100


class TestForms:
    async def test_a_preview_shows_the_next_version_with_nothing_to_type(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await create_published_form(database, people)
        async with database.transaction() as session:
            await create_form_element(session, "newcomers", name_zh="新增人口数", position=90)
        await sign_in(client, "registrar")
        page = await read(client, f"/forms/{FORM}/preview")
        assert "新增人口数" in page.within("th")
        assert "龙潭镇" in page.within("h1")
        assert "第1村民委员会" in page.within("th")
        assert [form.action for form in page.forms if form.action.endswith("publication")]
        assert "disabled" in page.response.text
        assert "提交" not in page.within("button").replace("提交登记", "")
        await sign_in(client, "auditor")
        page = await read(client, f"/forms/{FORM}/preview")
        assert not [form for form in page.forms if form.action.endswith("publication")]

    async def test_the_next_version_is_compared_with_the_published_one(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await create_published_form(database, people)
        async with database.transaction() as session:
            await create_form_element(session, "newcomers", name_zh="新增人口数", position=90)
        await sign_in(client, "registrar")
        page = await read(client, f"/forms/{FORM}/compare")
        assert "有 1 处不同" in page.text
        assert "新增人口数" in page.within(".is-added")
        # What differs stands first; what is the same is folded behind its number.
        assert page.response.text.index("is-added") < page.response.text.index("相同的")
        assert "is-same" not in page.response.text.partition("相同的")[0]
        pending = await read(client, f"/forms/{FORM}")
        assert "下一版的变化（1）" in pending.text
        assert "/data-elements/newcomers" in pending.links
        same = await read(client, f"/forms/{FORM}/compare?from=1&to=1")
        assert not same.within("ins")
