"""A form with one file, written to the disk as it comes in: a province's file never stands in memory (RFC 7578)."""

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from types import TracebackType
from typing import Self

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from hub.kit.db import uuid7
from hub.kit.disk import storage_full
from hub.kit.errors import BadRequest, ErrorItem, PayloadTooLarge, Unprocessable, UnsupportedMediaType
from hub.kit.i18n import gettext as _
from hub.settings import settings

FILE = "file"
FIELDS, FIELD_BYTES = 20, 16 * 1024
# What stands around the file: boundaries, heads of parts, the other fields.
FRAME_BYTES = FIELDS * FIELD_BYTES
LONGEST_NAME = 255
Admit = Callable[[Mapping[str, str]], None]
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class MalformedForm(BadRequest):
    code = "malformed_form"


@dataclass(frozen=True)
class ReceivedForm:
    """The fields, and where the file lies. Whoever wants to keep the file moves it; `sha256` is over all of it."""

    fields: Mapping[str, str]
    file: Path
    filename: str
    size: int
    sha256: bytes


class _Receiver:
    """The parser's callbacks: a file under way, or a field."""

    def __init__(self, target: Path, limit: int, admit: Admit) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.size = 0
        self.digest = hashlib.sha256()
        self._target, self._limit, self._admit = target, limit, admit
        self._header, self._value, self._head = bytearray(), bytearray(), Message()
        self._field = bytearray()
        self._is_file, self._name = False, ""
        self._output = target.open("xb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._output.close()

    def finish(self) -> None:
        """On the disk before it is promised."""
        self._output.flush()
        os.fsync(self._output.fileno())

    def part_begin(self) -> None:
        self._head, self._field, self._is_file = Message(), bytearray(), False

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._head[self._header.decode("latin-1")] = self._value.decode("utf-8", "replace")
        self._header, self._value = bytearray(), bytearray()

    def headers_finished(self) -> None:
        name = self._head.get_param("name", header="content-disposition")
        self._name = name if isinstance(name, str) else ""
        filename = Path(self._head.get_filename() or "").name[-LONGEST_NAME:]
        self._is_file = self._name == FILE and bool(filename)
        if self._is_file:
            if self.filename is not None:
                raise _fault("file_repeated", _("一次只能上传一个文件。"))
            self._admit(self.fields)
            self.filename = filename

    def part_data(self, data: bytes, start: int, end: int) -> None:
        piece = memoryview(data)[start:end]
        if not self._is_file:
            self._field += piece
            if len(self._field) > FIELD_BYTES:
                raise _fault("too_long", _("太长。"), self._name)
            return
        self.size += len(piece)
        if self.size > self._limit:
            raise _too_large(self._limit)
        self.digest.update(piece)
        self._output.write(piece)

    def part_end(self) -> None:
        if self._is_file:
            return
        if len(self.fields) >= FIELDS:
            raise MalformedForm(_("表单的字段太多。"))
        try:
            self.fields[self._name] = self._field.decode("utf-8")
        except UnicodeDecodeError as error:
            raise _fault("character_not_allowed", _("文字中含有空字符或不完整的字符。"), self._name) from error


def _fault(code: str, message: str, name: str = FILE) -> Unprocessable:
    return Unprocessable(message, errors=[ErrorItem(f"/{name}", code, message)])


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(_("文件太大：最多 {limit} MB。").format(limit=limit // (1024 * 1024)))


def _boundary(request: Request) -> str:
    head = Message()
    head["content-type"] = request.headers.get("content-type", "")
    boundary = head.get_param("boundary")
    if head.get_content_type() != "multipart/form-data" or not isinstance(boundary, str) or not boundary:
        raise UnsupportedMediaType(_("请用 {wanted} 发送正文。").format(wanted="multipart/form-data"))
    return boundary


async def receive_form(
    request: Request, folder: Path, *, limit: int, admit: Admit = lambda _fields: None
) -> ReceivedForm:
    """Take in a form whose `file` has at most `limit` bytes. Refused before reading when it says to have more.

    `admit`: sees the fields that came before the file, and raises what stands against taking it in.
    Nothing is left in the folder unless the form arrived whole.
    """
    boundary = _boundary(request)
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > limit + FRAME_BYTES:
        raise _too_large(limit)
    target = folder / f"{uuid7()}.part"
    try:
        _make_room(folder, int(declared))
        return await _receive(request, boundary, target, limit, admit)
    except BaseException as error:
        target.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            raise storage_full() from error
        raise


def _make_room(folder: Path, wanted: int) -> None:
    """What can't be kept whole isn't begun: a disk filled to the brim takes the database down with it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < wanted + settings().minimum_free_bytes:
        raise storage_full()


async def _receive(request: Request, boundary: str, target: Path, limit: int, admit: Admit) -> ReceivedForm:
    with _Receiver(target, limit, admit) as receiver:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": receiver.part_begin,
                "on_header_field": receiver.header_field,
                "on_header_value": receiver.header_value,
                "on_header_end": receiver.header_end,
                "on_headers_finished": receiver.headers_finished,
                "on_part_data": receiver.part_data,
                "on_part_end": receiver.part_end,
            },
        )
        try:
            async for piece in request.stream():
                await asyncio.to_thread(parser.write, piece)
            parser.finalize()
        except MultipartParseError as error:
            raise MalformedForm(_("表单不完整或格式不对，请重新上传。")) from error
        if receiver.filename is None:
            admit(receiver.fields)
            raise _fault("missing", _("请选择要上传的文件。"))
        await asyncio.to_thread(receiver.finish)
        return ReceivedForm(receiver.fields, target, receiver.filename, receiver.size, receiver.digest.digest())
