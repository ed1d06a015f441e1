"""What a file is, by its content: a name is only what somebody says (ASVS 5.0, 5.2.2)."""

from pathlib import PurePath
from typing import BinaryIO, Literal

from hub.kit.uploads.limits import MEBIBYTE
from hub.kit.uploads.refusal import Refused

UploadKind = Literal["xlsx", "csv"]

_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    (b"%PDF", "pdf"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF8", "image"),
    (b"{\\rtf", "word"),
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3", "database"),
)
_MARKUP = (
    (b"office:spreadsheet", "xml_spreadsheet"),
    (b"<html", "web_page"),
    (b"<table", "web_page"),
    (b"<?xml", "xml"),
)
# Its first part says so, neither compressed nor encrypted (OpenDocument 1.3 part 2, 3.3).
_OPENDOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_EXTENSIONS: dict[UploadKind, tuple[str, ...]] = {"xlsx": (".xlsx",), "csv": (".csv", ".txt")}
_LOOKED_AT = 4096
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0c\x1a"))


def detect(file: BinaryIO, filename: str) -> UploadKind:
    """`xlsx` or `csv`; everything else is told what it is."""
    file.seek(0)
    head = file.read(_LOOKED_AT)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise Refused("upload_empty")
    extension = PurePath(filename).suffix.lower()
    kind = _kind(file, head, extension)
    if extension == ".xlsm" and kind == "xlsx":
        raise Refused("upload_has_macros")
    if not extension:
        raise Refused("upload_has_no_extension", content=f".{kind}")
    if extension not in _EXTENSIONS[kind]:
        raise Refused("upload_wrong_extension", content=f".{kind}", extension=extension)
    return kind


def _kind(file: BinaryIO, head: bytes, extension: str) -> UploadKind:
    if head.startswith(b"PK"):
        if _OPENDOCUMENT in head:
            raise Refused("upload_kind_not_supported", kind="opendocument")
        return "xlsx"
    if head.startswith(_COMPOUND):
        raise _compound(file)
    foreign = next((kind for magic, kind in _FOREIGN if head.startswith(magic)), None)
    markup = (
        next((kind for word, kind in _MARKUP if word in head.lower()), None)
        if head[:200].lstrip()[:1] == b"<"
        else None
    )
    if foreign or markup:
        raise Refused("upload_kind_not_supported", kind=foreign or markup or "")
    if head.startswith(_UTF16):
        raise Refused("upload_is_utf16")
    if b"\x00" in head and extension in _EXTENSIONS["csv"]:
        raise Refused("upload_contains_nul")
    if head.translate(None, _CONTROL) != head:
        raise Refused("upload_kind_unknown")
    return "csv"


def _compound(file: BinaryIO) -> Refused:
    """A compound file (MS-CFB) is a document of Office 97 to 2003, or a newer one behind a password."""
    names = {
        "EncryptedPackage": Refused("upload_encrypted"),
        "WordDocument": Refused("upload_kind_not_supported", kind="word"),
        "PowerPoint Document": Refused("upload_kind_not_supported", kind="powerpoint"),
        "__substg1.0": Refused("upload_kind_not_supported", kind="mail"),
    }
    found, carried = set(), b""
    file.seek(0)
    while chunk := file.read(MEBIBYTE):
        carried = carried[-100:] + chunk
        found |= {name for name in names if name.encode("utf-16-le") in carried}
    return next((refusal for name, refusal in names.items() if name in found), Refused("upload_is_old_excel"))
