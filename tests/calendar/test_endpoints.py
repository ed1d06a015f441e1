import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.calendar.models import CalendarYear

YEAR = "/api/v1/calendar/years/2027"
BODY = {"source": "通知", "days": [{"day": "2027-01-01", "is_working": False, "name": "元旦"}]}


class TestImportYear:
    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.put(YEAR, json=BODY)).status_code == 401

    @pytest.mark.subject("registrar")
    async def test_refuses_who_may_not(self, client: httpx.AsyncClient) -> None:
        assert (await client.put(YEAR, json=BODY)).status_code == 403

    @pytest.mark.subject("administrator")
    async def test_enters_the_year_and_is_audited(self, client: httpx.AsyncClient, session: AsyncSession) -> None:
        assert (await client.get(YEAR)).status_code == 404
        answer = await client.put(YEAR, json=BODY)
        assert answer.status_code == 200
        assert answer.json()["days"] == BODY["days"]
        assert (await client.get(YEAR)).json() == answer.json()
        assert await session.get(CalendarYear, 2027) is not None
        event = await session.scalar(select(AuditEventRow).where(AuditEventRow.action == "calendar_year.import"))
        assert event is not None
        assert event.object_id == "2027"
        years = (await client.get("/api/v1/calendar/years")).json()["items"]
        assert [(year["year"], year["special_days"]) for year in years] == [(2027, 1)]

    @pytest.mark.subject("administrator")
    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"source": "通知", "days": []}, "/days"),
            ({"source": "通知", "days": [{"day": "2027-13-01", "is_working": False, "name": "元旦"}]}, "/days/0/day"),
            (
                {"source": "通知", "days": [*BODY["days"], {"day": "2026-01-01", "is_working": False, "name": "x"}]},
                "/days/1/day",
            ),
            (BODY | {"sources": "x"}, "/sources"),
        ],
    )
    async def test_points_at_what_is_wrong(
        self, client: httpx.AsyncClient, body: dict[str, object], pointer: str
    ) -> None:
        answer = await client.put(YEAR, json=body)
        assert answer.status_code == 422
        assert [item["pointer"] for item in answer.json()["errors"]] == [pointer]


class TestWorkingDays:
    async def test_refuses_a_stranger(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/calendar/working-days")).status_code == 401

    @pytest.mark.subject("client_civil_affairs")
    async def test_warns_of_an_unknown_year(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/api/v1/calendar/working-days", params={"from": "2027-01-01", "days": "1"})
        assert answer.json()["day"] == "2027-01-04"
        assert [warning["year"] for warning in answer.json()["warnings"]] == [2027]

    @pytest.mark.subject("client_civil_affairs")
    @pytest.mark.parametrize("params", [{"from": "9999-12-31", "days": "1"}, {"from": "x", "days": "-1"}, {}])
    async def test_refuses_odd_questions(self, client: httpx.AsyncClient, params: dict[str, str]) -> None:
        answer = await client.get("/api/v1/calendar/working-days", params=params)
        assert answer.status_code == 422
