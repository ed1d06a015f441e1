"""The backup file: a ZIP archive of one member for each table and file, and `manifest.json` with their hashes.

Everybody can open it without the hub, and `COPY … FROM` reads its members. It holds password hashes and
the key that signs the audit log, so it is readable by its owner alone, and it appears whole or not at all.
"""

import hashlib
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import pydantic

from hub.backup.errors import BackupFileInvalid, BackupNotWritten, BackupRefused
from hub.backup.manifest import FORMAT, FileEntry, Manifest, TableEntry
from hub.kit import json
from hub.kit.files import make_durable, sha256_of
from hub.kit.i18n import gettext as _

MANIFEST = "manifest.json"
_CHUNK_BYTES = 1024 * 1024
_LARGEST_MANIFEST = 4 * 1024 * 1024
# What zipfile raises for a file that is none, is cut short, damaged, or made by other means.
_NO_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, RuntimeError)


@dataclass
class MemberWriter:
    """Hashes and counts what goes into one member."""

    _file: IO[bytes]
    size: int = 0

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class ArchiveWriter:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    @contextmanager
    def member(self, name: str) -> Iterator[MemberWriter]:
        with self._archive.open(name, "w", force_zip64=True) as file:
            yield MemberWriter(file)

    def finish(self, manifest: Manifest) -> None:
        self._archive.writestr(MANIFEST, manifest.model_dump_json(indent=1) + "\n")


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Write an archive under a temporary name, and give it its own when it is whole and on the disk."""
    if path.exists():
        raise BackupRefused(_("文件 {path} 已存在，备份不会覆盖它。请换一个文件名。").format(path=path))
    try:
        # mkstemp makes the file with mode 0600.
        descriptor, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                    yield ArchiveWriter(archive)
                file.flush()
                os.fsync(file.fileno())
            _name(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        make_durable(path.absolute().parent)
    except OSError as error:
        raise BackupNotWritten(
            _("备份没有完成，未留下文件：{error}。请检查文件夹、权限和磁盘空间。").format(error=error)
        ) from error


def _name(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise BackupRefused(_("文件 {path} 已存在，备份不会覆盖它。请换一个文件名。").format(path=path)) from None
    except OSError:
        # A memory stick's file system has no links.
        temporary.rename(path)


class ArchiveReader:
    """A backup file whose every byte was checked before this object exists."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest, sha256: str) -> None:
        self._archive = archive
        self.manifest = manifest
        self.sha256 = sha256

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        with ExitStack() as opened:
            try:
                file = opened.enter_context(path.open("rb"))
                archive = opened.enter_context(zipfile.ZipFile(file))
                reader = cls(archive, _read_manifest(archive), sha256_of(path))
                reader._check()
            except _NO_ARCHIVE as error:
                raise BackupFileInvalid(
                    _("{path} 不是完整的备份文件（{error}），没有做任何改动。").format(path=path, error=error)
                ) from error
            except OSError as error:
                raise BackupFileInvalid(_("无法读取备份文件：{error}。").format(error=error)) from error
            yield reader

    def chunks(self, entry: TableEntry | FileEntry) -> Iterator[bytes]:
        with self._archive.open(entry.member) as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk

    def _check(self) -> None:
        entries: list[TableEntry | FileEntry] = [*self.manifest.tables, *self.manifest.files]
        names = sorted([MANIFEST, *(entry.member for entry in entries)])
        if sorted(self._archive.namelist()) != names:
            raise BackupFileInvalid(_("备份文件的内容与其清单不一致，没有做任何改动。"))
        for entry in entries:
            digest, size = hashlib.sha256(), 0
            for chunk in self.chunks(entry):
                digest.update(chunk)
                size += len(chunk)
            if size != entry.bytes or digest.hexdigest() != entry.sha256:
                raise BackupFileInvalid(
                    _("备份文件中的 {member} 与清单中的校验值不一致，没有做任何改动。").format(member=entry.member)
                )


def _read_manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST:
        raise BackupFileInvalid(_("备份文件的清单无法读取，没有做任何改动。"))
    content = archive.read(MANIFEST)
    try:
        held = json.loads(content)
        written_as = held.get("format")
        if isinstance(written_as, int) and written_as > FORMAT:
            raise BackupFileInvalid(
                _("备份文件的格式（{format}）比本程序新，请先升级本程序再恢复。").format(format=written_as)
            )
        return Manifest.model_validate_json(content)
    except (ValueError, AttributeError, pydantic.ValidationError) as error:
        raise BackupFileInvalid(_("备份文件的清单无法读取，没有做任何改动。")) from error
