from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection, Draft
from hub.geography.models import Division
from hub.kit import clock, json
from hub.kit.db import Database, set_scope
from tests.capture.factories import PREVIOUS, create_collection, create_published_form, row, rows, save, submit
from tests.people import EAST, VILLAGES, WEST, People

FIRST, SECOND, THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


def path(collection: Collection) -> str:
    return f"/api/v1/collections/{collection.id}/draft"


class TestGetDraft:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await client.get(path(collection))).status_code == 401

    @pytest.mark.subject("registrar")
    async def test_refuses_the_authority(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await client.get(path(collection))).status_code == 403

    @pytest.mark.subject("reporter_west")
    async def test_hides_another_townships(self, client: httpx.AsyncClient, collection: Collection) -> None:
        answer = await client.get(path(collection))
        assert (answer.status_code, answer.json()["code"]) == (404, "collection_not_found")
        assert (await client.get(f"/api/v1/collections/{uuid4()}/draft")).json()["detail"] == answer.json()["detail"]

    @pytest.mark.subject("reporter_east")
    async def test_finds_nothing_under_what_is_no_number(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/collections/nope/draft")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.subject("reporter_east")
    async def test_has_an_empty_row_for_each_village(self, client: httpx.AsyncClient, collection: Collection) -> None:
        answer = await client.get(path(collection))
        assert answer.status_code == 200, answer.text
        assert answer.json()["rows"] == [
            {
                "division": village,
                "division_name": f"第{number}村民委员会",
                "values": {},
                "missing": {},
                "previous": {},
                "supplied": {},
                "derived": {},
            }
            for number, village in enumerate(VILLAGES[EAST], start=1)
        ]
        assert answer.headers["etag"].startswith('"')

    @pytest.mark.subject("reporter_east")
    async def test_offers_the_preceding_periods_captured_values(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        before = await create_collection(database, people, period=PREVIOUS)
        await save(client, before, rows())
        assert (await submit(client, before)).status_code == 201
        (first, *_rest) = (await client.get(path(collection))).json()["rows"]
        assert first["previous"] == {"population": 200, "male": 110, "female": 90, "workers": 80}
        assert first["values"] == {}

    @pytest.mark.subject("reporter_east")
    async def test_asks_the_villages_of_the_periods_last_day(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        before = await create_collection(database, people, period=PREVIOUS)
        async with database.transaction() as session:
            merged = await session.get(Division, SECOND)
            assert merged is not None
            merged.closed_on, merged.successor_code = date(2026, 10, 10), FIRST
        assert [line["division"] for line in (await client.get(path(collection))).json()["rows"]] == [FIRST, THIRD]
        assert len((await client.get(path(before))).json()["rows"]) == 3


class TestSaveDraft:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await save(client, collection, rows())).status_code == 401

    @pytest.mark.subject("auditor")
    async def test_refuses_an_inspector(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await save(client, collection, rows())).status_code == 403

    @pytest.mark.subject("reporter_west")
    async def test_hides_another_townships(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await save(client, collection, rows())).status_code == 404

    @pytest.mark.subject("reporter_east")
    async def test_keeps_what_was_typed_and_computes_the_rest(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        body = {"rows": [row(SECOND, income="1.10", workers="８０"), row(FIRST)]}
        answer = await save(client, collection, body)
        assert answer.status_code == 200, answer.text
        first, second, third = answer.json()["rows"]
        assert first["values"] == row(FIRST)["values"]
        assert second["values"] == row(SECOND, income="1.10", workers="８０")["values"]
        assert (first["derived"], second["derived"], third["derived"]) == ({"staying": 120}, {"staying": 120}, {})
        again = await client.get(path(collection))
        assert again.json() == answer.json()
        assert again.headers["etag"] == answer.headers["etag"]
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            draft = (await session.scalars(select(Draft))).one()
            (event,) = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "draft.save"))
        assert (draft.door, draft.saved_by, draft.township) == ("api", "reporter_east", EAST)
        assert (event.object_id, event.details) == (str(collection.id), {"township": EAST, "rows": 2})

    @pytest.mark.subject("reporter_east")
    async def test_replaces_all_that_was_typed(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())
        answer = await save(client, collection, {"rows": [row(FIRST)]})
        assert [line["values"] != {} for line in answer.json()["rows"]] == [True, False, False]

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        "typed",
        [
            {"division": FIRST, "values": {"population": "abc", "no_such_element": 1, "staying": 5, "male": [1, {}]}},
            {"division": FIRST, "values": {"population": None}, "missing": {"population": "because", "male": 7}},
            {"division": VILLAGES[WEST][0], "values": {"population": 1}},
            {"division": "999999999999", "values": {}},
            {"division": "", "values": {"population": True}},
            {"division": FIRST, "values": {"income": 12345.678901}},
        ],
    )
    async def test_never_refuses_odd_values(
        self, client: httpx.AsyncClient, collection: Collection, typed: dict[str, Any]
    ) -> None:
        answer = await save(client, collection, {"rows": [typed, typed]})
        assert answer.status_code == 200, answer.text
        kept = [line for line in answer.json()["rows"] if line["division"] == typed["division"]]
        assert [line["values"] for line in kept] == [typed["values"]] * 2
        assert [line["missing"] for line in kept] == [typed.get("missing", {})] * 2

    @pytest.mark.subject("reporter_east")
    async def test_takes_back_what_it_answered(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())
        shown = await client.get(path(collection))
        answer = await client.put(path(collection), json=shown.json(), headers={"If-Match": shown.headers["etag"]})
        assert (answer.status_code, answer.json()) == (200, shown.json())

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/rows"),
            ({"rows": {}}, "/rows"),
            ({"rows": [1]}, "/rows/0"),
            ({"rows": [{"values": {}}]}, "/rows/0/division"),
            ({"rows": [{"division": 433124102200}]}, "/rows/0/division"),
            ({"rows": [{"division": FIRST, "values": []}]}, "/rows/0/values"),
            ({"rows": [{"division": FIRST, "vales": {}}]}, "/rows/0/vales"),
            ({"rows": [{"division": FIRST, "values": {"a": "x" * 2001}}]}, "/rows/0/values/a"),
            ({"rows": [{"division": FIRST, "values": {"a": 1234567890123456}}]}, "/rows/0/values/a"),
            ({"rows": [{"division": FIRST, "values": {"a": "\x00"}}]}, "/rows/0/values/a"),
            ({"rows": [{"division": FIRST}] * 2001}, "/rows"),
        ],
    )
    async def test_refuses_what_is_no_draft(
        self, client: httpx.AsyncClient, collection: Collection, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await save(client, collection, body)
        assert answer.status_code == 422, answer.text
        assert pointer in {item["pointer"] for item in answer.json()["errors"]}

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("content", "status", "code"),
        [
            (b'{"rows": [', 400, "malformed_json"),
            (b'{"rows": [{"division": "1", "values": {"a": NaN}}]}', 400, "malformed_json"),
            (b'{"rows": [{"division": "1", "values": {"a": Infinity}}]}', 400, "malformed_json"),
            (b'{"rows": [{"division": "1", "values": {"a": 1e400}}]}', 422, "invalid_content"),
            (b'{"rows": "' + b"x" * (5 * 1024 * 1024) + b'"}', 413, "payload_too_large"),
        ],
    )
    async def test_refuses_what_cannot_be_read(
        self, client: httpx.AsyncClient, collection: Collection, content: bytes, status: int, code: str
    ) -> None:
        headers = {"If-Match": "*", "Content-Type": "application/json"}
        answer = await client.put(path(collection), content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.subject("reporter_east")
    async def test_wants_if_match_and_refuses_a_stale_one(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        empty = (await client.get(path(collection))).headers["etag"]
        missing = await client.put(path(collection), json=rows())
        assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
        first = await client.put(path(collection), json=rows(), headers={"If-Match": empty})
        assert first.status_code == 200
        stale = await client.put(path(collection), json={"rows": []}, headers={"If-Match": empty})
        assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
        assert (await client.get(path(collection))).headers["etag"] == first.headers["etag"]
        fresh = await client.put(path(collection), json={"rows": []}, headers={"If-Match": first.headers["etag"]})
        assert fresh.headers["etag"] == empty

    @pytest.mark.subject("reporter_east")
    async def test_repeats_its_answer_to_the_same_key(self, client: httpx.AsyncClient, collection: Collection) -> None:
        empty = (await client.get(path(collection))).headers["etag"]
        headers = {"If-Match": empty, "Idempotency-Key": "one"}
        first = await client.put(path(collection), json=rows(), headers=headers)
        again = await client.put(path(collection), json=rows(), headers=headers)
        assert (again.status_code, again.json(), again.headers["etag"]) == (200, first.json(), first.headers["etag"])
        read_again = await client.put(path(collection), json=rows(), headers=headers | {"If-Match": "*"})
        assert (read_again.status_code, read_again.headers["etag"]) == (200, first.headers["etag"])
        other = await client.put(path(collection), json={"rows": []}, headers=headers)
        assert other.json()["code"] == "idempotency_key_reused"

    @pytest.mark.subject("reporter_east")
    async def test_shows_what_was_submitted_until_something_is_typed(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows(workers="８０"))
        assert (await submit(client, collection)).status_code == 201
        shown = await client.get(path(collection))
        assert shown.json()["rows"][0]["values"]["workers"] == 80
        assert shown.json()["rows"][0]["derived"] == {"staying": 120}
        saved = await client.put(path(collection), json=rows(workers=81), headers={"If-Match": shown.headers["etag"]})
        assert saved.json()["rows"][0]["values"]["workers"] == 81

    @pytest.mark.subject("reporter_east")
    async def test_may_be_saved_after_closing(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        days = {"opens_on": date(2026, 9, 1), "due_on": date(2026, 9, 9), "closes_on": date(2026, 9, 9)}
        closed = await create_collection(database, people, period="2026-08", **days)
        with clock.travel(datetime(2026, 11, 2, tzinfo=UTC)):
            assert (await save(client, closed, rows())).status_code == 200


async def test_a_draft_is_kept_exactly(database: Database, people: People, collection: Collection) -> None:
    """What comes back from the database is what was typed, number for number."""
    typed = json.parse(b'[{"a": 1.10, "b": 0.1, "c": -0, "d": 100000000000000, "e": "0012", "f": 1E+2}]')
    async with database.transaction() as session:
        await set_scope(session, [EAST])
        session.add(
            Draft(
                area="433124",
                collection_id=collection.id,
                township=EAST,
                rows=typed,
                content_sha256=b"",
                door="api",
                saved_by="reporter_east",
                saved_at=clock.now(),
            )
        )
    async with database.transaction() as session:
        await set_scope(session, [EAST])
        draft = (await session.scalars(select(Draft))).one()
    assert draft.rows == typed
