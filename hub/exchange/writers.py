"""A whole result on the wire, whatever its form: pages come out of the database as text and are passed on."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence

import polars as pl

from hub.exchange.columns import column_names, column_types
from hub.exchange.frames import arrow_stream, parquet_file
from hub.exchange.media import MediaType
from hub.exchange.plan import Plan
from hub.kit.spreadsheets import BYTE_ORDER_MARK
from hub.store.rows import TextForm

# The form the database writes a page in.
TEXT_FORMS: Mapping[MediaType, TextForm] = {
    "application/json": "json",
    "application/x-ndjson": "ndjson",
    "text/csv": "csv",
    "application/vnd.apache.arrow.stream": "table",
    "application/vnd.apache.parquet": "table",
}
# A page: large enough that asking for it costs nothing, small enough that two of them are no memory.
ROWS_AT_ONCE = 5000


def write(
    media_type: MediaType, plan: Plan, pages: AsyncIterator[str], *, is_for_spreadsheets: bool = False
) -> AsyncGenerator[bytes, None]:
    """The bytes of the whole result.

    A program reads CSV without a byte order mark: most take it for a part of the first heading. Excel in
    Chinese wants one, or shows UTF-8 as GBK: what a person downloads carries it.
    """
    if media_type == "application/vnd.apache.arrow.stream":
        return arrow_stream(pages, _types(plan))
    if media_type == "application/vnd.apache.parquet":
        return parquet_file(pages, _types(plan), rows_at_once=ROWS_AT_ONCE)
    if media_type != "text/csv":
        return _text(pages, "")
    mark = BYTE_ORDER_MARK if is_for_spreadsheets else ""
    return _text(pages, mark + csv_head(plan.request.elements))


def _types(plan: Plan) -> Mapping[str, pl.DataType]:
    return column_types(plan.elements, plan.request.elements)


def csv_head(elements: Sequence[str]) -> str:
    """Identifiers and the names of our own columns: nothing that a spreadsheet could run."""
    return ",".join(column_names(elements)) + "\r\n"


async def _text(pages: AsyncIterator[str], head: str) -> AsyncGenerator[bytes, None]:
    if head:
        yield head.encode()
    async for text in pages:
        yield text.encode()
