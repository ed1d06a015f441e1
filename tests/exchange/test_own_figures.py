"""A township's own figures back, with the county's totals where they give nobody away."""

import io
from datetime import datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
import python_calamine
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.exchange.disclosure import tell
from hub.exchange.totals import Behind, Total
from hub.geography.models import Division
from hub.grants.models import DataRead
from hub.grants.returning import county_totals_scope
from hub.kit import clock
from hub.kit.db import Database
from tests.exchange.factories import submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import COUNTY, EAST, VILLAGES, WEST, People
from tests.site.reading import read, sign_in
from tests.store.factories import make_row

NORTH = "433124104"
SOURCE = "village_supplied"
PAGE = "/my-figures?year=2026&form=village.month&period=2026-10"


def total(**changes: Any) -> Total:
    said = {
        "period": "2026-10",
        "division": COUNTY,
        "name": "花垣县",
        "element": MIGRANTS,
        "total": Decimal(60),
        "counted": 6,
        "reported": 6,
        "expected": 6,
        "townships_reported": 3,
        "townships_expected": 3,
        "townships_counted": 3,
        "missing": (),
    }
    return Total(**said | changes)


class TestTell:
    def test_all_of_three_have_reported(self) -> None:
        told = tell(total(), total(division=EAST, total=Decimal(25)))
        assert (told.county, told.others, told.withheld) == (60, 35, None)

    def test_own_figure_may_be_absent(self) -> None:
        assert tell(total(), None).others == 60

    @pytest.mark.parametrize(
        ("changes", "withheld"),
        [
            ({"reported": 5, "missing": (Behind(WEST, "民乐镇", 1, 2),)}, "not_complete"),
            ({"townships_counted": 2}, "too_few"),
            ({"total": None, "townships_counted": 0}, "too_few"),
            ({"reported": 5, "townships_counted": 2}, "not_complete"),
        ],
    )
    def test_is_withheld(self, changes: dict[str, Any], withheld: str) -> None:
        told = tell(total(**changes), total(division=EAST, total=Decimal(25)))
        assert (told.county, told.others, told.withheld) == (None, None, withheld)


@pytest.fixture
async def county(database: Database, people: People) -> None:
    """Three townships, the third of one village."""
    async with database.transaction() as session:
        for code, name, parent in ((NORTH, "猫儿乡", COUNTY), (f"{NORTH}200", "第1村民委员会", NORTH)):
            lineage = ["43", "4331", COUNTY, NORTH, code][: 4 if code == NORTH else 5]
            level = "township" if code == NORTH else "village"
            session.add(
                Division(
                    code=code,
                    name=name,
                    level=level,
                    parent_code=parent,
                    lineage=lineage,
                    code_system="NBS",
                    code_year=2023,
                )
            )
            await session.flush()
        facets = {"stock_or_flow": "stock"}
        await create_element(session, facets=facets)
        await create_element(session, identifier=POOR, facets=facets, sharing_type="not_shared")


async def report(database: Database, villages: tuple[str, ...], number: int) -> None:
    await submit(database, *(make_row(division=code, **{MIGRANTS: number, POOR: number + 1}) for code in villages))


def comparison(content: bytes) -> dict[tuple[str, str], list[object]]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    _head, *rows = book.get_sheet_by_name("本乡镇与全县").to_python()
    return {(str(row[0]), str(row[2])): row[4:7] for row in rows}


@pytest.mark.usefixtures("county")
class TestOwnFigures:
    async def test_the_county_is_told_when_all_have_reported(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await report(database, VILLAGES[EAST], 10)
        await report(database, VILLAGES[WEST], 1000)
        await sign_in(client, "reporter_east")
        early = await read(client, PAGE)
        assert "2/3 个乡镇已报" in early.text
        for leak in ("3000", "3030", "1000"):
            assert leak not in early.response.text
        await report(database, (f"{NORTH}200",), 70_000)
        page = await read(client, PAGE)
        assert {"30", "73030", "73000"} <= set(page.within("td").split())
        assert "70000" not in page.response.text
        assert "1000" not in page.within("td").split()

    async def test_opens_at_the_newest_period_that_was_reported(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        """In the days before the month that is over is reported, its page would be a page of dashes."""
        await report(database, VILLAGES[EAST], 10)
        with clock.travel(datetime(2026, 12, 2, 9, tzinfo=clock.CHINA)):
            await sign_in(client, "reporter_east")
            page = await read(client, "/my-figures")
            assert '<option value="2026-10" selected>' in page.response.text
            asked = await read(client, "/my-figures?year=2026&form=village.month&period=2026-11")
            assert '<option value="2026-11" selected>' in asked.response.text

    async def test_what_is_not_shared_stays_away(self, client: httpx.AsyncClient, database: Database) -> None:
        for villages in (VILLAGES[EAST], VILLAGES[WEST], (f"{NORTH}200",)):
            await report(database, villages, 20)
        await sign_in(client, "reporter_east")
        answer = await client.get("/my-figures/workbook?year=2026")
        assert answer.status_code == 200
        told = comparison(answer.content)
        assert told["2026年10月", MIGRANTS] == [60, 140, 80]
        assert told["2026年10月", POOR] == [63, "", ""]

    async def test_the_file_holds_the_own_rows_and_no_others(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await report(database, VILLAGES[EAST], 10)
        await report(database, VILLAGES[WEST], 4711)
        await sign_in(client, "reporter_east")
        answer = await client.get("/my-figures/workbook?year=2026")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        _head, *rows = book.get_sheet_by_name("村 月").to_python()
        assert [row[0] for row in rows] == list(VILLAGES[EAST])
        cells = [cell for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]
        assert 4711 not in cells
        assert 3 * 4711 not in cells

    async def test_is_logged(self, client: httpx.AsyncClient, database: Database, session: AsyncSession) -> None:
        await report(database, VILLAGES[EAST], 10)
        await sign_in(client, "reporter_east")
        await read(client, PAGE)
        (logged,) = (await session.scalars(select(DataRead))).all()
        assert (logged.route, logged.divisions, logged.rows, logged.grant) == ("/my-figures", [EAST], 3, None)
        statement = select(AuditEventRow).where(AuditEventRow.action == "data_totals.read")
        (event,) = (await session.scalars(statement)).all()
        assert (event.object_id, event.details["county_totals"]) == (EAST, 0)

    async def test_is_for_townships(self, client: httpx.AsyncClient, people: People) -> None:
        await sign_in(client, "steward_civil_affairs")
        await read(client, PAGE, 404)
        await sign_in(client, "registrar")
        await read(client, PAGE, 403)
        assert county_totals_scope(people.subject("steward_civil_affairs")).inner.boxes == ()
        assert county_totals_scope(people.subject("registrar")).inner.boxes == ()
