import csv
import io
from datetime import date, datetime, timedelta

import httpx
import pytest

from hub.grants.models import DataRead
from hub.kit import clock
from hub.kit.db import Database, uuid7
from hub.oversight.charts import BOTTOM, HEIGHT, SERIES, TOP, stacked
from tests.people import People
from tests.site.reading import read, sign_in

NOON = datetime(2026, 10, 5, 12, tzinfo=clock.CHINA)


async def create_calls(
    database: Database, count: int, *, reader: str = "civil-affairs", at: datetime = NOON, lines: int = 1
) -> None:
    """Calls a second apart, each with a line for every grant it drew on."""
    async with database.transaction() as session:
        for number in range(count):
            for _line in range(lines):
                session.add(
                    DataRead(
                        id=uuid7(),
                        at=at + timedelta(seconds=number),
                        reader_kind="client",
                        reader=reader,
                        organization="civil-affairs",
                        purpose="核对",
                        route="/api/v1/data-values",
                        object_class="village",
                        elements=["male"],
                        divisions=["433124"],
                        periods=["2026-09"],
                        rows=3,
                    )
                )


class TestCount:
    @pytest.mark.subject("auditor")
    async def test_twenty_calls_are_shown_as_twenty(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        """O04's check; a call under three grants is one call."""
        await create_calls(database, 20, lines=3)
        await create_calls(database, 4, reader="other", at=NOON + timedelta(days=1))
        asked = {"from": "2026-10-04", "to": "2026-10-06"}
        found = (await client.get("/api/v1/traffic", params=asked)).json()
        assert found["readers"] == {"civil-affairs": [0, 20, 0], "other": [0, 0, 4]}
        assert [(line["reader"], line["calls"]) for line in found["services"]] == [("civil-affairs", 20), ("other", 4)]
        only = (await client.get("/api/v1/traffic", params=asked | {"reader": "other"})).json()
        assert only["readers"] == {"other": [0, 0, 4]}

    @pytest.mark.subject("auditor")
    async def test_days_and_hours_are_chinas(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await create_calls(database, 1, at=datetime(2026, 10, 5, 0, 30, tzinfo=clock.CHINA))
        await create_calls(database, 2, at=datetime(2026, 10, 5, 23, 59, 30, tzinfo=clock.CHINA))
        asked = {"from": "2026-10-05", "to": "2026-10-05", "step": "hour"}
        found = (await client.get("/api/v1/traffic", params=asked)).json()
        hours = found["readers"]["civil-affairs"]
        assert (len(hours), hours[0], hours[23], sum(hours)) == (24, 1, 2, 3)

    @pytest.mark.subject("auditor")
    @pytest.mark.parametrize(
        ("first", "last", "step"),
        [
            ("2026-10-05", "2026-10-04", "day"),
            ("2024-01-01", "2026-01-01", "day"),
            ("2026-10-01", "2026-10-09", "hour"),
        ],
    )
    async def test_refuses_a_span_that_is_none(
        self, client: httpx.AsyncClient, first: str, last: str, step: str
    ) -> None:
        answer = await client.get("/api/v1/traffic", params={"from": first, "to": last, "step": step})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "span_not_valid")

    @pytest.mark.subject("registrar")
    async def test_is_not_everybodys(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/api/v1/traffic")).status_code == 403


class TestPage:
    async def test_shows_chart_table_and_file(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await create_calls(database, 20, reader="=cmd")
        await sign_in(client, "administrator")
        page = await read(client, "/traffic?from=2026-10-01&to=2026-10-07")
        assert "<rect" in page.response.text
        assert "style=" not in page.response.text
        assert "20" in page.within("tfoot")
        answer = await client.get("/traffic/export?from=2026-10-01&to=2026-10-07")
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert rows == [["start", "reader", "calls"], ["2026-10-05", "'=cmd", "20"]]
        empty = await read(client, "/traffic?from=2020-10-01&to=2020-10-07")
        assert "没有调用" in empty.text
        assert "不是日期" in (await read(client, "/traffic?from=2020-02-30", 422)).text
        assert "时间太长" in (await read(client, "/traffic?from=2020-01-01&to=2026-10-07", 422)).text

    async def test_a_clients_page_has_its_own(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        await create_calls(database, 7, at=clock.now() - timedelta(hours=1))
        await sign_in(client, "administrator")
        assert "共 7 次" in (await read(client, "/api-clients/civil-affairs")).text
        assert "没有调用" in (await read(client, "/api-clients/poverty-relief")).text


class TestChart:
    def test_heights_are_the_figures(self) -> None:
        chart = stacked(["a", "b"], {"x": {"a": 20, "b": 5}, "y": {"a": 20}}, others="其他")
        assert chart.peak == 40
        room = HEIGHT - TOP - BOTTOM
        heights = {(bar.series, bar.x): bar.height for bar in chart.bars}
        assert sorted(heights.values()) == [round(room / 8, 1), room / 2, room / 2]
        assert min(bar.y for bar in chart.bars) == TOP
        assert chart.series == ("x", "y")

    def test_many_readers_become_five_and_the_others(self) -> None:
        chart = stacked(["a"], {f"r{n}": {"a": n} for n in range(1, 11)}, others="其他")
        assert chart.series == ("r10", "r9", "r8", "r7", "r6", "其他")
        assert len(chart.bars) == SERIES
        assert sum(bar.height for bar in chart.bars) == pytest.approx(55 / chart.peak * (HEIGHT - TOP - BOTTOM), abs=1)

    @pytest.mark.parametrize("starts", [0, 1, 14, 366])
    def test_labels_never_crowd(self, starts: int) -> None:
        days = [(date(2026, 1, 1) + timedelta(days=n)).isoformat() for n in range(starts)]
        assert len(stacked(days, {}, others="其他").marks) <= 10
