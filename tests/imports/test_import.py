"""Bulk import through the API: what a file does to records, submissions and tasks."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.checksum import submission_checksum
from hub.capture.etag import content_sha256
from hub.capture.models import Collection, Draft, Submission
from hub.capture.rows import TypedEntry
from hub.forms import service as forms
from hub.imports.work import work
from hub.kit import json
from hub.kit.db import Database, set_scope
from hub.kit.json import Written
from hub.registry.models import DataElementVersion
from hub.store.models import Record, RecordRevision
from hub.store.recording import record_values
from hub.store.revisions import RowWrite
from hub.store.rows import Writing
from tests.capture.factories import FORM
from tests.forms.factories import create_element
from tests.imports.factories import EVERY_VILLAGE, HEAD, codes, csv_file, findings, row, rows, run, xlsx_file
from tests.people import COUNTY, EAST, VILLAGES, WEST, People

pytestmark = [pytest.mark.subject("registrar"), pytest.mark.usefixtures("collection")]


async def records(database: Database) -> dict[str, Record]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        found = await session.scalars(select(Record).execution_options(populate_existing=True))
        return {record.division: record for record in found}


async def submissions(database: Database) -> list[Submission]:
    async with database.transaction() as session:
        await set_scope(session, [COUNTY])
        return list((await session.scalars(select(Submission).order_by(Submission.number))).all())


async def states(database: Database) -> dict[str, str | None]:
    async with database.transaction() as session:
        found = await session.scalars(select(Collection).execution_options(populate_existing=True))
        return {collection.township: collection.submission for collection in found}


class TestDryRun:
    async def test_is_the_default_and_stores_nothing(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()), dry_run="")
        assert (done["state"], done["dry_run"], done["valid"]) == ("done", True, True)
        done = await run(client, database, csv_file(rows()))
        assert (done["state"], done["dry_run"], done["valid"]) == ("done", True, True)
        assert done["counts"] == {"new": 6, "changed": 0, "same": 0, "refused": 0}
        assert done["progress"] == {"total": 6, "checked": 6, "stored": 0, "areas": []}
        assert await records(database) == {}
        assert set((await states(database)).values()) == {None}

    async def test_twice_counts_alike(self, client: httpx.AsyncClient, database: Database) -> None:
        await run(client, database, csv_file(rows()), dry_run="false")
        changed = csv_file([*rows()[:4], row(EVERY_VILLAGE[4], workers=81), row(EVERY_VILLAGE[5], workers="x")])
        first, second = [await run(client, database, changed) for _time in range(2)]
        assert first["counts"] == second["counts"] == {"new": 0, "changed": 1, "same": 4, "refused": 1}
        assert first["finding_counts"] == second["finding_counts"]

    async def test_can_be_stored_without_sending_it_again(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()))
        answer = await client.post(f"/api/v1/imports/{done['id']}/submission", json={})
        assert answer.status_code == 202
        await work(database, done["id"])
        stored = (await client.get(f"/api/v1/imports/{done['id']}")).json()
        assert (stored["state"], stored["counts"]["new"], stored["progress"]["areas"]) == ("done", 6, [COUNTY])
        assert len(await records(database)) == 6
        assert (await client.post(f"/api/v1/imports/{done['id']}/submission", json={})).status_code == 409


class TestStore:
    async def test_records_values_and_submits_for_each_township(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        done = await run(client, database, csv_file(rows()), dry_run="false")
        assert (done["state"], done["counts"]["new"], done["progress"]["stored"]) == ("done", 6, 6)
        held = await records(database)
        assert set(held) == set(EVERY_VILLAGE)
        assert held[EVERY_VILLAGE[0]].payload["workers"] == 80
        filed = await submissions(database)
        assert {one.township: one.number for one in filed} == await states(database)
        assert {one.door for one in filed} == {"import"}
        assert [row["division"] for row in filed[0].content] == list(VILLAGES[EAST])

    async def test_its_checksum_can_be_computed_from_the_receipt(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await run(client, database, csv_file(rows()), dry_run="false")
        for one in await submissions(database):
            content = Written(json.canonical(one.content))
            assert one.checksum == submission_checksum(one.number, one.collection_id, one.submitted_at, content)

    async def test_what_departments_supplied_is_in_no_content(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        """Contents are put together from staged rows, where what was supplied stands already, or partly from held."""
        async with database.transaction() as session:
            await set_scope(session, [COUNTY])
            supplied = RowWrite(EVERY_VILLAGE[0], {"pensioners": 9}, {}, {"pensioners": 1})
            await record_values(session, Writing(COUNTY, "village", "2026-10", (supplied,), "system", "api"))
        head = (*HEAD, "income", "workers.missing")
        lines = [[*cells, "1.50", None] for cells in rows()]
        lines[1][4:] = [None, None, "尚不掌握"]
        await run(client, database, csv_file(lines, head=head), dry_run="false")
        await run(client, database, csv_file([row(EVERY_VILLAGE[0], workers=81)]), dry_run="false", reason="报错")
        filed = [one for one in await submissions(database) if one.township == EAST]
        assert (await records(database))[EVERY_VILLAGE[0]].payload["pensioners"] == 9
        assert [list(one.content[0]["derived"]) for one in filed] == [["staying"], ["staying"]]
        assert ["pensioners" in one.content[0]["values"] for one in filed] == [False, False]
        assert filed[0].content[1]["missing"] == {"workers": "not_yet_known"}
        for one in filed:
            content = Written(json.canonical(one.content))
            assert one.checksum == submission_checksum(one.number, one.collection_id, one.submitted_at, content)

    async def test_the_same_rows_again_are_no_submission(self, client: httpx.AsyncClient, database: Database) -> None:
        await run(client, database, csv_file(rows()), dry_run="false")
        again = await run(client, database, csv_file(rows()), dry_run="false")
        assert (again["state"], again["counts"]) == ("done", {"new": 0, "changed": 0, "same": 6, "refused": 0})
        assert len(await submissions(database)) == 2

    async def test_a_correction_wants_a_reason_and_supersedes(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await run(client, database, csv_file(rows()), dry_run="false")
        changed = csv_file([row(EVERY_VILLAGE[0], workers=81)])
        refused = await run(client, database, changed, dry_run="false")
        assert (refused["state"], codes(refused)) == ("refused", ["reason_missing"])
        done = await run(client, database, changed, dry_run="false", reason="乡镇报错")
        assert (done["state"], done["counts"]["changed"]) == ("done", 1)
        east = [one for one in await submissions(database) if one.township == EAST]
        assert (east[1].supersedes, east[1].reason, len(east[1].content)) == (east[0].number, "乡镇报错", 3)
        async with database.transaction() as session:
            await set_scope(session, [COUNTY])
            kinds = (await session.scalars(select(RecordRevision.kind).where(RecordRevision.revision == 2))).all()
        assert kinds == ["correction"]

    async def test_leaves_an_audit_event_for_the_county(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()), dry_run="false")
        async with database.transaction() as session:
            statement = select(AuditEventRow).where(AuditEventRow.action == "import.store")
            event = (await session.scalars(statement)).one()
        assert event.object_id == done["id"]
        assert event.details["area"] == COUNTY
        assert len(event.details["submissions"]) == 2

    async def test_a_townships_own_draft_is_left_alone(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        typed = TypedEntry(VILLAGES[EAST][0], {"workers": 7}).to_stored()
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            session.add(
                Draft(
                    area=COUNTY,
                    collection_id=collection.id,
                    township=EAST,
                    rows=[typed],
                    content_sha256=content_sha256([typed]),
                    door="web",
                    saved_by="reporter_east",
                    saved_at=collection.opened_at,
                )
            )
        await run(client, database, csv_file(rows()), dry_run="false")
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            drafts = (await session.scalars(select(Draft))).all()
        assert [draft.saved_by for draft in drafts] == ["reporter_east"]


def bad(values: dict[str, Any]) -> list[list[Any]]:
    """Every village; the first of the east is bad."""
    return [row(EVERY_VILLAGE[0], **values), *rows()[1:]]


class TestBadRows:
    async def test_nothing_is_stored_unless_asked(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(bad({"workers": "很多"})), dry_run="false")
        assert (done["state"], codes(done)) == ("refused", ["rows_refused"])
        assert done["counts"]["refused"] == 1
        assert await records(database) == {}
        found = await findings(client, done)
        assert [(one["code"], one["line"], one["cell"], one["element"]) for one in found] == [
            ("value-not-integer", 2, "E2", "workers")
        ]

    async def test_good_rows_are_stored_when_asked_and_the_task_stays_open(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        done = await run(client, database, csv_file(bad({"workers": -1})), dry_run="false", accept_partial="true")
        assert done["state"] == "done"
        assert done["counts"] == {"new": 5, "changed": 0, "same": 0, "refused": 1}
        assert set(await records(database)) == set(EVERY_VILLAGE[1:])
        held = await states(database)
        assert held[EAST] is None
        assert held[WEST] is not None
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            draft = (await session.scalars(select(Draft))).one()
        assert [one["division"] for one in draft.rows] == list(VILLAGES[EAST])
        assert draft.rows[0]["values"]["workers"] == "-1"
        assert draft.rows[1]["values"]["workers"] == 80

    async def test_what_a_bad_file_left_in_a_draft_gives_way_to_the_next_file(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        async def typed() -> list[Any]:
            async with database.transaction() as session:
                await set_scope(session, [EAST])
                drafts = (await session.scalars(select(Draft))).all()
                return [draft.rows[0]["values"]["workers"] for draft in drafts]

        for value in ("很多", "更多"):
            await run(client, database, csv_file(bad({"workers": value})), dry_run="false", accept_partial="true")
            assert await typed() == [value]
        await run(client, database, csv_file(rows()), dry_run="false")
        assert await typed() == []

    async def test_the_mended_row_alone_completes_the_task(self, client: httpx.AsyncClient, database: Database) -> None:
        await run(client, database, csv_file(bad({"workers": -1})), dry_run="false", accept_partial="true")
        done = await run(client, database, csv_file([row(EVERY_VILLAGE[0])]), dry_run="false")
        assert (done["state"], done["counts"]["new"]) == ("done", 1)
        filed = {one.number: one for one in await submissions(database)}
        east = filed[(await states(database))[EAST] or ""]
        assert [one["division"] for one in east.content] == list(VILLAGES[EAST])
        assert east.content[1]["values"]["workers"] == 80

    async def test_missing_rows_of_a_township_are_findings(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()[:4]), dry_run="false")
        assert done["state"] == "refused"
        assert [(one["code"], one["division"], one["line"]) for one in await findings(client, done)] == [
            ("row-missing", village, None) for village in EVERY_VILLAGE[4:]
        ]

    async def test_a_township_without_any_row_is_not_meant(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows()[:3]), dry_run="false")
        assert (done["state"], done["counts"]["new"]) == ("done", 3)

    async def test_strangers_and_repetitions_are_named_by_line(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        lines = [*rows(), row("999999999999"), row(COUNTY), row(EVERY_VILLAGE[5])]
        done = await run(client, database, csv_file(lines))
        assert {(one["line"], one["code"]) for one in await findings(client, done)} == {
            (8, "division-unknown"),
            (9, "division-not-in-task"),
            (10, "row-duplicate"),
        }
        assert done["counts"]["refused"] == 4

    async def test_findings_are_paged_and_counted_exactly(self, client: httpx.AsyncClient, database: Database) -> None:
        done = await run(client, database, csv_file(rows(workers="?", population="?")))
        counted = {(one["severity"], one["code"]): one["count"] for one in done["finding_counts"]}
        assert counted == {("error", "value-not-integer"): 12}
        address = f"/api/v1/imports/{done['id']}/findings"
        first = (await client.get(address, params={"limit": 5})).json()
        rest = (await client.get(address, params={"limit": 100, "after": first["next"]})).json()
        assert (len(first["items"]), len(rest["items"]), rest["next"]) == (5, 7, None)
        lines = [one["line"] for one in (*first["items"], *rest["items"])]
        assert lines == sorted(lines)


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    async def test_csv_in_three_encodings(self, client: httpx.AsyncClient, database: Database, encoding: str) -> None:
        lines = [[*cells, "某某村"] for cells in rows()]
        content = csv_file(
            lines, head=("区划代码", "population", "male", "female", "workers", "村名"), encoding=encoding
        )
        done = await run(client, database, content)
        assert (done["state"], done["valid"], done["counts"]["new"]) == ("done", True, 6)

    async def test_xlsx_with_a_title_a_unit_row_and_the_period_above(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        table = [["花垣县村月报表"], ["报告期：2026年10月"], ["division", "population", "male", "female", "workers"]]
        table += [["区划代码", "户籍人口（人）", "男", "女", "外出务工"], *rows()]
        done = await run(client, database, xlsx_file({"数据": table}), filename="a.xlsx", period="")
        assert (done["state"], done["period"], done["counts"]["new"]) == ("done", "2026-10", 6)

    async def test_a_period_column_says_which_period(self, client: httpx.AsyncClient, database: Database) -> None:
        lines = [[*cells, "2026-10"] for cells in rows()]
        content = csv_file(lines, head=("division", "population", "male", "female", "workers", "报告期"))
        done = await run(client, database, content, period="")
        assert (done["state"], done["form"], done["period"]) == ("done", "village-month", "2026-10")

    async def test_a_finding_names_sheet_and_cell(self, client: httpx.AsyncClient, database: Database) -> None:
        table = [["title"], list(HEAD), *bad({"workers": "?"})]
        done = await run(client, database, xlsx_file({"数据": table}), filename="a.xlsx")
        assert [(one["sheet"], one["line"], one["cell"]) for one in await findings(client, done)] == [("数据", 3, "E3")]

    async def test_reasons_stand_in_their_own_column_or_in_the_cell(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        head = ("division", "population", "male", "female", "workers", "workers.missing")
        lines = [[*cells, None] for cells in rows()]
        lines[0][4:] = [None, "尚不掌握"]
        lines[1][4:] = ["不适用", None]
        done = await run(client, database, csv_file(lines, head=head), dry_run="false")
        assert done["state"] == "done", done
        held = await records(database)
        assert held[EVERY_VILLAGE[0]].missing == {"workers": "not_yet_known"}
        assert held[EVERY_VILLAGE[1]].missing == {"workers": "not_applicable"}


class TestFormOfThePeriod:
    async def test_a_file_is_judged_by_the_version_its_period_was_opened_with(
        self, client: httpx.AsyncClient, database: Database, people: People
    ) -> None:
        """Since then an element was retired and another one is required: October asks as it did."""
        async with database.transaction() as session:
            male = await session.get(DataElementVersion, ("male", 1))
            assert male is not None
            male.registration_status = "retired"
            await create_element(session, "newcomers", position=70)
        async with database.transaction() as session:
            assert (await forms.publish_version(session, people.subject("registrar"), FORM)).version == 2
        done = await run(client, database, csv_file(rows()), dry_run="false")
        assert (done["state"], done["form_version"], done["progress"]["stored"]) == ("done", 1, 6)
