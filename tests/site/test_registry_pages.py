import httpx
import pytest

from hub.kit.db import Database
from tests.capture.factories import FORM, create_published_form
from tests.forms.factories import create_element, create_village_month
from tests.people import People
from tests.registry.factories import wire_element
from tests.site.reading import Page, read, sign_in

NAME = "village_migrant_workers"


@pytest.fixture
async def proposed(client: httpx.AsyncClient, people: People) -> None:
    answer = await client.post(
        "/api/v1/data-elements", json=wire_element(), headers=await people.authorization("registrar")
    )
    assert answer.status_code == 201, answer.text


async def move(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    page = await read(client, f"/data-elements/{NAME}")
    action = f"/data-elements/{NAME}/registration-status"
    return await client.post(action, data=page.form(action).fields | fields)


class TestListElements:
    async def test_finds_by_alias_and_filters(self, client: httpx.AsyncClient, proposed: None) -> None:
        await sign_in(client, "auditor")
        page = await read(client, "/data-elements?q=外出打工&object_class=village")
        assert f"/data-elements/{NAME}" in page.links
        assert page.attributes["q"]["value"] == "外出打工"
        assert f"/data-elements/{NAME}" not in (await read(client, "/data-elements?object_class=person")).links

    async def test_says_when_there_is_none(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "auditor")
        assert "没有符合条件的数据元" in (await read(client, "/data-elements?q=无此项&status=nonsense")).text


class TestReadElement:
    async def test_shows_definition_facets_and_owner(self, client: httpx.AsyncClient, proposed: None) -> None:
        await sign_in(client, "reporter_east")
        page = await read(client, f"/data-elements/{NAME}")
        assert "正在本乡镇以外从业" in page.text
        assert "时点数" in page.text
        assert "花垣县人力资源和社会保障局" in page.text
        assert not [form for form in page.forms if form.action.endswith("registration-status")]

    async def test_unknown_is_a_page(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "reporter_east")
        assert "没有数据元" in (await read(client, "/data-elements/nothing", 404)).text


class TestChangeStatus:
    async def test_another_person_approves(self, client: httpx.AsyncClient, proposed: None) -> None:
        await sign_in(client, "registrar_two")
        answer = await move(client, status="qualified", note="已核对")
        assert answer.headers["location"] == f"/data-elements/{NAME}"
        page = await read(client, f"/data-elements/{NAME}")
        assert "登记状态已改为“合格”" in page.text
        assert "已核对" in page.text

    async def test_nobody_approves_what_they_proposed(self, client: httpx.AsyncClient, proposed: None) -> None:
        await sign_in(client, "registrar")
        answer = await move(client, status="qualified")
        assert answer.status_code == 403
        assert "不能核准自己提出的内容" in answer.text

    async def test_other_departments_see_no_form(self, client: httpx.AsyncClient, proposed: None) -> None:
        await sign_in(client, "steward_civil_affairs")
        page = await read(client, f"/data-elements/{NAME}")
        action = f"/data-elements/{NAME}/registration-status"
        assert action not in [form.action for form in page.forms]
        fields = page.form("/sign-out").fields | {"status": "qualified"}
        assert (await client.post(action, data=fields)).status_code == 403

    async def test_refusal_keeps_what_was_typed(self, client: httpx.AsyncClient, proposed: None) -> None:
        await sign_in(client, "registrar_two")
        answer = await move(client, status="superseded", note="改用新口径")
        assert answer.status_code == 422
        page = Page(answer)
        assert "取代" in page.within(".summary")
        assert page.form(f"/data-elements/{NAME}/registration-status").fields["note"] == "改用新口径"
        assert (await move(client, status="")).status_code == 422


class TestForms:
    async def test_publishes_the_next_version(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        async with database.transaction() as session:
            await create_village_month(session)
        await sign_in(client, "registrar")
        assert f"/forms/{FORM}" in (await read(client, "/forms")).links
        action = f"/forms/{FORM}/publication"
        fields = (await read(client, f"/forms/{FORM}")).form(action).fields
        assert (await client.post(action, data=fields)).status_code == 303
        page = await read(client, f"/forms/{FORM}")
        assert "第1版" in page.text
        assert action not in [form.action for form in page.forms]
        again = await client.post(action, data=fields)
        assert again.status_code == 409
        assert "不需要再次发布" in Page(again).within(".summary")

    async def test_is_read_only_for_others(self, client: httpx.AsyncClient, database: Database, people: People) -> None:
        await create_published_form(database, people)
        await sign_in(client, "auditor")
        page = await read(client, f"/forms/{FORM}")
        assert "外出务工人数" in page.text
        answer = await client.post(f"/forms/{FORM}/publication", data=page.form("/sign-out").fields)
        assert answer.status_code == 403


class TestStart:
    async def test_says_what_waits(
        self, client: httpx.AsyncClient, proposed: None, database: Database, people: People
    ) -> None:
        async with database.transaction() as session:
            await create_element(session, "waiting", registration_status="recorded", steward="civil-affairs")
        await sign_in(client, "steward_civil_affairs")
        page = await read(client, "/")
        assert "登记册有 1 项等我核准" in page.text
        assert "/collections" not in page.links


class TestOpenPeriod:
    @pytest.fixture
    async def form(self, client: httpx.AsyncClient, database: Database, people: People) -> dict[str, str]:
        await create_published_form(database, people)
        await sign_in(client, "registrar")
        return (await read(client, "/collections/new")).form("/collections").fields

    async def test_opens_for_every_township(self, client: httpx.AsyncClient, form: dict[str, str]) -> None:
        answer = await client.post("/collections", data=form | {"form": FORM, "period": "2026-10"})
        assert answer.headers["location"] == "/collections?period=2026-10"
        page = await read(client, answer.headers["location"])
        assert "已向 2 个乡镇开放" in page.text
        assert {"龙潭镇", "民乐镇"} <= set(page.within("th").split())
        again = await client.post("/collections", data=form | {"form": FORM, "period": "2026-10"})
        assert again.status_code == 422
        assert "不能重复开放" in Page(again).within(".summary")

    async def test_names_every_fault(self, client: httpx.AsyncClient, form: dict[str, str]) -> None:
        wrong = form | {"form": FORM, "period": "十月"}
        page = Page(await client.post("/collections", data=wrong))
        assert page.attributes["period"]["aria-invalid"] == "true"
        assert page.form("/collections").fields["period"] == "十月"
        page = Page(await client.post("/collections", data=wrong | {"due_on": "明天"}))
        assert page.attributes["due_on"]["aria-invalid"] == "true"

    async def test_filters_by_township_and_state(self, client: httpx.AsyncClient, form: dict[str, str]) -> None:
        await client.post("/collections", data=form | {"form": FORM, "period": "2026-10"})
        page = await read(client, "/collections?township=433124102&state=open&period=2026-10")
        assert page.within("td").count("2026年10月") == 1
        assert "没有符合条件" in (await read(client, "/collections?period=nonsense")).text
