"""A restore: one transaction that ends with the backup's database, or changes nothing.

The schema comes from the hub's own migrations, never from the file, so a backup fits whatever the
roles are called and whatever newer PostgreSQL is there; an older backup is migrated on the way.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.service import Actor, Sealer, Verdict
from hub.backup import data_folder, repository
from hub.backup.archive import ArchiveReader
from hub.backup.errors import BackupFileInvalid, RestoreRefused
from hub.backup.manifest import Manifest
from hub.kit.db import Database
from hub.kit.i18n import gettext as _
from hub.kit.migration import Migrations, current_revision
from hub.settings import Settings
from hub.store.service import get_generation

_HANGING_UP_SECONDS = 2


@dataclass(frozen=True)
class Target:
    """Where to: the database as its owner, its migrations, and the settings with the data folder."""

    owner: Database
    migrations: Migrations
    settings: Settings


@dataclass(frozen=True)
class Restored:
    manifest: Manifest
    verdict: Verdict
    signed_out: int
    replaced_files: Path | None

    def for_people(self) -> str:
        lines = [
            _("已恢复 {made_at} 的备份：{tables} 张表、{rows} 行，行数与清单一致。").format(
                made_at=self.manifest.made_at.isoformat(timespec="seconds"),
                tables=len(self.manifest.tables),
                rows=self.manifest.rows,
            ),
            self.verdict.for_people(),
            _("已结束 {count} 个登录会话和令牌；各部门须全量读取一次后再读取变更。").format(count=self.signed_out),
            _("备份之后更改的密码、密钥和账号停用都已回到备份时的状态，请逐一核对。"),
        ]
        if self.replaced_files is not None:
            lines.append(_("原有的签名密钥等文件保存在 {folder}。").format(folder=self.replaced_files))
        return "\n".join(lines)


async def restore(target: Target, actor: Actor, path: Path, *, replace: bool = False) -> Restored:
    """Make the database what the file holds. `replace` allows that something is lost for it."""
    generation, folder = uuid4(), target.settings.data_dir
    with ArchiveReader.open(path) as archive:
        _check_fits(archive.manifest, target)
        async with target.owner.transaction() as session:
            await repository.begin_writing(session)
            lost = await _make_room(session, target, replace=replace)
            await _load(session, target, archive)
            await repository.begin_generation(session, generation)
            signed_out = await repository.end_sign_ins(session)
            details = {"sha256": archive.sha256, "rows": archive.manifest.rows, "replaced_head": lost}
            await audit.record(
                session, actor, AuditAction.DATABASE_RESTORE, "database", target.settings.county, details=details
            )
            await session.flush()
            verdict = await _lay_files_ready(session, archive, folder, generation)
    replaced = data_folder.settle(folder, generation)
    return Restored(archive.manifest, verdict, signed_out, replaced)


def _check_fits(manifest: Manifest, target: Target) -> None:
    if manifest.county != target.settings.county:
        raise RestoreRefused(
            _("备份属于 {theirs}，而本机设置的县是 {ours}（HUB_COUNTY）。没有做任何改动。").format(
                theirs=manifest.county, ours=target.settings.county
            )
        )
    if manifest.revision not in target.migrations.revisions:
        raise RestoreRefused(
            _("备份的数据库版本 {revision} 比本程序新（备份由 {version} 版制作），请先升级本程序再恢复。").format(
                revision=manifest.revision, version=manifest.hub_version
            )
        )
    if unknown := {entry.name for entry in manifest.files} - set(data_folder.FILES):
        raise BackupFileInvalid(_("备份文件中有不认识的文件：{names}。").format(names=", ".join(sorted(unknown))))


async def _make_room(session: AsyncSession, target: Target, *, replace: bool) -> list[str | int]:
    """Empty the database, if that is allowed; the head of the audit log that goes with it."""
    if not await _is_alone(session):
        raise RestoreRefused(_("数据库正在使用中。请先停止 hub 和其他连接，再恢复。没有做任何改动。"))
    await target.migrations.lock(session)
    revision = await current_revision(session)
    tables = await repository.list_tables(session)
    if revision is None:
        if tables:
            raise RestoreRefused(_("这个数据库里有其他程序的数据表，不能恢复到这里。没有做任何改动。"))
        return []
    if revision not in target.migrations.revisions:
        raise RestoreRefused(
            _("数据库的版本 {revision} 比本程序新，不能恢复到这里。请改用空数据库，或先删除这个数据库再恢复。").format(
                revision=revision
            )
        )
    if not replace and await repository.has_any_event(session):
        raise RestoreRefused(_("数据库里已有数据。确要用备份替换全部现有数据，请加 --replace。没有做任何改动。"))
    head = await repository.get_newest_head(session)
    await repository.empty(session, tables)
    return list(head or ())


async def _is_alone(session: AsyncSession) -> bool:
    """A hub that was stopped just now may take a moment to hang up."""
    for _attempt in range(_HANGING_UP_SECONDS * 10):
        if not await repository.count_other_sessions(session):
            return True
        await asyncio.sleep(0.1)
    return False


async def _load(session: AsyncSession, target: Target, archive: ArchiveReader) -> None:
    """Fill the schema of the backup's own day, then bring it to today's."""
    await target.migrations.go_to(session, archive.manifest.revision)
    tables = await repository.list_tables(session)
    _check_same_shape(archive.manifest, tables)
    await repository.empty(session, tables)  # of what migrations put there
    keys = await repository.list_foreign_keys(session)
    await repository.open_for_loading(session, tables, keys)
    for table, entry in zip(tables, archive.manifest.tables, strict=True):
        rows = await repository.copy_in(session, table, archive.chunks(entry))
        if rows != entry.rows:
            raise BackupFileInvalid(
                _("表 {table} 恢复了 {rows} 行，清单上是 {listed} 行。没有做任何改动。").format(
                    table=entry.name, rows=rows, listed=entry.rows
                )
            )
    await repository.close_after_loading(session, tables, keys)
    for held in archive.manifest.sequences:
        await repository.set_sequence(session, held.schema_name, held.name, held.last_value, held.is_called)
    await target.migrations.go_to(session, target.migrations.newest)


def _check_same_shape(manifest: Manifest, tables: Sequence[repository.Table]) -> None:
    here = [(table.schema_name, table.name, tuple(table.columns)) for table in tables]
    there = [(entry.schema_name, entry.name, entry.columns) for entry in manifest.tables]
    if here != there:
        names = sorted({f"{schema}.{name}" for schema, name, _columns in {*here} ^ {*there}})
        raise RestoreRefused(_("备份与数据库的表不一致：{tables}。没有做任何改动。").format(tables=", ".join(names)))


async def _lay_files_ready(session: AsyncSession, archive: ArchiveReader, folder: Path, generation: UUID) -> Verdict:
    """The backup's own key and heads judge the restored log, before anything is committed."""
    data_folder.discard(folder)
    contents = [(entry.name, b"".join(archive.chunks(entry))) for entry in archive.manifest.files]
    ready = data_folder.lay_ready(folder, generation, contents)
    return await Sealer(ready).verify(session)


async def finish_interrupted(application: Database, folder: Path) -> None:
    """Put the files of a restore in place that was killed between its commit and its end."""
    if data_folder.is_unsettled(folder):
        async with application.transaction() as session:
            data_folder.settle(folder, await get_generation(session))
