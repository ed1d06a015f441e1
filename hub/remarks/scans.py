"""What a file really is, by its content; pure. A name may say anything."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

LONGEST_NAME = 120
# Where a whole file of each kind ends: what is cut off in sending has no such end.
TAIL = 64 * 1024

EXTENSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"application/pdf": ("pdf",), "image/jpeg": ("jpg", "jpeg"), "image/png": ("png",)}
)
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
# Characters that steer how a name is shown: "scan\u202egpj.exe" reads "scanexe.jpg".
_STEERING = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]')


@dataclass(frozen=True)
class Kind:
    """`is_whole`: the file has its end."""

    media_type: str
    is_whole: bool


def sniff(content: bytes) -> Kind | None:
    """The kind of scan, or None for everything else."""
    tail = content[-TAIL:]
    if content.startswith(b"%PDF-"):
        return Kind("application/pdf", b"%%EOF" in tail)
    if content.startswith(b"\xff\xd8\xff"):
        return Kind("image/jpeg", b"\xff\xd9" in tail)
    if content.startswith(_PNG_HEAD):
        return Kind("image/png", content[12:16] == b"IHDR" and b"IEND" in tail)
    return None


def plain_name(given: str) -> str:
    """The name without a path, without characters that steer or that no file system takes."""
    last = PurePosixPath(given.replace("\\", "/")).name
    shown = "".join(one for one in _STEERING.sub("", last) if unicodedata.category(one)[0] != "C")
    stem, dot, extension = _NOT_IN_NAMES.sub("_", shown).strip(" .").rpartition(".")
    if not dot:
        return extension[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"


def says_its_kind(name: str, media_type: str) -> bool:
    return name.rpartition(".")[2].lower() in EXTENSIONS[media_type]
