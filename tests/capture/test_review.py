"""The county's review, returns at cells and lock exceptions, through the API; and what departments hear of it."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.calendar.periods import Period
from hub.kit import clock
from hub.kit.db import Database, set_scope
from hub.store import service as store
from hub.store.models import ProvisionalRecord, Record
from hub.store.rows import ValueQuery
from hub.store.scope import ReadScope, ScopeBox
from tests.capture.factories import row, rows
from tests.capture.workflow import CELLS, FIRST, REASON, SECOND, THIRD, Town, create_town, ok
from tests.exchange.factories import calling, grant
from tests.people import COUNTY, EAST, VILLAGES, People


@pytest.fixture
async def town(database: Database, people: People) -> Town:
    return await create_town(database, people, review=True)


async def counted(database: Database) -> tuple[int, int]:
    """How many rows are records, and how many are provisional."""
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        records = (await session.scalars(select(Record).execution_options(populate_existing=True))).all()
        provisional = (await session.scalars(select(ProvisionalRecord))).all()
        return sum(bool(one.payload) for one in records), len(provisional)


class TestApproval:
    async def test_makes_provisional_values_records_under_the_receipts_number(self, town: Town) -> None:
        await town.bring("in_review")
        assert await counted(town.database) == (0, 3)
        number = (await town.held()).submission
        task = ok(await town.post("registrar", "approval", {"submission": number}))
        assert (task["state"], task["approved"]) == ("submitted", number)
        assert await counted(town.database) == (3, 0)
        lines = ok(await town.get("registrar", f"collections/{town.collection.id}/history", element="workers"))
        assert {(line["submission"], line["by"]) for line in lines["items"]} == {(number, "reporter_east")}
        steps = ok(await town.get("reporter_east", f"collections/{town.collection.id}/steps"))["items"]
        assert [(step["action"], step["by"]) for step in steps] == [("approve", "registrar")]
        async with town.database.transaction() as session:
            statement = select(AuditEventRow).where(AuditEventRow.action == "submission.approve")
            (event,) = await session.scalars(statement)
        assert event.details["submission"] == number

    async def test_refuses_another_than_was_looked_at(self, town: Town) -> None:
        await town.bring("in_review")
        answer = await town.post("registrar", "approval", {"submission": f"{COUNTY}-0000000099"})
        assert (answer.status_code, answer.json()["code"]) == (409, "submission_superseded")
        assert await counted(town.database) == (0, 3)

    async def test_a_correction_leaves_the_approved_value_until_it_is_approved(self, town: Town) -> None:
        await town.bring("approved")
        ok(await town.save(rows(workers=70)))
        ok(await town.submit(reason="多报十人"))
        async with town.database.transaction() as session:
            await set_scope(session, [COUNTY])
            held = (await session.scalars(select(Record).execution_options(populate_existing=True))).all()
        assert {one.payload["workers"] for one in held} == {80}
        ok(await town.post("registrar_two", "approval"))
        history = ok(await town.get("registrar", f"collections/{town.collection.id}/history", element="workers"))
        assert [(line["old"], line["new"], line["reason"]) for line in history["items"][:2]] == [
            (None, 80, None),
            (80, 70, "多报十人"),
        ]


class TestTakeBack:
    async def test_a_townships_becomes_its_draft_again(self, town: Town) -> None:
        await town.bring("in_review")
        task = ok(await town.post("reporter_east", "take-back", REASON))
        assert (task["state"], task["submission"]) == ("open", None)
        assert await counted(town.database) == (0, 0)
        draft = ok(await town.get("reporter_east", f"collections/{town.collection.id}/draft"))
        assert draft["rows"][0]["values"]["workers"] == 80
        ok(await town.submit())
        assert await counted(town.database) == (0, 3)

    async def test_the_countys_own_approval_is_told_as_withdrawal(self, town: Town) -> None:
        number = await grant(town.database, elements=("workers",))
        await town.bring("approved")
        async with calling(town.database, town.people, "client_poverty_relief", grants=(number,)) as program:
            first = ok(await program.get("/api/v1/changes"))
            assert {item["kind"] for item in first["items"]} == {"value"}
            assert ok(await town.post("registrar", "take-back", REASON))["state"] == "in_review"
            told = ok(await program.get("/api/v1/changes", params={"after": first["next"]}))
            assert [(item["kind"], item["values"]) for item in told["items"]] == [("withdrawal", {"workers": None})] * 3
            ok(await town.post("registrar_two", "approval"))
            again = ok(await program.get("/api/v1/changes", params={"after": told["next"]}))
        assert [item["values"]["workers"] for item in again["items"]] == [80] * 3
        assert await counted(town.database) == (3, 0)

    async def test_of_a_correction_brings_back_what_was_approved_before(self, town: Town) -> None:
        await town.bring("approved")
        before = (await town.held()).approved
        ok(await town.save(rows(workers=70)))
        ok(await town.submit(reason="多报十人"))
        ok(await town.post("registrar", "approval"))
        ok(await town.post("registrar", "take-back", REASON))
        assert (await town.held()).approved == before
        async with town.database.transaction() as session:
            await set_scope(session, [COUNTY])
            held = (await session.scalars(select(Record).execution_options(populate_existing=True))).all()
        assert {one.payload["workers"] for one in held} == {80}

    async def test_wants_a_reason(self, town: Town) -> None:
        await town.bring("in_review")
        answer = await town.post("reporter_east", "take-back", {"reason": " "})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/reason")


class TestReturn:
    async def test_opens_only_the_named_cells_at_every_door(self, town: Town) -> None:
        await town.bring("returned")
        assert await counted(town.database) == (0, 0)
        other = {"rows": [row(FIRST, workers=70), row(SECOND, male=109), row(THIRD, population=201)]}
        refused = await town.save(other)
        assert (refused.status_code, refused.json()["code"]) == (409, "cells_locked")
        assert refused.json()["cells"] == [
            {"division": SECOND, "element": "male"},
            {"division": THIRD, "element": "population"},
        ]
        corrected = {"rows": [row(FIRST, workers="70"), row(SECOND), row(THIRD, workers="80")]}
        ok(await town.save(corrected))
        assert (await town.submit()).json()["code"] == "reason_required"
        receipt = ok(await town.submit(reason="已更正"))
        assert (receipt["reason"], receipt["changed_rows"]) == ("已更正", 1)
        assert await town.state() == "in_review"

    async def test_may_be_answered_with_the_same_value(self, town: Town) -> None:
        await town.bring("returned")
        receipt = ok(await town.submit(reason="情况属实：新厂招工"))
        assert receipt["supersedes"] is not None
        assert await counted(town.database) == (0, 3)

    async def test_without_cells_opens_all(self, town: Town) -> None:
        await town.bring("in_review")
        ok(await town.post("registrar", "return", REASON))
        ok(await town.save(rows(workers=70, male=109, female=91)))

    async def test_names_everything_that_cannot_come_back(self, town: Town) -> None:
        await town.bring("in_review")
        cells = [{"division": "433124103200", "element": "workers"}, {"division": FIRST, "element": "staying"}]
        answer = await town.post("registrar", "return", {**REASON, "cells": cells})
        assert (answer.status_code, answer.json()["code"]) == (422, "return_not_valid")
        assert [item["pointer"] for item in answer.json()["errors"]] == ["/cells/0/division", "/cells/1/element"]

    async def test_taken_back_after_an_answer_it_is_returned_as_before(self, town: Town) -> None:
        await town.bring("returned")
        ok(await town.submit(reason="情况属实"))
        assert ok(await town.post("reporter_east", "take-back", REASON))["state"] == "returned"
        assert (await town.save(rows(male=109))).json()["code"] == "cells_locked"

    async def test_is_not_late_for_having_come_back(self, town: Town) -> None:
        await town.bring("returned")
        due = town.collection.due_at
        with clock.travel(due.replace(year=due.year + 1)):
            held = ok(await town.get("auditor", f"collections/{town.collection.id}"))
        assert held["is_late"] is (clock.now() > due)

    async def test_of_a_final_submission_serves_it_until_corrected(self, database: Database, people: People) -> None:
        town = await create_town(database, people)
        await town.bring("returned")
        assert await counted(database) == (3, 0)
        ok(await town.save({"rows": [row(FIRST, workers=70), row(SECOND), row(THIRD)]}))
        ok(await town.submit(reason="已更正"))
        assert await town.state() == "submitted"


class TestProvisionalValues:
    async def ask(self, town: Town, number: str, **params: Any) -> httpx.Response:
        async with calling(town.database, town.people, "client_poverty_relief", grants=(number,)) as program:
            asked = {"elements": "workers", "period": "2026-10", **params}
            return await program.get("/api/v1/data-values", params=asked)

    async def test_are_absent_and_counted(self, town: Town) -> None:
        number = await grant(town.database, elements=("workers",))
        await town.bring("in_review")
        answer = await self.ask(town, number)
        assert (answer.json()["items"], answer.headers["hub-provisional"]) == ([], "3")
        streamed = await self.ask(town, number, division=FIRST)
        assert streamed.headers["hub-provisional"] == "1"
        ok(await town.post("registrar", "approval"))
        after = await self.ask(town, number)
        assert (len(after.json()["items"]), after.headers["hub-provisional"]) == (3, "0")
        assert "provisional" not in after.text

    async def test_want_a_grant_that_says_so(self, town: Town) -> None:
        number = await grant(town.database, elements=("workers",))
        await town.bring("in_review")
        answer = await self.ask(town, number, provisional=True)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "provisional_not_granted")
        assert number in answer.json()["errors"][0]["message"]

    async def test_are_marked(self, town: Town) -> None:
        number = await grant(town.database, elements=("workers",), includes_provisional=True)
        await town.bring("in_review")
        assert ok(await self.ask(town, number))["items"] == []
        first = ok(await self.ask(town, number, provisional=True, limit=2))
        rest = ok(await self.ask(town, number, provisional=True, limit=2, after=first["next"]))
        items = [*first["items"], *rest["items"]]
        assert [(item["division"], item["values"], item["provisional"]) for item in items] == [
            (village, {"workers": 80}, True) for village in VILLAGES[EAST]
        ]

    async def test_are_the_townships_own_to_read(self, town: Town) -> None:
        await town.bring("in_review")
        answer = await town.get("reporter_east", "data-values", elements="workers", period="2026-10", provisional=True)
        assert len(ok(answer)["items"]) == 3
        other = await town.get("reporter_west", "data-values", elements="workers", period="2026-10", provisional=True)
        assert ok(other)["items"] == []

    @pytest.mark.parametrize(("params", "status"), [({"as_of": "2026-11-01"}, 422), ({}, 406)])
    async def test_have_no_past_and_no_table(self, town: Town, params: dict[str, str], status: int) -> None:
        number = await grant(town.database, elements=("workers",), includes_provisional=True)
        async with calling(town.database, town.people, "client_poverty_relief", grants=(number,)) as program:
            asked = {"elements": "workers", "period": "2026-10", "provisional": "true", **params}
            media_type = "text/csv" if status == 406 else "application/json"
            answer = await program.get("/api/v1/data-values", params=asked, headers={"accept": media_type})
        assert answer.status_code == status

    async def test_a_readers_tag_ends_with_every_step(self, town: Town) -> None:
        number = await grant(town.database, elements=("workers",), includes_provisional=True)
        await town.bring("in_review")
        seen = {(await self.ask(town, number, provisional=True)).headers["etag"]}
        ok(await town.post("registrar", "return", REASON))
        seen.add((await self.ask(town, number, provisional=True)).headers["etag"])
        assert len(seen) == 2


DAYS = {"opens_on": date(2026, 10, 1), "due_on": date(2026, 10, 9), "closes_on": date(2026, 10, 20)}


class TestLocks:
    AFTER = datetime(2026, 10, 25, tzinfo=UTC)

    async def test_each_lock_has_its_own_sentence(self, database: Database, people: People) -> None:
        town = await create_town(database, people, review=True, **DAYS)
        ok(await town.save(rows()))
        told = []
        with clock.travel(datetime(2026, 9, 30, tzinfo=UTC)):
            told.append(await town.submit())
        with clock.travel(self.AFTER):
            told.append(await town.submit())
        with clock.travel(datetime(2026, 10, 5, tzinfo=UTC)):
            ok(await town.submit())
            told.append(await town.submit())
            ok(await town.post("registrar", "return", {**REASON, "cells": CELLS}))
            told.append(await town.save(rows(male=100)))
        codes = [answer.json()["code"] for answer in told]
        assert codes == ["collection_not_open", "collection_closed", "collection_in_review", "cells_locked"]
        assert len({answer.json()["detail"] for answer in told}) == 4

    async def test_an_exception_opens_one_township_and_closes_by_itself(
        self, database: Database, people: People
    ) -> None:
        town = await create_town(database, people, **DAYS)
        ok(await town.save(rows()))
        with clock.travel(self.AFTER):
            granted = ok(await town.post("registrar", "lock-exceptions", {"reason": "洪水", "until": "2026-10-27"}))
            states = ok(await town.get("registrar", "collections", state="open"))["items"]
            assert [task["township"] for task in states] == [EAST]
            assert await town.state() == "open"
        with clock.travel(datetime(2026, 10, 28, tzinfo=UTC)):
            assert await town.state() == "closed"
            assert (await town.submit()).json()["code"] == "collection_closed"
        with clock.travel(self.AFTER):
            ended = ok(await town.post("registrar_two", f"lock-exceptions/{granted['id']}/end"))
            assert ended["ended_by"] == "registrar_two"
            assert await town.state() == "closed"
            listed = ok(await town.get("reporter_east", f"collections/{town.collection.id}/lock-exceptions"))["items"]
            assert [(one["reason"], one["granted_by"]) for one in listed] == [("洪水", "registrar")]

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"reason": "x", "until": "2020-01-01"}, "date_in_the_past"),
            ({"reason": "x", "until": "2099-01-01"}, "not_locked"),
        ],
    )
    async def test_an_exception_makes_sense(
        self, database: Database, people: People, body: dict[str, str], code: str
    ) -> None:
        town = await create_town(database, people)
        answer = await town.post("registrar", "lock-exceptions", body)
        assert answer.status_code == 422
        assert code in [item["code"] for item in answer.json()["errors"]]


class TestSignOff:
    @pytest.fixture
    async def town(self, database: Database, people: People) -> Town:
        return await create_town(database, people)

    async def test_is_checked_when_it_is_sent(self, town: Town) -> None:
        await town.sign_off()
        ok(await town.save(rows(male=1)))
        answer = await town.post("reporter_east", "sign-off-request")
        assert (answer.status_code, answer.json()["code"]) == (422, "draft_not_valid")
        assert answer.json()["findings"]
        assert await town.state() == "open"

    async def test_names_both_on_the_receipt(self, town: Town) -> None:
        await town.bring("awaiting_sign_off")
        receipt = ok(await town.post("leader_east", "sign-off"))
        assert (receipt["submitted_by"], receipt["signed_by"], receipt["door"]) == (
            "reporter_east",
            "leader_east",
            "api",
        )

    async def test_nobody_signs_what_they_sent(self, town: Town) -> None:
        await town.sign_off()
        ok(await town.save(rows()))
        ok(await town.post("clerk_who_signs", "sign-off-request"))
        answer = await town.post("clerk_who_signs", "sign-off")
        assert (answer.status_code, answer.json()["code"]) == (403, "own_sign_off")
        ok(await town.post("leader_east", "sign-off"))

    async def test_a_plain_submission_is_told_where_to_go(self, town: Town) -> None:
        await town.sign_off()
        ok(await town.save(rows()))
        assert (await town.submit()).json()["code"] == "sign_off_required"
        await town.sign_off(wanted=False)
        ok(await town.submit())

    async def test_a_township_without_a_leader_cannot_want_one(self, town: Town) -> None:
        async with calling(town.database, town.people, "registrar") as client:
            answer = await client.put("/api/v1/townships/433124103/workflow", json={"wants_sign_off": True})
            strange = await client.put(f"/api/v1/townships/{FIRST}/workflow", json={"wants_sign_off": True})
        assert (answer.status_code, answer.json()["code"]) == (409, "nobody_signs")
        assert strange.status_code == 404

    async def test_the_next_period_is_opened_the_same_way(self, town: Town) -> None:
        await town.sign_off()
        async with calling(town.database, town.people, "registrar") as client:
            opened = ok(await client.post("/api/v1/collections", json={"form": "village-month", "period": "2026-09"}))
        assert {task["township"]: task["wants_sign_off"] for task in opened["items"]} == {
            EAST: True,
            "433124103": False,
        }


async def test_the_databases_own_wall_knows_provisional_values(database: Database, people: People) -> None:
    """The application asks for what it did not narrow: the functions of migration 0016 give nothing."""
    town = await create_town(database, people, review=True)
    await town.bring("in_review")
    query = ValueQuery("village", (Period.parse("2026-10"),), ("workers",), provisional=True)
    counted = []
    for includes in (False, True):
        scope = ReadScope((ScopeBox(None, frozenset({COUNTY}), includes_provisional=includes),))
        async with database.transaction() as session:
            counted.append((await store.select_text(session, scope, query, "json", after=None, limit=10)).rows)
    assert counted == [0, 3]
