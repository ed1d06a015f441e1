from datetime import timedelta

import httpx
import pytest

from hub.kit import clock
from hub.kit.db import Database
from tests.exchange.factories import calling, grant
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import COUNTY, People
from tests.site.reading import Page, read, sign_in

LIST = "/access-grants"


def request_fields() -> dict[str, str]:
    return {
        "elements": MIGRANTS,
        "divisions": COUNTY,
        "periods_from": "2026-01",
        "basis": "《社会救助暂行办法》第十一条",
        "scenario": "留守人员关爱服务",
        "scope": "本局社会救助股",
        "method": "接口查询",
        "valid_until": str(clock.today() + timedelta(days=300)),
    }


@pytest.fixture
async def element(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)


@pytest.fixture
async def number(client: httpx.AsyncClient, element: None) -> str:
    """A request of civil affairs to human resources; whoever signs in next acts."""
    await sign_in(client, "steward_civil_affairs")
    form = (await read(client, f"{LIST}/new")).form(LIST).fields
    answer = await client.post(LIST, data=form | request_fields())
    assert answer.status_code == 303, answer.text
    client.cookies.clear()
    return str(answer.headers["location"].rpartition("/")[2])


async def decide(client: httpx.AsyncClient, number: str, decision: str, **fields: str) -> httpx.Response:
    token = (await read(client, f"{LIST}/{number}")).form("/sign-out").fields
    return await client.post(f"{LIST}/{number}/{decision}", data=token | fields)


class TestRequest:
    async def test_tells_every_fault_and_keeps_what_was_typed(self, client: httpx.AsyncClient, element: None) -> None:
        await sign_in(client, "steward_civil_affairs")
        form = (await read(client, f"{LIST}/new")).form(LIST).fields
        answer = await client.post(
            LIST, data=form | {"scenario": "关爱服务", "valid_until": "明年", "divisions": COUNTY}
        )
        assert answer.status_code == 422
        page = Page(answer)
        assert {"#elements", "#periods_from", "#basis", "#scope", "#valid_until"} <= set(page.links)
        assert page.form(LIST).fields["scenario"] == "关爱服务"
        assert page.form(LIST).fields["valid_until"] == "明年"

    async def test_too_long_is_a_fault_of_its_field(self, client: httpx.AsyncClient, element: None) -> None:
        await sign_in(client, "steward_civil_affairs")
        form = (await read(client, f"{LIST}/new")).form(LIST).fields
        answer = await client.post(LIST, data=form | request_fields() | {"basis": "长" * 2001})
        assert answer.status_code == 422
        assert Page(answer).attributes["basis"]["aria-invalid"] == "true"

    async def test_is_for_departments(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "registrar")
        await read(client, f"{LIST}/new", 403)


class TestDecide:
    async def test_the_steward_approves(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_human_resources")
        assert "有 1 份申请等本单位办理" in (await read(client, LIST)).text
        assert "1 份数据授权申请" in (await read(client, "/")).text
        answer = await decide(client, number, "approval")
        assert answer.headers["location"] == f"{LIST}/{number}"
        page = await read(client, f"{LIST}/{number}")
        assert "有效" in page.within(".tag")
        assert "留守人员关爱服务" in page.text

    async def test_a_refusal_wants_its_reason(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_human_resources")
        answer = await decide(client, number, "refusal")
        assert answer.status_code == 422
        assert Page(answer).attributes["reason"]["aria-invalid"] == "true"
        assert (await decide(client, number, "refusal", reason="依据不足")).status_code == 303
        assert "依据不足" in (await read(client, f"{LIST}/{number}")).text
        again = await decide(client, number, "approval")
        assert again.status_code == 409

    async def test_nobody_answers_the_own_request(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_civil_affairs")
        page = await read(client, f"{LIST}/{number}")
        assert not [form for form in page.forms if number in form.action]
        assert (await decide(client, number, "approval")).status_code == 403

    async def test_is_hidden_from_third_departments(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        await read(client, f"{LIST}/{number}", 404)
        assert number not in (await read(client, LIST)).text

    async def test_the_authority_may_suspend_an_active_one(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_human_resources")
        await decide(client, number, "approval")
        client.cookies.clear()
        await sign_in(client, "registrar")
        assert (await decide(client, number, "suspension", reason="发现异常")).status_code == 303
        assert "已暂停" in (await read(client, f"{LIST}?state=suspended")).text

    async def test_unknown_decision_is_no_page(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_human_resources")
        assert (await decide(client, number, "party")).status_code == 404


class TestNarrowing:
    async def test_the_steward_agrees_to_less(self, client: httpx.AsyncClient, database: Database, number: str) -> None:
        await sign_in(client, "steward_human_resources")
        page = await read(client, f"{LIST}/{number}")
        assert "有条件共享" in page.within("td")
        assert "10 个工作日" in page.within(".due")
        soon = str(clock.today() + timedelta(days=10))
        late = str(clock.today() + timedelta(days=9999))
        beyond = await decide(client, number, "approval", narrows="1", valid_until=late)
        assert beyond.status_code == 422
        assert {"#elements", "#valid_until"} <= set(Page(beyond).links)
        assert Page(beyond).attributes["valid_until"]["value"] == late
        odd = await decide(client, number, "approval", narrows="1", elements=MIGRANTS, valid_until="下月")
        assert odd.status_code == 422
        told = await decide(client, number, "approval", narrows="1", elements=MIGRANTS, valid_until=soon)
        assert told.status_code == 303
        assert "还有 10 天" in (await read(client, f"{LIST}/{number}")).text

    async def test_only_what_is_missing_is_asked(
        self, client: httpx.AsyncClient, database: Database, element: None
    ) -> None:
        async with database.transaction() as session:
            await create_element(session, identifier=POOR)
        held = await grant(database, organization="civil-affairs")
        await sign_in(client, "steward_civil_affairs")
        page = await read(client, f"{LIST}/new?elements={MIGRANTS}&elements={POOR}")
        assert f"已有 {held}" in page.text
        both = page.form(LIST).fields | request_fields() | {"elements": [MIGRANTS, POOR]}
        answer = await client.post(LIST, data=both)
        assert answer.status_code == 303, answer.text
        asked = await read(client, answer.headers["location"])
        assert f"/data-elements/{POOR}" in asked.links
        assert f"/data-elements/{MIGRANTS}" not in asked.links
        again = await client.post(LIST, data=both | {"elements": [MIGRANTS]})
        assert again.status_code == 422
        assert "不必再申请" in Page(again).within(".summary")

    async def test_longer_than_held_is_asked(
        self, client: httpx.AsyncClient, database: Database, element: None
    ) -> None:
        await grant(database, organization="civil-affairs", valid_until=clock.today() + timedelta(days=20))
        await sign_in(client, "steward_civil_affairs")
        form = (await read(client, f"{LIST}/new")).form(LIST).fields
        answer = await client.post(LIST, data=form | request_fields())
        assert answer.status_code == 303

    async def test_places_are_chosen_by_name(self, client: httpx.AsyncClient, element: None) -> None:
        await sign_in(client, "steward_civil_affairs")
        page = await read(client, f"{LIST}/new")
        assert {"龙潭镇", "第1村民委员会"} <= set(page.within("label").split())


class TestUsage:
    async def test_names_the_reader_and_the_purpose(
        self, client: httpx.AsyncClient, database: Database, people: People, element: None
    ) -> None:
        number = await grant(database, organization="civil-affairs", scenario="留守人员关爱服务")
        async with calling(database, people, "client_civil_affairs", grants=(number,)) as program:
            asked = {"elements": MIGRANTS, "period": "2026-10"}
            assert (await program.get("/api/v1/data-values", params=asked)).status_code == 200
        await sign_in(client, "reporter_east")
        page = await read(client, "/usage")
        assert "留守人员关爱服务" in page.within("td")
        assert "花垣县民政局" in page.within("td")
        await sign_in(client, "steward_civil_affairs")
        uses = await read(client, f"/data-elements/{MIGRANTS}")
        assert number in uses.text

    async def test_is_empty_before_anybody_read(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "reporter_east")
        page = await read(client, "/usage?from=2026-01-01&to=nonsense")
        assert "没有单位读取过" in page.text
        assert page.attributes["from"]["value"] == "2026-01-01"

    async def test_other_townships_are_not_told(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "reporter_east")
        await read(client, "/usage?division=433124103", 404)

    async def test_is_not_for_departments(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "steward_civil_affairs")
        await read(client, "/usage", 403)


class TestDocumentation:
    async def test_loads_nothing_from_outside(self, client: httpx.AsyncClient) -> None:
        page = await read(client, "/api/v1/docs")
        assert "swagger-ui-bundle.js" in page.response.text
        assert not [link for link in page.links if link.startswith("http")]
        assert "<script>" not in page.response.text
