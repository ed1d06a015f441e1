"""Files that cannot be stored as they are: everything that is wrong is said at once, and nothing is stored."""

import errno
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from hub.capture.models import Collection
from hub.identity.people import disable_person
from hub.imports.files import import_folder
from hub.imports.models import Import, ImportFinding
from hub.imports.work import work
from hub.kit.db import Database, set_scope
from hub.settings import settings
from tests.imports.factories import EVERY_VILLAGE, HEAD, codes, csv_file, findings, post, row, rows, run, xlsx_file
from tests.people import COUNTY, EAST, People

pytestmark = [pytest.mark.subject("registrar"), pytest.mark.usefixtures("collection")]


def places(done: dict[str, Any], code: str) -> list[str]:
    return next(problem["places"] for problem in done["problems"] if problem["code"] == code)


class TestStructure:
    async def test_columns_are_judged_all_at_once(self, client: httpx.AsyncClient, database: Database) -> None:
        head = ("division", "population", "male", "外星人数", "male")
        done = await run(client, database, csv_file(rows(), head=head))
        assert done["state"] == "refused"
        assert codes(done) == ["column_unknown", "column_repeated", "column_missing"]
        assert places(done, "column_unknown") == ["D 外星人数"]
        assert places(done, "column_repeated") == ["E male"]
        assert [place.split()[0] for place in places(done, "column_missing")] == ["female", "workers"]

    async def test_no_table_at_all(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file([["a", "b"]], head=("x", "y")))
        assert codes(done) == ["table_not_found"]

    async def test_no_rows(self, client: httpx.AsyncClient, database: Database) -> None:
        assert codes(await run(client, database, csv_file([]))) == ["table_empty"]

    async def test_no_codes(self, client: httpx.AsyncClient, database: Database) -> None:
        lines = [cells[1:] for cells in rows()]
        done = await run(client, database, csv_file(lines, head=HEAD[1:]))
        assert "division_column_missing" in codes(done)

    async def test_two_sheets(self, client: httpx.AsyncClient, database: Database) -> None:
        table = [list(HEAD), *rows()]
        done = await run(client, database, xlsx_file({"一": table, "二": table}), filename="a.xlsx")
        assert codes(done) == ["tables_several"]
        assert places(done, "tables_several") == ["一", "二"]

    async def test_two_tables_in_one_sheet(self, client: httpx.AsyncClient, database: Database) -> None:
        table = [list(HEAD), *rows()[:3], [], list(HEAD), *rows()[3:]]
        done = await run(client, database, xlsx_file({"一": table}), filename="a.xlsx")
        assert codes(done) == ["tables_several"]

    async def test_a_formula_where_a_number_belongs(self, client: httpx.AsyncClient, database: Database) -> None:
        table = [list(HEAD), row(EVERY_VILLAGE[0], population="=C2+D2"), *rows()[1:]]
        done = await run(client, database, xlsx_file({"一": table}), filename="a.xlsx")
        assert [(one["code"], one["cell"]) for one in await findings(client, done)] == [("value-is-formula", "B2")]
        assert done["counts"]["refused"] == 1

    async def test_a_hostile_file_is_refused_in_a_sentence(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, b"PK\x03\x04 not a workbook", filename="a.xlsx")
        assert (done["state"], codes(done)) == ("refused", ["upload_archive_damaged"])


class TestPeriodAndForm:
    async def test_a_file_that_does_not_say_its_period(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()), period="")
        assert codes(done) == ["period_unknown"]
        assert done["problems"][0]["choices"] == ["2026-10"]

    async def test_a_file_of_another_period(self, client: httpx.AsyncClient, database: Database) -> None:
        lines = [[*cells, "2026-09"] for cells in rows()]
        done = await run(client, database, csv_file(lines, head=(*HEAD, "period")))
        assert codes(done) == ["period_mismatch"]

    async def test_a_file_of_two_periods(self, client: httpx.AsyncClient, database: Database) -> None:
        lines = [[*cells, f"2026-{9 + number % 2:02}"] for number, cells in enumerate(rows())]
        done = await run(client, database, csv_file(lines, head=(*HEAD, "period")), period="")
        assert codes(done) == ["periods_several"]

    async def test_a_period_that_is_not_open(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()), period="2026-11")
        assert codes(done) == ["collection_not_opened"]
        assert len(places(done, "collection_not_opened")) == 2

    async def test_a_closed_task(self, client: httpx.AsyncClient, database: Database) -> None:
        async with database.transaction() as session:
            east = (await session.scalars(select(Collection).where(Collection.township == EAST))).one()
            east.closes_at = east.opened_at
        done = await run(client, database, csv_file(rows()))
        assert codes(done) == ["collection_closed"]
        assert [place.split()[0] for place in places(done, "collection_closed")] == [EAST]

    async def test_what_is_said_along_is_judged_all_at_once(self, client: httpx.AsyncClient) -> None:
        answer = await post(client, csv_file(rows()), form="x", period="2026-13", dry_run="maybe", confirm="1")
        assert answer.status_code == 422
        assert {item["pointer"] for item in answer.json()["errors"]} == {"/form", "/period", "/dry_run", "/confirm"}


class TestDoor:
    async def test_the_file_is_wanted(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/imports", files={"other": ("a.csv", b"x")})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/file")
        assert (await client.post("/api/v1/imports", json={})).status_code == 415
        assert list(import_folder().glob("*.part")) == []

    async def test_too_large_is_refused_and_nothing_stays(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(settings(), "maximum_upload_bytes", 1024)
        answer = await post(client, b"x" * 1025)
        assert answer.status_code == 413
        assert list(import_folder().glob("*.part")) == []

    async def test_declared_too_large_is_refused_before_reading(self, client: httpx.AsyncClient) -> None:
        head = {"content-type": "multipart/form-data; boundary=x", "content-length": str(10**12)}

        async def never() -> Any:
            raise AssertionError("the body was read")
            yield b""

        answer = await client.post("/api/v1/imports", content=never(), headers=head)
        assert answer.status_code == 413

    async def test_a_full_disk_is_said_and_leaves_no_half_file(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("hub.kit.multipart.os.fsync", full)
        answer = await post(client, csv_file(rows()))
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert list(import_folder().glob("*.part")) == []

    async def test_the_same_key_and_file_is_one_import(self, client: httpx.AsyncClient, database: Database) -> None:
        key = {"Idempotency-Key": "once"}
        first, second = [await post(client, csv_file(rows()), headers=key, period="2026-10") for _time in range(2)]
        assert first.json()["id"] == second.json()["id"]
        other = await post(client, csv_file(rows()[:3]), headers=key, period="2026-10")
        assert other.status_code == 409
        async with database.transaction() as session:
            assert len((await session.scalars(select(Import))).all()) == 1
            jobs = await session.scalar(text("SELECT count(*) FROM jobs.procrastinate_jobs"))
        assert jobs == 1
        assert list(import_folder().glob("*.part")) == []

    async def test_a_cancelled_import_stores_nothing(self, client: httpx.AsyncClient, database: Database) -> None:
        from_file = await post(client, csv_file(rows()), period="2026-10", dry_run="false")
        address = f"/api/v1/imports/{from_file.json()['id']}"
        assert (await client.post(f"{address}/cancellation")).json()["state"] == "cancelled"
        await work(database, from_file.json()["id"])
        assert (await client.get(address)).json()["state"] == "cancelled"
        assert (await client.post(f"{address}/cancellation")).status_code == 409
        assert (await client.post(f"{address}/submission", json={})).status_code == 409


class TestWall:
    async def test_findings_are_behind_row_level_security(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        done = await run(client, database, csv_file(rows(workers="?")))
        for scope, expected in (([COUNTY], 6), ([EAST], 0), ([], 0)):
            async with database.transaction() as session:
                await set_scope(session, scope)
                seen = (await session.scalars(select(ImportFinding))).all()
            assert len(seen) == expected, scope
        assert done["finding_counts"][0]["count"] == 6

    async def test_another_authoritys_import_is_not_there(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()))
        async with database.transaction() as session:
            (await session.get_one(Import, done["id"])).reach = "431302"
        for address in ("", "/findings"):
            answer = await client.get(f"/api/v1/imports/{done['id']}{address}")
            assert (answer.status_code, answer.json()["code"]) == (404, "import_not_found")
        assert (await client.get("/api/v1/imports")).json()["items"] == []
        assert (await client.post(f"/api/v1/imports/{done['id']}/submission")).status_code == 404


class TestPermission:
    @pytest.mark.subject("administrator")
    async def test_an_administrator_may(self, client: httpx.AsyncClient) -> None:
        assert (await post(client, csv_file(rows()), period="2026-10")).status_code == 202

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param(name, marks=pytest.mark.subject(name))
            for name in ("reporter_east", "steward_civil_affairs", "auditor", "client_human_resources")
        ],
    )
    async def test_nobody_else_may(self, client: httpx.AsyncClient, name: str) -> None:
        answer = await post(client, csv_file(rows()), period="2026-10")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), name
        some = "/api/v1/imports/00000000-0000-0000-0000-000000000000"
        assert (await client.get(some)).status_code == 403
        assert (await client.post(f"{some}/submission")).status_code == 403

    @pytest.mark.subject("registrar")
    async def test_who_was_disabled_meanwhile_stores_nothing(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        answer = await post(client, csv_file(rows()), period="2026-10", dry_run="false")
        async with database.transaction() as session:
            await disable_person(session, people.subject("administrator").actor, "registrar")
        await work(database, answer.json()["id"])
        async with database.transaction() as session:
            given = await session.get_one(Import, answer.json()["id"])
        assert (given.state, given.problems[0]["code"]) == ("refused", "requester_not_permitted")
