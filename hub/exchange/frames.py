"""Whole results as typed columns: Arrow streams and Parquet files, page by page in flat memory."""

import asyncio
import io
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import suppress
from typing import IO, Any, TypeVar, cast

import polars as pl
from polars.io.plugins import register_io_source

# What ends an Arrow stream, and what every message of it begins with (Arrow columnar format, "IPC streaming format").
_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_PREFIX_BYTES = 8
# Chunks that may wait for a slow reader.
_WAITING_CHUNKS = 4

Types = Mapping[str, pl.DataType]
Result = TypeVar("Result")


def read_table(text: str, types: Types) -> pl.DataFrame:
    """A page that the database wrote as CSV, in typed columns; numbers keep every digit."""
    if not text:
        return pl.DataFrame(schema=dict(types))
    read_as = {name: kind if kind in {pl.Int64, pl.Boolean} else pl.String() for name, kind in types.items()}
    frame = pl.read_csv(io.BytesIO(text.encode()), has_header=False, schema=read_as)
    return frame.with_columns(_cast(name, kind) for name, kind in types.items() if kind != read_as[name])


def _cast(name: str, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.Datetime):
        return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us", time_zone="UTC")
    return pl.col(name).str.to_date() if kind == pl.Date else pl.col(name).cast(kind)


async def arrow_stream(pages: AsyncIterator[str], types: Types) -> AsyncGenerator[bytes, None]:
    """One schema, then a batch of records for each page."""
    head, _none = await asyncio.to_thread(_messages, pl.DataFrame(schema=dict(types)))
    yield head
    async for text in pages:
        frame = await asyncio.to_thread(read_table, text, types)
        _head, batches = await asyncio.to_thread(_messages, frame)
        yield batches
    yield _END_OF_STREAM


def _messages(frame: pl.DataFrame) -> tuple[bytes, bytes]:
    """The schema's message and those of the batches: a stream of several frames says its schema once."""
    written = io.BytesIO()
    # The oldest level is what every reader of Arrow knows.
    frame.write_ipc_stream(written, compat_level=pl.CompatLevel.oldest())
    whole = written.getvalue().removesuffix(_END_OF_STREAM)
    schema_bytes = _PREFIX_BYTES + int.from_bytes(whole[4:_PREFIX_BYTES], "little")
    return whole[:schema_bytes], whole[schema_bytes:] if frame.height else b""


class _ReaderGoneError(ConnectionError):
    """Whom the file was for has hung up."""


class _Pipe(io.RawIOBase):
    """Between polars' own threads and the event loop: pages go in when asked for, bytes come out as they are read."""

    def __init__(self, pages: AsyncIterator[str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._pages = pages
        self._is_open = True
        self.chunks: asyncio.Queue[bytes | None] = asyncio.Queue(_WAITING_CHUNKS)

    def close_reader(self) -> None:
        self._is_open = False
        while not self.chunks.empty():
            self.chunks.get_nowait()

    def next_page(self) -> str | None:
        return self._wait(self._next_page())

    async def _next_page(self) -> str | None:
        return await anext(self._pages, None)

    def _wait(self, awaited: Coroutine[Any, Any, Result]) -> Result:
        if not self._is_open:
            awaited.close()
            raise _ReaderGoneError
        return asyncio.run_coroutine_threadsafe(awaited, self._loop).result()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._wait(self.chunks.put(bytes(data)))
        return len(data)


async def parquet_file(pages: AsyncIterator[str], types: Types, *, rows_at_once: int) -> AsyncGenerator[bytes, None]:
    """A row group for each page; the footer, which names them all, comes last."""
    pipe = _Pipe(pages)

    def frames(*_hints: Any) -> Iterator[pl.DataFrame]:
        while (text := pipe.next_page()) is not None:
            yield read_table(text, types)

    def write() -> None:
        source = register_io_source(frames, schema=dict(types))
        source.sink_parquet(cast("IO[bytes]", pipe), row_group_size=rows_at_once)

    async def finish() -> None:
        try:
            await asyncio.to_thread(write)
        finally:
            if pipe_is_read:
                await pipe.chunks.put(None)

    pipe_is_read = True
    writing = asyncio.create_task(finish())
    try:
        while (chunk := await pipe.chunks.get()) is not None:
            yield chunk
        await writing
    finally:
        pipe_is_read = False
        pipe.close_reader()
        with suppress(Exception):
            await writing
