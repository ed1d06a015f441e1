"""The parts of a workbook unpacked piece by piece, believing nothing that the archive says of itself."""

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from hub.kit.uploads.archive import STORED, Part
from hub.kit.uploads.limits import MEBIBYTE
from hub.kit.uploads.refusal import Refused

_MARKUP = (".xml", ".rels", ".vml")
_ARCHIVES = (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b\x08")
_OBJECTS = (b"\xd0\xcf\x11\xe0", b"MZ")
_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']""")
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
_LINKED = re.compile(rb"<Relationship\s[^>]*?TargetMode\s*=\s*[\"']External[\"'][^>]*>")


def unpack(file: BinaryIO, part: Part, check: "MarkupCheck | None" = None) -> Iterator[bytes]:
    """The part's bytes, exactly as many as were declared; XML that declares entities is refused on the way."""
    checks = (check or MarkupCheck()) if part.name.lower().endswith(_MARKUP) else None
    is_first = True
    for piece in _inflate(file, part):
        if is_first and piece.startswith(_ARCHIVES):
            raise Refused("upload_has_nested_archive")
        if is_first and piece.startswith(_OBJECTS):
            raise Refused("upload_has_embedded_objects")
        if checks is not None:
            checks.look(piece, is_first=is_first)
        is_first = False
        yield piece


def unpack_whole(file: BinaryIO, part: Part) -> bytes:
    return b"".join(unpack(file, part))


def check_relationships(text: bytes) -> None:
    """A hyperlink in a cell is harmless; everything else outside would be fetched."""
    if any(b"/hyperlink" not in found for found in _LINKED.findall(text)):
        raise Refused("upload_has_external_links")


def check_content_types(text: bytes) -> None:
    if b"macroEnabled" in text or b"vbaProject" in text:
        raise Refused("upload_has_macros")


def _inflate(file: BinaryIO, part: Part) -> Iterator[bytes]:
    file.seek(part.data_at)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    left, unpacked = part.packed, 0
    while left or (part.method != STORED and inflater.unconsumed_tail):
        if part.method != STORED and inflater.unconsumed_tail:
            packed = inflater.unconsumed_tail
        else:
            packed = file.read(min(left, MEBIBYTE))
            left -= len(packed)
        piece = packed if part.method == STORED else _inflated(inflater, packed)
        unpacked += len(piece)
        if unpacked > part.unpacked or not packed:
            raise Refused("upload_archive_damaged")
        yield piece
    if unpacked != part.unpacked:
        raise Refused("upload_archive_damaged")


def _inflated(inflater: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        piece = inflater.decompress(packed, MEBIBYTE)
    except zlib.error as error:
        raise Refused("upload_archive_damaged") from error
    if inflater.unused_data:
        raise Refused("upload_archive_damaged")
    return piece


class MarkupCheck:
    """Entities are how XML is made to explode or to read the server's files (CWE-776, CWE-611).

    `has_marks`: there is a comment or the like in the text, so that not everything in it that looks so is an element.
    """

    def __init__(self) -> None:
        self.has_marks = False
        self._last = b""

    def look(self, piece: bytes, *, is_first: bool) -> None:
        if is_first:
            encoding = _ENCODING.match(piece.removeprefix(b"\xef\xbb\xbf").lstrip())
            is_wide = piece.startswith((b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<"))
            if is_wide or (encoding is not None and encoding[1].lower() not in {b"utf-8", b"utf8", b"us-ascii"}):
                raise Refused("upload_xml_encoding")
        seen = self._last + piece
        self.has_marks = self.has_marks or b"<!" in seen
        if self.has_marks and any(word in seen for word in _DECLARATIONS):
            raise Refused("upload_declares_entities")
        self._last = piece[-16:]
