import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection
from hub.kit.db import Database
from tests.capture.factories import PREVIOUS, create_collection, create_published_form, row, rows, save, submit
from tests.people import EAST, VILLAGES, WEST, People

FIRST, SECOND, THIRD = VILLAGES[EAST]


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


async def check(client: httpx.AsyncClient, collection: Collection, **headers: str) -> httpx.Response:
    return await client.post(f"/api/v1/collections/{collection.id}/validation", headers=headers)


class TestCheckDraft:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await check(client, collection)).status_code == 401

    @pytest.mark.subject("registrar")
    async def test_refuses_the_authority(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await check(client, collection)).status_code == 403

    @pytest.mark.subject("reporter_west")
    async def test_hides_another_townships(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await check(client, collection)).status_code == 404

    @pytest.mark.subject("reporter_east")
    async def test_accepts_a_good_form(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())
        answer = await check(client, collection)
        assert (answer.status_code, answer.json()) == (200, {"valid": True, "findings": []})

    @pytest.mark.subject("reporter_east")
    async def test_nothing_typed_is_a_missing_row_for_each_village(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        document = (await check(client, collection)).json()
        assert document["valid"] is False
        assert [(finding["code"], finding["division"]) for finding in document["findings"]] == [
            ("row-missing", village) for village in VILLAGES[EAST]
        ]

    @pytest.mark.subject("reporter_east")
    async def test_tells_every_fault_at_once_with_its_place(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        body = {
            "rows": [
                row(FIRST, population="abc", workers=-4),
                row(SECOND, male=100, no_such=1, staying=3),
                row(THIRD, income="1.234", surveyed_on="31/02/2026"),
                row(THIRD),
                row(VILLAGES[WEST][0]),
                row("999999999999"),
            ]
        }
        await save(client, collection, body)
        document = (await check(client, collection)).json()
        assert document["valid"] is False
        places = {(found["code"], found["division"], found["element"]) for found in document["findings"]}
        assert places == {
            ("value-not-integer", FIRST, "population"),
            ("value-out-of-range", FIRST, "workers"),
            ("rule-violated", SECOND, "population"),
            ("element-unknown", SECOND, "no_such"),
            ("element-not-captured", SECOND, "staying"),
            ("value-too-precise", THIRD, "income"),
            ("value-not-date", THIRD, "surveyed_on"),
            ("row-duplicate", THIRD, None),
            ("division-not-in-task", VILLAGES[WEST][0], None),
            ("division-unknown", "999999999999", None),
        }
        (rule,) = [found for found in document["findings"] if found["code"] == "rule-violated"]
        assert {**rule, "message": ""} == {
            "severity": "error",
            "code": "rule-violated",
            "division": SECOND,
            "element": "population",
            "elements": ["male", "female", "population"],
            "rule": "sexes_add_up",
            "value": 200,
            "message": "",
        }
        assert "第2村民委员会" in rule["message"]

    @pytest.mark.subject("reporter_east")
    async def test_accepts_full_width_digits_and_thousands_separators(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows(population="１，２００", male="1,110", female=" ９０ "))
        assert (await check(client, collection)).json() == {"valid": True, "findings": []}

    @pytest.mark.subject("reporter_east")
    async def test_speaks_the_callers_language(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows(male=1))
        chinese, english = await check(client, collection), await check(client, collection, **{"Accept-Language": "en"})
        assert "sexes_add_up不成立" in chinese.json()["findings"][0]["message"]
        assert "sexes_add_up does not hold" in english.json()["findings"][0]["message"]

    @pytest.mark.subject("reporter_east")
    async def test_four_answers_that_are_no_number(self, client: httpx.AsyncClient, collection: Collection) -> None:
        body = rows(workers=0)
        for reason, line in zip(("none", "not_applicable", "not_yet_known"), body["rows"], strict=True):
            del line["values"]["workers"]
            line["missing"] = {"workers": reason}
        body["rows"][0] = row(FIRST, workers=0)
        await save(client, collection, body)
        assert (await check(client, collection)).json() == {"valid": True, "findings": []}
        body["rows"][1]["values"]["workers"] = 3
        body["rows"][2]["missing"]["workers"] = "busy"
        await save(client, collection, body)
        findings = (await check(client, collection)).json()["findings"]
        assert [found["code"] for found in findings] == ["value-and-missing", "missing-reason-unknown"]

    @pytest.mark.subject("reporter_east")
    async def test_compares_with_the_preceding_period(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        before = await create_collection(database, people, period=PREVIOUS)
        await save(client, before, rows(workers=10))
        assert (await submit(client, before)).status_code == 201
        await save(client, collection, rows(workers=100))
        document = (await check(client, collection)).json()
        assert document["valid"] is True
        assert {(found["severity"], found["rule"]) for found in document["findings"]} == {("warning", "workers_jump")}
        assert all("10" in found["message"] and "100" in found["message"] for found in document["findings"])

    @pytest.mark.subject("reporter_east")
    async def test_changes_nothing(self, client: httpx.AsyncClient, database: Database, collection: Collection) -> None:
        await save(client, collection, rows())
        await check(client, collection)
        async with database.transaction() as session:
            actions = set(await session.scalars(select(AuditEventRow.action)))
        assert actions == {"form.publish", "collection.open", "draft.save"}
