"""The second factor, over the pages a person meets."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, text

from hub.audit.models import AuditEventRow
from hub.identity import totp
from hub.identity.models import SecondFactor, Session
from hub.identity.sealing import SealingKey
from hub.kit import clock
from hub.kit.db import Database
from hub.settings import settings
from tests.people import PASSWORD, People
from tests.site.reading import HTML, Page, read, sign_in

CODE = re.compile(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}\b")
PATH = "/account/second-factor"


async def secret_of(database: Database, people: People, name: str) -> bytes:
    person = people.persons[name]
    async with database.transaction() as session:
        held = (await session.scalars(select(SecondFactor).where(SecondFactor.person_id == person.id))).one()
    return SealingKey.load_or_create(settings().data_dir).open(held.sealed_secret, owner=person.id.bytes)


def code_now(secret: bytes, *, steps: int = 0) -> str:
    return totp.code_at(secret, int(clock.now().timestamp()) // totp.STEP_SECONDS + steps)


async def enrol(client: httpx.AsyncClient, database: Database, people: People, name: str) -> tuple[bytes, list[str]]:
    """Signed in, bound; the secret and the recovery codes."""
    await sign_in(client, name)
    form = (await read(client, PATH)).form(PATH).fields
    secret = await secret_of(database, people, name)
    answer = await client.post(PATH, data=form | {"code": code_now(secret)})
    assert answer.status_code == 200, answer.text
    return secret, CODE.findall(answer.text)


async def first_step(client: httpx.AsyncClient, name: str, *, next_path: str = "/") -> Page:
    client.cookies.clear()
    data = {"username": name, "password": PASSWORD, "next": next_path}
    answer = await client.post("/sign-in", data=data, headers=HTML)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    return Page(answer)


async def second_step(client: httpx.AsyncClient, page: Page, code: str) -> httpx.Response:
    return await client.post("/sign-in/code", data=page.form("/sign-in/code").fields | {"code": code}, headers=HTML)


def later() -> timedelta:
    return timedelta(seconds=2 * totp.STEP_SECONDS)


class TestEnrolment:
    async def test_shows_the_secret_as_picture_and_text(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await sign_in(client, "registrar")
        page = await read(client, PATH)
        secret = await secret_of(database, people, "registrar")
        assert totp.as_text(secret) in page.within(".secret")
        picture = await client.get(f"{PATH}/picture")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["cache-control"] == "no-store"
        assert "style" not in picture.text
        assert "<script" not in picture.text
        assert totp.as_text(secret) in (await read(client, PATH)).within(".secret")

    async def test_is_bound_by_a_right_code_only(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await sign_in(client, "registrar")
        form = (await read(client, PATH)).form(PATH).fields
        refused = await client.post(PATH, data=form | {"code": "000000"})
        assert refused.status_code == 422
        assert Page(refused).attributes["confirm-code"]["aria-invalid"] == "true"
        assert "已绑定" not in (await read(client, "/account")).text
        secret = await secret_of(database, people, "registrar")
        answer = await client.post(PATH, data=form | {"code": code_now(secret)})
        assert len(set(CODE.findall(answer.text))) == 10
        assert answer.headers["cache-control"] == "no-store"
        assert CODE.findall((await read(client, PATH)).text) == []
        assert "还有 10 个恢复码" in (await read(client, "/account")).text
        assert (await client.post(PATH, data=form | {"code": code_now(secret)})).status_code == 409

    async def test_keeps_nothing_readable(self, client: httpx.AsyncClient, database: Database, people: People) -> None:
        """REL-S12: the database alone gives no code away."""
        secret, codes = await enrol(client, database, people, "registrar")
        async with database.transaction() as session:
            tables = "second_factors", "recovery_codes", "audit_events"
            held = [
                str(row)
                for table in tables
                for row in await session.execute(text(f"SELECT CAST(t AS text) FROM {table} t"))
            ]
        for known in (secret.hex(), totp.as_text(secret).replace(" ", ""), *codes, codes[0].replace("-", "")):
            assert not any(known in row for row in held)


class TestSignIn:
    async def test_asks_for_the_code_and_goes_on(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        secret, _codes = await enrol(client, database, people, "registrar")
        page = await first_step(client, "registrar", next_path="/forms")
        assert (await client.get("/forms", headers=HTML)).status_code == 303
        with clock.travel(clock.now() + later()):
            answer = await second_step(client, page, code_now(secret))
            assert (answer.status_code, answer.headers["location"]) == (303, "/forms")
            await read(client, "/forms")
            async with database.transaction() as session:
                opened = (await session.scalars(select(Session).order_by(Session.created_at.desc()))).first()
        assert opened is not None
        assert opened.second_factor_at is not None

    async def test_takes_a_code_once(self, client: httpx.AsyncClient, database: Database, people: People) -> None:
        secret, _codes = await enrol(client, database, people, "registrar")
        assert (await second_step(client, await first_step(client, "registrar"), code_now(secret))).status_code == 401
        with clock.travel(clock.now() + later()):
            code = code_now(secret)
            assert (await second_step(client, await first_step(client, "registrar"), code)).status_code == 303
            assert (await second_step(client, await first_step(client, "registrar"), code)).status_code == 401

    async def test_a_finished_step_opens_nothing_again(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        page = await first_step(client, "registrar")
        assert (await second_step(client, page, codes[0])).status_code == 303
        client.cookies.clear()
        answer = await second_step(client, page, codes[1])
        assert "请从头登录" in answer.text
        assert "hub-session" not in answer.headers.get("set-cookie", "")

    async def test_a_step_ends_after_ten_minutes(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        page = await first_step(client, "registrar")
        with clock.travel(clock.now() + timedelta(minutes=11)):
            answer = await second_step(client, page, codes[0])
        assert answer.status_code == 401
        assert "请从头登录" in answer.text

    async def test_a_recovery_code_is_good_once(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        typed = codes[3].lower().replace("-", " ")
        assert (await second_step(client, await first_step(client, "registrar"), typed)).status_code == 303
        assert "还有 9 个恢复码" in (await read(client, "/account")).text
        assert (await second_step(client, await first_step(client, "registrar"), codes[3])).status_code == 401

    async def test_guessing_is_slowed_down_and_the_password_does_not_reset_it(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        for _each in range(5):
            page = await first_step(client, "registrar")
            assert (await second_step(client, page, "000000")).status_code == 401
        answer = await second_step(client, page, codes[0])
        assert answer.status_code == 429
        assert (await client.post("/sign-in", data={"username": "registrar", "password": PASSWORD})).status_code == 429
        async with database.transaction() as session:
            events = (
                await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "second_factor.refuse"))
            ).all()
        assert len(events) == 5
        assert {event.outcome for event in events} == {"refused"}

    async def test_keeps_what_was_typed_before_the_session_ended(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        client.cookies.clear()
        expired = Page(await client.post("/access-grants", data={"scenario": "核对低保"}, headers=HTML))
        fields = expired.form("/sign-in").fields | {"username": "registrar", "password": PASSWORD}
        page = Page(await client.post("/sign-in", data=fields, headers=HTML))
        assert page.form("/sign-in/code").fields["resumed.scenario"] == "核对低保"
        resumed = Page(await second_step(client, page, codes[0]))
        assert resumed.form("/access-grants").fields["scenario"] == "核对低保"

    async def test_a_person_disabled_meanwhile_stays_out(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        page = await first_step(client, "registrar")
        headers = await people.authorization("administrator")
        assert (await client.post("/api/v1/people/registrar/disablement", headers=headers)).status_code == 201
        assert (await second_step(client, page, codes[0])).status_code == 401


class TestRemoval:
    async def test_wants_password_and_code(self, client: httpx.AsyncClient, database: Database, people: People) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        form = (await read(client, PATH)).form(f"{PATH}/removal").fields
        for wrong in ({"password": "no", "code": codes[0]}, {"password": PASSWORD, "code": "000000"}):
            assert (await client.post(f"{PATH}/removal", data=form | wrong)).status_code == 422
        answer = await client.post(f"{PATH}/removal", data=form | {"password": PASSWORD, "code": codes[0]})
        assert answer.headers["location"] == "/account"
        client.cookies.clear()
        await sign_in(client, "registrar")

    async def test_new_codes_end_the_old_ones(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        _secret, codes = await enrol(client, database, people, "registrar")
        form = (await read(client, PATH)).form(f"{PATH}/codes").fields
        answer = await client.post(f"{PATH}/codes", data=form | {"code": codes[0]})
        fresh = CODE.findall(answer.text)
        assert len(fresh) == 10
        assert (await second_step(client, await first_step(client, "registrar"), codes[1])).status_code == 401
        assert (await second_step(client, await first_step(client, "registrar"), fresh[0])).status_code == 303

    async def test_an_administrator_resets_it(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await enrol(client, database, people, "registrar")
        headers = await people.authorization("administrator")
        answer = await client.delete("/api/v1/people/registrar/second-factor", headers=headers)
        assert answer.status_code == 204
        assert (await client.get("/account", headers=HTML)).status_code == 303
        await sign_in(client, "registrar")
        async with database.transaction() as session:
            event = (
                await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "second_factor.reset"))
            ).one()
        assert (event.actor_name, event.object_id) == ("administrator", "registrar")


class TestRequired:
    @pytest.fixture(autouse=True)
    def _required(self, monkeypatch: pytest.MonkeyPatch, people: People) -> Iterator[None]:
        monkeypatch.setitem(os.environ, "HUB_SECOND_FACTOR", "required")
        settings.cache_clear()
        yield
        monkeypatch.undo()
        settings.cache_clear()

    async def test_without_it_nothing_is_decided(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await sign_in(client, "registrar")
        csrf = (await read(client, "/forms")).form("/sign-out").fields
        refused = await client.post("/forms/village-month/publication", data=csrf)
        page = Page(refused)
        assert refused.status_code == 403
        assert "second_factor_required" in page.text
        assert PATH in page.links
        told = await client.post(
            "/api/v1/forms/village-month/publication", headers={"x-csrf-token": csrf["csrf_token"]}
        )
        assert (told.status_code, told.json()["code"]) == (403, "second_factor_required")
        assert "要求先绑定" in (await read(client, "/account")).text

    async def test_binding_it_opens_the_way_at_once(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await enrol(client, database, people, "registrar")
        csrf = (await read(client, "/forms")).form("/sign-out").fields
        answer = await client.post("/forms/village-month/publication", data=csrf)
        assert "second_factor_required" not in answer.text

    async def test_programs_and_townships_go_on_as_before(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        headers = await people.authorization("administrator")
        assert (await client.get("/api/v1/people", headers=headers)).status_code == 200
        await sign_in(client, "reporter_east")
        await read(client, "/")
        assert "要求先绑定" not in (await read(client, "/account")).text
