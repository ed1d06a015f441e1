"""Read an upload without parsing it in this process: a limited child does, and hands over Arrow files of text."""

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

import polars as pl

from hub.kit.errors import ServiceUnavailable
from hub.kit.i18n import gettext as _
from hub.kit.uploads.archive import check_archive
from hub.kit.uploads.detection import UploadKind, detect
from hub.kit.uploads.errors import upload_refused
from hub.kit.uploads.limits import MEBIBYTE, UploadLimits
from hub.kit.uploads.places import Cell, Range
from hub.kit.uploads.refusal import Refused
from hub.settings import settings

# An answer lists at most some thousand places for each sheet; a longer one is not our child's.
_LONGEST_ANSWER = 16 * MEBIBYTE


@dataclass(frozen=True)
class UploadedSheet:
    """A sheet as text. Places count from 0, as the frame's rows and columns do: row 0, column 0 is A1.

    `cells`: every column is String, named by its letters; blank is null. `formulas` says of each
    formula whether a computed value came with it; at most 10,000 are listed, `formula_count` counts all.
    """

    name: str
    cells: pl.DataFrame
    is_hidden: bool = False
    formulas: Mapping[Cell, bool] = field(default_factory=dict)
    formula_count: int = 0
    merged: tuple[Range, ...] = ()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Upload:
    kind: UploadKind
    encoding: str | None
    sheets: tuple[UploadedSheet, ...]


async def read_upload(file: Path, *, filename: str, limits: UploadLimits) -> Upload:
    """The file's sheets, or `UploadRefused` with a sentence that says why."""
    try:
        await asyncio.to_thread(_look_at, file, filename, limits)
        async with _place(limits):
            with tempfile.TemporaryDirectory(prefix="hub-upload-") as folder:
                answer = await _in_child(file, filename, limits, Path(folder))
                return await asyncio.to_thread(_collect, answer, Path(folder))
    except Refused as refusal:
        raise upload_refused(refusal) from None


def _look_at(path: Path, filename: str, limits: UploadLimits) -> None:
    """What can be told without unpacking anything: most of what is wrong is refused before a child starts."""
    if path.stat().st_size > limits.bytes:
        raise Refused("upload_too_large", limit=limits.bytes // MEBIBYTE)
    with path.open("rb") as file:
        if detect(file, filename) == "xlsx":
            check_archive(file, limits)


@lru_cache(maxsize=8)
def _places(_limits: UploadLimits) -> asyncio.Semaphore:
    """Children at one time: each may use a gigabyte, and anybody signed in can send files.

    Each kind of upload has places of its own, so that a province's import keeps no township waiting.
    """
    return asyncio.Semaphore(settings().uploads_at_once)


@contextlib.asynccontextmanager
async def _place(limits: UploadLimits) -> AsyncIterator[None]:
    places = _places(limits)
    try:
        await asyncio.wait_for(places.acquire(), limits.wall_seconds)
    except TimeoutError as busy:
        message = _("正在读取的文件太多，请稍后重试。")
        raise ServiceUnavailable(message, retry_after=ceil(limits.wall_seconds)) from busy
    try:
        yield
    finally:
        places.release()


def _job(file: Path, filename: str, limits: UploadLimits, folder: Path) -> bytes:
    job = {"file": str(file.absolute()), "filename": filename, "target": str(folder), "limits": asdict(limits)}
    return json.dumps(job).encode()


async def _in_child(file: Path, filename: str, limits: UploadLimits, folder: Path) -> dict[str, Any]:
    """The child knows neither our environment nor our open files, only its job."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "hub.kit.uploads.child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd=folder,
        limit=_LONGEST_ANSWER,
    )
    try:
        output = await asyncio.wait_for(_converse(child, _job(file, filename, limits, folder)), limits.wall_seconds)
    except TimeoutError as late:
        raise Refused("upload_too_slow") from late
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    return _answer(output, child.returncode)


async def _converse(child: asyncio.subprocess.Process, job: bytes) -> bytes:
    """Tell the child its job and hear its answer, but not more of it than an answer can be."""
    assert child.stdin is not None and child.stdout is not None  # noqa: PT018, S101 - both are pipes
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(job)
        await child.stdin.drain()
        child.stdin.close()
    output = b""
    while piece := await child.stdout.read(MEBIBYTE):
        output += piece
        if len(output) > _LONGEST_ANSWER:
            raise Refused("upload_not_readable")
    await child.wait()
    return output


def _answer(output: bytes, status: int | None) -> dict[str, Any]:
    """A child that was killed is a clear refusal too: what killed it says why."""
    if status in {-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGALRM}:
        raise Refused("upload_too_slow")
    if status in {-signal.SIGABRT, -signal.SIGXFSZ} or (status and not output):
        raise Refused("upload_too_demanding")
    if status:
        raise Refused("upload_not_readable")
    answer = json.loads(output)
    if "refused" in answer:
        raise Refused(answer["refused"], **answer["facts"])
    return dict(answer)


def _collect(answer: Mapping[str, Any], folder: Path) -> Upload:
    sheets = tuple(
        UploadedSheet(
            name=sheet["name"],
            cells=pl.read_ipc(folder / sheet["file"]),
            is_hidden=sheet["is_hidden"],
            formulas={(row, column): has_value for row, column, has_value in sheet.get("formulas", ())},
            formula_count=sheet.get("formula_count", 0),
            merged=tuple(((a, b), (c, d)) for (a, b), (c, d) in sheet.get("merged", ())),
            hidden_rows=frozenset(sheet.get("hidden_rows", ())),
            hidden_columns=frozenset(sheet.get("hidden_columns", ())),
        )
        for sheet in answer["sheets"]
    )
    return Upload(answer["kind"], answer["encoding"], sheets)
