"""The Excel door: a task's workbook down, and up again with its differences and findings."""

import io
import zipfile
from datetime import datetime
from typing import Any

import httpx
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select

from hub.audit.models import AuditEventRow
from hub.capture.models import Collection, Draft, Submission
from hub.kit.db import Database, set_scope
from tests.capture.factories import create_collection, create_published_form, row, rows, save, submit
from tests.people import EAST, VILLAGES, WEST, People
from tests.workbooks.filling import ECONOMY, LABOUR, PEOPLE, Change, address, changed, download, on, typed, upload

FIRST, SECOND, THIRD = VILLAGES[EAST]

pytestmark = pytest.mark.subject("reporter_east")


@pytest.fixture
async def collection(database: Database, people: People) -> Collection:
    await create_published_form(database, people)
    return await create_collection(database, people)


async def drafts(database: Database) -> list[Draft]:
    async with database.transaction() as session:
        await set_scope(session, [EAST])
        return list(await session.scalars(select(Draft)))


def opened(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def column_of(sheet: Worksheet, mark: str) -> int:
    return next(cell.column for cell in sheet[3] if cell.value == mark)


class TestDownload:
    async def test_has_a_sheet_a_section_and_a_row_a_village(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        answer = await client.get(address(collection))
        assert answer.headers["content-type"].endswith("spreadsheetml.sheet")
        assert "attachment" in answer.headers["content-disposition"]
        assert "%E9" in answer.headers["content-disposition"]
        draft = await client.get(f"/api/v1/collections/{collection.id}/draft")
        assert answer.headers["etag"] == draft.headers["etag"]
        book = opened(answer.content)
        assert [(sheet.title, sheet.sheet_state) for sheet in book] == [
            (PEOPLE, "visible"),
            (LABOUR, "visible"),
            (ECONOMY, "visible"),
            ("_lists", "veryHidden"),
            ("_hub", "veryHidden"),
        ]
        sheet = book[PEOPLE]
        assert [sheet.cell(line, 1).value for line in range(6, 10)] == [FIRST, SECOND, THIRD, None]
        assert sheet.freeze_panes == "C6"
        assert sheet.row_dimensions[3].hidden
        assert sheet.column_dimensions["A"].hidden

    async def test_protects_all_but_the_inputs_and_uses_no_macro(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        book = opened(await download(client, collection))
        assert book.vba_archive is None
        inputs = {
            (sheet.title, cell.coordinate)
            for sheet in book
            for line in sheet.iter_rows()
            for cell in line
            if not cell.protection.locked
        }
        assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)
        assert len(inputs) == 3 * 6
        assert (PEOPLE, "C6") in inputs
        assert (PEOPLE, "D6") not in inputs

    async def test_says_unit_definition_and_what_is_allowed(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        sheet = opened(await download(client, collection))[PEOPLE]
        assert (sheet["C4"].value, sheet["C5"].value) == ("户籍人口数", "人 必填")
        assert "population的口径" in sheet["C4"].comment.text
        checks = {str(check.sqref): check for check in sheet.data_validations.dataValidation}
        assert "C6<=20000" in checks["C6:C8"].formula1
        assert "不适用" in checks["C6:C8"].prompt

    async def test_is_filled_with_the_draft_and_what_is_known(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        await save(client, collection, rows(workers=81))
        assert (await submit(client, collection)).status_code == 201
        later = await create_collection(database, people, period="2026-11")
        odd = row(SECOND, population="约二百", income="1.10", surveyed_on="2026年11月2日") | {
            "missing": {"male": "refused"}
        }
        del odd["values"]["male"]
        await save(client, later, {"rows": [row(FIRST), odd]})
        book = opened(await download(client, later))
        people_sheet, labour, economy = book[PEOPLE], book[LABOUR], book[ECONOMY]
        assert [cell.value for cell in people_sheet[6]][2:8] == [200, 200, 110, 110, 90, 90]
        assert [cell.value for cell in people_sheet[7]][2:5] == ["约二百", 200, "拒绝提供"]
        assert [cell.value for cell in labour[6]][2:4] == [80, 81]
        assert economy["C7"].value == 1.1
        assert economy["E7"].value == datetime(2026, 11, 2)  # noqa: DTZ001 - a cell has no zone

    async def test_computes_derived_cells_by_formulas(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())
        content = await download(client, collection)
        formula = opened(content)[PEOPLE]["I6"].value
        assert formula == (
            "=IF(COUNT(C6,INDEX('劳动力'!$C$6:$C$8,MATCH($A6,'劳动力'!$A$6:$A$8,0)))=2,"
            "ROUND(C6-INDEX('劳动力'!$C$6:$C$8,MATCH($A6,'劳动力'!$A$6:$A$8,0)),0),\"\")"
        )
        shown = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        assert shown[PEOPLE]["I6"].value == 120

    async def test_makes_no_formula_of_what_was_typed(self, client: httpx.AsyncClient, collection: Collection) -> None:
        typed_in = ["=1+1", "+1-1", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "＝1", '=HYPERLINK("http://x")']
        names = ["population", "male", "female", "workers", "income", "surveyed_on"]
        body = {"rows": [{"division": FIRST, "values": dict(zip(names, typed_in, strict=False))}]}
        await save(client, collection, body)
        content = await download(client, collection)
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            xml = b"".join(parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/sheet"))
        assert xml.count(b"<f>") == len(VILLAGES[EAST]), "only the derived element's cells"
        assert b"hyperlink" not in xml
        read = (await upload(client, collection, content)).json()
        assert (read["differences"], read["counts"]["refused"]) == ([], 6)

    @pytest.mark.subject("reporter_west")
    async def test_is_not_there_for_other_townships(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await client.get(address(collection))).status_code == 404

    @pytest.mark.subject("client_human_resources")
    async def test_is_not_for_departments(self, client: httpx.AsyncClient, collection: Collection) -> None:
        assert (await client.get(address(collection))).status_code == 403
        assert (await upload(client, collection, b"")).status_code == 403


class TestRoundTrip:
    @pytest.mark.parametrize(
        "values",
        [
            {},
            {"workers": "８０", "income": "1.10", "surveyed_on": "2026.3.31"},
            {"population": "abc", "male": True, "income": 12345.678901, "surveyed_on": "31.3.2026"},
            {"population": "1,234", "income": "=1+1", "surveyed_on": 46000},
            {"income": "0.30", "population": "００１２"},
        ],
    )
    async def test_changes_nothing(
        self, client: httpx.AsyncClient, database: Database, collection: Collection, values: dict[str, Any]
    ) -> None:
        body = {"rows": [row(FIRST, **values), {"division": SECOND, "missing": {"male": "none", "female": "odd"}}]}
        await save(client, collection, body)
        content = await download(client, collection)
        for sent in (content, changed(content)):
            answer = await upload(client, collection, sent, dry_run="false")
            assert answer.status_code == 200, answer.text
            read = answer.json()
            assert (read["differences"], read["stored"], read["stale"]) == ([], False, False)
            assert (read["counts"]["new"], read["counts"]["changed"]) == (0, 0)
        (draft,) = await drafts(database)
        assert draft.door == "api"

    async def test_finds_its_columns_and_rows_wherever_they_were_moved(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows())

        def rearrange(sheet: Worksheet) -> None:
            lines = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=3, max_row=8)]
            head, body = lines[:3], lines[3:]
            for number, line in enumerate([*head, *reversed(body)], start=3):
                for column, value in enumerate(reversed(line), start=1):
                    sheet.cell(number, column).value = value
            sheet.column_dimensions["F"].hidden = True

        content = changed(await download(client, collection), on(LABOUR, rearrange), typed(LABOUR, "C6", 79))
        read = (await upload(client, collection, content)).json()
        assert [
            (one["division"], one["element"], one["sheet"], one["cell"], one["old"], one["new"])
            for one in read["differences"]
        ] == [(THIRD, "workers", LABOUR, "C6", 80, 79)]

    async def test_in_another_language(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())
        content = await download(client, collection, **{"Accept-Language": "en"})
        assert (await upload(client, collection, content)).json()["differences"] == []

    async def test_by_titles_when_the_identifiers_were_deleted(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows())

        def delete_identifiers(book: openpyxl.Workbook) -> None:
            for name in (PEOPLE, LABOUR, ECONOMY):
                book[name].delete_rows(3)

        content = changed(await download(client, collection), delete_identifiers, typed(PEOPLE, "C5", 201))
        read = (await upload(client, collection, content)).json()
        assert [(one["element"], one["cell"], one["new"]) for one in read["differences"]] == [("population", "C5", 201)]


class TestDryRun:
    async def test_tells_every_cell_and_stores_nothing(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, {"rows": [row(FIRST, income=1.5)]})
        content = changed(
            await download(client, collection),
            typed(PEOPLE, "C6", 199),
            typed(PEOPLE, "E6", None),
            typed(PEOPLE, "C7", 300),
            typed(PEOPLE, "E7", "不适用"),
            typed(LABOUR, "C7", "二十"),
            typed(ECONOMY, "E6", "2026年3月31日"),
        )
        first = await upload(client, collection, content)
        again = await upload(client, collection, content, dry_run="true")
        read = first.json()
        assert read["counts"] == again.json()["counts"] == {"new": 3, "changed": 2, "same": 3, "refused": 1}
        assert (read["dry_run"], read["stored"]) == (True, False)
        found = {(one["division"], one["element"]): one for one in read["differences"]}
        assert found[FIRST, "population"] == {
            "division": FIRST, "element": "population", "sheet": PEOPLE, "cell": "C6",
            "old": 200, "new": 199, "old_missing": None, "new_missing": None,
        }  # fmt: skip
        assert (found[FIRST, "male"]["old"], found[FIRST, "male"]["new"]) == (110, None)
        assert (found[SECOND, "male"]["new"], found[SECOND, "male"]["new_missing"]) == (None, "not_applicable")
        (draft,) = await drafts(database)
        assert draft.rows == [row(FIRST, income=1.5) | {"missing": {}}]

    async def test_finds_three_mistakes_with_their_cells_and_the_codes_of_the_api(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        content = changed(
            await download(client, collection),
            typed(PEOPLE, "E6", 111),
            typed(LABOUR, "C7", 20001),
            typed(ECONOMY, "E8", "明天"),
        )
        read = (await upload(client, collection, content)).json()
        assert [(one["code"], one["sheet"], one["cell"]) for one in read["findings"]] == [
            ("rule-violated", PEOPLE, "C6"),
            ("value-out-of-range", LABOUR, "C7"),
            ("value-not-date", ECONOMY, "E8"),
        ]
        assert not read["valid"]
        stored = await upload(client, collection, content, dry_run="false")
        by_api = (await client.post(f"/api/v1/collections/{collection.id}/validation")).json()
        assert [{**one, "sheet": None, "cell": None} for one in stored.json()["findings"]] == [
            {**one, "sheet": None, "cell": None} for one in by_api["findings"]
        ]

    async def test_reads_what_programs_make_of_typing(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        """Numbers as text are taken; a day that became a number, and a number with a percent sign, are told."""
        await save(client, collection, rows())

        def type_oddly(book: openpyxl.Workbook) -> None:
            book[PEOPLE]["C6"].value, book[PEOPLE]["C6"].data_type = "200", "s"
            book[PEOPLE]["E6"] = " 110 "
            book[ECONOMY]["E6"], book[ECONOMY]["E6"].number_format = 46000, "General"
            book[ECONOMY]["C7"], book[ECONOMY]["C7"].number_format = 0.255, "0.0%"
            book[LABOUR]["C8"] = datetime(2026, 3, 1)  # noqa: DTZ001 - what Excel makes of "3-1"

        read = (await upload(client, collection, changed(await download(client, collection), type_oddly))).json()
        assert [(one["sheet"], one["cell"], one["new"]) for one in read["differences"]] == [
            (ECONOMY, "E6", "46000"),
            (ECONOMY, "C7", "25.5%"),
            (LABOUR, "C8", "2026-03-01"),
        ]
        assert [(one["code"], one["cell"]) for one in read["findings"]] == [
            ("value-not-date", "E6"),
            ("value-not-number", "C7"),
            ("value-not-integer", "C8"),
        ]

    async def test_takes_no_formula_for_a_value(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        content = changed(await download(client, collection), typed(PEOPLE, "C6", "=E6+G6"))
        read = (await upload(client, collection, content, dry_run="false")).json()
        assert [(one["code"], one["sheet"], one["cell"], one["element"]) for one in read["findings"]] == [
            ("cell-formula", PEOPLE, "C6", "population")
        ]
        assert (read["valid"], read["counts"]["refused"], read["differences"]) == (False, 1, [])
        (draft,) = await drafts(database)
        assert draft.rows[0]["values"]["population"] == 200

    async def test_names_a_formula_in_an_empty_cell_once(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        content = changed(
            await download(client, collection),
            *(typed(PEOPLE, cell, 100) for cell in ("E6", "G6")),
            typed(PEOPLE, "C6", "=E6+G6"),
        )
        findings = (await upload(client, collection, content)).json()["findings"]
        assert [one["code"] for one in findings if (one["sheet"], one["cell"]) == (PEOPLE, "C6")] == ["cell-formula"]

    async def test_reads_hidden_rows_and_says_so(self, client: httpx.AsyncClient, collection: Collection) -> None:
        await save(client, collection, rows())

        def hide(sheet: Worksheet) -> None:
            sheet.row_dimensions[7].hidden = True
            sheet["C7"] = 201

        read = (await upload(client, collection, changed(await download(client, collection), on(PEOPLE, hide)))).json()
        assert ("row-hidden", "warning", SECOND, PEOPLE, "B7") in [
            (one["code"], one["severity"], one["division"], one["sheet"], one["cell"]) for one in read["findings"]
        ]
        assert [one["new"] for one in read["differences"]] == [201]

    async def test_says_which_sheet_it_did_not_read(self, client: httpx.AsyncClient, collection: Collection) -> None:
        def add_notes(book: openpyxl.Workbook) -> None:
            book.create_sheet("我的底稿")["A1"] = "五月"

        read = (await upload(client, collection, changed(await download(client, collection), add_notes))).json()
        assert "我的底稿" in next(one["message"] for one in read["findings"] if one["code"] == "sheet-not-read")


class TestStore:
    async def test_saves_the_draft_through_the_excel_door(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        content = changed(await download(client, collection), typed(PEOPLE, "C6", 200), typed(LABOUR, "C6", "不掌握"))
        answer = await upload(client, collection, content, dry_run="false")
        read = answer.json()
        assert (answer.status_code, read["stored"], read["counts"]["refused"]) == (200, True, 1)
        (draft,) = await drafts(database)
        assert (draft.door, draft.saved_by) == ("excel", "reporter_east")
        assert draft.rows == [{"division": FIRST, "values": {"population": 200, "workers": "不掌握"}, "missing": {}}]
        shown = await client.get(f"/api/v1/collections/{collection.id}/draft")
        assert shown.headers["etag"] == read["etag"]
        async with database.transaction() as session:
            events = await session.scalars(select(AuditEventRow.action).where(AuditEventRow.action == "draft.save"))
            assert len(events.all()) == 1

    async def test_keeps_what_stands_outside_of_the_sheets(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        stray = {"division": VILLAGES[WEST][0], "values": {"population": 1}, "missing": {}}
        await save(client, collection, {"rows": [row(FIRST, no_such_element=7), stray]})
        content = changed(await download(client, collection), typed(PEOPLE, "C6", 199))
        await upload(client, collection, content, dry_run="false")
        (draft,) = await drafts(database)
        assert draft.rows[0]["values"]["no_such_element"] == 7
        assert draft.rows[-1] == stray

    async def test_never_overwrites_unseen_what_somebody_saved_meanwhile(
        self, client: httpx.AsyncClient, database: Database, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        content = changed(await download(client, collection), typed(PEOPLE, "C6", 199))
        await save(client, collection, rows(workers=70))
        refused = await upload(client, collection, content, dry_run="false")
        assert (refused.status_code, refused.json()["code"]) == (412, "precondition_failed")
        assert (await drafts(database))[0].rows[0]["values"]["workers"] == 70
        seen = (await upload(client, collection, content)).json()
        assert seen["stale"]
        assert [(one["element"], one["old"], one["new"]) for one in seen["differences"]] == [
            ("population", 200, 199),
            *[("workers", 70, 80)] * 3,
        ]
        headers = {"If-Match": seen["etag"]}
        stored = await upload(client, collection, content, dry_run="false", headers=headers)
        assert (stored.status_code, stored.json()["stored"]) == (200, True)

    async def test_refuses_two_files_and_two_answers_to_one_question(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        content = await download(client, collection)
        parts = [("file", ("a.xlsx", content)), ("file", ("b.xlsx", content))]
        answer = await client.post(address(collection), files=parts, data={"dry_run": ["true", "false"]})
        assert answer.status_code == 422
        assert {(one["pointer"], one["code"]) for one in answer.json()["errors"]} == {
            ("/file", "field_repeated"),
            ("/dry_run", "field_repeated"),
        }

    async def test_says_in_chinese_that_a_text_is_no_file(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        answer = await client.post(address(collection), data={"file": "上报.xlsx"})
        assert answer.status_code == 422
        assert [one["message"] for one in answer.json()["errors"]] == ["请选择要上传的文件。"]

    async def test_repeats_its_answer_to_the_same_key(self, client: httpx.AsyncClient, collection: Collection) -> None:
        content = changed(await download(client, collection), typed(PEOPLE, "C6", 199))
        key = {"Idempotency-Key": "k"}
        first = await upload(client, collection, content, headers=key, dry_run="false")
        # Another boundary, as every HTTP client draws one for each sending.
        again = await upload(client, collection, content, headers=key, dry_run="false")
        assert (first.status_code, first.json()["stored"]) == (200, True)
        assert again.json() == first.json()

    async def test_history_shows_all_three_doors(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        await save(client, collection, rows())
        await submit(client, collection)
        content = changed(await download(client, collection), typed(LABOUR, "C6", 79))
        await upload(client, collection, content, dry_run="false")
        answer = await submit(client, collection, reason="数错了")
        assert answer.status_code == 201, answer.text
        assert answer.json()["door"] == "excel"
        history = await client.get(
            f"/api/v1/collections/{collection.id}/history", params={"division": FIRST, "element": "workers"}
        )
        assert [(one["old"], one["new"], one["door"]) for one in history.json()["items"]] == [
            (None, 80, "api"),
            (80, 79, "excel"),
        ]
        async with database.transaction() as session:
            await set_scope(session, [EAST])
            doors = list(await session.scalars(select(Submission.door).order_by(Submission.submitted_at)))
        assert doors == ["api", "excel"]


def unmark(book: openpyxl.Workbook) -> None:
    del book["_hub"]


def of_another(name: str, value: str) -> Change:
    def change(book: openpyxl.Workbook) -> None:
        for line in book["_hub"].iter_rows():
            if line[0].value == name:
                line[1].value = value

    return change


def copy_sheet(book: openpyxl.Workbook) -> None:
    book.copy_worksheet(book[LABOUR])


def second_table(sheet: Worksheet) -> None:
    for column in range(1, sheet.max_column + 1):
        sheet.cell(12, column).value = sheet.cell(3, column).value


STRUCTURE: list[tuple[str, list[Change], list[tuple[str, str, str]]]] = [
    ("no identity", [unmark], [("workbook_not_ours", "_hub", "")]),
    ("patched identity", [of_another("period", "2026-09")], [("workbook_not_ours", "_hub", "")]),
    ("column deleted", [on(LABOUR, lambda sheet: sheet.delete_cols(3))], [("column_missing", LABOUR, "")]),
    ("codes deleted", [on(LABOUR, lambda sheet: sheet.delete_cols(1))], [("column_missing", LABOUR, "")]),
    (
        "two columns deleted",
        [on(PEOPLE, lambda sheet: sheet.delete_cols(5)), on(PEOPLE, lambda sheet: sheet.delete_cols(6))],
        [("column_missing", PEOPLE, ""), ("column_missing", PEOPLE, "")],
    ),
    ("sheet deleted", [lambda book: book.remove(book[ECONOMY])], [("sheet_missing", ECONOMY, "")]),
    ("column added", [typed(LABOUR, "F4", "备注"), typed(LABOUR, "F6", "x")], [("column_added", LABOUR, "F4")]),
    ("column renamed", [typed(PEOPLE, "E4", "男性")], [("column_renamed", PEOPLE, "E4")]),
    ("column unknown", [typed(PEOPLE, "E3", "value:no_such")], [
        ("column_missing", PEOPLE, ""), ("column_unknown", PEOPLE, "E4")
    ]),
    ("column twice", [typed(PEOPLE, "E3", "value:population"), typed(PEOPLE, "E4", "户籍人口数")], [
        ("column_missing", PEOPLE, ""), ("column_duplicated", PEOPLE, "C4"), ("column_duplicated", PEOPLE, "E4")
    ]),
    ("row deleted", [on(PEOPLE, lambda sheet: sheet.delete_rows(7))], [("row_missing", PEOPLE, "")]),
    ("row twice", [typed(LABOUR, "A7", FIRST)], [("row_duplicated", LABOUR, "A7"), ("row_missing", LABOUR, "")]),
    ("row of elsewhere", [typed(LABOUR, "A9", VILLAGES[WEST][0])], [("row_unknown", LABOUR, "B9")]),
    ("total below", [typed(LABOUR, "B9", "合计"), typed(LABOUR, "C9", 240)], [("row_unknown", LABOUR, "B9")]),
    ("merged cells", [on(PEOPLE, lambda sheet: sheet.merge_cells("C6:C7"))], [("cells_merged", PEOPLE, "C6:C7")]),
    ("two tables", [on(LABOUR, second_table)], [("second_table", LABOUR, "A12")]),
]  # fmt: skip


class TestStructure:
    @pytest.mark.parametrize(
        ("changes", "faults"), [case[1:] for case in STRUCTURE], ids=[case[0] for case in STRUCTURE]
    )
    async def test_is_refused_with_every_fault_and_its_place(
        self,
        client: httpx.AsyncClient,
        database: Database,
        collection: Collection,
        changes: list[Change],
        faults: list[tuple[str, str, str]],
    ) -> None:
        content = changed(await download(client, collection), typed(PEOPLE, "C6", 5), *changes)
        for dry_run in ("true", "false"):
            answer = await upload(client, collection, content, dry_run=dry_run)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (422, "workbook_not_matching"), answer.text
            assert [(one["code"], one["sheet"], one["cell"]) for one in problem["places"]] == faults
            assert [(one["pointer"], one["code"]) for one in problem["errors"]] == [
                ("/file", fault[0]) for fault in faults
            ]
        assert await drafts(database) == []

    async def test_faults_of_several_kinds_are_told_at_once(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        content = changed(
            await download(client, collection),
            typed(PEOPLE, "E4", "男性"),
            on(LABOUR, lambda sheet: sheet.delete_rows(7)),
            copy_sheet,
        )
        codes = [one["code"] for one in (await upload(client, collection, content)).json()["places"]]
        assert {"column_renamed", "row_missing", "column_duplicated"} <= set(codes)

    async def test_knows_the_workbook_of_another_period(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        other = await create_collection(database, people, period="2026-09")
        answer = await upload(client, collection, await download(client, other))
        assert [one["code"] for one in answer.json()["places"]] == ["workbook_of_another_period"]
        assert "2026年9月" in answer.json()["errors"][0]["message"]

    async def test_knows_the_workbook_of_another_township(
        self, client: httpx.AsyncClient, database: Database, people: People, collection: Collection
    ) -> None:
        async with database.transaction() as session:
            west = (await session.scalars(select(Collection).where(Collection.township == WEST))).one()
        content = await download(client, collection)
        client.headers.update(await people.authorization("reporter_west"))
        answer = await upload(client, west, content)
        assert [one["code"] for one in answer.json()["places"]] == ["workbook_of_another_township"]

    async def test_takes_no_csv_and_no_foreign_workbook(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        csv = await upload(client, collection, "区划,外出\n1,2\n".encode(), filename="a.csv")
        assert csv.json()["places"][0]["code"] == "workbook_not_ours"
        file = io.BytesIO()
        openpyxl.Workbook().save(file)
        assert (await upload(client, collection, file.getvalue())).json()["places"][0]["code"] == "workbook_not_ours"

    async def test_refuses_hostile_files_with_their_own_codes(
        self, client: httpx.AsyncClient, collection: Collection
    ) -> None:
        answer = await upload(client, collection, b"MZ" + bytes(100))
        assert (answer.status_code, answer.json()["code"]) == (415, "upload_kind_not_supported")

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            ({"data": {"dry_run": "true"}}, 422),
            ({"json": {"file": "x"}}, 415),
            ({"files": {"file": "x"}, "data": {"dry_run": "maybe"}}, 422),
        ],
    )
    async def test_wants_a_file(
        self, client: httpx.AsyncClient, collection: Collection, sent: dict[str, Any], status: int
    ) -> None:
        assert (await client.post(address(collection), **sent)).status_code == status
