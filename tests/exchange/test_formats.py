"""Five forms of one result: every cell is the same in all of them, to its last digit."""

import csv
import io
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import polars as pl
import pytest

from hub.exchange import writers
from hub.exchange.columns import column_names, column_types
from hub.exchange.media import OFFERED, MediaType
from hub.grants.coverage import ElementFact, VersionFact
from hub.kit import json
from hub.kit.db import Database
from hub.kit.spreadsheets import FORMULA_STARTS
from hub.store.revisions import RowWrite
from tests.exchange.factories import calling, grant, submit
from tests.grants.factories import create_element
from tests.people import EAST, VILLAGES, WEST, People
from tests.store.factories import make_row

URL = "/api/v1/data-values"
ELEMENTS = {"count": "integer", "rate": "decimal", "is_poor": "boolean", "founded": "date", "note": "text"}
ALL = [*VILLAGES[EAST], *VILLAGES[WEST]]
ROWS: tuple[dict[str, Any], ...] = (
    {"count": 213, "rate": Decimal("1.10"), "is_poor": True, "founded": "1949-10-01", "note": "龙潭镇"},
    {"count": -7, "rate": Decimal("-0.50"), "is_poor": False, "founded": "2000-02-29", "note": '含"引号",逗号\n换行'},
    {"count": 999_999_999_999_999, "rate": Decimal("123456789.012345"), "note": "=HYPERLINK(1)"},
    {"count": 0, "rate": Decimal("0.000001"), "note": "＝1+1"},
    {"count": -999_999_999_999_999, "rate": Decimal("999999999.999999"), "note": "'quoted"},
)


@pytest.fixture(autouse=True)
async def registry(database: Database, people: People) -> None:
    async with database.transaction() as session:
        for identifier, datatype in ELEMENTS.items():
            await create_element(session, identifier=identifier, datatype=datatype)


@pytest.fixture
async def answers(database: Database, people: People) -> Mapping[str, httpx.Response]:
    """The same question in each form."""
    number = await grant(database, elements=list(ELEMENTS))
    rows: list[RowWrite] = [make_row(division=code, **row) for code, row in zip(ALL, ROWS, strict=False)]
    rows.append(make_row(division=ALL[5], missing=dict.fromkeys(ELEMENTS, "not_yet_known")))
    await submit(database, *rows)
    params = {"elements": ",".join(ELEMENTS), "period": "2026-10"}
    async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
        return {
            media_type: await program.get(URL, params=params, headers={"Accept": media_type}) for media_type in OFFERED
        }


def of_item(item: dict[str, Any]) -> dict[str, Any]:
    values = {name: item["values"].get(name) for name in ELEMENTS}
    if values["founded"] is not None:
        values["founded"] = date.fromisoformat(values["founded"])
    rest = {name: item[name] for name in ("division", "period", "entity", "revision", "submission")}
    at = datetime.fromisoformat(item["submitted_at"])
    return {**rest, **values, "missing": item["missing"], "versions": item["versions"], "submitted_at": at}


def of_frame(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "missing": json.loads(row["missing"] or "{}"), "versions": json.loads(row["versions"] or "{}")}


def of_line(line: dict[str, str]) -> dict[str, Any]:
    """A CSV cell has no type: read as its column's, the apostrophe before a formula taken away."""
    note = line["note"]
    return {
        "division": line["division"],
        "period": line["period"],
        "entity": line["entity"] or None,
        "count": int(line["count"]) if line["count"] else None,
        "rate": Decimal(line["rate"]) if line["rate"] else None,
        "is_poor": {"true": True, "false": False, "": None}[line["is_poor"]],
        "founded": date.fromisoformat(line["founded"]) if line["founded"] else None,
        "note": note[1:] if note.startswith(tuple("'" + start for start in FORMULA_STARTS)) else note or None,
        "missing": json.loads(line["missing"] or "{}"),
        "versions": json.loads(line["versions"] or "{}"),
        "revision": int(line["revision"]),
        "submission": line["submission"],
        "submitted_at": datetime.fromisoformat(line["submitted_at"]),
    }


def read(media_type: str, response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    body = io.BytesIO(response.content)
    if media_type == "application/json":
        return [of_item(item) for item in json.loads(response.text)["items"]]
    if media_type == "application/x-ndjson":
        return [of_item(json.loads(line)) for line in response.text.splitlines()]
    if media_type == "text/csv":
        return [of_line(line) for line in csv.DictReader(io.StringIO(response.text, newline=""))]
    if media_type == "application/vnd.apache.parquet":
        return [of_frame(row) for row in pl.read_parquet(body).to_dicts()]
    return [of_frame(row) for row in pl.read_ipc_stream(body).to_dicts()]


async def test_every_cell_is_the_same_in_all_forms(answers: Mapping[str, httpx.Response]) -> None:
    expected = read("application/json", answers["application/json"])
    assert [row["division"] for row in expected] == ALL
    for row, written in zip(expected, ROWS, strict=False):
        for name, value in written.items():
            assert str(row[name]) == str(value), name
    assert len(answers) == 5
    for media_type, response in answers.items():
        assert response.headers["content-type"].partition(";")[0] == media_type
        assert read(media_type, response) == expected, media_type


async def test_the_digits_themselves(answers: Mapping[str, httpx.Response]) -> None:
    for media_type in ("application/json", "application/x-ndjson", "text/csv"):
        text = answers[media_type].text
        assert "1.10" in text
        assert "123456789.012345" in text
        assert "e-" not in text.lower().replace("like-", "")


async def test_text_never_becomes_a_formula(answers: Mapping[str, httpx.Response]) -> None:
    lines = csv.reader(io.StringIO(answers["text/csv"].text, newline=""))
    cells = [cell for line in lines for cell in line]
    assert "'=HYPERLINK(1)" in cells
    assert "'＝1+1" in cells
    numbers = ("-7", "-0.50", "-999999999999999")
    assert [cell for cell in cells if cell.startswith(FORMULA_STARTS) and cell not in numbers] == []


@pytest.mark.parametrize("media_type", ["application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"])
async def test_columns_have_types_also_without_a_row(
    database: Database, people: People, media_type: MediaType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "ROWS_AT_ONCE", 2)
    number = await grant(database, elements=list(ELEMENTS))
    await submit(database, *(make_row(division=code, count=1) for code in ALL))
    params = {"elements": ",".join(ELEMENTS), "period": "2026-10"}
    async with calling(database, people, "client_poverty_relief", grants=(number,)) as program:
        for period, height in (("2026-10", 6), ("2026-09", 0)):
            response = await program.get(URL, params=params | {"period": period}, headers={"Accept": media_type})
            body = io.BytesIO(response.content)
            frame = pl.read_parquet(body) if media_type.endswith("parquet") else pl.read_ipc_stream(body)
            assert frame.height == height
            assert dict(frame.schema) == {
                "division": pl.String,
                "period": pl.String,
                "entity": pl.String,
                "count": pl.Int64,
                "rate": pl.Decimal(38, 6),
                "is_poor": pl.Boolean,
                "founded": pl.Date,
                "note": pl.String,
                "missing": pl.String,
                "versions": pl.String,
                "revision": pl.Int64,
                "submission": pl.String,
                "submitted_at": pl.Datetime("us", "UTC"),
            }


class TestColumns:
    def test_an_element_called_like_one_of_ours(self) -> None:
        assert column_names(["missing", "count"])[3:5] == ["missing_value", "count"]

    def test_a_kind_of_value_that_changed_is_text_and_the_widest_decimals_hold(self) -> None:
        def fact(*kinds: tuple[str, int | None]) -> ElementFact:
            return ElementFact(
                "x",
                [
                    VersionFact(
                        n, "qualified", False, "conditional", "a", "a", "village", "month", None, None, kind, decimals
                    )
                    for n, (kind, decimals) in enumerate(kinds, start=1)
                ],
            )

        for kinds, expected in (
            ([("integer", None)], pl.Int64()),
            ([("integer", None), ("text", None)], pl.String()),
            ([("decimal", 2), ("decimal", 4)], pl.Decimal(38, 4)),
            ([("integer", None), ("decimal", 2)], pl.String()),
        ):
            assert column_types({"x": fact(*kinds)}, ["x"])["x"] == expected
