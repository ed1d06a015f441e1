"""A department's own grant in a browser: the preview, three downloads, the calls, and what a grant that ended says."""

import codecs
import io
from datetime import UTC, datetime, timedelta

import httpx
import polars as pl
import pytest
import python_calamine
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.models import AuditEventRow
from hub.grants.models import DataRead
from hub.kit import clock
from hub.kit.db import Database
from tests.exchange.factories import grant, submit
from tests.grants.factories import MIGRANTS, POOR, create_element
from tests.people import EAST, VILLAGES, WEST, People
from tests.site.reading import read, sign_in
from tests.store.factories import make_row

ELEMENTS = (MIGRANTS, POOR)


@pytest.fixture(autouse=True)
async def world(database: Database, people: People) -> None:
    async with database.transaction() as session:
        for identifier in ELEMENTS:
            await create_element(session, identifier=identifier)
    await submit(
        database,
        *(make_row(division=code, **{MIGRANTS: 200 + n, POOR: n}) for n, code in enumerate(VILLAGES[EAST])),
        make_row(division=VILLAGES[WEST][0], missing={MIGRANTS: "refused"}, **{MIGRANTS: None, POOR: 7}),
    )


@pytest.fixture
async def number(database: Database) -> str:
    return await grant(database, elements=ELEMENTS, period_to="2026-10")


def xlsx_rows(content: bytes) -> list[list[object]]:
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_name("数据").to_python()


class TestPreview:
    async def test_shows_the_newest_period_and_is_logged(
        self, client: httpx.AsyncClient, number: str, session: AsyncSession
    ) -> None:
        await sign_in(client, "steward_poverty_relief")
        page = await read(client, f"/access-grants/{number}/values")
        cells = page.within("td").split()
        assert {"200", "201", "202", "拒绝提供", "7"} <= set(cells)
        assert "2026年10月" in page.within("td")
        (logged,) = (await session.scalars(select(DataRead))).all()
        assert (logged.grant, logged.rows, logged.reader_kind) == (number, 4, "person")
        assert logged.purpose == "防返贫监测帮扶"

    async def test_passes_over_periods_that_nobody_reported(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        number = await grant(database, elements=ELEMENTS, period_to="2026-11")
        with clock.travel(datetime(2026, 12, 2, tzinfo=UTC)):
            await sign_in(client, "steward_poverty_relief")
            page = await read(client, f"/access-grants/{number}/values")
        assert page.form("").fields["period"] == "2026-10"

    async def test_is_narrowed_to_this_grant(
        self, client: httpx.AsyncClient, database: Database, session: AsyncSession
    ) -> None:
        wide = await grant(database, elements=ELEMENTS)
        narrow = await grant(database, divisions=[EAST])
        await sign_in(client, "steward_poverty_relief")
        page = await read(client, f"/access-grants/{narrow}/values")
        assert POOR not in page.text
        assert VILLAGES[WEST][0] not in page.text
        outside = await read(client, f"/access-grants/{narrow}/values?division={WEST}", 403)
        assert WEST in outside.within(".summary")
        grants = (await session.scalars(select(DataRead.grant))).all()
        assert set(grants) == {narrow}
        assert wide not in page.text

    async def test_bad_periods_are_told_on_the_page(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        page = await read(client, f"/access-grants/{number}/values?period=2026-10&last=2026-13", 422)
        assert "2026-13" in page.within(".summary")

    async def test_others_do_not_see_it(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_civil_affairs")
        await read(client, f"/access-grants/{number}/values", 404)
        await read(client, f"/access-grants/{number}/download", 404)
        await sign_in(client, "registrar")
        await read(client, f"/access-grants/{number}/values", 403)

    async def test_a_grant_that_ended_says_so(self, client: httpx.AsyncClient, database: Database) -> None:
        with clock.travel(clock.now() - timedelta(days=40)):
            number = await grant(database, valid_until=clock.today() + timedelta(days=30))
            await sign_in(client, "steward_poverty_relief")
            await read(client, f"/access-grants/{number}/values?period=2026-10")
        client.cookies.clear()
        await sign_in(client, "steward_poverty_relief")
        page = await read(client, f"/access-grants/{number}/values?period=2026-10", 403)
        assert "已到期" in page.within(".summary")
        assert "200" not in page.within("td")
        grant_page = await read(client, f"/access-grants/{number}")
        assert "已于" in grant_page.within(".ended")
        assert f"/access-grants/new?like={number}" in grant_page.links
        for file_format in ("xlsx", "csv", "parquet"):
            await read(client, f"/access-grants/{number}/download?format={file_format}&period=2026-10", 403)


class TestDownloads:
    async def test_three_files_say_the_same(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        files = {}
        for file_format in ("xlsx", "csv", "parquet"):
            answer = await client.get(f"/access-grants/{number}/download", params={"format": file_format})
            assert answer.status_code == 200, answer.text
            assert f"{number}-village-2026-10.{file_format}" in answer.headers["content-disposition"]
            assert answer.headers["hub-grant"] == number
            files[file_format] = answer.content
        assert files["csv"].startswith(codecs.BOM_UTF8), "without it Excel in Chinese takes UTF-8 for GBK"
        parquet = pl.read_parquet(io.BytesIO(files["parquet"]))
        csv = pl.read_csv(io.BytesIO(files["csv"]), infer_schema=False)
        assert parquet.select("division", *ELEMENTS).rows() == [
            (row["division"], *(None if row[name] is None else int(row[name]) for name in ELEMENTS))
            for row in csv.iter_rows(named=True)
        ]
        heads, identifiers, *rows = xlsx_rows(files["xlsx"])
        assert heads[:4] == ["区划代码", "乡镇", "名称", "报告期"]
        assert identifiers[:4] == ["division", "township_name", "division_name", "period"]
        places = [identifiers.index(name) for name in ELEMENTS]
        assert [(row[0], *(row[place] for place in places)) for row in rows] == [
            (code, "拒绝提供" if first is None else first, second)
            for code, first, second in parquet.select("division", *ELEMENTS).rows()
        ]
        assert rows[0][1:3] == ["龙潭镇", "第1村民委员会"]

    async def test_the_workbook_says_what_for(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        answer = await client.get(f"/access-grants/{number}/download")
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        told = [str(cell) for row in book.get_sheet_by_name("说明").to_python() for cell in row]
        assert {number, "防返贫监测帮扶", MIGRANTS, "定义"} <= set(told)

    async def test_what_went_out_is_audited(
        self, client: httpx.AsyncClient, number: str, session: AsyncSession
    ) -> None:
        await sign_in(client, "steward_poverty_relief")
        await client.get(f"/access-grants/{number}/download")
        statement = select(AuditEventRow).where(AuditEventRow.action == "data_values.deliver")
        (event,) = (await session.scalars(statement)).all()
        assert (event.details["rows"], event.details["complete"], event.details["grants"]) == (4, True, [number])
        assert "spreadsheetml" in event.details["media_type"]

    async def test_other_formats_are_not_there(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        await read(client, f"/access-grants/{number}/download?format=exe", 404)


class TestCalls:
    async def test_are_made_for_the_grant_and_hold_no_secret(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        page = await read(client, f"/access-grants/{number}/calls")
        texts = page.within("textarea")
        assert {"curl", "python", "connector"} <= set(page.attributes)
        for said in (number, MIGRANTS, "2026-10", "poverty-relief", "http://hub/oauth/token", "hub-connector run"):
            assert said in texts, said
        assert "secret-poverty-relief" not in page.response.text
        (await client.get(f"/access-grants/{number}/calls?period=1999-01")).raise_for_status()

    async def test_ask_for_a_period_that_somebody_reported(self, client: httpx.AsyncClient, database: Database) -> None:
        """In the first days of a month the newest one is empty: what was copied then fetched a head and no row."""
        number = await grant(database, elements=ELEMENTS, period_to="2026-11")
        with clock.travel(datetime(2026, 12, 2, tzinfo=UTC)):
            await sign_in(client, "steward_poverty_relief")
            texts = (await read(client, f"/access-grants/{number}/calls")).within("textarea")
            chosen = (await read(client, f"/access-grants/{number}/calls?period=2026-11")).within("textarea")
        assert "period=2026-10" in texts
        assert "period=2026-11" in chosen

    async def test_the_python_of_the_page_compiles(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_poverty_relief")
        response = await client.get(f"/access-grants/{number}/calls", headers={"accept": "text/html"})
        _before, _id, rest = response.text.partition('id="python"')
        text = rest[rest.index(">") + 1 : rest.index("</textarea>")].replace("&#34;", '"').replace("&gt;", ">")
        compile(text, "calls", "exec")

    async def test_are_for_whom_holds_the_grant(self, client: httpx.AsyncClient, number: str) -> None:
        await sign_in(client, "steward_human_resources")
        await read(client, f"/access-grants/{number}/calls", 404)
