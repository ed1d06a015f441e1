"""Registry files as somebody uploads them: YAML files, or a packed folder of them. Nothing of theirs names a path."""

import base64
import io
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from hub.kit import json
from hub.kit.errors import BadRequest, HubError
from hub.kit.i18n import gettext as _
from hub.kit.uploads.archive import check_folder
from hub.kit.uploads.errors import upload_refused
from hub.kit.uploads.limits import MEBIBYTE, UploadLimits
from hub.kit.uploads.parts import unpack_whole
from hub.kit.uploads.refusal import Refused
from hub.registry.file_marks import FileFault, RegistryFilesError, read_marked
from hub.registry.files import CODE_LISTS, ELEMENTS, ORGANIZATIONS, RULES

Contents = Mapping[str, bytes]

# Twenty times what a county's registry needs; packed for the way through the page it stays below a request's limit.
LIMITS = UploadLimits(
    bytes=3 * MEBIBYTE,
    unpacked_bytes=4 * MEBIBYTE,
    parts=300,
    rows=0,
    columns=0,
    cells=0,
    memory_bytes=0,
    cpu_seconds=0,
    wall_seconds=0,
)
_ZIP = b"PK\x03\x04"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,120}\.yaml")
# Left by systems that pack folders, or beside the registry's files in this project: they say nothing to be taken over.
_PASSED_OVER = re.compile(r"(^|/)(__MACOSX/.*|\.[^/]*|synonyms\.yaml|openapi\.json|)$")
_FOLDERS = (CODE_LISTS, ELEMENTS, RULES)


def read_upload(files: Sequence[tuple[str, bytes]]) -> Contents:
    """By the names under which a registry folder holds them; every fault of a name or a place at once."""
    found: dict[str, bytes] = {}
    faults: list[FileFault] = []
    for name, content in _unpacked(files):
        path = _place(name, content)
        if path is None:
            faults.append(FileFault(name[:120], 1, _("不是登记册文件：看不出是数据元、代码表、规则还是单位")))
        elif path in found:
            faults.append(FileFault(path, 1, _("这个文件有两份")))
        else:
            found[path] = content
    if not found and not faults:
        faults.append(FileFault("—", 1, _("没有登记册文件（.yaml）")))
    if faults:
        raise RegistryFilesError(faults)
    return found


def _unpacked(files: Sequence[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    unpacked: list[tuple[str, bytes]] = []
    try:
        for name, content in files:
            unpacked += _parts(content) if content.startswith(_ZIP) else [(PurePosixPath(name).name, content)]
            _check_size(unpacked)
    except Refused as refusal:
        raise upload_refused(refusal) from refusal
    return [(name, content) for name, content in unpacked if not _PASSED_OVER.search(name)]


def _check_size(unpacked: Sequence[tuple[str, bytes]]) -> None:
    if len(unpacked) > LIMITS.parts:
        raise Refused("upload_too_many_parts", limit=LIMITS.parts)
    if sum(len(content) for _name, content in unpacked) > LIMITS.unpacked_bytes:
        raise Refused("upload_unpacks_too_large", limit=LIMITS.unpacked_bytes // MEBIBYTE)


def _parts(content: bytes) -> list[tuple[str, bytes]]:
    file = io.BytesIO(content)
    return [(part.name, unpack_whole(file, part)) for part in check_folder(file, LIMITS)]


def _place(name: str, content: bytes) -> str | None:
    """Where the file stands in a registry folder: as its own folder says, else as its content does."""
    path = PurePosixPath(name)
    if not _NAME.fullmatch(path.name):
        return None
    if path.name == ORGANIZATIONS:
        return ORGANIZATIONS
    folder = path.parent.name if path.parent.name in _FOLDERS else _folder_of(content)
    return f"{folder}/{path.name}" if folder else None


def _folder_of(content: bytes) -> str | None:
    root, _faults = read_marked(content, "")
    keys = root.entries().keys() if root is not None else ()
    if "permissible_values" in keys:
        return CODE_LISTS
    return next((folder for folder in (ELEMENTS, RULES) if folder in keys), None)


def write_contents(contents: Contents, folder: Path) -> None:
    """Only names that were made here: a folder of ours, and a name that the pattern let through."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def packed(contents: Contents) -> str:
    """For the way through the page on which the plan is confirmed."""
    said = json.canonical({name: base64.b64encode(content).decode() for name, content in contents.items()})
    return base64.b64encode(zlib.compress(said.encode(), 9)).decode()


def unpacked(text: str) -> Contents:
    """What `packed` made; anything else, or more, is refused."""
    try:
        inflater = zlib.decompressobj()
        said = inflater.decompress(base64.b64decode(text, validate=True), 2 * LIMITS.unpacked_bytes)
        given = dict(json.parse(said if inflater.eof else b""))
        contents = {str(name): base64.b64decode(str(content), validate=True) for name, content in given.items()}
    except (ValueError, TypeError, zlib.error, HubError) as error:
        raise BadRequest(_("页面内容不完整，请重新上传文件。")) from error
    return read_upload(list(contents.items()))
