"""A workbook is a zip archive. Its directory is read here by hand and nothing is unpacked.

Readers disagree on archives that contradict themselves (two parts of one name, parts that overlap, a
local header that differs from the directory), and zip bombs live on that (Fifield 2019). What no
spreadsheet program writes is therefore refused.
"""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

from hub.kit.uploads.limits import MEBIBYTE, UploadLimits
from hub.kit.uploads.refusal import Refused

STORED, DEFLATED = 0, 8

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 0xFFFF
_LONGEST_NAME = 255
_IS_ENCRYPTED = 0x1
# A sheet packs 10 to 30 to one; what packs better than this was made to.
_HIGHEST_RATIO = 300
_RATIO_FROM = MEBIBYTE

_NESTED = (".zip", ".xlsx", ".xlsm", ".xlsb", ".xls", ".docx", ".pptx", ".7z", ".rar", ".gz", ".jar", ".exe", ".dll")
_MACROS = ("vbaproject", "vbadata", "/macrosheets/", "/dialogsheets/")
_LINKS = ("/externallinks/", "/querytables/", "xl/connections.xml")
_OBJECTS = ("/embeddings/", "/activex/", "oleobject")
_OTHER_FORMATS = {
    "word/": "word",
    "ppt/": "powerpoint",
    "content.xml": "opendocument",
    "index/document.iwa": "numbers",
    "meta-inf/manifest.mf": "program",
}


@dataclass(frozen=True)
class Part:
    name: str
    method: int
    packed: int
    unpacked: int
    data_at: int


def check_archive(file: BinaryIO, limits: UploadLimits) -> tuple[Part, ...]:
    """The parts of a workbook, or why it is none that we read."""
    parts = _read(file, limits)
    _check_workbook(parts)
    return parts


def check_folder(file: BinaryIO, limits: UploadLimits) -> tuple[Part, ...]:
    """The files of a folder that somebody packed, or why it is not looked into."""
    parts = _read(file, limits)
    names = [part.name.lower() for part in parts]
    _check_names(names)
    if any(name.endswith(_NESTED) for name in names):
        raise Refused("upload_has_nested_archive")
    return parts


def _read(file: BinaryIO, limits: UploadLimits) -> tuple[Part, ...]:
    size = file.seek(0, os.SEEK_END)
    count, directory_size, directory_at = _end_of_directory(file, size)
    if count > limits.parts:
        raise Refused("upload_too_many_parts", limit=limits.parts)
    file.seek(directory_at)
    entries = _entries(file.read(directory_size), count)
    _check_sizes(entries, limits)
    return _located(file, entries, directory_at)


def _damaged() -> Refused:
    return Refused("upload_archive_damaged")


def _end_of_directory(file: BinaryIO, size: int) -> tuple[int, int, int]:
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < _END.size:
        raise _damaged()
    _magic, disk, first_disk, here, count, directory_size, directory_at, comment = _END.unpack_from(tail, found)
    is_whole = (disk, first_disk, here) == (0, 0, count) and found + _END.size + comment == len(tail)
    # Nothing may stand between the directory and its end: a second directory (zip64) could hide there.
    if not is_whole or directory_at + directory_size != tail_at + found:
        raise _damaged()
    return count, directory_size, directory_at


def _entries(directory: bytes, count: int) -> list[Part]:
    entries, at = [], 0
    for _ in range(count):
        if len(directory) - at < _ENTRY.size:
            raise _damaged()
        fields = _ENTRY.unpack_from(directory, at)
        flags, method, packed, unpacked = fields[3], fields[4], fields[8], fields[9]
        name_size, extra_size, comment_size, local_at = fields[10], fields[11], fields[12], fields[16]
        raw = directory[at + _ENTRY.size : at + _ENTRY.size + name_size]
        if fields[0] != b"PK\x01\x02" or method not in {STORED, DEFLATED} or not 0 < len(raw) <= _LONGEST_NAME:
            raise _damaged()
        if flags & _IS_ENCRYPTED:
            raise Refused("upload_encrypted")
        entries.append(Part(raw.decode("utf-8", "replace"), method, packed, unpacked, local_at))
        at += _ENTRY.size + name_size + extra_size + comment_size
    if at != len(directory) or not entries:
        raise _damaged()
    return entries


def _check_sizes(entries: list[Part], limits: UploadLimits) -> None:
    too_large = Refused("upload_unpacks_too_large", limit=limits.unpacked_bytes // MEBIBYTE)
    if sum(entry.unpacked for entry in entries) > limits.unpacked_bytes:
        raise too_large
    for entry in entries:
        if entry.unpacked > _RATIO_FROM and entry.unpacked > _HIGHEST_RATIO * max(entry.packed, 1):
            raise too_large
        if entry.method == STORED and entry.packed != entry.unpacked:
            raise _damaged()


def _located(file: BinaryIO, entries: list[Part], directory_at: int) -> tuple[Part, ...]:
    """Each part with the place of its own bytes, which no other part shares."""
    parts, free_from = [], 0
    for entry in sorted(entries, key=lambda entry: entry.data_at):
        file.seek(entry.data_at)
        head = file.read(_LOCAL.size)
        if len(head) < _LOCAL.size or entry.data_at < free_from:
            raise _damaged()
        fields = _LOCAL.unpack(head)
        name = file.read(fields[9]).decode("utf-8", "replace")
        data_at = entry.data_at + _LOCAL.size + fields[9] + fields[10]
        free_from = data_at + entry.packed
        if fields[0] != b"PK\x03\x04" or (name, fields[3]) != (entry.name, entry.method) or free_from > directory_at:
            raise _damaged()
        parts.append(Part(entry.name, entry.method, entry.packed, entry.unpacked, data_at))
    return tuple(parts)


def _check_names(names: list[str]) -> None:
    if len(set(names)) != len(names) or any(_leads_outside(name) for name in names):
        raise _damaged()


def _check_workbook(parts: tuple[Part, ...]) -> None:
    names = [part.name.lower() for part in parts]
    rooted = [f"/{name}" for name in names]
    _check_names(names)
    if any(word in name for name in rooted for word in _MACROS):
        raise Refused("upload_has_macros")
    if any(word in name for name in rooted for word in _LINKS):
        raise Refused("upload_has_external_links")
    if any(word in name for name in rooted for word in _OBJECTS):
        raise Refused("upload_has_embedded_objects")
    if any(name.endswith(_NESTED) for name in names):
        raise Refused("upload_has_nested_archive")
    if "xl/workbook.bin" in names:
        raise Refused("upload_is_binary_excel")
    if "xl/workbook.xml" not in names:
        known = (kind for beginning, kind in _OTHER_FORMATS.items() for name in names if name.startswith(beginning))
        raise Refused("upload_kind_not_supported", kind=next(known, "archive"))


def _leads_outside(name: str) -> bool:
    return name.startswith("/") or "\\" in name or "\x00" in name or ".." in name.split("/")
