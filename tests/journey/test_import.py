"""A whole county's month from one workbook, on a real hub with its own worker, as its authority would do it."""

import io
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import xlsxwriter

from tests.journey.hub_process import Hub, running_hub

FORM = "village-month"
VILLAGES, TOWNSHIPS = 228, 12
BAD_ROWS = 12  # 5 %
DONE_SECONDS = 120


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with running_hub() as running:
        yield running


@pytest.fixture(scope="module")
def authority(hub: Hub) -> Iterator[httpx.Client]:
    with hub.caller("authority") as caller:
        yield caller


@pytest.fixture(scope="module")
def month(hub: Hub, authority: httpx.Client) -> tuple[str, list[dict[str, Any]]]:
    """The open month, and every village's figures of the month before, as its townships see them."""
    tasks = authority.get("/collections", params={"state": "open", "limit": 1000}).json()["items"]
    wanted = [task for task in tasks if task["form"] == FORM]
    rows = []
    for task in wanted:
        with hub.caller(f"township-{task['township']}") as clerk:
            rows += clerk.get(f"/collections/{task['id']}/draft").json()["rows"]
    assert (len(wanted), len(rows)) == (TOWNSHIPS, VILLAGES)
    return wanted[0]["period"], rows


def workbook(rows: list[dict[str, Any]]) -> bytes:
    identifiers = sorted(rows[0]["previous"])
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet("村月报表")
        sheet.write_row(0, 0, ["区划代码", "村名", *identifiers])
        for number, row in enumerate(rows, start=1):
            sheet.write_string(number, 0, row["division"])
            sheet.write_string(number, 1, row["division_name"])
            sheet.write_row(number, 2, [row["previous"].get(identifier) for identifier in identifiers])
    return content.getvalue()


def imported(authority: httpx.Client, content: bytes, **fields: str) -> dict[str, Any]:
    answer = authority.post("/imports", files={"file": ("county.xlsx", content)}, data=fields)
    assert answer.status_code == 202, answer.text
    return finished(authority, answer.json()["id"])


def finished(authority: httpx.Client, import_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + DONE_SECONDS
    while (told := authority.get(f"/imports/{import_id}").json())["finished_at"] is None:
        assert time.monotonic() < deadline, told
        time.sleep(0.2)
    return told


class TestCounty:
    """In order: tried out with mistakes, mended, tried out, stored, seen."""

    def test_1_a_twentieth_of_the_rows_is_bad_and_each_is_named(
        self, authority: httpx.Client, month: tuple[str, list[dict[str, Any]]]
    ) -> None:
        period, rows = month
        bad = [{**row, "previous": row["previous"] | {"village_migrant_workers": -1}} for row in rows[:BAD_ROWS]]
        bad += rows[BAD_ROWS:]
        told = imported(authority, workbook(bad), period=period, dry_run="false")
        assert (told["state"], told["counts"]["refused"]) == ("refused", BAD_ROWS), told
        found = authority.get(f"/imports/{told['id']}/findings", params={"severity": "error"}).json()["items"]
        assert {(one["line"], one["element"]) for one in found} == {
            (number + 2, "village_migrant_workers") for number in range(BAD_ROWS)
        }

    def test_2_every_village_is_stored_from_one_workbook(
        self, authority: httpx.Client, month: tuple[str, list[dict[str, Any]]]
    ) -> None:
        period, rows = month
        content = workbook(rows)
        first, second = [imported(authority, content, period=period) for _time in range(2)]
        assert first["counts"] == second["counts"] == {"new": VILLAGES, "changed": 0, "same": 0, "refused": 0}
        assert first["valid"], first["finding_counts"]
        assert authority.post(f"/imports/{first['id']}/submission", json={}).status_code == 202
        told = finished(authority, first["id"])
        assert (told["state"], told["progress"]["stored"]) == ("done", VILLAGES), told

    def test_3_the_townships_and_departments_see_it(
        self, hub: Hub, authority: httpx.Client, month: tuple[str, list[dict[str, Any]]]
    ) -> None:
        period, rows = month
        tasks = authority.get("/collections", params={"period": period, "limit": 1000}).json()["items"]
        assert {task["state"] for task in tasks if task["form"] == FORM} == {"submitted"}
        with hub.program("human-resources") as program:
            answer = program.get(
                "/data-values", params={"elements": "village_migrant_workers", "period": period, "limit": 1000}
            ).json()
        told = {item["division"]: item["values"]["village_migrant_workers"] for item in answer["items"]}
        assert told == {row["division"]: row["previous"]["village_migrant_workers"] for row in rows}

    def test_4_a_township_may_not_import(self, hub: Hub) -> None:
        with hub.caller("township-433124102") as clerk:
            answer = clerk.post("/imports", files={"file": ("a.csv", b"x")})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
