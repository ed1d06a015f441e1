"""Files of the tests' village form, and an import of one from the request to its end."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import xlsxwriter

from hub.imports.work import work
from hub.kit.db import Database
from tests.people import EAST, VILLAGES, WEST

HEAD = ("division", "population", "male", "female", "workers")
GOOD = {"population": 200, "male": 110, "female": 90, "workers": 80}
EVERY_VILLAGE = (*VILLAGES[EAST], *VILLAGES[WEST])


def row(division: str, **values: Any) -> list[Any]:
    """A row without a fault."""
    return [division, *({**GOOD, **values}[name] for name in HEAD[1:])]


def rows(**values: Any) -> list[list[Any]]:
    return [row(village, **values) for village in EVERY_VILLAGE]


def csv_file(lines: Sequence[Sequence[Any]], *, head: Sequence[str] = HEAD, encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([head, *lines])
    return text.getvalue().encode(encoding)


def xlsx_file(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """Sheets of whole tables, headings and all. Codes are text, as every careful program writes them."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
        for name, lines in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, cells in enumerate(lines):
                for column, cell in enumerate(cells):
                    if isinstance(cell, str) and cell.startswith("="):
                        sheet.write_formula(number, column, cell, None, 200)
                    elif cell is not None:
                        sheet.write(number, column, cell)
    return content.getvalue()


async def post(
    client: httpx.AsyncClient,
    content: bytes,
    *,
    filename: str = "villages.csv",
    headers: Mapping[str, str] | None = None,
    **fields: str,
) -> httpx.Response:
    return await client.post(
        "/api/v1/imports", files={"file": (filename, content)}, data=fields, headers=dict(headers or {})
    )


async def run(
    client: httpx.AsyncClient, database: Database, content: bytes, *, filename: str = "villages.csv", **fields: str
) -> dict[str, Any]:
    """Received, worked on as the queue would, and what the API then says of it."""
    fields = {"period": "2026-10", **fields}
    answer = await post(client, content, filename=filename, **{k: v for k, v in fields.items() if v})
    assert answer.status_code == 202, answer.text
    assert answer.json()["state"] == "received"
    await work(database, answer.json()["id"])
    return (await client.get(answer.headers["location"])).json()


async def findings(client: httpx.AsyncClient, done: Mapping[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/api/v1/imports/{done['id']}/findings", params={"limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def codes(done: Mapping[str, Any]) -> list[str]:
    """Of what is wrong with the file as a whole."""
    return [problem["code"] for problem in done["problems"]]
