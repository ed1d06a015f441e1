from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from hub.audit.models import AuditEventRow
from hub.capture.checksum import submission_checksum
from hub.capture.models import Collection, Submission
from hub.kit import clock, json
from hub.kit.db import Database, set_scope
from hub.kit.json import Written
from hub.registry.models import RuleVersion
from hub.store.models import AreaClock, Record, RecordRevision
from tests.capture.factories import PREVIOUS, create_collection, create_published_form, row, rows, save, submit
from tests.forms.factories import create_rule
from tests.people import COUNTY, EAST, VILLAGES, People

FIRST, SECOND, THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


async def stored(database: Database) -> tuple[list[Submission], list[Record], list[RecordRevision]]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return (
            list(await session.scalars(select(Submission).order_by(Submission.number))),
            list(await session.scalars(select(Record).order_by(Record.division))),
            list(await session.scalars(select(RecordRevision).order_by(RecordRevision.seq))),
        )


async def warned(client: httpx.AsyncClient, database: Database, people: People, collection: Collection) -> None:
    """A draft with one warning in the first village: ten times last month's workers."""
    before = await create_collection(database, people, period=PREVIOUS)
    await save(client, before, rows(workers=10))
    assert (await submit(client, before)).status_code == 201
    await save(client, collection, {"rows": [row(FIRST, workers=100), *(row(v, workers=10) for v in (SECOND, THIRD))]})


CONFIRMATION = {"code": "rule-violated", "division": FIRST, "element": "workers", "reason": "新厂在当地招工"}


class TestSubmitDraft:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await submit(client, collection)).status_code == 401

    @pytest.mark.subject("registrar")
    async def test_refuses_the_authority(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await submit(client, collection)).status_code == 403

    @pytest.mark.subject("reporter_west")
    async def test_hides_another_townships(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await submit(client, collection)).status_code == 404

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize("body", [{"reason": 5}, {"confirm_warnings": [{"code": "x"}]}, {"force": True}, []])
    async def test_refuses_wrong_content(self, client: httpx.AsyncClient, collection: Collection, body: Any) -> None:
        answer = await client.post(f"/api/v1/collections/{collection.id}/submission", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"]

    @pytest.mark.subject("reporter_east")
    async def test_makes_the_draft_the_record(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        body = rows(workers="８０", income="1.50")
        body["rows"][2] = {**row(THIRD), "missing": {"workers": "not_yet_known"}}
        del body["rows"][2]["values"]["workers"]
        await save(client, collection, body)
        answer = await submit(client, collection)
        assert answer.status_code == 201, answer.text
        receipt = answer.json()
        assert receipt["number"] == f"{COUNTY}-0000000001"
        assert answer.headers["location"] == f"/api/v1/submissions/{receipt['number']}"
        assert (receipt["collection"], receipt["supersedes"], receipt["door"]) == (str(collection.id), None, "api")
        ((submission,), records, revisions) = await stored(database)
        assert [(record.division, record.revision) for record in records] == [(v, 1) for v in VILLAGES[EAST]]
        assert records[0].payload["workers"] == 80
        assert str(records[0].payload["income"]) == "1.5"
        assert records[0].payload["staying"] == 120
        assert records[2].missing == {"workers": "not_yet_known"}
        assert "staying" not in records[2].payload
        assert set(records[0].versions.values()) == {1}
        assert set(records[0].versions) >= {"population", "workers", "staying"}
        assert [(revision.kind, revision.door, revision.actor) for revision in revisions] == [
            ("value", "api", "reporter_east")
        ] * 3
        assert submission.content[0] == {
            "division": FIRST,
            "values": {
                "population": 200,
                "male": 110,
                "female": 90,
                "workers": 80,
                "income": records[0].payload["income"],
            },
            "missing": {},
            "derived": {"staying": 120},
        }
        spelled = Written(json.canonical(submission.content))
        expected = submission_checksum(submission.number, collection.id, submission.submitted_at, spelled)
        assert receipt["checksum"] == expected
        async with database.transaction() as session:
            (event,) = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "submission.record"))
        assert event.object_id == receipt["number"]
        assert event.details == {
            "collection": str(collection.id),
            "township": EAST,
            "rows": 3,
            "changed_rows": 3,
            "warnings": 0,
            "supersedes": None,
        }
        task = (await client.get(f"/api/v1/collections/{collection.id}")).json()
        assert (task["state"], task["submission"]) == ("submitted", receipt["number"])

    @pytest.mark.subject("reporter_east")
    async def test_refuses_when_the_draft_has_errors_and_stores_nothing(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows(male=1, workers="many"))
        findings = (await client.post(f"/api/v1/collections/{collection.id}/validation")).json()["findings"]
        answer = await submit(client, collection)
        assert (answer.status_code, answer.json()["code"]) == (422, "draft_not_valid")
        assert answer.json()["findings"] == findings
        assert await stored(database) == ([], [], [])
        draft = (await client.get(f"/api/v1/collections/{collection.id}/draft")).json()
        assert draft["rows"][0]["values"]["workers"] == "many"
        async with database.transaction() as session:
            assert await session.get(AreaClock, COUNTY) is None

    @pytest.mark.subject("reporter_east")
    async def test_a_warning_wants_a_reason_which_is_kept(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        await warned(client, database, people, collection)
        for confirmations in ([], [{**CONFIRMATION, "reason": " "}], [{**CONFIRMATION, "division": SECOND}]):
            answer = await submit(client, collection, confirm_warnings=confirmations)
            assert (answer.status_code, answer.json()["code"]) == (422, "draft_not_valid")
            assert [found["severity"] for found in answer.json()["findings"]] == ["warning"]
        receipt = (await submit(client, collection, confirm_warnings=[CONFIRMATION])).json()
        (kept,) = receipt["warnings"]
        assert (kept["rule"], kept["rule_version"], kept["reason"]) == ("workers_jump", 1, "新厂在当地招工")
        headers = await people.authorization("registrar")
        seen = await client.get(f"/api/v1/submissions/{receipt['number']}", headers=headers)
        assert seen.json()["warnings"] == [kept]

    @pytest.mark.subject("reporter_east")
    async def test_does_not_ask_again_for_a_reason_that_still_holds(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        await warned(client, database, people, collection)
        assert (await submit(client, collection, confirm_warnings=[CONFIRMATION])).status_code == 201
        corrected = {"rows": [row(FIRST, workers=100), row(SECOND, workers=11), row(THIRD, workers=10)]}
        await save(client, collection, corrected)
        answer = await submit(client, collection, reason="漏报一人")
        assert answer.status_code == 201, answer.text
        assert [warning["reason"] for warning in answer.json()["warnings"]] == ["新厂在当地招工"]
        corrected["rows"][0]["values"]["workers"] = 101
        await save(client, collection, corrected)
        assert (await submit(client, collection, reason="再核")).json()["code"] == "draft_not_valid"

    @pytest.mark.subject("reporter_east")
    async def test_a_correction_supersedes_and_keeps_what_was(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        first = (await submit(client, collection)).json()
        corrected = rows()
        corrected["rows"][1]["values"]["workers"] = 100
        await save(client, collection, corrected)
        refused = await submit(client, collection)
        assert (refused.status_code, refused.json()["code"]) == (422, "reason_required")
        assert refused.json()["errors"][0]["pointer"] == "/reason"
        answer = await submit(client, collection, reason="漏报二十人")
        assert answer.status_code == 201
        receipt = answer.json()
        assert (receipt["supersedes"], receipt["changed_rows"], receipt["reason"]) == (first["number"], 1, "漏报二十人")
        (submissions, records, revisions) = await stored(database)
        assert [submission.number for submission in submissions] == [first["number"], receipt["number"]]
        assert [record.revision for record in records] == [1, 2, 1]
        assert [(one.division, one.kind, one.changed) for one in revisions[3:]] == [
            (SECOND, "correction", ["staying", "workers"])
        ]
        assert revisions[1].payload["workers"] == 80
        old = (await client.get(f"/api/v1/submissions/{first['number']}")).json()
        assert old == first

    @pytest.mark.subject("reporter_east")
    async def test_refuses_a_correction_that_corrects_nothing(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        await submit(client, collection)
        again = await submit(client, collection, reason="再交一次")
        assert (again.status_code, again.json()["code"]) == (409, "nothing_changed")
        await save(client, collection, rows(workers="８０"))
        same = await submit(client, collection, reason="写法不同")
        assert (same.status_code, same.json()["code"]) == (409, "nothing_changed")

    @pytest.mark.subject("reporter_east")
    async def test_a_withdrawn_value_is_a_new_revision(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows(income=5))
        await submit(client, collection)
        withdrawn = rows(income=5)
        del withdrawn["rows"][0]["values"]["income"]
        withdrawn["rows"][0]["missing"] = {"income": "refused"}
        await save(client, collection, withdrawn)
        assert (await submit(client, collection, reason="账目有争议")).status_code == 201
        (_submissions, records, revisions) = await stored(database)
        assert records[0].missing == {"income": "refused"}
        assert (revisions[-1].kind, revisions[-1].changed) == ("withdrawal", ["income"])

    @pytest.mark.subject("reporter_east")
    async def test_refuses_before_opening_and_after_closing_but_takes_corrections(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        days = {"opens_on": date(2026, 10, 1), "due_on": date(2026, 10, 9), "closes_on": date(2026, 10, 20)}
        task = await create_collection(database, people, period="2026-07", **days)
        with clock.travel(datetime(2026, 9, 30, 15, 59, tzinfo=UTC)):
            assert (await save(client, task, rows())).status_code == 200
            early = await submit(client, task)
        assert (early.status_code, early.json()["code"]) == (409, "collection_not_open")
        with clock.travel(datetime(2026, 10, 20, 16, 0, tzinfo=UTC)):
            late = await submit(client, task)
        assert (late.status_code, late.json()["code"]) == (409, "collection_closed")
        assert "2026-10-20 23:59" in late.json()["detail"]
        with clock.travel(datetime(2026, 10, 20, 15, 59, tzinfo=UTC)):
            assert (await submit(client, task)).status_code == 201
        with clock.travel(datetime(2027, 3, 1, tzinfo=UTC)):
            client.headers.update(await people.authorization("reporter_east"))
            assert (await save(client, task, rows(workers=81))).status_code == 200
            assert (await submit(client, task, reason="核实")).status_code == 201
            shown = (await client.get(f"/api/v1/collections/{task.id}")).json()
        assert (shown["state"], shown["is_late"]) == ("submitted", True)

    @pytest.mark.subject("reporter_east")
    async def test_repeats_its_answer_to_the_same_key(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        url, headers = f"/api/v1/collections/{collection.id}/submission", {"Idempotency-Key": "submit-once"}
        first = await client.post(url, json={}, headers=headers)
        again = await client.post(url, json={}, headers=headers)
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        other = await client.post(url, json={"reason": "别的"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
        (submissions, _records, revisions) = await stored(database)
        assert (len(submissions), len(revisions)) == (1, 3)

    @pytest.mark.subject("reporter_east")
    async def test_is_judged_by_the_rules_it_was_opened_with(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        async with database.transaction() as session:
            old = await session.get(RuleVersion, ("workers_within", 1))
            assert old is not None
            old.registration_status = "superseded"
            await create_rule(
                session,
                "workers_within",
                "workers <= 10",
                version=2,
                element="workers",
                elements=["workers"],
            )
        headers = await people.authorization("registrar")
        published = await client.post("/api/v1/forms/village-month/publication", headers=headers)
        assert published.json()["version"] == 2
        later = await create_collection(database, people, period="2026-11", due_on=date(2030, 1, 1))
        for task, status in ((collection, 201), (later, 422)):
            await save(client, task, rows())
            assert (await submit(client, task)).status_code == status


class TestGetSubmission:
    @pytest.fixture
    async def receipt(self, client: httpx.AsyncClient, people: People, collection: Collection) -> dict[str, Any]:
        client.headers.update(await people.authorization("reporter_east"))
        await save(client, collection, rows())
        answer = await submit(client, collection)
        del client.headers["Authorization"]
        document: dict[str, Any] = answer.json()
        return document

    @pytest.mark.parametrize(
        ("name", "status"),
        [
            ("reporter_east", 200),
            ("registrar", 200),
            ("auditor", 200),
            ("reporter_west", 404),
            ("client_civil_affairs", 403),
            ("steward_civil_affairs", 403),
        ],
    )
    async def test_is_for_whom_it_concerns(
        self, client: httpx.AsyncClient, people: People, receipt: dict[str, Any], name: str, status: int
    ) -> None:
        headers = await people.authorization(name)
        answer = await client.get(f"/api/v1/submissions/{receipt['number']}", headers=headers)
        assert answer.status_code == status
        if status == 200:
            assert answer.json() == receipt

    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, receipt: dict[str, Any]) -> None:
        assert (await client.get(f"/api/v1/submissions/{receipt['number']}")).status_code == 401

    @pytest.mark.subject("registrar")
    @pytest.mark.parametrize("number", ["433124-0000000099", "x", "999999-0000000001"])
    async def test_unknown_numbers_are_not_there(self, client: httpx.AsyncClient, number: str) -> None:
        assert (await client.get(f"/api/v1/submissions/{number}")).status_code == 404


class TestHistory:
    @pytest.fixture
    async def corrected(self, client: httpx.AsyncClient, people: People, collection: Collection) -> UUID:
        client.headers.update(await people.authorization("reporter_east"))
        await save(client, collection, rows())
        assert (await submit(client, collection)).status_code == 201
        body = rows()
        body["rows"][0]["values"]["workers"] = 100
        await save(client, collection, body)
        assert (await submit(client, collection, reason="漏报二十人")).status_code == 201
        del client.headers["Authorization"]
        return collection.id

    @pytest.mark.parametrize("name", ["reporter_east", "registrar"])
    async def test_shows_old_and_new_with_the_reason(
        self, client: httpx.AsyncClient, people: People, corrected: UUID, name: str
    ) -> None:
        answer = await client.get(
            f"/api/v1/collections/{corrected}/history",
            params={"division": FIRST, "element": "workers"},
            headers=await people.authorization(name),
        )
        assert answer.status_code == 200, answer.text
        lines = answer.json()["items"]
        assert [(one["old"], one["new"], one["reason"], one["door"], one["by"], one["revision"]) for one in lines] == [
            (None, 80, None, "api", "reporter_east", 1),
            (80, 100, "漏报二十人", "api", "reporter_east", 2),
        ]
        assert {one["division"] for one in lines} == {FIRST}

    async def test_leaves_a_trace_when_the_authority_reads_it(
        self, client: httpx.AsyncClient, database: Database, people: People, corrected: UUID
    ) -> None:
        path = f"/api/v1/collections/{corrected}/history"
        await client.get(path, headers=await people.authorization("reporter_east"))
        await client.get(path, params={"element": "workers"}, headers=await people.authorization("registrar"))
        async with database.transaction() as session:
            events = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "data_values.read"))
            (event,) = events
        assert (event.actor_name, event.purpose) == ("registrar", "supervision")
        assert event.details == {"township": EAST, "elements": ["workers"]}

    @pytest.mark.parametrize(
        ("name", "status"), [("reporter_west", 404), ("auditor", 403), ("client_civil_affairs", 403)]
    )
    async def test_is_for_whom_it_concerns(
        self, client: httpx.AsyncClient, people: People, corrected: UUID, name: str, status: int
    ) -> None:
        headers = await people.authorization(name)
        assert (await client.get(f"/api/v1/collections/{corrected}/history", headers=headers)).status_code == status

    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, corrected: UUID) -> None:
        assert (await client.get(f"/api/v1/collections/{corrected}/history")).status_code == 401

    @pytest.mark.parametrize("params", [{"division": "433124103200"}, {"division": "9"}, {"element": "no_such"}])
    async def test_what_is_not_on_the_form_has_no_history(
        self, client: httpx.AsyncClient, people: People, corrected: UUID, params: dict[str, str]
    ) -> None:
        headers = await people.authorization("reporter_east")
        answer = await client.get(f"/api/v1/collections/{corrected}/history", params=params, headers=headers)
        assert answer.json() == {"items": [], "next": None}


async def test_row_level_security_hides_submissions_without_a_scope(
    client: httpx.AsyncClient, database: Database, people: People, collection: Collection
) -> None:
    client.headers.update(await people.authorization("reporter_east"))
    await save(client, collection, rows())
    assert (await submit(client, collection)).status_code == 201
    async with database.transaction() as session:
        await set_scope(session, [])
        assert await session.scalar(select(func.count()).select_from(Submission)) == 0
