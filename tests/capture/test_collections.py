from datetime import UTC, date, datetime
from types import MappingProxyType
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection
from hub.geography.models import Division
from hub.kit import clock
from hub.kit.db import Database
from tests.capture.factories import FORM, PERIOD, create_collection, create_published_form, rows, save, submit
from tests.people import COUNTY, EAST, WEST, People

NOVEMBER = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def _form(database: Database, people: People) -> None:
    await create_published_form(database, people)


class TestOpenPeriod:
    path = "/api/v1/collections"
    body = MappingProxyType({"form": FORM, "period": PERIOD, "due_on": "2026-11-09", "closes_on": "2026-11-20"})

    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(self.path, json=dict(self.body))).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_refuses_a_township(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(self.path, json=dict(self.body))).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_opens_one_collection_for_each_township(self, client: httpx.AsyncClient, database: Database) -> None:
        with clock.travel(NOVEMBER):
            answer = await client.post(self.path, json=dict(self.body))
        assert answer.status_code == 201, answer.text
        document = answer.json()
        assert document["warnings"] == []
        assert [item["township"] for item in document["items"]] == [EAST, WEST]
        (item, _other) = document["items"]
        assert {**item, "id": None} == {
            "id": None,
            "form": FORM,
            "form_version": 1,
            "object_class": "village",
            "township": EAST,
            "township_name": "龙潭镇",
            "period": PERIOD,
            "state": "open",
            "opens_on": "2026-11-02",
            "due_at": "2026-11-09T15:59:59.999999Z",
            "closes_at": "2026-11-20T15:59:59.999999Z",
            "excepted_until": None,
            "is_late": False,
            "wants_sign_off": False,
            "wants_review": False,
            "submission": None,
            "approved": None,
        }
        async with database.transaction() as session:
            assert len((await session.scalars(select(Collection).where(Collection.area == COUNTY))).all()) == 2
            (event,) = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "collection.open"))
        assert event.object_id == f"{FORM}/{PERIOD}"
        assert event.details == {"form_version": 1, "townships": [EAST, WEST], "review": False}

    @pytest.mark.subject("registrar")
    async def test_counts_the_due_day_and_tells_of_an_unknown_year(self, client: httpx.AsyncClient) -> None:
        with clock.travel(NOVEMBER):
            answer = await client.post(self.path, json={"form": FORM, "period": PERIOD})
        document = answer.json()
        # 1 November 2026 is a Sunday; nobody has entered the year's holidays, so weekdays count.
        assert document["items"][0]["due_at"] == "2026-11-06T15:59:59.999999Z"
        assert [(warning["code"], warning["year"]) for warning in document["warnings"]] == [
            ("calendar_year_unknown", 2026)
        ]
        assert document["items"][0]["closes_at"] is None

    @pytest.mark.subject("registrar")
    async def test_refuses_what_is_open_already(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(self.path, json=dict(self.body))).status_code == 201
        again = await client.post(self.path, json=dict(self.body))
        assert (again.status_code, again.json()["code"]) == (409, "collection_exists")

    @pytest.mark.subject("registrar")
    async def test_gives_the_same_answer_to_the_same_key(self, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "october"}
        first = await client.post(self.path, json=dict(self.body), headers=headers)
        assert (await client.post(self.path, json=dict(self.body), headers=headers)).json() == first.json()
        other = await client.post(self.path, json={**self.body, "period": "2026-09"}, headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")

    @pytest.mark.subject("registrar")
    async def test_adds_a_township_that_came_later(self, client: httpx.AsyncClient, database: Database) -> None:
        await client.post(self.path, json=dict(self.body))
        new = "433124120"
        async with database.transaction() as session:
            session.add(
                Division(
                    code=new,
                    name="新镇",
                    level="township",
                    parent_code=COUNTY,
                    lineage=["43", "4331", COUNTY, new],
                    code_system="NBS",
                    code_year=2023,
                )
            )
        answer = await client.post(self.path, json=dict(self.body))
        assert [item["township"] for item in answer.json()["items"]] == [new]

    @pytest.mark.subject("registrar")
    async def test_leaves_out_a_township_that_is_no_more(self, client: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            west = await session.get(Division, WEST)
            assert west is not None
            west.closed_on, west.successor_code = date(2026, 10, 15), EAST
        answer = await client.post(self.path, json=dict(self.body))
        assert [item["township"] for item in answer.json()["items"]] == [EAST]

    @pytest.mark.subject("registrar")
    @pytest.mark.parametrize(
        ("change", "places"),
        [
            ({"form": "no-form"}, {("/form", "form_unknown")}),
            ({"period": "2026-13"}, {("/period", "period_not_valid")}),
            ({"period": "2026-Q4"}, {("/period", "period_wrong_type")}),
            ({"form": "no-form", "period": "x"}, {("/form", "form_unknown"), ("/period", "period_not_valid")}),
            ({"opens_on": "2026-11-10"}, {("/due_on", "due_before_opening")}),
            ({"closes_on": "2026-11-01"}, {("/closes_on", "closes_before_due")}),
            ({"due_on": "tomorrow"}, {("/due_on", "date_type")}),
            ({"period": 202610}, {("/period", "string_type")}),
            ({"perod": "2026-10"}, {("/perod", "extra_forbidden")}),
        ],
    )
    async def test_refuses_wrong_content(
        self, client: httpx.AsyncClient, change: dict[str, object], places: set[tuple[str, str]]
    ) -> None:
        with clock.travel(NOVEMBER):
            answer = await client.post(self.path, json={**self.body, **change})
        assert answer.status_code == 422, answer.text
        assert places <= {(item["pointer"], item["code"]) for item in answer.json()["errors"]}


class TestListCollections:
    path = "/api/v1/collections"

    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(self.path)).status_code == 401

    @pytest.mark.subject("client_civil_affairs")
    async def test_refuses_a_department(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(self.path)).status_code == 403

    @pytest.mark.subject("reporter_east")
    async def test_shows_a_township_its_own(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        mine = await create_collection(database, people)
        others = await create_collection_of_west(database)
        assert [item["id"] for item in (await client.get(self.path)).json()["items"]] == [str(mine.id)]
        assert (await client.get(self.path, params={"township": WEST})).json()["items"] == []
        assert (await client.get(f"{self.path}/{mine.id}")).json()["township"] == EAST
        assert (await client.get(f"{self.path}/{others.id}")).status_code == 404
        assert (await client.get(f"{self.path}/{uuid4()}")).status_code == 404

    @pytest.mark.parametrize("name", ["registrar", "auditor"])
    async def test_shows_the_authority_and_inspectors_all(
        self, client: httpx.AsyncClient, database: Database, people: People, name: str
    ) -> None:
        await create_collection(database, people)
        headers = await people.authorization(name)
        items = (await client.get(self.path, headers=headers)).json()["items"]
        assert {item["township"] for item in items} == {EAST, WEST}

    @pytest.mark.subject("registrar")
    async def test_pages_without_missing_or_repeating(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        for month in ("2026-08", "2026-09", "2026-10"):
            await create_collection(database, people, period=month)
        seen, after = [], None
        while True:
            page = (await client.get(self.path, params={"limit": 2, **({"after": after} if after else {})})).json()
            seen += [(item["period"], item["township"]) for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert seen == [(month, code) for month in ("2026-10", "2026-09", "2026-08") for code in (EAST, WEST)]

    async def test_the_filter_by_state_agrees_with_the_state_shown(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        registrar, reporter = await people.authorization("registrar"), await people.authorization("reporter_east")
        with clock.travel(NOVEMBER):
            closed = {"opens_on": date(2026, 10, 1), "due_on": date(2026, 10, 9), "closes_on": date(2026, 10, 9)}
            await create_collection(database, people, period="2026-08", **closed)
            await create_collection(
                database, people, period="2026-09", opens_on=date(2026, 11, 3), due_on=date(2026, 12, 1)
            )
            collection = await create_collection(database, people, period="2026-10")
            client.headers.update(reporter)
            assert (await save(client, collection, rows())).status_code == 200
            assert (await submit(client, collection)).status_code == 201
            client.headers.update(registrar)
            shown = {
                (item["period"], item["township"]): item["state"]
                for item in (await client.get(self.path)).json()["items"]
            }
            assert set(shown.values()) == {"open", "submitted", "closed"}
            for state in ("open", "submitted", "closed"):
                items = (await client.get(self.path, params={"state": state})).json()["items"]
                assert {(item["period"], item["township"]) for item in items} == {
                    key for key, value in shown.items() if value == state
                }

    @pytest.mark.subject("registrar")
    @pytest.mark.parametrize("params", [{"state": "lost"}, {"period": "2026-13"}, {"limit": 0}, {"after": "x"}])
    async def test_refuses_wrong_filters(self, client: httpx.AsyncClient, params: dict[str, object]) -> None:
        answer = await client.get(self.path, params=params)
        assert answer.status_code == 422
        (name,) = params
        assert answer.json()["errors"][0]["pointer"] == f"query:/{name}"


async def create_collection_of_west(database: Database) -> Collection:
    async with database.transaction() as session:
        return (await session.scalars(select(Collection).where(Collection.township == WEST))).one()
