"""The cells door: what the form's page sends, cell by cell."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hub.app import create_app
from hub.audit.models import AuditEventRow
from hub.capture.models import Collection, Draft, DraftLedger
from hub.identity.models import Person
from hub.kit import clock
from hub.kit.db import Database, set_scope
from tests.capture.factories import create_collection, create_published_form, row, rows, save, submit
from tests.capture.workflow import create_town
from tests.exchange.factories import calling
from tests.people import EAST, PASSWORD, PASSWORD_HASH, VILLAGES, People

FIRST, SECOND, THIRD = VILLAGES[EAST]
REASON = {"code": "rule-outlier", "division": FIRST, "element": "workers", "rule": "outlier"}


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


def cell(value: str, was: str = "", *, division: str = FIRST, element: str = "workers", **more: Any) -> dict[str, Any]:
    typed = {"division": division, "element": element, "value": value, "was": {"value": was}}
    return typed | more


class Desk:
    """One page of one person: it sends what was typed and remembers the tag it last heard."""

    def __init__(self, client: httpx.AsyncClient, collection: Collection, etag: str) -> None:
        self.client = client
        self.path = f"/collections/{collection.id}/cells"
        self.etag = etag
        self.sent = 0

    async def send(self, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
        answer = await self.post(*changes, **more)
        assert answer.status_code == 200, answer.text
        self.etag = answer.json()["etag"]
        found: dict[str, Any] = answer.json()
        return found

    async def post(self, *changes: dict[str, Any], **more: Any) -> httpx.Response:
        self.sent += 1
        body = {"base": self.etag, "submission": None, "key": f"{id(self)}-{self.sent}", "changes": list(changes)}
        return await self.client.post(self.path, json=body | more)

    async def look(self) -> dict[str, Any]:
        answer = await self.client.get(self.path, params={"base": self.etag})
        self.etag = answer.json()["etag"]
        found: dict[str, Any] = answer.json()
        return found


async def desk(client: httpx.AsyncClient, collection: Collection) -> Desk:
    draft = await client.get(f"/api/v1/collections/{collection.id}/draft")
    return Desk(client, collection, draft.headers["etag"])


async def held(client: httpx.AsyncClient, collection: Collection) -> list[dict[str, Any]]:
    draft = await client.get(f"/api/v1/collections/{collection.id}/draft")
    return [line["values"] for line in draft.json()["rows"]]


@pytest.fixture
async def colleague(database: Database, people: People) -> httpx.AsyncClient:
    """A second person of the township, 王芳."""
    async with database.transaction() as session:
        person = Person(
            username="wang",
            display_name="王芳",
            password_hash=PASSWORD_HASH,
            must_change_password=False,
            organization_id=people.organizations[f"township-{EAST}"].id,
            roles=["reporter"],
        )
        session.add(person)
        people.persons["wang"] = person
    headers = await people.authorization("wang")
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers)


class TestMergeCells:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await Desk(client, collection, "").post(cell("5"))).status_code == 401

    @pytest.mark.subject("registrar")
    async def test_refuses_the_authority(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await Desk(client, collection, "").post(cell("5"))).status_code == 403

    @pytest.mark.subject("reporter_west")
    async def test_hides_another_townships(self, client: httpx.AsyncClient, collection: Collection) -> None:
        answer = await Desk(client, collection, "").post(cell("5"))
        assert (answer.status_code, answer.json()["code"]) == (404, "collection_not_found")
        assert (await client.get(f"/collections/{collection.id}/cells", params={"base": ""})).status_code == 404

    @pytest.mark.subject("reporter_east")
    async def test_keeps_each_cell_and_computes_its_row(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        page = await desk(client, collection)
        answer = await page.send(cell("200", element="population"), cell("８０"), cell("abc", division=SECOND))
        assert answer["applied"] == [[FIRST, "population"], [FIRST, "workers"], [SECOND, "workers"]]
        assert (answer["conflicts"], answer["refused"], answer["others"]) == ([], [], [])
        assert answer["derived"] == {FIRST: {"staying": "120"}, SECOND: {}}
        assert await held(client, collection) == [{"population": "200", "workers": "８０"}, {"workers": "abc"}, {}]
        draft = await client.get(f"/api/v1/collections/{collection.id}/draft")
        assert draft.headers["etag"] == answer["etag"]
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            kept = (await session.scalars(select(Draft))).one()
        assert (kept.saved_by, kept.door, clock.now() - kept.saved_at < timedelta(minutes=1)) == (
            "reporter_east",
            "api",
            True,
        )

    @pytest.mark.subject("reporter_east")
    async def test_two_people_are_merged_and_a_cell_of_both_is_a_conflict(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, collection: Collection
    ) -> None:
        mine, theirs = await desk(client, collection), await desk(colleague, collection)
        await theirs.send(cell("6"), cell("7", division=SECOND))
        answer = await mine.send(cell("5"), cell("9", division=THIRD))
        (conflict,) = answer["conflicts"]
        assert (conflict["mine"]["value"], conflict["theirs"]["value"], conflict["saved_by"]) == ("5", "6", "王芳")
        assert conflict["saved_at"] is not None
        assert answer["applied"] == [[THIRD, "workers"]]
        others = {(one["division"], one["element"]): (one["value"], one["saved_by"]) for one in answer["others"]}
        assert others == {(FIRST, "workers"): ("6", "王芳"), (SECOND, "workers"): ("7", "王芳")}
        assert await held(client, collection) == [{"workers": "6"}, {"workers": "7"}, {"workers": "9"}]
        seen = await theirs.look()
        assert [(one["division"], one["value"]) for one in seen["others"]] == [(THIRD, "9")]
        chosen = await mine.send(cell("5", "6"))
        assert (chosen["conflicts"], await held(client, collection)) == (
            [],
            [{"workers": "5"}, {"workers": "7"}, {"workers": "9"}],
        )

    @pytest.mark.subject("reporter_east")
    async def test_the_same_value_of_two_is_no_conflict(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, collection: Collection
    ) -> None:
        mine, theirs = await desk(client, collection), await desk(colleague, collection)
        await theirs.send(cell("6"))
        answer = await mine.send(cell("6"))
        assert (answer["applied"], answer["conflicts"], answer["others"]) == ([[FIRST, "workers"]], [], [])

    @pytest.mark.subject("reporter_east")
    async def test_a_batch_whose_answer_was_lost_is_not_written_twice(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, collection: Collection
    ) -> None:
        """The colleague has typed over it knowingly since: that is news, no conflict, and stays."""
        mine, theirs = await desk(client, collection), await desk(colleague, collection)
        lost = await mine.post(cell("5"), key="the-same-key")
        assert lost.status_code == 200
        await theirs.look()
        await theirs.send(cell("6", "5"))
        again = await mine.send(cell("5"), key="the-same-key")
        assert (again["applied"], again["conflicts"]) == ([[FIRST, "workers"]], [])
        assert [(one["element"], one["value"]) for one in again["others"]] == [("workers", "6")]
        assert (await held(client, collection))[0] == {"workers": "6"}

    @pytest.mark.subject("reporter_east")
    async def test_another_batch_under_an_old_key_is_not_lost(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        page = await desk(client, collection)
        await page.send(cell("5"), key="the-same-key")
        await page.send(cell("6", "5"), key="the-same-key")
        assert (await held(client, collection))[0] == {"workers": "6"}

    @pytest.mark.subject("reporter_east")
    async def test_after_another_door_replaced_the_draft_everything_is_told(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, collection: Collection
    ) -> None:
        page = await desk(client, collection)
        await page.send(cell("5"))
        assert (await save(colleague, collection, {"rows": [row(SECOND)]})).status_code == 200
        seen = await page.look()
        assert seen["is_whole"] is True
        assert {(one["division"], one["value"], one["saved_by"]) for one in seen["others"]} == {
            (SECOND, value, "王芳") for value in ("200", "110", "90", "80")
        }
        conflict = await page.send(cell("8", "5"))
        assert (conflict["conflicts"][0]["theirs"]["value"], conflict["is_whole"]) == ("", False)
        assert conflict["conflicts"][0]["saved_by"] == "王芳"

    @pytest.mark.subject("reporter_east")
    async def test_what_cannot_be_kept_is_refused_alone(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        page = await desk(client, collection)
        answer = await page.send(
            cell("x" * 2001), cell("1", element="staying"), cell("1", division="999"), cell("4", division=SECOND)
        )
        assert [(one["division"], one["element"], one["code"]) for one in answer["refused"]] == [
            (FIRST, "workers", "value_too_long"),
            (FIRST, "staying", "cell_not_on_form"),
            ("999", "workers", "cell_not_on_form"),
        ]
        assert await held(client, collection) == [{}, {"workers": "4"}, {}]

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"changes": [{"division": FIRST}]}, "/changes/0/element"),
            ({"changes": [cell("a\x00")]}, "/changes/0/value"),
            ({"changes": [cell("5") | {"value": 5}]}, "/changes/0/value"),
            ({"key": "short"}, "/key"),
            ({"etag": ""}, "/etag"),
            ({"reasons": [REASON | {"reason": "x" * 2001}]}, "/reasons/0/reason"),
        ],
    )
    async def test_refuses_what_is_no_batch(
        self, client: httpx.AsyncClient, collection: Collection, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await Desk(client, collection, "").post(**body)
        assert answer.status_code == 422, answer.text
        assert pointer in {item["pointer"] for item in answer.json()["errors"]}

    @pytest.mark.subject("reporter_east")
    async def test_a_page_from_before_a_submission_begins_no_correction(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        old = await desk(client, collection)
        await old.send(cell("80"))
        assert (await save(colleague, collection, rows())).status_code == 200
        number = (await submit(colleague, collection)).json()["number"]
        refused = await old.post(cell("5", "80"))
        assert (refused.status_code, refused.json()["code"], refused.json()["submission"]) == (
            409,
            "collection_submitted",
            number,
        )
        conflict = await old.post(cell("5", "79"))
        assert conflict.json()["code"] == "collection_submitted", "no choice between values of two different forms"
        assert (await old.look())["submission"] == number
        assert (await old.post(cell("80"))).status_code == 200, "what is held already is no change"
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            assert (await session.scalars(select(Draft))).all() == []
        await old.send(cell("5", "80"), submission=number)
        assert (await held(client, collection))[0]["workers"] == "5"

    @pytest.mark.subject("reporter_east")
    async def test_may_be_saved_after_closing(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        days: dict[str, Any] = {"opens_on": date(2026, 9, 1), "due_on": date(2026, 9, 9), "closes_on": date(2026, 9, 9)}
        closed = await create_collection(database, people, period="2026-08", **days)
        with clock.travel(datetime(2026, 11, 2, tzinfo=UTC)):
            assert (await (await desk(client, closed)).post(cell("5"))).status_code == 200

    @pytest.mark.subject("reporter_east")
    async def test_reasons_are_kept_until_the_draft_is_submitted(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        page = await desk(client, collection)
        await page.send(cell("80"), reasons=[REASON | {"reason": "外出务工集中返乡"}], reason="口径有误")
        assert (await save(client, collection, rows())).status_code == 200
        kept = (await page.look())["explanations"]
        assert kept == {"reasons": [REASON | {"reason": "外出务工集中返乡"}], "reason": "口径有误"}
        await page.send(reasons=[REASON | {"reason": ""}], reason="")
        assert (await page.look())["explanations"] == {"reasons": [], "reason": ""}
        assert (await submit(client, collection)).status_code == 201
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            assert (await session.scalars(select(DraftLedger))).all() == []

    @pytest.mark.subject("reporter_east")
    async def test_the_audit_log_hears_once_of_an_hour_of_typing(
        self, client: httpx.AsyncClient, colleague: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        mine, theirs = await desk(client, collection), await desk(colleague, collection)
        before = ""
        for text in ("1", "12", "123"):
            await mine.send(cell(text, before))
            before = text
        await theirs.send(cell("1", division=SECOND))
        async with database.transaction() as session:
            statement = select(AuditEventRow).where(AuditEventRow.action == "draft.save").order_by(AuditEventRow.id)
            events = (await session.scalars(statement)).all()
        assert [(event.actor_name, event.details) for event in events] == [
            ("reporter_east", {"township": EAST, "rows": 1, "cells": 1}),
            ("wang", {"township": EAST, "rows": 2, "cells": 1}),
        ]


class TestLocks:
    async def test_after_a_return_only_the_cells_that_came_back_are_open(
        self, database: Database, people: People
    ) -> None:
        town = await create_town(database, people, review=True)
        await town.bring("returned")
        submission = (await town.held()).submission
        async with calling(database, people, "reporter_east") as client:
            page = await desk(client, town.collection)
            answer = await page.send(
                cell("70", "80"), cell("109", "110", division=SECOND, element="male"), submission=submission
            )
            assert answer["applied"] == [[FIRST, "workers"]]
            assert [(one["element"], one["code"]) for one in answer["refused"]] == [("male", "cell_locked")]
            kept = await held(client, town.collection)
        assert (kept[0]["workers"], kept[1]["male"]) == ("70", 110)

    async def test_what_waits_for_the_county_takes_nothing(self, database: Database, people: People) -> None:
        town = await create_town(database, people, review=True)
        await town.bring("in_review")
        submission = (await town.held()).submission
        async with calling(database, people, "reporter_east") as client:
            answer = await (await desk(client, town.collection)).post(cell("70", "80"), submission=submission)
            assert answer.status_code == 409, answer.text
            assert (await held(client, town.collection))[0]["workers"] == 80


@pytest.mark.full_transaction
async def test_many_writers_at_once_lose_nothing(database: Database, people: People) -> None:
    """Each types into a cell of its own, and all into one: every own cell is kept, of the one exactly one."""
    await create_published_form(database, people)
    collection = await create_collection(database, people)
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    headers = await people.authorization("reporter_east")
    places = [(village, element) for village in VILLAGES[EAST] for element in ("population", "male", "female")]
    async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
        pages = [await desk(client, collection) for _place in places]
        answers = await asyncio.gather(
            *(
                page.send(cell(str(number), division=division, element=element), cell(str(number)))
                for number, (page, (division, element)) in enumerate(zip(pages, places, strict=True))
            )
        )
        kept = await held(client, collection)
    assert sum(len(answer["conflicts"]) for answer in answers) == len(places) - 1
    winner = next(number for number, answer in enumerate(answers) if not answer["conflicts"])
    assert kept[0].pop("workers") == str(winner)
    assert kept == [
        {"population": str(number), "male": str(number + 1), "female": str(number + 2)} for number in (0, 3, 6)
    ]


@pytest.mark.full_transaction
async def test_a_browsers_session_needs_its_own_token(database: Database, people: People) -> None:
    await create_published_form(database, people)
    collection = await create_collection(database, people)
    transport = httpx.ASGITransport(create_app(database), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
        form = {"username": "reporter_east", "password": PASSWORD}
        signed = await client.post("/sign-in", data=form, headers={"Origin": "http://hub"})
        client.cookies = signed.cookies
        refused = await Desk(client, collection, "").post(cell("5"))
        assert (refused.status_code, refused.json()["code"]) == (403, "csrf_refused")
        client.headers["X-CSRF-Token"] = "of-an-earlier-session"
        assert (await Desk(client, collection, "").post(cell("5"))).status_code == 403
