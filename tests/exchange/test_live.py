"""What only real commits show: a grant that ends while a token lives, streams, and connections that hang up."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.exchange import writers
from hub.exchange.media import MediaType
from hub.exchange.models import ChangeCursor
from hub.exchange.plan import make_plan
from hub.exchange.questions import read_question
from hub.exchange.streams import ClosingResponse, ValueStream
from hub.kit import json
from hub.kit.db import Database
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, create_element
from tests.people import EAST, VILLAGES, WEST, People
from tests.store.factories import make_row

pytestmark = pytest.mark.full_transaction

ASKED = {"elements": MIGRANTS, "period": "2026-10"}
ALL = [*VILLAGES[EAST], *VILLAGES[WEST]]


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session)


async def details_of(database: Database, action: str) -> list[dict[str, Any]]:
    async with database.transaction() as session:
        statement = select(AuditEventRow.details).where(AuditEventRow.action == action).order_by(AuditEventRow.id)
        return list((await session.scalars(statement)).all())


class TestRevocation:
    async def test_the_next_call_of_a_live_token_reads_nothing(self, database: Database, people: People) -> None:
        number = await grant(database)
        await submit(database, make_row(**{MIGRANTS: 213}))
        async with (
            calling(database, people, "client_poverty_relief", grants=(number,)) as program,
            calling(database, people, "steward_human_resources") as steward,
        ):
            cursor = (await program.get("/api/v1/data-values", params=ASKED)).headers["hub-cursor"]
            revoked = await steward.post(f"/api/v1/access-grants/{number}/revocation", json={"reason": "超范围使用"})
            assert revoked.status_code == 201, revoked.text
            for path, query in (("/api/v1/data-values", ASKED), ("/api/v1/changes", {"after": cursor})):
                response = await program.get(path, params=query)
                assert response.status_code == 403
                assert [error["code"] for error in response.json()["errors"]] == ["grant_revoked"]

    async def test_a_revoked_secret_ends_its_tokens(self, database: Database, people: People) -> None:
        async with calling(database, people, "administrator") as administrator:
            token = await administrator.post(
                "/oauth/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": "poverty-relief",
                    "client_secret": "secret-poverty-relief",
                },
                headers={"Authorization": ""},
            )
            bearer = {"Authorization": f"Bearer {token.json()['access_token']}"}
            assert (await administrator.get("/api/v1/access-grants", headers=bearer)).status_code == 200
            listed = (await administrator.get("/api/v1/api-clients/poverty-relief/secrets")).json()["items"]
            await administrator.delete(f"/api/v1/api-clients/poverty-relief/secrets/{listed[0]['id']}")
            assert (await administrator.get("/api/v1/access-grants", headers=bearer)).status_code == 401


class TestStream:
    async def test_shows_one_instant_however_long_it_takes(
        self, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        media_type: MediaType = "application/x-ndjson"
        monkeypatch.setattr(writers, "ROWS_AT_ONCE", 2)
        stream = await self.open_stream(database, people, media_type)
        chunks = stream.chunks()
        first = await anext(chunks)
        await submit(database, *(make_row(division=code, **{MIGRANTS: 42}) for code in ALL))
        rest = b"".join([chunk async for chunk in chunks])
        assert [json.loads(line)["values"] for line in (first + rest).splitlines()] == [{MIGRANTS: 41}] * len(ALL)
        assert [(d["rows"], d["complete"]) for d in await details_of(database, "data_values.deliver")] == [(6, True)]

    @pytest.mark.parametrize(
        ("media_type", "rows"),
        [
            ("application/x-ndjson", 4),
            ("application/vnd.apache.arrow.stream", 2),
            ("application/vnd.apache.parquet", None),
        ],
    )
    async def test_who_hangs_up_is_told_of_and_holds_no_connection(
        self,
        database: Database,
        people: People,
        monkeypatch: pytest.MonkeyPatch,
        *,
        media_type: MediaType,
        rows: int | None,
    ) -> None:
        """Of a Parquet file more pages may have been read than bytes were handed over."""
        monkeypatch.setattr(writers, "ROWS_AT_ONCE", 2)
        stream = await self.open_stream(database, people, media_type)
        response = ClosingResponse(stream.chunks(), media_type=media_type, headers={})
        sent = 0

        async def send(message: Any) -> None:
            nonlocal sent
            sent += message["type"] == "http.response.body"
            if sent == 2:
                raise OSError("the reader is gone")

        async def receive() -> Any:
            await asyncio.sleep(60)

        with pytest.raises(Exception):  # noqa: B017, PT011 - Starlette names it ClientDisconnect, under a group or not
            await response({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
        (details,) = await details_of(database, "data_values.deliver")
        assert details["complete"] is False
        assert rows in {None, details["rows"]}
        assert database.engine.pool.checkedout() == 0

    async def open_stream(self, database: Database, people: People, media_type: MediaType) -> ValueStream:
        number = await grant(database)
        await submit(database, *(make_row(division=code, **{MIGRANTS: 41}) for code in ALL))
        question = read_question(elements=MIGRANTS, period="2026-10", division=None, as_of=None, object_class=None)
        subject = people.subject("client_poverty_relief", grants=(number,))
        async with database.snapshot() as session:
            plan = await make_plan(session, subject, question)
        return ValueStream(database, subject, plan, media_type)


class TestLogBeforeAnswer:
    async def test_no_values_when_the_log_cannot_be_written(
        self, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Fail closed (REL-S14)."""
        number = await grant(database)
        await submit(database, make_row(**{MIGRANTS: 987654}))

        async def broken(*_arguments: Any) -> None:
            raise OSError("no log")

        monkeypatch.setattr("hub.grants.service.log_read", broken)
        async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
            for accept in ("application/json", "text/csv"):
                response = await program.get("/api/v1/data-values", params=ASKED, headers={"Accept": accept})
                assert response.status_code == 500
                assert "987654" not in response.text
        async with database.transaction() as session:
            assert (await session.scalars(select(ChangeCursor))).all() == []


async def test_changes_follow_concurrent_submissions(database: Database, people: People) -> None:
    """Over HTTP: what four submitters commit while a reader follows arrives once each, in order."""
    number = await grant(database)
    seen: list[tuple[str, int]] = []

    async def follow(program: httpx.AsyncClient, query: dict[str, Any]) -> int:
        answer = (await program.get("/api/v1/changes", params=query)).json()
        query["after"] = answer["next"]
        seen.extend((item["division"], item["values"][MIGRANTS]) for item in answer["items"])
        return len(answer["items"])

    async def write(village: str) -> None:
        for migrants in range(1, 6):
            await submit(database, make_row(division=village, **{MIGRANTS: migrants}))

    async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
        query: dict[str, Any] = {"limit": 3}
        writing = asyncio.gather(*(write(village) for village in ALL[:4]))
        while not writing.done():
            await follow(program, query)
        await writing
        while await follow(program, query):
            pass
    assert sorted(seen) == sorted((village, migrants) for village in ALL[:4] for migrants in range(1, 6))
    for village in ALL[:4]:
        assert [migrants for code, migrants in seen if code == village] == [1, 2, 3, 4, 5]
