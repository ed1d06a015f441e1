import ast
import csv
import io
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from hub.app import create_app
from hub.audit import repository, service, verification
from hub.audit.actions import AuditAction
from hub.audit.models import AuditEventRow
from hub.audit.repository import EventsAsked
from hub.audit.service import Actor, Sealer
from hub.kit import clock
from hub.kit.db import Database
from hub.oversight.audit_words import RESOURCES
from hub.settings import settings
from tests.people import People
from tests.site.reading import Page, read, sign_in

CLERK = Actor("person", "1", "=cmd|' /C calc'!A0", "civil-affairs")
PATH = "/api/v1/audit-events"


@pytest.fixture
async def events(database: Database, people: People) -> None:
    """Two days of two people."""
    now = clock.now()
    for days, actor, action, outcome in (
        (3, "registrar", AuditAction.FORM_PUBLISH, "done"),
        (3, "steward_civil_affairs", AuditAction.ACCESS_GRANT_APPROVE, "done"),
        (0, "registrar", AuditAction.FORM_PUBLISH, "refused"),
    ):
        with clock.travel(now - timedelta(days=days)):
            async with database.transaction() as session:
                subject = people.subject(actor)
                await service.record(session, subject.actor, action, "form", "village-month", outcome=outcome)


def names(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    return [(item["actor_name"], item["action"]) for item in answer.json()["items"]]


@pytest.mark.usefixtures("events")
class TestSearch:
    @pytest.mark.subject("auditor")
    async def test_by_day_and_actor(self, client: httpx.AsyncClient) -> None:
        """O01's check."""
        day = (clock.today() - timedelta(days=3)).isoformat()
        found = names(await client.get(PATH, params={"from": day, "to": day, "actor": "registrar"}))
        assert found == [("registrar", "form.publish")]
        assert len(names(await client.get(PATH, params={"from": day, "to": day}))) == 2
        assert names(await client.get(PATH, params={"to": "2020-01-01"})) == []

    @pytest.mark.subject("auditor")
    async def test_by_action_object_and_outcome(self, client: httpx.AsyncClient) -> None:
        assert len(names(await client.get(PATH, params={"action": "form.publish"}))) == 2
        assert len(names(await client.get(PATH, params={"object_id": "village-month"}))) == 3
        one = {"object_type": "form", "object_id": "village-month", "outcome": "refused"}
        assert names(await client.get(PATH, params=one)) == [("registrar", "form.publish")]
        assert names(await client.get(PATH, params={"object_type": "person", "object_id": "village-month"})) == []

    @pytest.mark.subject("auditor")
    async def test_by_pages_newest_first_without_a_gap(self, client: httpx.AsyncClient) -> None:
        seen, after = [], None
        while True:
            parameters = {"limit": 1, "action": "form.publish"} | ({"after": after} if after else {})
            page = (await client.get(PATH, params=parameters)).json()
            seen += [item["at"] for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert len(seen) == 2
        assert seen == sorted(seen, reverse=True)
        assert (await client.get(PATH, params={"after": "WzEsMl0"})).status_code == 422

    @pytest.mark.subject("auditor")
    async def test_looking_is_told_of(self, client: httpx.AsyncClient) -> None:
        await client.get(PATH, params={"actor": "registrar"})
        (item, *_rest) = (await client.get(PATH, params={"action": "audit_events.read"})).json()["items"]
        assert (item["actor_name"], item["details"]) == ("auditor", {"actor": "registrar"})

    @pytest.mark.subject("registrar")
    async def test_is_not_everybodys(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(PATH)).status_code == 403


@pytest.mark.usefixtures("events")
class TestPage:
    async def test_shows_what_the_search_finds(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        page = await read(client, "/audit-events?actor=registrar&action=form.publish")
        assert "表单 · 发布" in page.within("tbody")
        assert page.within("tbody").count("village-month") == 2
        assert "被拒绝" in page.within("tbody")
        page = await read(client, "/audit-events?actor=nobody")
        assert "没有符合条件的记录" in page.text

    async def test_names_a_day_that_is_none(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        page = await read(client, "/audit-events?from=2026-02-30", 422)
        assert "#from" in page.links
        assert page.within("title").startswith("有错误：")

    def test_every_kind_of_object_has_its_words(self) -> None:
        """As the rooms name it where they record an event."""
        named = {
            argument.value
            for path in (Path(__file__).parents[2] / "hub").rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"audit.record", "audit.Event"}
            for argument in node.args[2:4]
            if isinstance(argument, ast.Constant)
        }
        assert len(named) > 20
        assert named <= set(RESOURCES)

    async def test_every_action_has_its_words(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "auditor")
        options = (await read(client, "/audit-events")).texts["option"]
        assert [option for option in options if option and option.isascii()] == []


class TestExport:
    async def test_is_whole_safe_and_told_of(
        self, client: httpx.AsyncClient, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("hub.oversight.audit_log.EXPORTED_AT_ONCE", 3)
        async with database.transaction() as session:
            for number in range(10):
                await service.record(session, CLERK, AuditAction.DRAFT_SAVE, "collection", f"\t{number}")
        await sign_in(client, "auditor")
        answer = await client.get("/audit-events/export", params={"action": "draft.save"})
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.text.startswith("\ufeff")
        head, *rows = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
        cells = [dict(zip(head, row, strict=True)) for row in rows]
        assert sorted(row["object_id"] for row in cells) == [f"'\t{number}" for number in range(10)]
        assert {row["actor_name"] for row in cells} == {"'" + CLERK.name}
        async with database.transaction() as session:
            event = (
                await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "audit_events.export"))
            ).one()
        assert (event.actor_name, event.details) == ("auditor", {"action": "draft.save"})

    async def test_is_not_everybodys(self, client: httpx.AsyncClient) -> None:
        await sign_in(client, "registrar")
        assert (await client.get("/audit-events/export")).status_code == 403


class TestVerification:
    @pytest.mark.full_transaction
    async def test_is_asked_for_once_and_tells_a_changed_row(self, database: Database, people: People) -> None:
        folder = settings().data_dir / "verification"
        folder.mkdir()
        sealer = Sealer(folder)
        transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            await sign_in(client, "auditor")
            form = (await read(client, "/audit-events")).form("/audit-events/verification").fields
            await client.post("/audit-events/verification", data=form)
            assert "核对中" in (await read(client, "/audit-events")).text
            again = await client.post("/audit-events/verification", data=form)
            assert "正在核对审计日志" in Page(await client.get(again.headers["location"])).text
            await self.work(database, sealer)
            page = await read(client, "/audit-events")
            assert "首尾相连" in page.text
            async with database.transaction() as session:
                await session.execute(text("UPDATE audit_events SET position = position + 100 WHERE position = 2"))
            await client.post("/audit-events/verification", data=form)
            await self.work(database, sealer)
            page = await read(client, "/audit-events")
            assert "被改动" in page.text
            assert "第 2 条起不成立" in page.text

    async def work(self, database: Database, sealer: Sealer) -> None:
        async with database.transaction() as session:
            asked = await verification.get_last(session)
        assert asked is not None
        await verification.work(database, sealer, str(asked.id))


class TestPlan:
    """A million events must not be walked for a page of fifty."""

    ROWS = 60_000

    @pytest.mark.parametrize(
        "asked",
        [
            EventsAsked(),
            EventsAsked(since=clock.now() - timedelta(days=200), until=clock.now() - timedelta(days=199)),
            EventsAsked(actor="actor-17"),
            EventsAsked(action="rare.action"),
            EventsAsked(object_types=("form", "person"), object_id="object-5"),
            EventsAsked(outcome="refused"),
            EventsAsked(actor="nobody", until=clock.now() - timedelta(days=100)),
        ],
        ids=["newest", "one day", "actor", "rare action", "object", "refused", "unknown actor"],
    )
    async def test_every_question_has_its_index(self, database: Database, asked: EventsAsked) -> None:
        async with database.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO audit_events (id, at, actor_kind, actor_id, actor_name, action, object_type,"
                    " object_id, outcome, details, request_id, sha256)"
                    " SELECT gen_random_uuid(), now() - n * interval '9 minutes', 'person', 'x', 'actor-' || n % 300,"
                    " CASE WHEN n % 20000 = 0 THEN 'rare.action' ELSE 'common.action' END, 'form',"
                    " 'object-' || n % 5000,"
                    " 'done', '{}', '', '' FROM generate_series(1, :rows) n"
                ),
                {"rows": self.ROWS},
            )
            await session.execute(text("ANALYZE audit_events"))
            statement = repository.events_statement(asked, after=None, limit=51)
            compiled = statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
            plan = "\n".join((await session.scalars(text(f"EXPLAIN ANALYZE {compiled}".replace(":", "\\:")))).all())
        assert "Seq Scan" not in plan, plan
        assert "Index" in plan
