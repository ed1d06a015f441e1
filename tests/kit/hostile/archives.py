"""Workbooks put together part by part, so that each can be wrong in exactly one way. No binary lies in git."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET = "xl/worksheets/sheet1.xml"


def sheet_xml(rows: str, *, before: str = "", after: str = "") -> str:
    return (
        f'{DECLARATION}<worksheet xmlns="{MAIN}" xmlns:r="{OFFICE}">{before}<sheetData>{rows}</sheetData>{after}'
        "</worksheet>"
    )


def cell_xml(reference: str, value: str = "1") -> str:
    return f'<c r="{reference}"><v>{value}</v></c>'


def text_xml(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def row_xml(row: int, cells: str) -> str:
    return f'<row r="{row}">{cells}</row>'


HONEST_SHEET = sheet_xml(row_xml(1, text_xml("A1", "区划") + cell_xml("B1", "213")))


def parts(sheet: str = HONEST_SHEET) -> dict[str, bytes]:
    """The parts of an honest workbook of one sheet."""
    content = {
        "[Content_Types].xml": f"""{DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>
<Override PartName="/{SHEET}" ContentType="{KIND}.worksheet+xml"/>
</Types>""",
        "_rels/.rels": f"""{DECLARATION}<Relationships xmlns="{PACKAGE}">
<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>""",
        "xl/workbook.xml": f"""{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">
<sheets><sheet name="数据" sheetId="1" r:id="rId1"/></sheets></workbook>""",
        "xl/_rels/workbook.xml.rels": f"""{DECLARATION}<Relationships xmlns="{PACKAGE}">
<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>""",
        SHEET: sheet,
    }
    return {name: text.encode() for name, text in content.items()}


def archive(content: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as target:
        for name, data in content.items():
            target.writestr(name, data)
    return file.getvalue()


def workbook(sheet: str = HONEST_SHEET, extra: Mapping[str, bytes | str] | None = None) -> bytes:
    """An honest workbook with this sheet, and with these parts added or replaced."""
    more = {name: data.encode() if isinstance(data, str) else data for name, data in (extra or {}).items()}
    return archive({**parts(sheet), **more})


def relationship(kind: str, target: str) -> str:
    """Relationships of the sheet with one that leads outside."""
    return (
        f'{DECLARATION}<Relationships xmlns="{PACKAGE}"><Relationship Id="rId9" Type="{OFFICE}/{kind}" '
        f'Target="{target}" TargetMode="External"/></Relationships>'
    )


def patched(data: bytes, name: str, field: int, size: int, value: int, *, local: bool = False) -> bytes:
    """The archive with one number of one part's directory entry (or local header) overwritten."""
    magic, at_name = (b"PK\x03\x04", 30) if local else (b"PK\x01\x02", 46)
    at = -1
    while (at := data.index(magic, at + 1)) >= 0:
        if data[at + at_name :].startswith(name.encode()):
            changed = value.to_bytes(size, "little")
            return data[: at + field] + changed + data[at + field + size :]
    raise AssertionError(name)


def with_part_twice(data: bytes) -> bytes:
    """Another sheet under the name of the first: which one is read depends on the reader."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr("xl/worksheets/sheeT1.xml", HONEST_SHEET)
    return file.getvalue()


def overlapping(content: Mapping[str, bytes], copies: int) -> bytes:
    """Directory entries that all point at the same bytes (Fifield 2019): small to send, huge to unpack."""
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"<x>" + b" " * 200_000 + b"</x>"
    packed = kernel.compress(data) + kernel.flush()
    name = b"xl/media/a000.xml"
    honest = archive(content)
    end = honest.rindex(b"PK\x05\x06")
    size, directory_at = struct.unpack("<2L", honest[end + 12 : end + 20])
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, zlib.crc32(data), len(packed), len(data), 17, 0)
    entries = honest[directory_at : directory_at + size]
    for _ in range(copies):
        numbers = (20, 20, 0, 8, 0, 0, zlib.crc32(data), len(packed), len(data), len(name), 0, 0, 0, 0, 0, directory_at)
        entries += struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *numbers) + name
    body = honest[:directory_at] + local + name + packed
    count = len(content) + copies
    return body + entries + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(entries), len(body), 0)


def compound(stream: str) -> bytes:
    """The beginning of a compound file (MS-CFB) whose directory names this stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + stream.encode("utf-16-le").ljust(512, b"\x00")
