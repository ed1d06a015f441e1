from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.forms import service
from hub.forms.models import FormItem, FormRule
from hub.kit.db import Database
from hub.registry.models import DataElementVersion
from tests.forms.factories import create_element, create_rule, create_village_month
from tests.people import EAST, VILLAGES, People

FORM = "/api/v1/forms/village-month"
ORDER = ["population", "male", "female", "staying", "workers", "pensioners", "income", "surveyed_on"]


@pytest.fixture(autouse=True)
async def _elements(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_village_month(session)
        await create_element(session, "recorded_only", registration_status="recorded")
        await create_element(session, "applications", object_class="township")


async def publish(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post(f"{FORM}/publication")


class TestListForms:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/forms")).status_code == 401

    @pytest.mark.subject("client_civil_affairs")
    async def test_has_one_form_for_each_object_class_and_period_type(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/forms")
        assert answer.status_code == 200, answer.text
        assert [
            (form["code"], form["version"], form["name"], form["element_count"]) for form in answer.json()["items"]
        ] == [
            ("township-month", None, "乡镇月报表", 1),
            ("village-month", None, "村月报表", 8),
        ]
        page = (await client.get("/api/v1/forms", params={"limit": 1})).json()
        rest = (await client.get("/api/v1/forms", params={"limit": 1, "after": page["next"]})).json()
        assert ([form["code"] for form in rest["items"]], rest["next"]) == (["village-month"], None)


class TestGetForm:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(FORM)).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_tells_what_is_not_there(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/forms/person-year")
        assert (answer.status_code, answer.json()["code"]) == (404, "form_not_found")

    @pytest.mark.subject("reporter_east")
    async def test_shows_each_element_once_in_sections(self, client: httpx.AsyncClient) -> None:
        document = (await client.get(FORM)).json()
        assert [section["title"] for section in document["sections"]] == ["人口", "劳动力", "经济"]
        items = [item for section in document["sections"] for item in section["items"]]
        assert [item["identifier"] for item in items] == ORDER
        obligations = {item["identifier"]: item["obligation"] for item in items}
        assert (obligations["population"], obligations["income"], obligations["staying"]) == (
            "mandatory",
            "optional",
            "optional",
        )
        assert [rule["identifier"] for rule in document["rules"]] == ["sexes_add_up", "workers_jump", "workers_within"]
        assert document["pending"]["added"] == sorted([*ORDER, "sexes_add_up", "workers_jump", "workers_within"])
        assert (document["version"], document["is_changed"]) == (None, True)


class TestPublishForm:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await publish(client)).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_refuses_a_township(self, client: httpx.AsyncClient) -> None:
        assert (await publish(client)).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_tells_what_is_not_there(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/api/v1/forms/person-year/publication")).status_code == 404

    @pytest.mark.subject("registrar")
    async def test_freezes_elements_and_rules(self, client: httpx.AsyncClient, database: Database) -> None:
        answer = await publish(client)
        assert answer.status_code == 201, answer.text
        assert {**answer.json(), "published_at": None} == {
            "code": "village-month",
            "version": 1,
            "name": "村月报表",
            "published_at": None,
            "published_by": "registrar",
            "element_count": 8,
            "rule_count": 3,
        }
        async with database.transaction() as session:
            items = (await session.scalars(select(FormItem).order_by(FormItem.position))).all()
            rules = (await session.scalars(select(FormRule).order_by(FormRule.identifier))).all()
            (event,) = await session.scalars(select(AuditEventRow).where(AuditEventRow.action == "form.publish"))
        assert [(item.identifier, item.element_version) for item in items] == [(name, 1) for name in ORDER]
        assert [rule.identifier for rule in rules] == ["sexes_add_up", "workers_jump", "workers_within"]
        assert (event.object_id, event.details) == ("village-month", {"version": 1, "elements": 8, "rules": 3})
        document = (await client.get(FORM)).json()
        assert (document["version"], document["is_changed"]) == (1, False)
        assert document["pending"] == {"added": [], "removed": [], "revised": []}

    @pytest.mark.subject("registrar")
    async def test_refuses_to_freeze_the_same_again(self, client: httpx.AsyncClient) -> None:
        await publish(client)
        again = await publish(client)
        assert (again.status_code, again.json()["code"]) == (409, "form_unchanged")

    @pytest.mark.subject("registrar")
    async def test_repeats_its_answer_to_the_same_key(self, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "publish"}
        first = await client.post(f"{FORM}/publication", headers=headers)
        again = await client.post(f"{FORM}/publication", headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())

    @pytest.mark.subject("registrar")
    async def test_a_new_version_leaves_the_old_one_as_it_was(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await publish(client)
        async with database.transaction() as session:
            await create_element(session, "births", position=70)
            await create_element(session, "workers", version=2, name_zh="外出务工", topic="劳动力", position=40)
            male = await session.get(DataElementVersion, ("male", 1))
            assert male is not None
            male.registration_status = "retired"
        document = (await client.get(FORM)).json()
        assert document["version"] == 1
        assert document["pending"] == {"added": ["births"], "removed": ["male", "sexes_add_up"], "revised": ["workers"]}
        assert (await publish(client)).json()["version"] == 2
        async with database.transaction() as session:
            old, new = [await service.get_form(session, "village-month", version) for version in (1, 2)]
        assert [field.identifier for field in old.fields] == ORDER
        assert (old.versions["workers"], new.versions["workers"]) == (1, 2)
        assert "births" in new.versions
        assert "sexes_add_up" not in new.rule_versions

    @pytest.mark.subject("registrar")
    async def test_refuses_rules_that_cannot_stand_together(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        async with database.transaction() as session:
            await create_rule(
                session, "nonsense", "surveyed_on = workers", element="workers", elements=["workers", "surveyed_on"]
            )
        answer = await publish(client)
        assert (answer.status_code, answer.json()["code"]) == (422, "form_not_judgeable")


class TestFormSchema:
    async def test_refuses_the_anonymous(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(f"{FORM}/schema")).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_accepts_a_good_and_refuses_a_bad_document(self, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{FORM}/schema")
        assert answer.headers["content-type"] == "application/schema+json"
        schema = answer.json()
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema)
        village = VILLAGES[EAST][0]
        good: dict[str, Any] = {
            "rows": [{"division": village, "values": {"population": 200}, "missing": {"workers": "none"}}]
        }
        assert validator.is_valid(good)
        for bad in (
            {"rows": [{"division": village, "values": {"population": -4}}]},
            {"rows": [{"division": village, "values": {"no_such": 1}}]},
            {"rows": [{"division": village, "missing": {"workers": "busy"}}]},
            {"rows": [{"values": {}}]},
        ):
            assert not validator.is_valid(bad)


async def test_a_published_form_is_kept_ready(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await service.publish_version(session, people.subject("registrar"), "village-month")
    async with database.transaction() as session:
        first = await service.get_form(session, "village-month", 1)
    async with database.transaction() as session:
        assert await service.get_form(session, "village-month", 1) is first
