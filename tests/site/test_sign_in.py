import httpx
import pytest
from sqlalchemy import select

from hub.identity.models import Person, Session
from hub.kit.db import Database
from hub.kit.views import local_path
from tests.people import PASSWORD, People
from tests.site.reading import HTML, Page, read, sign_in


class TestAnonymous:
    async def test_is_led_to_sign_in_and_back(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/collections?state=open", headers=HTML)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=%2Fcollections%3Fstate%3Dopen"
        page = await read(client, answer.headers["location"])
        assert page.form("/sign-in").fields["next"] == "/collections?state=open"

    async def test_program_gets_a_problem_document(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/collections")
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")

    async def test_unknown_page_says_so_in_chinese(self, client: httpx.AsyncClient) -> None:
        page = await read(client, "/nowhere", 404)
        assert "没有找到" in page.within("h1")
        assert "not_found" in page.text

    async def test_unknown_address_of_the_api_stays_a_problem(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/nowhere", headers=HTML)
        assert answer.headers["content-type"] == "application/problem+json"


class TestOpenSession:
    async def test_sets_a_cookie_that_scripts_cannot_read(self, client: httpx.AsyncClient, people: People) -> None:
        answer = await sign_in(client, "reporter_east")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        page = await read(client, "/")
        assert "龙潭镇人民政府" in page.within("header")

    async def test_keeps_the_name_after_a_wrong_password(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/sign-in", data={"username": "reporter_east", "password": "no"}, headers=HTML)
        page = Page(answer)
        assert answer.status_code == 401
        assert page.form("/sign-in").fields["username"] == "reporter_east"
        assert page.form("/sign-in").fields["password"] == ""
        assert page.within("title").startswith("有错误：")

    async def test_refuses_another_sites_form(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(
            "/sign-in",
            data={"username": "reporter_east", "password": PASSWORD},
            headers=HTML | {"origin": "https://evil.example"},
        )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize(
        "next_",
        ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil", "javascript:alert(1)", "/\tevil"],
    )
    async def test_goes_on_to_our_own_pages_only(self, client: httpx.AsyncClient, next_: str) -> None:
        client.headers.update(HTML)
        data = {"username": "reporter_east", "password": PASSWORD, "next": next_}
        answer = await client.post("/sign-in", data=data)
        assert answer.headers["location"] == "/"
        assert local_path("/collections?a=b") == "/collections?a=b"

    async def test_slows_down_guessing(self, client: httpx.AsyncClient) -> None:
        client.headers.update(HTML)
        for _try in range(5):
            await client.post("/sign-in", data={"username": "reporter_east", "password": "no"})
        answer = await client.post("/sign-in", data={"username": "reporter_east", "password": PASSWORD})
        assert answer.status_code == 429
        assert "秒后再试" in answer.text


class TestCloseSession:
    async def test_ends_it_on_the_server(self, client: httpx.AsyncClient, database: Database) -> None:
        await sign_in(client, "reporter_east")
        page = await read(client, "/")
        copied = dict(client.cookies)
        answer = await client.post("/sign-out", data=page.form("/sign-out").fields)
        assert answer.headers["location"] == "/sign-in"
        client.cookies.update(copied)
        assert (await client.get("/")).status_code == 303
        async with database.transaction() as session:
            assert (await session.scalars(select(Session.ended_at))).one() is not None

    async def test_wants_the_token(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "reporter_east")
        answer = await client.post("/sign-out", data={"csrf_token": "guessed"})
        assert answer.status_code == 403
        assert (await client.get("/")).status_code == 200


class TestPassword:
    async def test_handed_over_opens_nothing_else(self, client: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            person = (await session.scalars(select(Person).where(Person.username == "reporter_east"))).one()
            person.must_change_password = True
        await sign_in(client, "reporter_east")
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/password")
        assert (await client.get("/api/v1/data-elements")).json()["code"] == "password_change_required"
        token = (await read(client, "/account/password")).form("/account/password").fields["csrf_token"]
        new = {"old_password": PASSWORD, "new_password": "Other-Horse-10", "csrf_token": token}
        refused = await client.post("/account/password", data=new | {"new_password_again": "Other-Horse-11"})
        assert refused.status_code == 422
        assert "两次输入的新密码不一致" in refused.text
        answer = await client.post("/account/password", data=new | {"new_password_again": "Other-Horse-10"})
        assert answer.headers["location"] == "/"
        assert "密码已修改。" in (await read(client, "/")).text
        assert "密码已修改。" not in (await read(client, "/")).text

    async def test_names_every_fault(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "reporter_east")
        token = (await read(client, "/account/password")).form("/account/password").fields["csrf_token"]
        weak = {"old_password": PASSWORD, "new_password": "abc", "new_password_again": "abc", "csrf_token": token}
        page = Page(await client.post("/account/password", data=weak))
        assert page.attributes["new_password"]["aria-invalid"] == "true"
        assert page.attributes["new_password"]["aria-describedby"] == "new_password-hint new_password-faults"
        assert "密码长度" in page.text
        assert "三类" in page.text


class TestLanguage:
    async def test_is_chinese_until_the_person_says_otherwise(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "reporter_east")
        client.headers["accept-language"] = "en-US,en"
        page = await read(client, "/")
        assert 'lang="zh-CN"' in page.response.text
        fields = page.form("/account/language").fields | {"language": "en"}
        assert (await client.post("/account/language", data=fields)).headers["location"] == "/"
        assert 'lang="en"' in (await read(client, "/")).response.text


class TestStatic:
    async def test_is_kept_for_long_by_its_hash_alone(self, client: httpx.AsyncClient) -> None:
        page = await read(client, "/sign-in")
        (address,) = [part.split('"')[0] for part in page.response.text.split('href="') if "hub.css" in part]
        assert "immutable" in (await client.get(address)).headers["cache-control"]
        assert (await client.get("/static/hub.css")).headers["cache-control"] == "no-cache"
        assert (await client.get("/static/../app.py")).status_code == 404
