"""Files that were made to hurt, each with the code of its refusal (RELIABILITY.md REL-S5)."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from hub.kit.uploads.limits import FORM_LIMITS
from tests.kit.hostile.archives import (
    DECLARATION,
    HONEST_SHEET,
    MAIN,
    OFFICE,
    PACKAGE,
    SHEET,
    archive,
    cell_xml,
    compound,
    overlapping,
    parts,
    patched,
    relationship,
    row_xml,
    sheet_xml,
    with_part_twice,
    workbook,
)

MEBIBYTE = 1024 * 1024
ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "lol">{ENTITIES}]>'


@dataclass(frozen=True)
class Hostile:
    name: str
    code: str
    make: Callable[[], bytes]
    filename: str = "上报.xlsx"


def bomb(size: int) -> bytes:
    return workbook(extra={"xl/media/image1.xml": b"\x00" * size})


def lying_bomb() -> bytes:
    """Sixty-four mebibytes that say they are a kibibyte."""
    name = "xl/media/image1.xml"
    data = workbook(extra={name: b"\x00" * (64 * MEBIBYTE)})
    return patched(patched(data, name, 24, 4, 1024), name, 22, 4, 1024, local=True)


def sheets(count: int) -> bytes:
    """Each is small, all together are not: every one is laid out from A1 to its last cell."""
    corner = sheet_xml(row_xml(1, cell_xml("A1")) + row_xml(5000, cell_xml("GR5000")))
    content = parts(corner)
    numbers = range(1, count + 1)
    content["xl/workbook.xml"] = (
        f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        + "".join(f'<sheet name="s{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
        + "</sheets></workbook>"
    ).encode()
    content["xl/_rels/workbook.xml.rels"] = (
        f'{DECLARATION}<Relationships xmlns="{PACKAGE}">'
        + "".join(
            f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
        )
        + "</Relationships>"
    ).encode()
    return archive(content | {f"xl/worksheets/sheet{n}.xml": corner.encode() for n in numbers})


def shared_string_flood() -> bytes:
    """One long text that 100,000 cells point at: small to send, ten gigabytes once every cell owns its text."""
    long = "长" * 32_000
    strings = f'{DECLARATION}<sst xmlns="{MAIN}" count="1" uniqueCount="1"><si><t>{long}</t></si></sst>'
    rows = "".join(
        row_xml(row, "".join(f'<c r="{letters(n)}{row}" t="s"><v>0</v></c>' for n in range(20)))
        for row in range(1, 5001)
    )
    content = parts(sheet_xml(rows))
    content["xl/_rels/workbook.xml.rels"] = content["xl/_rels/workbook.xml.rels"].replace(
        b"</Relationships>",
        f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'.encode(),
    )
    return archive(content | {"xl/sharedStrings.xml": strings.encode()})


def wide_row(columns: int, *, placed: bool) -> bytes:
    cells = "".join(f'<c r="{letters(n)}1"><v>1</v></c>' if placed else f"<c><v>{n}</v></c>" for n in range(columns))
    return workbook(sheet_xml(row_xml(1, cells)))


def letters(number: int) -> str:
    text, left = "", number + 1
    while left:
        left, letter = divmod(left - 1, 26)
        text = chr(65 + letter) + text
    return text


def rows(count: int) -> bytes:
    return workbook(sheet_xml("".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, count + 1))))


def reference(written: str) -> Callable[[], bytes]:
    return lambda: workbook(sheet_xml(row_xml(1, cell_xml("A1") + f"<c {written}><v>1</v></c>")))


def with_xml(xml: str, part: str = SHEET) -> Callable[[], bytes]:
    return lambda: archive(parts() | {part: xml.encode()})


def declared(head: str) -> str:
    """The honest sheet with something between its declaration and its root."""
    return HONEST_SHEET.replace(DECLARATION, DECLARATION + head)


def deep_markup() -> bytes:
    return workbook(sheet_xml(row_xml(1, "<c r='A1'>" + "".join(f"<x{n}>" for n in range(1_000_000)))))


ARCHIVES = [
    Hostile("bomb", "upload_unpacks_too_large", lambda: bomb(256 * MEBIBYTE)),
    Hostile("bomb-within-the-limit", "upload_unpacks_too_large", lambda: bomb(40 * MEBIBYTE)),
    Hostile("bomb-that-lies-of-its-size", "upload_archive_damaged", lying_bomb),
    Hostile("size-too-small", "upload_archive_damaged", lambda: patched(workbook(), SHEET, 24, 4, 10)),
    Hostile("size-too-great", "upload_archive_damaged", lambda: patched(workbook(), SHEET, 24, 4, 40_000)),
    Hostile("overlapping-parts", "upload_archive_damaged", lambda: overlapping(parts(), 100)),
    Hostile(
        "too-many-parts", "upload_too_many_parts", lambda: workbook(extra={f"x/{n}.xml": "<x/>" for n in range(200)})
    ),
    Hostile("part-twice", "upload_archive_damaged", lambda: with_part_twice(workbook())),
    Hostile(
        "local-header-differs", "upload_archive_damaged", lambda: patched(workbook(), SHEET, 30, 1, 88, local=True)
    ),
    Hostile("bytes-before-the-archive", "upload_archive_damaged", lambda: b"PK\x03\x04" + workbook()),
    Hostile("bytes-after-the-archive", "upload_archive_damaged", lambda: workbook() + b"x"),
    Hostile("cut-in-the-middle", "upload_archive_damaged", lambda: workbook()[:900]),
    Hostile("unknown-compression", "upload_archive_damaged", lambda: archive(parts(), method=zipfile.ZIP_BZIP2)),
    Hostile(
        "broken-deflate", "upload_archive_damaged", lambda: patched(workbook(), SHEET, 60, 4, 0xFFFFFFFF, local=True)
    ),
    Hostile("path-outside", "upload_archive_damaged", lambda: workbook(extra={"../../etc/passwd.xml": "<x/>"})),
    Hostile("encrypted-part", "upload_encrypted", lambda: patched(workbook(), SHEET, 8, 2, 1)),
    Hostile(
        "nested-archive", "upload_has_nested_archive", lambda: workbook(extra={"xl/media/a.zip": archive(parts())})
    ),
    Hostile(
        "nested-archive-in-disguise",
        "upload_has_nested_archive",
        lambda: workbook(extra={"xl/media/a.png": archive(parts())}),
    ),
    Hostile("42-million-cells-in-sheets", "upload_too_many_cells", lambda: sheets(42)),
    Hostile("no-worksheet", "upload_not_readable", with_xml("<x/>", SHEET)),
]
CONTENT = [
    Hostile("macros", "upload_has_macros", lambda: workbook(extra={"xl/vbaProject.bin": compound("VBA")})),
    Hostile("macros-by-name", "upload_has_macros", workbook, "上报.xlsm"),
    Hostile("macro-sheet", "upload_has_macros", lambda: workbook(extra={"xl/macrosheets/sheet1.xml": "<x/>"})),
    Hostile(
        "macro-content-type",
        "upload_has_macros",
        lambda: archive(
            parts()
            | {
                "[Content_Types].xml": parts()["[Content_Types].xml"].replace(
                    b"spreadsheetml.sheet.main", b"sheet.macroEnabled.main"
                )
            }
        ),
    ),
    Hostile(
        "embedded-object",
        "upload_has_embedded_objects",
        lambda: workbook(extra={"xl/embeddings/oleObject1.bin": compound("Ole")}),
    ),
    Hostile(
        "embedded-object-in-disguise",
        "upload_has_embedded_objects",
        lambda: workbook(extra={"xl/media/a.emf": compound("Ole")}),
    ),
    Hostile("active-x", "upload_has_embedded_objects", lambda: workbook(extra={"xl/activeX/activeX1.xml": "<x/>"})),
    Hostile(
        "external-link",
        "upload_has_external_links",
        lambda: workbook(extra={"xl/externalLinks/externalLink1.xml": "<x/>"}),
    ),
    Hostile(
        "external-image",
        "upload_has_external_links",
        lambda: workbook(extra={"xl/worksheets/_rels/sheet1.xml.rels": relationship("image", "http://10.0.0.1/x.png")}),
    ),
    Hostile(
        "external-template",
        "upload_has_external_links",
        lambda: workbook(extra={"xl/_rels/workbook.xml.rels": relationship("attachedTemplate", "file:///etc/passwd")}),
    ),
    Hostile("data-connection", "upload_has_external_links", lambda: workbook(extra={"xl/connections.xml": "<x/>"})),
    Hostile(
        "dynamic-data-exchange",
        "upload_has_external_links",
        lambda: workbook(sheet_xml(row_xml(1, "<c r=\"A1\"><f>cmd|'/C calc'!A0</f><v>0</v></c>"))),
    ),
    Hostile("billion-laughs", "upload_declares_entities", with_xml(declared(LAUGHS).replace("区划", "&l9;"))),
    Hostile(
        "billion-laughs-in-strings",
        "upload_declares_entities",
        with_xml(f"{DECLARATION}{LAUGHS}<sst>&l9;</sst>", "xl/sharedStrings.xml"),
    ),
    Hostile(
        "external-entity",
        "upload_declares_entities",
        with_xml(declared('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>').replace("区划", "&e;")),
    ),
    Hostile(
        "external-entity-in-the-workbook",
        "upload_declares_entities",
        with_xml(f'{DECLARATION}<!DOCTYPE x SYSTEM "http://10.0.0.1/x.dtd"><workbook/>', "xl/workbook.xml"),
    ),
    Hostile(
        "utf-16-inside",
        "upload_xml_encoding",
        lambda: archive(parts() | {SHEET: HONEST_SHEET.replace("UTF-8", "UTF-16").encode("utf-16")}),
    ),
    Hostile(
        "gb2312-inside",
        "upload_xml_encoding",
        lambda: archive(parts() | {SHEET: HONEST_SHEET.replace("UTF-8", "GB2312").encode("gb2312")}),
    ),
    Hostile("markup-a-million-deep", "upload_not_readable", deep_markup),
    Hostile("markup-cut-off", "upload_not_readable", with_xml(HONEST_SHEET[:-40])),
    Hostile(
        "workbook-that-names-no-sheet",
        "upload_has_no_sheet",
        with_xml(f'{DECLARATION}<workbook xmlns="{MAIN}"><sheets/></workbook>', "xl/workbook.xml"),
    ),
]
PLACES = [
    Hostile("far-cell", "upload_far_cell", reference('r="XFD1048576"')),
    Hostile("far-column", "upload_far_cell", reference('r="XFD1"')),
    Hostile("far-row", "upload_far_cell", reference('r="A1048576"')),
    Hostile("first-row-beyond", "upload_far_cell", reference('r="A5001"')),
    Hostile("first-column-beyond", "upload_far_cell", reference('r="GS1"')),
    Hostile("far-cell-in-single-quotes", "upload_far_cell", reference("r='XFD1048576'")),
    Hostile("far-cell-in-small-letters", "upload_far_cell", reference('r="xfd1048576"')),
    Hostile("far-cell-after-its-style", "upload_far_cell", reference('s="1" t="n" r="XFD1048576"')),
    Hostile(
        "far-cell-with-a-prefix",
        "upload_far_cell",
        with_xml(
            f'{DECLARATION}<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row r="1">'
            '<x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>'
        ),
    ),
    Hostile("far-cell-spelled-with-entities", "upload_not_readable", reference('r="&#88;FD1048576"')),
    Hostile("million-columns", "upload_far_cell", lambda: wide_row(1_000_000, placed=True)),
    Hostile("million-columns-without-references", "upload_too_many_columns", lambda: wide_row(1_000_000, placed=False)),
    Hostile("million-rows", "upload_far_cell", lambda: rows(1_000_000)),
    Hostile("one-long-text-in-100,000-cells", "upload_too_demanding", shared_string_flood),
]
KINDS = [
    Hostile("empty", "upload_empty", lambda: b""),
    Hostile("blank", "upload_empty", lambda: b"\xef\xbb\xbf \r\n\r\n", "上报.csv"),
    Hostile("too-large", "upload_too_large", lambda: workbook() + bytes(FORM_LIMITS.bytes)),
    Hostile("old-excel", "upload_is_old_excel", lambda: compound("Workbook"), "上报.xls"),
    Hostile("password", "upload_encrypted", lambda: compound("EncryptedPackage")),
    Hostile("old-word", "upload_kind_not_supported", lambda: compound("WordDocument"), "上报.doc"),
    Hostile(
        "word",
        "upload_kind_not_supported",
        lambda: archive({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}),
    ),
    Hostile(
        "opendocument",
        "upload_kind_not_supported",
        lambda: archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}),
    ),
    Hostile(
        "binary-workbook",
        "upload_is_binary_excel",
        lambda: archive({"[Content_Types].xml": b"<x/>", "xl/workbook.bin": b"x"}),
    ),
    Hostile("zip-of-anything", "upload_kind_not_supported", lambda: archive({"readme.txt": b"x"})),
    Hostile("pdf", "upload_kind_not_supported", lambda: b"%PDF-1.7\n"),
    Hostile(
        "web-page-named-xls",
        "upload_kind_not_supported",
        "<html><table><tr><td>区划</td></tr></table></html>".encode,
        "上报.xls",
    ),
    Hostile(
        "opendocument-under-its-own-name",
        "upload_kind_not_supported",
        lambda: archive({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet"}, method=zipfile.ZIP_STORED),
        "上报.ods",
    ),
    Hostile("program", "upload_kind_not_supported", lambda: b"MZ\x90\x00" + bytes(200)),
    Hostile("csv-named-xlsx", "upload_wrong_extension", "区划,外出\n1,2\n".encode),
    Hostile("xlsx-named-csv", "upload_wrong_extension", workbook, "上报.csv"),
    Hostile("xlsx-without-extension", "upload_has_no_extension", workbook, "上报"),
    Hostile("noise", "upload_kind_unknown", lambda: bytes(range(1, 256)) * 20),
]
CSV_FILES = [
    Hostile("utf-16", "upload_is_utf16", lambda: "区划,外出\n1,2\n".encode("utf-16"), "上报.csv"),
    Hostile("nul-at-once", "upload_contains_nul", lambda: b"a,b\n1,\x002\n", "上报.csv"),
    Hostile("nul-far-down", "upload_contains_nul", lambda: b"a,b\n" + b"1,2\n" * 3000 + b"1,\x00\n", "上报.csv"),
    Hostile(
        "two-encodings",
        "upload_mixed_encodings",
        lambda: "区划,外出\n兴隆村,1\n".encode() + "石栏镇,2\n".encode("gb18030"),
        "上报.csv",
    ),
    Hostile(
        "two-encodings-the-other-way",
        "upload_mixed_encodings",
        lambda: "区划,外出\n石栏镇,2\n".encode("gb18030") + "兴隆村,1\n".encode(),
        "上报.csv",
    ),
    Hostile("no-known-encoding", "upload_encoding_unknown", lambda: b"a,b\n\xff\xff\xff,1\n", "上报.csv"),
    Hostile("quote-never-closed", "upload_quote_not_closed", lambda: b'a,b\n1,"2\n3,4\n', "上报.csv"),
    Hostile(
        "quote-never-closed-in-a-long-file",
        "upload_cell_too_long",
        lambda: b'a,b\n1,"2\n' + b"3,4\n" * 20_000,
        "上报.csv",
    ),
    Hostile("text-after-a-quote", "upload_quote_not_closed", lambda: b'a,b\n"1"2,3\n', "上报.csv"),
    Hostile("one-long-line", "upload_line_too_long", lambda: b"1," * (4 * MEBIBYTE), "上报.csv"),
    Hostile("million-columns-csv", "upload_too_many_columns", lambda: b"1," * 500_000 + b"1\n", "上报.csv"),
    Hostile("million-rows-csv", "upload_too_many_rows", lambda: b"1\n" * 1_000_000, "上报.csv"),
    Hostile("long-cell", "upload_cell_too_long", lambda: b"a,b\n1," + b"x" * 40_000 + b"\n", "上报.csv"),
]
CORPUS = [*ARCHIVES, *CONTENT, *PLACES, *KINDS, *CSV_FILES]
