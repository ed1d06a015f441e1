from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.registry.models import DataElementVersion, RegistrationStatusChange
from hub.registry.statuses import RegistrationStatus
from tests.people import People
from tests.registry.factories import create_code_list, create_element, wire_element

ELEMENTS = "/api/v1/data-elements"
ONE = f"{ELEMENTS}/village_migrant_workers"
STATUS = f"{ONE}/registration-status"


async def events(session: AsyncSession, action: str) -> list[AuditEventRow]:
    return list((await session.scalars(select(AuditEventRow).where(AuditEventRow.action == action))).all())


def pointers(answer: httpx.Response) -> set[str]:
    return {item["pointer"] for item in answer.json()["errors"]}


class TestRegisterDataElement:
    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(ELEMENTS, json=wire_element())).status_code == 401

    @pytest.mark.subject("steward_human_resources")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(ELEMENTS, json=wire_element())).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_registers_as_candidate_and_is_audited(
        self, client: httpx.AsyncClient, session: AsyncSession
    ) -> None:
        answer = await client.post(ELEMENTS, json=wire_element())
        assert answer.status_code == 201
        assert answer.headers["location"] == ONE
        shown = answer.json()
        expected = wire_element() | {"version": 1, "registration_status": "candidate"}
        assert {name: shown[name] for name in expected if name != "value_domain"} == {
            name: value for name, value in expected.items() if name != "value_domain"
        }
        assert expected["value_domain"].items() <= shown["value_domain"].items()
        assert shown["contact"] == {
            "organization": "花垣县人力资源和社会保障局",
            "name": "联系人",
            "phone": "0743-0000000",
        }
        assert (await client.get(ONE)).json() == shown
        assert await session.get(DataElementVersion, ("village_migrant_workers", 1)) is not None
        assert [event.object_id for event in await events(session, "data_element.register")] == [
            "village_migrant_workers"
        ]

    @pytest.mark.subject("registrar")
    async def test_an_identifier_is_taken_once(self, client: httpx.AsyncClient) -> None:
        await client.post(ELEMENTS, json=wire_element())
        again = await client.post(ELEMENTS, json=wire_element())
        assert (again.status_code, again.json()["code"]) == (409, "identifier_taken")

    @pytest.mark.subject("registrar")
    async def test_what_is_read_may_be_sent(self, client: httpx.AsyncClient) -> None:
        shown = (await client.post(ELEMENTS, json=wire_element())).json()
        copy = shown | {"identifier": "village_migrant_workers_copy"}
        answer = await client.post(ELEMENTS, json=copy)
        assert answer.status_code == 201
        assert answer.json() == copy

    @pytest.mark.subject("registrar")
    async def test_little_is_enough_for_incomplete(self, client: httpx.AsyncClient) -> None:
        body = {
            name: wire_element()[name]
            for name in ("identifier", "names", "object_class", "property", "period_type", "source", "sharing_type")
        }
        answer = await client.post(ELEMENTS, json=body | {"value_domain": {"datatype": "text"}})
        assert answer.status_code == 201
        assert answer.json()["registration_status"] == "incomplete"
        assert answer.json()["contact"] is None

    @pytest.mark.subject("registrar")
    @pytest.mark.parametrize(
        ("overrides", "pointer"),
        [
            ({"identifier": "Village Workers"}, "/identifier"),
            ({"names": {"en": "x"}}, "/names/zh"),
            ({"names": None}, "/names"),
            ({"object_class": "planet"}, "/object_class"),
            ({"period_type": "week"}, "/period_type"),
            ({"source": "guessed"}, "/source"),
            ({"sharing_type": "secret"}, "/sharing_type"),
            ({"required": 1}, "/required"),
            ({"valid_from": "2026-02-30"}, "/valid_from"),
            ({"valid_until": "2025-12-31"}, "/valid_until"),
            ({"steward": "nobody"}, "/steward"),
            ({"source_organization": "nobody"}, "/source_organization"),
            ({"unit": "人"}, "/unit"),
            ({"value_domain": {"datatype": "number"}}, "/value_domain/datatype"),
            ({"value_domain": {"datatype": "integer", "minimum": 5, "maximum": 1}}, "/value_domain/minimum"),
            ({"value_domain": {"datatype": "integer", "minimum": True}}, "/value_domain/minimum"),
            ({"value_domain": {"datatype": "integer", "maximum_length": 3}}, "/value_domain/maximum_length"),
            ({"value_domain": {"datatype": "code"}}, "/value_domain/code_list"),
            ({"value_domain": {"datatype": "code", "code_list": "nowhere"}}, "/value_domain/code_list"),
            ({"source": "derived"}, "/expression"),
            ({"source": "derived", "expression": "nothing + 1"}, "/expression"),
            ({"expression": "1 + 1"}, "/expression"),
            ({"example": "many"}, "/example"),
        ],
    )
    async def test_points_at_what_cannot_be(
        self, client: httpx.AsyncClient, overrides: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post(ELEMENTS, json=wire_element(**overrides))
        assert answer.status_code == 422
        assert pointer in pointers(answer)

    @pytest.mark.subject("registrar")
    async def test_tells_every_fault_at_once(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(
            ELEMENTS, json=wire_element(steward="nobody", valid_until="2025-01-01", example="x", source="derived")
        )
        assert pointers(answer) == {"/steward", "/valid_until", "/example", "/expression"}

    @pytest.mark.subject("registrar")
    async def test_the_same_key_registers_once(self, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "a"}
        first = await client.post(ELEMENTS, json=wire_element(), headers=headers)
        again = await client.post(ELEMENTS, json=wire_element(), headers=headers)
        assert (again.status_code, again.json()) == (201, first.json())
        other = await client.post(ELEMENTS, json=wire_element(required=False), headers=headers)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


class TestGetDataElement:
    @pytest.mark.subject("client_human_resources")
    async def test_unknown_is_a_problem(self, client: httpx.AsyncClient) -> None:
        for path in (ONE, f"{ONE}/versions", STATUS):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "data_element_not_found")

    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        for path in (ELEMENTS, ONE, f"{ONE}/versions", STATUS, "/api/v1/code-lists", "/api/v1/rules"):
            assert (await client.get(path)).status_code == 401

    @pytest.mark.subject("registrar")
    async def test_shows_the_newest_qualified(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(session, people)
        await client.post(f"{ONE}/versions", json={"required": True})
        assert (await client.get(ONE)).json()["version"] == 1
        versions = (await client.get(f"{ONE}/versions")).json()
        assert [(item["version"], item["required"]) for item in versions["items"]] == [(1, False), (2, True)]
        waiting = (await client.get(ELEMENTS, params={"status": "candidate"})).json()["items"]
        assert [(item["identifier"], item["version"]) for item in waiting] == [("village_migrant_workers", 2)]


class TestListDataElements:
    @pytest.fixture(autouse=True)
    async def registered(self, people: People, session: AsyncSession) -> None:
        for identifier, name, aliases, definition in (
            ("village_b", "外出务工人数", ("打工人数",), "本村在外的人数。"),
            ("village_a", "外出务工人数（女）", (), "其中的女性人数。"),
            ("village_c", "县内乡外务工人数", (), "在本县的人数。"),
            ("village_d", "户在人不在人数", ("外出务工人员数",), "登记在册的人数。"),
            ("village_e", "低保户数", ("100%低保",), "不含外出务工的家庭。"),
        ):
            await create_element(
                session,
                people,
                status=None,
                identifier=identifier,
                name_zh=name,
                aliases=aliases,
                definition=definition,
                facets={"population": identifier},
            )

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("q", "identifiers"),
        [
            ("外出务工人数", ["village_b", "village_a"]),
            ("外出务工", ["village_b", "village_a", "village_d", "village_e"]),
            ("务工", ["village_b", "village_a", "village_c", "village_d", "village_e"]),
            ("打工", ["village_b", "village_a", "village_c", "village_d"]),
            ("打工人数", ["village_b", "village_a", "village_c"]),
            ("village_c", ["village_c"]),
            ("ｖｉｌｌａｇｅ_c", ["village_c"]),
            ("VILLAGE_C", ["village_c"]),
            ("务工 女", ["village_a"]),
            ("%", ["village_e"]),
            ("_", ["village_b", "village_a", "village_c", "village_d", "village_e"]),
            ("没有这样的", []),
            ("  ", ["village_a", "village_b", "village_c", "village_d", "village_e"]),
        ],
    )
    async def test_finds_best_first(self, client: httpx.AsyncClient, q: str, identifiers: list[str]) -> None:
        items = (await client.get(ELEMENTS, params={"q": q})).json()["items"]
        assert [item["identifier"] for item in items] == identifiers

    @pytest.mark.subject("reporter_east")
    async def test_pages_in_the_order_of_rank(self, client: httpx.AsyncClient) -> None:
        seen: list[str] = []
        params = {"q": "务工", "limit": "2"}
        while True:
            answer = (await client.get(ELEMENTS, params=params)).json()
            seen += [item["identifier"] for item in answer["items"]]
            if answer["next"] is None:
                break
            params["after"] = answer["next"]
        assert seen == ["village_b", "village_a", "village_c", "village_d", "village_e"]

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("params", "count"),
        [
            ({"object_class": "village", "period_type": "month", "source": "captured"}, 5),
            ({"object_class": "township"}, 0),
            ({"period_type": "year"}, 0),
            ({"source": "derived"}, 0),
            ({"status": "qualified"}, 0),
            ({"status": "candidate"}, 5),
            ({"steward": "human-resources", "population": "village_a"}, 1),
            ({"population": "village"}, 0),
            ({"sharing_type": "conditional", "sensitivity": "internal"}, 5),
        ],
    )
    async def test_filters(self, client: httpx.AsyncClient, params: dict[str, str], count: int) -> None:
        assert len((await client.get(ELEMENTS, params=params)).json()["items"]) == count

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize("params", [{"status": "good"}, {"after": "WyJ4Il0"}, {"limit": "1001"}])
    async def test_refuses_odd_questions(self, client: httpx.AsyncClient, params: dict[str, str]) -> None:
        assert (await client.get(ELEMENTS, params=params)).status_code == 422


class TestRegisterVersion:
    @pytest.fixture(autouse=True)
    async def registered(self, people: People, session: AsyncSession) -> None:
        await create_element(session, people)

    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(f"{ONE}/versions", json={})).status_code == 401

    @pytest.mark.subject("steward_human_resources")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(f"{ONE}/versions", json={})).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_unknown_is_not_found(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(f"{ELEMENTS}/nothing/versions", json={})).status_code == 404

    @pytest.mark.subject("registrar")
    async def test_keeps_what_is_not_sent(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        answer = await client.post(f"{ONE}/versions", json={"value_domain": {"maximum": 30000}})
        assert answer.status_code == 201
        shown = answer.json()
        assert (shown["version"], shown["registration_status"], shown["is_breaking"]) == (2, "candidate", False)
        assert (shown["value_domain"]["maximum"], shown["value_domain"]["unit"]) == (30000, "人")
        assert shown["names"]["zh"] == "外出务工人数"
        event = (await events(session, "data_element.revise"))[0]
        assert event.details == {"version": 2, "breaking": False, "changed": ["domain", "valid_from"]}

    @pytest.mark.subject("registrar")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"value_domain": {"datatype": "text"}}, "/value_domain/datatype"),
            ({"value_domain": {"unit": "户"}}, "/value_domain/unit"),
            ({"value_domain": {"maximum": 100}}, "/value_domain"),
            ({"definition": "另一件事。"}, "/definition"),
            ({"object_class": "township"}, "/object_class"),
            ({"period_type": "year"}, "/period_type"),
            ({"property": "labour"}, "/property"),
            ({"facets": {"population": "常住人口"}}, "/facets"),
        ],
    )
    async def test_a_breaking_change_must_be_meant(
        self, client: httpx.AsyncClient, body: dict[str, Any], pointer: str
    ) -> None:
        refused = await client.post(f"{ONE}/versions", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "breaking_change")
        assert pointer in pointers(refused)
        meant = await client.post(f"{ONE}/versions", json=body | {"breaking": True})
        assert meant.status_code == 201
        assert meant.json()["is_breaking"] is True

    @pytest.mark.subject("registrar")
    async def test_the_same_again_is_no_version(self, client: httpx.AsyncClient) -> None:
        for body in ({}, (await client.get(ONE)).json()):
            answer = await client.post(f"{ONE}/versions", json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "nothing_changed")

    @pytest.mark.subject("registrar")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"names": None}, "/names"),
            ({"valid_from": "2025-01-01", "required": True}, "/valid_from"),
            ({"steward": "nobody"}, "/steward"),
            ({"definitions": "x"}, "/definitions"),
        ],
    )
    async def test_points_at_what_cannot_be(
        self, client: httpx.AsyncClient, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await client.post(f"{ONE}/versions", json=body)
        assert answer.status_code == 422
        assert pointers(answer) == {pointer}


class TestChangeRegistrationStatus:
    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(STATUS, json={"status": "qualified"})).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(STATUS, json={"status": "qualified"})).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_unknown_is_not_found(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(STATUS, json={"status": "qualified"})).status_code == 404

    @pytest.mark.subject("registrar")
    async def test_nobody_approves_the_own_proposal(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(session, people, status=None)
        recorded = await client.post(STATUS, json={"status": "recorded"})
        assert recorded.status_code == 201
        answer = await client.post(STATUS, json={"status": "qualified"})
        assert (answer.status_code, answer.json()["code"]) == (403, "own_proposal")
        assert (await client.get(ONE)).json()["registration_status"] == "recorded"

    @pytest.mark.subject("steward_human_resources")
    async def test_a_steward_approves_with_a_note(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(session, people, status=None)
        answer = await client.post(STATUS, json={"status": "qualified", "note": "已核对口径"})
        assert answer.status_code == 201
        assert answer.json()["registration_status"] == "qualified"
        changes = (await client.get(STATUS)).json()["items"]
        assert [(c["old_status"], c["new_status"], c["note"], c["changed_by"]) for c in changes] == [
            (None, "candidate", None, "registrar"),
            ("candidate", "qualified", "已核对口径", "steward_human_resources"),
        ]
        assert len((await session.scalars(select(RegistrationStatusChange))).all()) == 2
        event = (await events(session, "data_element.change_status"))[0]
        assert event.details == {"versions": [1], "status": "qualified"}

    @pytest.mark.subject("steward_civil_affairs")
    async def test_a_steward_decides_only_the_own(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(session, people, status=None)
        answer = await client.post(STATUS, json={"status": "qualified"})
        assert (answer.status_code, answer.json()["code"]) == (403, "not_steward")

    @pytest.mark.subject("registrar_two")
    async def test_only_forward(self, client: httpx.AsyncClient, people: People, session: AsyncSession) -> None:
        await create_element(session, people, status=RegistrationStatus.STANDARD)
        for status in ("recorded", "qualified", "standard"):
            answer = await client.post(STATUS, json={"status": status})
            assert (answer.status_code, answer.json()["code"]) == (409, "status_move_not_possible")

    @pytest.mark.subject("registrar_two")
    async def test_says_everything_that_is_missing(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(
            session, people, status=None, definition=None, steward=None, legal_basis=None, source_organization=None
        )
        answer = await client.post(STATUS, json={"status": "qualified"})
        assert (answer.status_code, answer.json()["code"]) == (422, "not_qualifiable")
        assert pointers(answer) == {"/definition", "/steward", "/legal_basis", "/source_organization"}

    @pytest.mark.subject("registrar_two")
    async def test_an_owner_must_be_reachable(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        people.organizations["human-resources"].contact_phone = None
        session.add(await session.merge(people.organizations["human-resources"]))
        await create_element(session, people, status=None)
        answer = await client.post(STATUS, json={"status": "qualified"})
        assert pointers(answer) == {"/contact/phone"}

    @pytest.mark.subject("registrar_two")
    async def test_ends_with_a_successor(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(session, people)
        await create_element(session, people, identifier="village_heir", facets={"population": "heir"})
        for body, pointer in (
            ({"status": "superseded"}, "/superseded_by"),
            ({"status": "superseded", "superseded_by": "nothing"}, "/superseded_by"),
            ({"status": "superseded", "superseded_by": "village_migrant_workers"}, "/superseded_by"),
            ({"status": "preferred_standard", "superseded_by": "village_heir"}, "/superseded_by"),
            ({"status": "gone"}, "/status"),
        ):
            refused = await client.post(STATUS, json=body)
            assert (refused.status_code, pointers(refused)) == (422, {pointer})
        answer = await client.post(STATUS, json={"status": "superseded", "superseded_by": "village_heir"})
        assert (answer.json()["registration_status"], answer.json()["superseded_by"]) == ("superseded", "village_heir")
        late = await client.post(f"{ONE}/versions", json={"required": True})
        assert (late.status_code, late.json()["code"]) == (409, "registration_ended")
        assert (await client.post(STATUS, json={"status": "qualified"})).status_code == 409

    @pytest.mark.subject("registrar_two")
    async def test_ending_ends_every_version(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_element(session, people)
        assert (await client.post(f"{ONE}/versions", json={"required": True})).status_code == 201
        await client.post(STATUS, json={"status": "retired"})
        items = (await client.get(f"{ONE}/versions")).json()["items"]
        assert [item["registration_status"] for item in items] == ["retired", "retired"]
        answer = await client.post(f"{ONE}/versions", json={"required": False})
        assert (answer.status_code, answer.json()["code"]) == (409, "registration_ended")


LISTS = "/api/v1/code-lists"
LIST: dict[str, Any] = {
    "identifier": "sector",
    "name": "产业",
    "permissible_values": [{"value": "1", "meaning": "第1产业"}, {"value": "2", "meaning": "第2产业"}],
}


class TestCodeLists:
    @pytest.mark.subject("registrar")
    async def test_registers_and_reads(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        answer = await client.post(LISTS, json=LIST)
        assert answer.status_code == 201
        assert (await client.get(f"{LISTS}/sector")).json() == answer.json()
        assert (await client.get(LISTS)).json()["items"] == [answer.json()]
        assert (await client.post(LISTS, json=LIST)).status_code == 409
        assert (await client.get(f"{LISTS}/nothing")).status_code == 404
        assert len(await events(session, "code_list.register")) == 1

    @pytest.mark.subject("registrar")
    async def test_points_at_faults(self, client: httpx.AsyncClient) -> None:
        values = [{"value": "1", "meaning": "甲"}, {"value": "1", "meaning": "乙"}, {"value": " 2", "meaning": "丙"}]
        answer = await client.post(LISTS, json=LIST | {"permissible_values": values})
        assert pointers(answer) == {"/permissible_values/1/value", "/permissible_values/2/value"}
        assert (await client.post(LISTS, json=LIST | {"permissible_values": []})).status_code == 422

    @pytest.mark.subject("steward_civil_affairs")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(LISTS, json=LIST)).status_code == 403
        assert (await client.post(f"{LISTS}/sector/versions", json=LIST)).status_code == 403

    @pytest.mark.subject("registrar_two")
    async def test_every_element_using_it_gets_the_new_code(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_code_list(session, people, codes="12")
        domain = {"datatype": "code", "code_list": "sector"}
        answer = await client.post(ELEMENTS, json=wire_element(value_domain=domain))
        assert [v["value"] for v in answer.json()["value_domain"]["permissible_values"]] == ["1", "2"]
        more = [*LIST["permissible_values"], {"value": "3", "meaning": "第3产业"}]
        revised = await client.post(f"{LISTS}/sector/versions", json={"permissible_values": more})
        assert revised.status_code == 201
        assert revised.json()["elements"] == [{"identifier": "village_migrant_workers", "version": 2}]
        versions = (await client.get(f"{ONE}/versions")).json()["items"]
        offered = [[v["value"] for v in item["value_domain"]["permissible_values"]] for item in versions]
        assert offered == [["1", "2"], ["1", "2", "3"]]
        assert len((await client.get(f"{LISTS}/sector/versions")).json()["items"]) == 2

    @pytest.mark.subject("registrar_two")
    async def test_a_narrowed_list_must_be_meant(
        self, client: httpx.AsyncClient, people: People, session: AsyncSession
    ) -> None:
        await create_code_list(session, people, codes="12")
        domain = {"datatype": "code", "code_list": "sector"}
        await client.post(ELEMENTS, json=wire_element(value_domain=domain))
        body = {"permissible_values": [{"value": "1", "meaning": "第1产业"}]}
        refused = await client.post(f"{LISTS}/sector/versions", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "breaking_change")
        meant = await client.post(f"{LISTS}/sector/versions", json=body | {"breaking": True})
        assert meant.status_code == 201
        assert (await client.get(ONE)).json()["is_breaking"] is True
