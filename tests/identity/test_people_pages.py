"""People and organisations as an administrator keeps them, by page and by API."""

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.identity.models import Person
from hub.identity.secrets import digest
from hub.kit.db import Database
from tests.people import PASSWORD, People
from tests.site.reading import Page, read, sign_in

NEW = {"username": "wang.fang", "display_name": "王芳", "organization": "civil-affairs", "roles": "steward"}


async def events(database: Database, action: str) -> list[AuditEventRow]:
    async with database.transaction() as session:
        return list(await session.scalars(select(AuditEventRow).where(AuditEventRow.action == action)))


async def act(client: httpx.AsyncClient, page: str, action: str, **typed: object) -> httpx.Response:
    fields = (await read(client, page)).form(action).fields
    return await client.post(action, data={"csrf_token": fields["csrf_token"]} | typed)


class TestPeople:
    async def test_a_new_person_signs_in_with_the_password_shown_once(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await sign_in(client, "administrator")
        answer = await act(client, "/people/new", "/people", **NEW)
        page = Page(answer)
        assert answer.headers["cache-control"] == "no-store"
        password = page.texts[".code"][1]
        assert password not in (await read(client, "/people/wang.fang")).text
        client.cookies.clear()
        await sign_in(client, "wang.fang", password)
        assert (await client.get("/")).headers["location"] == "/account/password"
        (event,) = await events(database, "person.create")
        assert (event.actor_name, event.details) == ("administrator", {"roles": ["steward"]})

    async def test_every_fault_at_once_and_nothing_typed_is_lost(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "administrator")
        answer = await act(client, "/people/new", "/people", username="王", display_name="王芳", organization="")
        page = Page(answer)
        assert answer.status_code == 422
        assert {"#username", "#organization", "#roles"} <= set(page.links)
        assert page.form("/people").fields["display_name"] == "王芳"
        taken = await act(client, "/people/new", "/people", **(NEW | {"username": "registrar"}))
        assert taken.status_code == 409
        assert "#username" in Page(taken).links

    async def test_the_list_is_narrowed(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "administrator")
        page = await read(client, "/people?role=reporter")
        assert "reporter_east" in page.within("td")
        assert "registrar" not in page.within("td")
        page = await read(client, "/people?organization=civil-affairs&q=STEWARD")
        assert "steward_civil_affairs" in page.within("td")
        assert "没有符合条件的人员" in (await read(client, "/people?state=disabled")).text
        assert "没有符合条件的人员" in (await read(client, "/people?q=%25")).text

    async def test_other_roles_end_the_persons_sessions(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        clerk = await people.authorization("registrar")
        await sign_in(client, "administrator")
        path = "/people/registrar"
        given = {"display_name": "李娜", "organization": "data-authority", "roles": ["approver", "inspector"]}
        assert (await act(client, path, path, **given)).headers["location"] == path
        async with database.transaction() as session:
            person = (await session.scalars(select(Person).where(Person.username == "registrar"))).one()
        assert (person.display_name, person.roles) == ("李娜", ["approver", "inspector"])
        assert (await httpx_get(client, "/api/v1/data-elements", clerk)) == 401
        (event,) = await events(database, "person.update")
        assert event.details["changed"] == ["display_name", "roles"]
        assert "李娜" not in str(event.details)

    async def test_disabling_ends_access_and_enabling_gives_it_back(
        self, client: httpx.AsyncClient, people: People
    ) -> None:
        clerk = await people.authorization("reporter_east")
        await sign_in(client, "administrator")
        path = "/people/reporter_east"
        assert (await act(client, path, f"{path}/disablement")).status_code == 303
        assert (await httpx_get(client, "/api/v1/forms", clerk)) == 401
        assert "停用" in (await read(client, path)).within("h1")
        assert (await act(client, path, f"{path}/enablement")).status_code == 303
        client.cookies.clear()
        await sign_in(client, "reporter_east")

    async def test_a_password_is_reset_and_sessions_are_ended(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "reporter_east")
        clerks = dict(client.cookies)
        client.cookies.clear()
        await sign_in(client, "administrator")
        path = "/people/reporter_east"
        assert (await act(client, path, f"{path}/sessions-end")).status_code == 303
        mine = dict(client.cookies)
        client.cookies.clear()
        client.cookies.update(clerks)
        assert (await client.get("/forms")).status_code == 303
        client.cookies.clear()
        client.cookies.update(mine)
        answer = await act(client, path, f"{path}/password-reset")
        assert "只显示这一次" in answer.text
        client.cookies.clear()
        refused = await client.post("/sign-in", data={"username": "reporter_east", "password": PASSWORD})
        assert refused.status_code == 401

    @pytest.mark.parametrize("how", ["disable", "strip"])
    async def test_the_last_administrator_stays(self, client: httpx.AsyncClient, how: str, people: People) -> None:
        await sign_in(client, "administrator")
        path = "/people/administrator"
        given = {"display_name": "x", "organization": "data-authority", "roles": ["registrar"]}
        target, typed = (f"{path}/disablement", {}) if how == "disable" else (path, given)
        refused = await act(client, path, target, **typed)
        assert refused.status_code == 409
        assert "唯一的系统管理员" in Page(refused).text
        await read(client, "/people")
        headers = await people.authorization("administrator")
        body = {
            "display_name": "接班",
            "username": "second",
            "organization": "data-authority",
            "roles": ["administrator"],
        }
        assert (await client.post("/api/v1/people", json=body, headers=headers)).status_code == 201
        assert (await act(client, path, target, **typed)).status_code == 303

    async def test_is_for_administrators(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        for path in ("/people", "/people/new", "/people/registrar", "/organizations", "/api-clients"):
            assert (await client.get(path)).status_code == 403


async def httpx_get(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> int:
    """Past the browser's cookies: as the program that holds the token."""
    return (await client.get(path, headers=headers)).status_code


class TestOrganizations:
    async def test_a_department_gets_a_contact(self, client: httpx.AsyncClient, database: Database) -> None:
        """R09: whom to ask about its data elements."""
        await sign_in(client, "administrator")
        new = {"code": "water", "name": "水利局", "kind": "department", "division": "433124"}
        assert (await act(client, "/organizations/new", "/organizations", **new)).headers[
            "location"
        ] == "/organizations/water"
        path = "/organizations/water"
        typed = {"name": "花垣县水利局", "contact_name": "石磊", "contact_phone": "0743-7211111"}
        assert (await act(client, path, path, **typed)).status_code == 303
        assert "石磊 0743-7211111" in (await read(client, "/organizations?kind=department")).text
        (event,) = await events(database, "organization.update")
        assert "石磊" not in str(event.details)
        again = await act(client, "/organizations/new", "/organizations", **new)
        assert again.status_code == 409
        assert "#code" in Page(again).links

    async def test_is_closed_when_nobody_is_left(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "administrator")
        path = "/organizations/inspectorate"
        refused = await act(client, path, f"{path}/closure")
        assert refused.status_code == 409
        assert "1 个能登录的人员" in Page(refused).text
        await act(client, "/people/auditor", "/people/auditor/disablement")
        assert (await act(client, path, f"{path}/closure")).status_code == 303
        joined = await act(client, "/people/new", "/people", **(NEW | {"organization": "inspectorate"}))
        assert joined.status_code == 409
        assert (await act(client, "/people/auditor", "/people/auditor/enablement")).status_code == 409
        assert (await act(client, path, f"{path}/reopening")).status_code == 303
        assert (await act(client, "/people/auditor", "/people/auditor/enablement")).status_code == 303

    @pytest.mark.subject("administrator")
    async def test_the_api_says_every_fault(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/organizations", json={"code": "X", "kind": "ministry", "division": "4"})
        assert answer.status_code == 422
        assert {item["pointer"] for item in answer.json()["errors"]} == {"/code", "/name", "/kind", "/division"}
        listed = (await client.get("/api/v1/organizations", params={"limit": 2})).json()
        assert len(listed["items"]) == 2
        assert listed["next"]


class TestClients:
    async def test_secrets_are_made_shown_once_and_revoked(self, client: httpx.AsyncClient) -> None:
        """S04: revoked, the next call is refused."""
        await sign_in(client, "administrator")
        new = {"client_id": "probe", "name": "探测", "organization": "civil-affairs", "allowed_networks": "127.0.0.1"}
        made = Page(await act(client, "/api-clients/new", "/api-clients", **new))
        secret = next(text for text in made.texts[".code"] if text.startswith("hubs_"))
        assert secret not in (await read(client, "/api-clients/probe")).text
        form = {"grant_type": "client_credentials", "client_id": "probe", "client_secret": secret}
        token = (await client.post("/oauth/token", data=form)).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        assert (await client.get("/api/v1/data-elements", headers=headers)).status_code == 200
        page = await read(client, "/api-clients/probe")
        (revocation,) = [one.action for one in page.forms if one.action.endswith("/revocation")]
        assert (await act(client, "/api-clients/probe", revocation)).status_code == 303
        assert (await client.get("/api/v1/data-elements", headers=headers)).status_code == 401
        assert (await client.post("/oauth/token", data=form)).status_code == 401

    async def test_is_held_to_its_addresses_at_once(self, client: httpx.AsyncClient, people: People) -> None:
        headers = await people.authorization("client_civil_affairs")
        await sign_in(client, "administrator")
        path = "/api-clients/civil-affairs"
        wrong = await act(client, path, path, name="低保核对", allowed_networks="10.0.0.0/24\n10.0.0.300")
        assert wrong.status_code == 422
        assert "10.0.0.300" in Page(wrong).form(path).fields["allowed_networks"]
        assert (await act(client, path, path, name="低保核对", allowed_networks="10.0.0.0/24")).status_code == 303
        assert (await client.get("/api/v1/data-elements", headers=headers)).status_code == 401
        assert (await act(client, path, path, name="低保核对", allowed_networks="")).status_code == 303
        assert (await client.get("/api/v1/data-elements", headers=headers)).status_code == 200
        assert (await act(client, path, f"{path}/disablement")).status_code == 303
        assert (await act(client, path, f"{path}/enablement")).status_code == 303
        assert (await client.get("/api/v1/data-elements", headers=headers)).status_code == 401


class TestAccount:
    async def test_ends_another_browser(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        first = dict(client.cookies)
        client.cookies.clear()
        await sign_in(client, "registrar")
        page = await read(client, "/account")
        assert page.within("tbody").count("本浏览器") == 1
        forms = [form for form in page.forms if form.action == "/account/sessions/end" and "number" in form.fields]
        assert len(forms) == 1
        assert (await client.post("/account/sessions/end", data=forms[0].fields)).status_code == 303
        await read(client, "/account")
        client.cookies.clear()
        client.cookies.update(first)
        assert (await client.get("/account")).headers["location"].startswith("/sign-in")

    async def test_ends_nobody_elses(self, client: httpx.AsyncClient, database: Database) -> None:
        await sign_in(client, "reporter_east")
        theirs = dict(client.cookies)
        client.cookies.clear()
        await sign_in(client, "registrar")
        csrf = (await read(client, "/account")).form("/sign-out").fields["csrf_token"]
        (cookie,) = theirs.values()
        numbers = [digest(cookie).hex(), "zz", "a" * 64]
        for number in numbers:
            await client.post("/account/sessions/end", data={"csrf_token": csrf, "number": number})
        client.cookies.clear()
        client.cookies.update(theirs)
        await read(client, "/account")

    async def test_large_type_is_on_every_page_and_the_sign_in_page(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "reporter_east")
        fields = (await read(client, "/data-elements")).form("/account/large-type").fields
        answer = await client.post("/account/large-type", data=fields | {"large_type": "1"})
        assert answer.headers["location"] == "/data-elements"
        for path in ("/", "/data-elements", "/account"):
            assert 'class="large-type"' in (await read(client, path)).response.text
        await client.post("/sign-out", data=(await read(client, "/")).form("/sign-out").fields)
        assert 'class="large-type"' in (await read(client, "/sign-in")).response.text
