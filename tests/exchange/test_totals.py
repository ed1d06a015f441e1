import csv
import io
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.exchange import totals
from hub.geography.models import Division
from hub.grants.models import DataRead
from hub.kit import clock
from hub.kit.db import Database, set_scope
from hub.store.models import ProvisionalRecord
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.store.factories import make_row

URL = "/api/v1/data-totals"
RATE = "village_net_income_per_head"
STOCK: Mapping[str, Any] = {"stock_or_flow": "stock"}
ASKED = {"elements": MIGRANTS, "period": "2026-10"}


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        await create_element(session, facets=STOCK)
        await create_element(session, identifier=POOR, facets=STOCK)
        await create_element(session, identifier=RATE, facets=STOCK)


async def report(database: Database, township: str, first: int, **more: Any) -> None:
    """The township's three villages: first, first + 1, first + 2."""
    rows = [
        make_row(division=village, **{MIGRANTS: first + index}, **more)
        for index, village in enumerate(VILLAGES[township])
    ]
    await submit(database, *rows)


async def read(database: Database, people: People, *grants: str, accept: str = "", **query: Any) -> httpx.Response:
    async with calling(database, people, "client_poverty_relief", grants=grants) as program:
        headers = {"Accept": accept} if accept else {}
        asked = {name: value for name, value in (ASKED | query).items() if value is not None}
        return await program.get(URL, params=asked, headers=headers)


def codes(response: httpx.Response) -> list[tuple[str, str]]:
    assert response.status_code in {403, 422}, response.text
    return [(item["pointer"], item["code"]) for item in response.json()["errors"]]


class TestTotals:
    async def test_counts_what_is_reported_and_says_of_how_many(self, database: Database, people: People) -> None:
        number = await grant(database)
        await report(database, EAST, 10)
        answer = await read(database, people, number)
        assert answer.status_code == 200, answer.text
        assert answer.headers["hub-grant"] == number
        assert answer.json()["items"] == [
            {
                "period": "2026-10",
                "division": COUNTY,
                "name": "花垣县",
                "element": MIGRANTS,
                "total": 33,
                "units": {"reported": 3, "expected": 6, "counted": 3},
                "townships": {"reported": 1, "expected": 2, "provisional": 0},
                "missing": [{"division": WEST, "name": "民乐镇", "reported": 0, "expected": 3}],
            }
        ]

    async def test_by_township(self, database: Database, people: People) -> None:
        number = await grant(database)
        await report(database, EAST, 10)
        await submit(database, make_row(division=VILLAGES[WEST][0], missing={MIGRANTS: "refused"}, **{MIGRANTS: None}))
        answer = await read(database, people, number, by="township")
        told = [(i["division"], i["total"], i["units"], len(i["missing"])) for i in answer.json()["items"]]
        assert told == [
            (EAST, 33, {"reported": 3, "expected": 3, "counted": 3}, 0),
            (WEST, None, {"reported": 1, "expected": 3, "counted": 0}, 1),
        ]

    async def test_pages_neither_miss_nor_repeat(self, database: Database, people: People) -> None:
        number = await grant(database, elements=(MIGRANTS, POOR))
        await report(database, EAST, 10, **{POOR: 1})
        seen, after = [], None
        while True:
            page = (await read(database, people, number, elements=None, by="township", limit=1, after=after)).json()
            seen += [(item["division"], item["element"], item["total"]) for item in page["items"]]
            after = page["next"]
            if after is None:
                break
        assert seen == [(EAST, MIGRANTS, 33), (EAST, POOR, 3), (WEST, MIGRANTS, None), (WEST, POOR, None)]

    async def test_as_csv(self, database: Database, people: People) -> None:
        number = await grant(database)
        await report(database, EAST, 10)
        answer = await read(database, people, number, accept="text/csv")
        (line,) = csv.DictReader(io.StringIO(answer.text))
        assert (line["division"], line["total"], line["reported"], line["missing"]) == (COUNTY, "33", "3", WEST)

    async def test_as_csv_a_name_never_becomes_a_formula(
        self, database: Database, people: People, session: AsyncSession
    ) -> None:
        number = await grant(database)
        await report(database, EAST, 10)
        await session.execute(update(Division).where(Division.code == COUNTY).values(name="＝县"))
        answer = await read(database, people, number, accept="text/csv")
        (line,) = csv.DictReader(io.StringIO(answer.text))
        assert line["name"] == "'＝县"

    async def test_is_logged_for_the_townships(self, database: Database, people: People, session: AsyncSession) -> None:
        number = await grant(database)
        await report(database, EAST, 10)
        await read(database, people, number)
        (logged,) = (await session.scalars(select(DataRead).where(DataRead.route == totals.ROUTE))).all()
        assert (logged.grant, logged.elements, logged.divisions, logged.rows) == (number, [MIGRANTS], [COUNTY], 3)
        statement = select(AuditEventRow).where(AuditEventRow.action == "data_totals.read")
        (event,) = (await session.scalars(statement)).all()
        assert event.details["grants"] == [number]
        assert "33" not in str(event.details)


class TestProvisional:
    async def test_counts_what_is_in_review_only_where_it_is_granted(self, database: Database, people: People) -> None:
        plain = await grant(database)
        wide = await grant(database, includes_provisional=True)
        await report(database, EAST, 10)
        async with database.transaction() as session:
            await set_scope(session, [WEST, EAST])
            for township, number in ((WEST, 100), (EAST, 5000)):
                for village in VILLAGES[township]:
                    session.add(
                        ProvisionalRecord(
                            area=COUNTY,
                            object_class="village",
                            period="2026-10",
                            division=village,
                            payload={MIGRANTS: number},
                            missing={},
                            versions={MIGRANTS: 1},
                            revision=1,
                            submission=f"{COUNTY}-0000000099",
                            submitted_at=clock.now(),
                        )
                    )
        refused = await read(database, people, plain, provisional="true")
        assert codes(refused) == [("query:/elements", "provisional_not_granted")]
        (approved,) = (await read(database, people, wide)).json()["items"]
        assert (approved["total"], approved["townships"]["reported"]) == (33, 1)
        (both,) = (await read(database, people, wide, provisional="true")).json()["items"]
        assert both["total"] == 33 + 300
        assert both["townships"] == {"reported": 2, "expected": 2, "provisional": 1}


class TestReach:
    async def test_a_county_total_wants_the_whole_county(self, database: Database, people: People) -> None:
        number = await grant(database, divisions=[EAST])
        await report(database, EAST, 10)
        await report(database, WEST, 100)
        assert codes(await read(database, people, number, by="county")) == [("query:/division", "division_not_granted")]
        own = (await read(database, people, number)).json()["items"]
        assert [(item["division"], item["total"]) for item in own] == [(EAST, 33)]

    async def test_neither_place_nor_element_outside(self, database: Database, people: People) -> None:
        number = await grant(database, divisions=[EAST])
        outside = await read(database, people, number, division=WEST, elements=f"{MIGRANTS},{POOR}")
        assert codes(outside) == [
            ("query:/division", "division_not_granted"),
            ("query:/elements", "element_not_granted"),
        ]
        assert WEST not in (await read(database, people, number)).text

    async def test_several_grants_keep_apart(self, database: Database, people: People) -> None:
        first = await grant(database, divisions=[EAST])
        second = await grant(database, divisions=[WEST], elements=[POOR])
        await report(database, EAST, 10, **{POOR: 5})
        await report(database, WEST, 100, **{POOR: 7})
        answer = await read(database, people, first, second, elements=None)
        told = [(item["division"], item["element"], item["total"]) for item in answer.json()["items"]]
        assert told == [(EAST, MIGRANTS, 33), (WEST, POOR, 21)]

    @pytest.mark.subject("reporter_east")
    async def test_a_township_adds_up_its_own(self, client: httpx.AsyncClient, database: Database) -> None:
        await report(database, EAST, 10)
        await report(database, WEST, 100)
        answer = await client.get(URL, params=ASKED)
        assert [(item["division"], item["total"]) for item in answer.json()["items"]] == [(EAST, 33)]
        assert codes(await client.get(URL, params=ASKED | {"by": "county"})) == [
            ("query:/division", "division_not_granted")
        ]
        assert codes(await client.get(URL, params=ASKED | {"division": COUNTY})) == [
            ("query:/division", "division_not_granted")
        ]

    @pytest.mark.subject("registrar")
    async def test_the_authority_reads_no_values(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(URL, params=ASKED)).status_code == 403


class TestQuestions:
    async def test_what_does_not_add_up_is_refused_by_name(self, database: Database, people: People) -> None:
        number = await grant(database, elements=(MIGRANTS, RATE))
        refused = await read(database, people, number, elements=f"{MIGRANTS},{RATE}")
        assert codes(refused) == [("query:/elements", "element_not_additive")]
        left = (await read(database, people, number, elements=None)).json()
        assert [item["element"] for item in left["items"]] == [MIGRANTS]
        assert [(one["element"], one["code"]) for one in left["left_out"]] == [(RATE, "rate_or_average")]

    async def test_every_fault_at_once(self, database: Database, people: People) -> None:
        number = await grant(database)
        refused = await read(database, people, number, period="2026-13", division="43312", by="village")
        assert codes(refused) == [
            ("query:/period", "period_not_valid"),
            ("query:/division", "division_not_valid"),
            ("query:/by", "level_unknown"),
        ]
        above = await read(database, people, number, division=EAST, by="county")
        assert codes(above) == [("query:/by", "level_above_division")]

    async def test_too_much_is_refused(
        self, database: Database, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        number = await grant(database)
        monkeypatch.setattr(totals, "MOST_CELLS", 1)
        assert codes(await read(database, people, number)) == [("query:/period", "too_many_totals")]
