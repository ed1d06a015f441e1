"""A backup beside a running server: every table from one snapshot, and what belongs to it in the data folder."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from hub import __version__
from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor
from hub.backup import data_folder, repository
from hub.backup.archive import ArchiveWriter, new_archive
from hub.backup.errors import BackupRefused
from hub.backup.manifest import FileEntry, Manifest, SequenceEntry, TableEntry
from hub.kit import clock
from hub.kit.db import Database
from hub.kit.files import sha256_of
from hub.kit.i18n import gettext as _
from hub.kit.migration import current_revision
from hub.settings import Settings
from hub.store.service import get_generation


@dataclass(frozen=True)
class BackedUp:
    path: Path
    sha256: str
    manifest: Manifest

    def for_people(self) -> str:
        return _("已备份 {tables} 张表、{rows} 行和数据文件夹中的 {files} 个文件，数据库版本 {revision}。").format(
            tables=len(self.manifest.tables),
            rows=self.manifest.rows,
            files=len(self.manifest.files),
            revision=self.manifest.revision,
        )


async def back_up(owner: Database, settings: Settings, actor: Actor, path: Path) -> BackedUp:
    """Write the backup file; `owner` is the database as its owner."""
    with new_archive(path) as archive:
        # Before the snapshot: the heads in the file are then all in the snapshot, too.
        files = _keep_files(archive, settings.data_dir)
        async with owner.transaction() as session:
            manifest = await _keep_tables(session, archive, settings, files)
        archive.finish(manifest)
    sha256 = sha256_of(path)
    async with owner.transaction() as session:
        details = {"sha256": sha256, "rows": manifest.rows, "tables": len(manifest.tables)}
        await audit.record(session, actor, AuditAction.DATABASE_BACKUP, "database", settings.county, details=details)
    return BackedUp(path, sha256, manifest)


def _keep_files(archive: ArchiveWriter, folder: Path) -> tuple[FileEntry, ...]:
    entries = []
    for name, content in data_folder.read(folder).items():
        with archive.member(FileEntry.member_of(name)) as member:
            member.write(content)
        entries.append(FileEntry(name=name, bytes=member.size, sha256=member.sha256))
    return tuple(entries)


async def _keep_tables(
    session: AsyncSession, archive: ArchiveWriter, settings: Settings, files: tuple[FileEntry, ...]
) -> Manifest:
    await repository.begin_reading(session)
    revision = await current_revision(session)
    tables = await repository.list_tables(session)
    if revision is None or not tables:
        raise BackupRefused(
            _("当前角色在这个数据库中没有数据表。请用 HUB_MIGRATION_DATABASE_URL 指定数据库所有者；空数据库无需备份。")
        )
    if hidden := await repository.list_hidden_tables(session):
        raise BackupRefused(
            _("备份不能看到这些表的全部数据：{tables}。请先运行 hub migrate，再备份。").format(tables=", ".join(hidden))
        )
    entries = tuple([await _keep_table(session, archive, table) for table in tables])
    return Manifest(
        made_at=clock.now(),
        hub_version=__version__,
        county=settings.county,
        revision=revision,
        generation=await get_generation(session),
        tables=entries,
        sequences=tuple(SequenceEntry.model_validate(held) for held in await repository.read_sequences(session)),
        files=files,
    )


async def _keep_table(session: AsyncSession, archive: ArchiveWriter, table: repository.Table) -> TableEntry:
    with archive.member(TableEntry.member_of(table.schema_name, table.name)) as member:
        rows = await repository.copy_out(session, table, member.write)
    return TableEntry(
        schema_name=table.schema_name,
        name=table.name,
        columns=tuple(table.columns),
        rows=rows,
        bytes=member.size,
        sha256=member.sha256,
    )
