import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.geography.models import Division
from tests.people import COUNTY, EAST, VILLAGES

FIRST, SECOND, THIRD = VILLAGES[EAST]
SUCCESSION = f"/api/v1/divisions/{FIRST}/succession"
BODY = {"successor": SECOND, "closed_on": "2026-07-01"}


class TestListDivisions:
    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/divisions")).status_code == 401

    @pytest.mark.subject("client_civil_affairs")
    async def test_answers_children_by_code(self, client: httpx.AsyncClient) -> None:
        answer = (await client.get("/api/v1/divisions", params={"parent": EAST})).json()
        assert [item["code"] for item in answer["items"]] == [FIRST, SECOND, THIRD]
        assert answer["next"] is None
        assert answer["items"][0] == {
            "code": FIRST,
            "name": "第1村民委员会",
            "level": "village",
            "parent_code": EAST,
            "code_system": "NBS",
            "code_year": 2023,
            "opened_on": None,
            "closed_on": None,
            "successor_code": None,
        }

    @pytest.mark.subject("reporter_east")
    async def test_pages_through_all_of_them(self, client: httpx.AsyncClient) -> None:
        seen: list[str] = []
        after = None
        while True:
            params = {"limit": "4"} | ({"after": after} if after else {})
            answer = (await client.get("/api/v1/divisions", params=params)).json()
            seen += [item["code"] for item in answer["items"]]
            after = answer["next"]
            if after is None:
                break
        assert seen == sorted(seen)
        assert len(seen) == 11

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize(
        ("params", "codes"),
        [
            ({"q": "龙潭"}, [EAST]),
            ({"q": "433124102"}, [EAST, FIRST, SECOND, THIRD]),
            ({"level": "county"}, [COUNTY]),
            ({"q": "%"}, []),
            ({"q": "龙潭", "level": "village"}, []),
        ],
    )
    async def test_finds(self, client: httpx.AsyncClient, params: dict[str, str], codes: list[str]) -> None:
        answer = (await client.get("/api/v1/divisions", params=params)).json()
        assert [item["code"] for item in answer["items"]] == codes

    @pytest.mark.subject("reporter_east")
    @pytest.mark.parametrize("params", [{"level": "town"}, {"after": "x"}, {"limit": "0"}])
    async def test_refuses_odd_questions(self, client: httpx.AsyncClient, params: dict[str, str]) -> None:
        answer = await client.get("/api/v1/divisions", params=params)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"].startswith("query:/")


class TestGetDivision:
    @pytest.mark.subject("auditor")
    async def test_unknown_is_a_problem(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/divisions/999999")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "division_not_found"

    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(f"/api/v1/divisions/{EAST}")).status_code == 401


class TestSucceed:
    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(SUCCESSION, json=BODY)).status_code == 401

    @pytest.mark.subject("reporter_east")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.post(SUCCESSION, json=BODY)).status_code == 403

    @pytest.mark.subject("administrator")
    async def test_unknown_is_not_found(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/divisions/433124999999/succession", json=BODY)
        assert answer.status_code == 404

    @pytest.mark.subject("administrator")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"successor": SECOND}, "/closed_on"),
            ({"successor": SECOND, "closed_on": "20260701"}, "/closed_on"),
            ({"successor": SECOND, "closed_on": 20260701}, "/closed_on"),
            ({"successor": EAST, "closed_on": "2026-07-01"}, "/successor"),
        ],
    )
    async def test_points_at_what_is_wrong(
        self, client: httpx.AsyncClient, body: dict[str, object], pointer: str
    ) -> None:
        answer = await client.post(SUCCESSION, json=body)
        assert answer.status_code == 422
        assert [item["pointer"] for item in answer.json()["errors"]] == [pointer]

    @pytest.mark.subject("administrator")
    async def test_closes_and_is_audited(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        answer = await client.post(SUCCESSION, json=BODY)
        assert answer.status_code == 201
        assert answer.json()["successor_code"] == SECOND
        division = await session.get(Division, FIRST)
        assert division is not None
        assert division.successor_code == SECOND
        event = await session.scalar(select(AuditEventRow).where(AuditEventRow.action == "division.succeed"))
        assert event is not None
        assert event.object_id == FIRST
        assert (await client.post(SUCCESSION, json=BODY)).json()["code"] == "division_closed"

    @pytest.mark.subject("administrator")
    async def test_the_same_key_gives_the_same_answer(self, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "merge-1"}
        first = await client.post(SUCCESSION, json=BODY, headers=headers)
        again = await client.post(SUCCESSION, json=BODY, headers=headers)
        assert (again.status_code, again.json()) == (first.status_code, first.json())


class TestAddDivision:
    @pytest.mark.subject("administrator")
    async def test_adds_and_points_at_faults(self, client: httpx.AsyncClient) -> None:
        body = {
            "code": "433124102210",
            "name": "合并村民委员会",
            "level": "village",
            "parent_code": EAST,
            "code_year": 2026,
            "opened_on": "2026-07-01",
        }
        answer = await client.post("/api/v1/divisions", json=body)
        assert answer.status_code == 201
        assert (await client.get("/api/v1/divisions/433124102210")).json() == answer.json()
        wrong = await client.post("/api/v1/divisions", json=body | {"code": "433124102", "name": " "})
        assert wrong.status_code == 422
        assert {item["pointer"] for item in wrong.json()["errors"]} == {"/code", "/name"}

    @pytest.mark.subject("registrar")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.post("/api/v1/divisions", json={})).status_code == 403
