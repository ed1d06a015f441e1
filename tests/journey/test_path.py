"""The path end to end, on a real hub started as the README says: nothing in it is this test's own."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import psycopg
import pytest

from hub.kit.postgres import ADMIN, PostgresServer
from tests.journey.hub_process import Hub, running_hub

TOWNSHIP = "433124102"
ELEMENT = "village_migrant_workers"
CONNECTORS = ("human-resources", "poverty-relief", "civil-affairs")


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with running_hub() as running:
        yield running


@pytest.fixture(scope="module")
def clerk(hub: Hub) -> Iterator[httpx.Client]:
    with hub.caller(f"township-{TOWNSHIP}") as caller:
        yield caller


def open_task(clerk: httpx.Client) -> dict[str, Any]:
    tasks = clerk.get("/collections", params={"township": TOWNSHIP}).json()["items"]
    return max((task for task in tasks if task["form"] == "village-month"), key=lambda task: task["period"])


def read_draft(clerk: httpx.Client, task: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    answer = clerk.get(f"/collections/{task['id']}/draft")
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"], answer.headers["etag"]


def typed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Last period's values taken over, as a clerk who finds nothing changed would."""
    return [{"division": row["division"], "values": row["previous"] | row["values"]} for row in rows]


def save(clerk: httpx.Client, task: dict[str, Any], rows: list[dict[str, Any]], etag: str) -> str:
    answer = clerk.put(f"/collections/{task['id']}/draft", json={"rows": rows}, headers={"if-match": etag})
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def count_in_file(summary: dict[str, Any], village: str) -> object:
    """The figure under the department's own column name, read from the department's own workbook."""
    column_name = summary["columns"][ELEMENT]
    sheet = openpyxl.load_workbook(summary["file"]).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    column = next(row.index(column_name) for row in rows if column_name in row)
    return next(row[column] for row in rows if village in [str(value) for value in row])


def keep_receipt(hub: Hub, clerk: httpx.Client, number: str) -> Path:
    paper = hub.folder / f"{number}.json"
    paper.write_bytes(clerk.get(f"/submissions/{number}/receipt").content)
    return paper


def verify(hub: Hub, paper: Path, *options: str) -> int:
    """True is 0, altered 3, unknown 4, superseded 5."""
    return hub.command("verify-receipt", str(paper), *options).returncode


class TestPath:
    """Steps of one story, in order."""

    village = ""
    count = 0
    paper = Path()

    def test_1_three_planted_faults_come_back_with_their_places(self, hub: Hub, clerk: httpx.Client) -> None:
        task = open_task(clerk)
        rows, etag = read_draft(clerk, task)
        filled = typed(rows)
        filled[0]["values"][ELEMENT] = -4
        filled[1]["values"]["village_registered_households"] = "十二"
        filled[2]["values"]["village_labour_force"] = None
        save(clerk, task, filled, etag)
        verdict = clerk.post(f"/collections/{task['id']}/validation").json()
        assert verdict["valid"] is False
        errors = [finding for finding in verdict["findings"] if finding["severity"] == "error"]
        assert [(finding["division"], finding["element"]) for finding in errors] == [
            (filled[0]["division"], ELEMENT),
            (filled[1]["division"], "village_registered_households"),
            (filled[2]["division"], "village_labour_force"),
        ]
        refused = clerk.post(f"/collections/{task['id']}/submission", json={})
        assert (refused.status_code, refused.json()["code"]) == (422, "draft_not_valid")
        assert len(refused.json()["findings"]) >= 3

    def test_2_corrected_and_submitted(self, hub: Hub, clerk: httpx.Client) -> None:
        task = open_task(clerk)
        rows, etag = read_draft(clerk, task)
        corrected = [{"division": row["division"], "values": row["previous"]} for row in rows]
        corrected[0]["values"][ELEMENT] += 20
        TestPath.village, TestPath.count = corrected[0]["division"], corrected[0]["values"][ELEMENT]
        save(clerk, task, corrected, etag)
        receipt = clerk.post(f"/collections/{task['id']}/submission", json={})
        assert receipt.status_code == 201, receipt.text
        assert {"number", "collection", "submitted_at", "checksum", "supersedes"} <= set(receipt.json())
        assert clerk.get(f"/submissions/{receipt.json()['number']}").json()["checksum"] == receipt.json()["checksum"]
        TestPath.paper = keep_receipt(hub, clerk, receipt.json()["number"])
        assert [verify(hub, self.paper), verify(hub, self.paper, "--offline")] == [0, 0]
        forged = hub.folder / "forged.json"
        forged.write_text(
            self.paper.read_text(encoding="utf-8").replace("乡镇", "街道").replace("镇", "乡", 1), encoding="utf-8"
        )
        assert verify(hub, forged) == 3

    @pytest.mark.parametrize("name", CONNECTORS)
    def test_3_each_department_holds_the_same_count_under_its_own_name(
        self, hub: Hub, clerk: httpx.Client, name: str
    ) -> None:
        period = open_task(clerk)["period"]
        first = hub.connector(name, "--period", period)
        assert (first["mode"], first["rows"]) == ("full", first["changed"])
        assert count_in_file(first, self.village) == self.count
        again = hub.connector(name, "--period", period)
        assert (again["changed"], again["sha256"]) == (0, first["sha256"])

    def test_4_the_names_differ(self, hub: Hub, clerk: httpx.Client) -> None:
        period = open_task(clerk)["period"]
        assert len({hub.connector(name, "--period", period)["columns"][ELEMENT] for name in CONNECTORS}) == 3

    def test_5_a_correction_wants_a_reason_and_supersedes(self, hub: Hub, clerk: httpx.Client) -> None:
        task = open_task(clerk)
        rows, etag = read_draft(clerk, task)
        corrected = [{"division": row["division"], "values": row["values"]} for row in rows]
        corrected[0]["values"][ELEMENT] += 1
        TestPath.count += 1
        save(clerk, task, corrected, etag)
        assert clerk.post(f"/collections/{task['id']}/submission", json={}).json()["code"] == "reason_required"
        receipt = clerk.post(f"/collections/{task['id']}/submission", json={"reason": "漏报一人"})
        assert receipt.status_code == 201, receipt.text
        assert receipt.json()["supersedes"]
        assert [verify(hub, self.paper), verify(hub, self.paper, "--offline")] == [5, 0]
        history = clerk.get(
            f"/collections/{task['id']}/history", params={"division": self.village, "element": ELEMENT}
        ).json()["items"]
        assert {entry["new"] for entry in history} == {self.count, self.count - 1}
        assert "漏报一人" in {entry["reason"] for entry in history}

    @pytest.mark.parametrize("name", CONNECTORS)
    def test_6_changes_bring_exactly_that_change(self, hub: Hub, clerk: httpx.Client, name: str) -> None:
        period = open_task(clerk)["period"]
        changed = hub.connector(name, "--period", period, "--changes")
        assert (changed["mode"], changed["changed"]) == ("changes", 1)
        assert count_in_file(changed, self.village) == self.count

    def test_7_the_township_sees_three_readers_and_their_purposes(self, hub: Hub, clerk: httpx.Client) -> None:
        answer = clerk.get("/usage", params={"division": TOWNSHIP})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        readers = {(item["organization"], item["purpose"]) for item in items if item["element"] == ELEMENT}
        assert {organization for organization, _purpose in readers} == set(CONNECTORS)
        assert all(purpose for _organization, purpose in readers)

    def test_8_as_it_stood_before(self, hub: Hub, clerk: httpx.Client) -> None:
        period = open_task(clerk)["period"]
        query = {"elements": ELEMENT, "period": period, "division": self.village}
        with hub.program("civil-affairs") as program:
            assert program.get("/data-values", params=query).json()["items"][0]["values"][ELEMENT] == self.count
            assert program.get("/data-values", params=query | {"as_of": "2000-01-01"}).json()["items"] == []

    @pytest.mark.parametrize("name", CONNECTORS)
    def test_9_every_period_of_the_county_is_granted(self, hub: Hub, name: str) -> None:
        with hub.program(name) as program:
            answer = program.get("/data-values", params={"elements": ELEMENT, "period": "2001-01..2001-12"})
        assert (answer.status_code, answer.json()["items"]) == (200, [])

    def test_9_outside_the_grant_is_named(self, hub: Hub, clerk: httpx.Client) -> None:
        period = open_task(clerk)["period"]
        with hub.program("civil-affairs") as program:
            refused = program.get(
                "/data-values", params={"elements": f"{ELEMENT},village_relieved_workers", "period": period}
            )
        assert (refused.status_code, refused.json()["code"]) == (403, "not_granted")
        assert "village_relieved_workers" in json.dumps(refused.json())

    def test_a_the_audit_log_holds_and_names_a_row_that_was_altered(self, hub: Hub) -> None:
        assert hub.command("audit", "verify").returncode == 0
        with PostgresServer.start(Path(hub.environment["HUB_DATA_DIR"])) as server:
            address = server.url(role=ADMIN).replace("+psycopg", "")
            with psycopg.connect(address, autocommit=True) as connection:
                row = connection.execute(
                    "UPDATE audit_events SET actor_name = 'somebody else' WHERE position = 40 RETURNING id"
                ).fetchone()
        verdict = hub.command("audit", "verify")
        assert verdict.returncode == 1
        assert row is not None
        assert str(row[0]) in verdict.stdout
        assert "40" in verdict.stdout

    def test_b_a_second_start_keeps_the_data(self, hub: Hub) -> None:
        again = hub.command("demo")
        assert again.returncode == 0, again.stderr
        hidden = hub.command("settings").stdout
        assert "HUB_DATA_DIR" in hidden

    def test_c_a_killed_database_comes_back_with_all_data(self, hub: Hub, clerk: httpx.Client) -> None:
        postmaster = Path(hub.environment["HUB_DATA_DIR"], "postgres", "cluster", "postmaster.pid")
        os.kill(int(postmaster.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while httpx.get(f"{hub.url}/readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        rows, _etag = read_draft(clerk, open_task(clerk))
        assert rows[0]["values"][ELEMENT] == self.count
