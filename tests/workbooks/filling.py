"""A task's workbook in a clerk's hands: downloaded, changed with openpyxl, sent back."""

import io
from collections.abc import Callable
from typing import Any

import httpx
import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from hub.capture.models import Collection

PEOPLE, LABOUR, ECONOMY = "人口", "劳动力", "经济"
# Of the tests' form: the first village's row, and the columns of the first sheet.
FIRST_ROW = 6

Change = Callable[[Workbook], object]


def address(collection: Collection) -> str:
    return f"/api/v1/collections/{collection.id}/workbook"


async def download(client: httpx.AsyncClient, collection: Collection, **headers: str) -> bytes:
    answer = await client.get(address(collection), headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def changed(content: bytes, *changes: Change) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for change in changes:
        change(book)
    file = io.BytesIO()
    book.save(file)
    book.close()
    return file.getvalue()


def typed(sheet: str, cell: str, value: Any) -> Change:
    def change(book: Workbook) -> None:
        book[sheet][cell] = value

    return change


def on(sheet: str, work: Callable[[Worksheet], object]) -> Change:
    return lambda book: work(book[sheet])


async def upload(
    client: httpx.AsyncClient,
    collection: Collection,
    content: bytes,
    *,
    filename: str = "上报.xlsx",
    headers: dict[str, str] | None = None,
    **fields: str,
) -> httpx.Response:
    files = {"file": (filename, content)}
    return await client.post(address(collection), files=files, data=fields, headers=headers or {})
