"""A clerk's month by spreadsheet: download, fill in and save with LibreOffice, three mistakes, mend, submit."""

import io

import httpx
import openpyxl
import pytest

from hub.kit.db import Database
from tests.capture.factories import create_collection, create_published_form, submit
from tests.people import EAST, VILLAGES, People
from tests.spreadsheet_program import saved_by_libreoffice
from tests.workbooks.filling import ECONOMY, LABOUR, PEOPLE, changed, download, typed, upload

FIRST, SECOND, THIRD = VILLAGES[EAST]
HONEST = [
    change
    for line in (6, 7, 8)
    for change in (
        typed(PEOPLE, f"C{line}", 200),
        typed(PEOPLE, f"E{line}", 110),
        typed(PEOPLE, f"G{line}", 90),
        typed(LABOUR, f"C{line}", 80),
        typed(ECONOMY, f"C{line}", 1.1),
    )
]
MISTAKES = [typed(PEOPLE, "G6", 91), typed(LABOUR, "C7", 20001), typed(ECONOMY, "E8", "明天")]
MENDED = [typed(PEOPLE, "G6", 90), typed(LABOUR, "C7", 79), typed(ECONOMY, "E8", "不适用")]


@pytest.mark.subject("reporter_east")
async def test_a_month_by_spreadsheet(client: httpx.AsyncClient, database: Database, people: People) -> None:
    await create_published_form(database, people)
    collection = await create_collection(database, people)
    empty = await download(client, collection)
    filled = saved_by_libreoffice(changed(empty, *HONEST, *MISTAKES))

    seen = (await upload(client, collection, filled)).json()
    assert [(one["code"], one["sheet"], one["cell"]) for one in seen["findings"]] == [
        ("rule-violated", PEOPLE, "C6"),
        ("value-out-of-range", LABOUR, "C7"),
        ("value-not-date", ECONOMY, "E8"),
    ]
    assert seen["counts"] == {"new": 14, "changed": 0, "same": 0, "refused": 2}
    draft = (await client.get(f"/api/v1/collections/{collection.id}/draft")).json()
    assert [row["values"] for row in draft["rows"]] == [{}, {}, {}]

    mended = saved_by_libreoffice(changed(filled, *MENDED))
    stored = (await upload(client, collection, mended, dry_run="false")).json()
    assert (stored["valid"], stored["stored"], stored["counts"]["refused"]) == (True, True, 0)
    draft = (await client.get(f"/api/v1/collections/{collection.id}/draft")).json()
    assert [row["values"]["income"] for row in draft["rows"]] == [1.1] * 3
    assert draft["rows"][2]["missing"] == {"surveyed_on": "not_applicable"}

    computed = openpyxl.load_workbook(io.BytesIO(mended), data_only=True)[PEOPLE]
    assert [computed[f"I{line}"].value for line in (6, 7, 8)] == [row["derived"]["staying"] for row in draft["rows"]]

    receipt = await submit(client, collection)
    assert (receipt.status_code, receipt.json()["door"]) == (201, "excel")
