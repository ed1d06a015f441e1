from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.imports.models import Import, ImportArea, ImportFinding
from hub.kit import clock
from hub.kit.statements import Statement, insertion

ADDED_AT_ONCE = 2000


async def add_import(session: AsyncSession, new: Import) -> None:
    session.add(new)
    await session.flush()


async def get_import(session: AsyncSession, import_id: UUID) -> Import | None:
    return await session.get(Import, import_id, populate_existing=True)


async def lock_import(session: AsyncSession, import_id: UUID) -> Import | None:
    statement = select(Import).where(Import.id == import_id).with_for_update()
    return await session.scalar(statement.execution_options(populate_existing=True))


async def list_imports(session: AsyncSession, reach: str, *, after: UUID | None, limit: int) -> Sequence[Import]:
    """Newest first: ids are in the order of time. `reach` is a division whose imports are meant, and all inside it."""
    statement = (
        select(Import).where(Import.reach.startswith(reach, autoescape=True)).order_by(Import.id.desc()).limit(limit)
    )
    if after is not None:
        statement = statement.where(Import.id < after)
    return (await session.scalars(statement)).all()


_WANTED = Statement(
    select(Import.id).where(
        Import.id == bindparam("import_id"),
        Import.state != "cancelled",
        ~exists().where(ImportArea.import_id == bindparam("import_id"), ImportArea.area == bindparam("area")),
    )
)
_LOCK_AREA = Statement("SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))")
_ADD_AREA = Statement(insertion(ImportArea))


async def is_wanted(session: AsyncSession, import_id: UUID, area: str) -> bool:
    """Not cancelled, and this county not stored yet."""
    return bool(await _WANTED.rows(session, {"import_id": import_id, "area": area}))


async def lock_area(session: AsyncSession, import_id: UUID, area: str) -> None:
    """Two workers on one import meet here: a process taken for dead may still be alive."""
    key = f"imports.area\n{import_id}\n{area}"
    await _LOCK_AREA.run(session, {"key": key})


async def list_areas(session: AsyncSession, import_ids: Collection[UUID]) -> Sequence[ImportArea]:
    return (await session.scalars(select(ImportArea).where(ImportArea.import_id.in_(list(import_ids))))).all()


async def add_area(session: AsyncSession, area: ImportArea) -> None:
    counts = {"counts": area.counts, "submissions": area.submissions}
    await _ADD_AREA.run(session, {"import_id": area.import_id, "area": area.area, "stored_at": clock.now(), **counts})


async def replace_findings(session: AsyncSession, import_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(delete(ImportFinding).where(ImportFinding.import_id == import_id))
    for start in range(0, len(rows), ADDED_AT_ONCE):
        await session.execute(insert(ImportFinding), [dict(row) for row in rows[start : start + ADDED_AT_ONCE]])


async def list_findings(
    session: AsyncSession, import_id: UUID, *, code: str | None, severity: str | None, after: int, limit: int
) -> Sequence[ImportFinding]:
    statement = (
        select(ImportFinding)
        .where(ImportFinding.import_id == import_id, ImportFinding.position > after)
        .order_by(ImportFinding.position)
        .limit(limit)
    )
    if code is not None:
        statement = statement.where(ImportFinding.code == code)
    if severity is not None:
        statement = statement.where(ImportFinding.severity == severity)
    return (await session.scalars(statement)).all()
