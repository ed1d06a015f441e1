"""Scopes and writings, valid by default."""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hub.kit.db import set_scope
from hub.store import recording, service
from hub.store.revisions import RowWrite
from hub.store.rows import ChangeSlice, Recorded, Writing
from hub.store.scope import ReadScope, ScopeBox
from tests.people import COUNTY, EAST, VILLAGES

VILLAGE = VILLAGES[EAST][0]


def make_box(
    *,
    elements: Mapping[str, int | None] | Sequence[str] | None = ("migrants",),
    divisions: Sequence[str] = (COUNTY,),
    first_day: date = date.min,
    last_day: date = date.max,
    grant: str | None = "AG-2026-000001",
    purpose: str = "劳务输出月报",
) -> ScopeBox:
    named = dict.fromkeys(elements) if elements is not None and not isinstance(elements, Mapping) else elements
    return ScopeBox(named, frozenset(divisions), first_day, last_day, grant, purpose)


def make_scope(*boxes: ScopeBox) -> ReadScope:
    return ReadScope(boxes or (make_box(),))


def make_row(
    *,
    division: str = VILLAGE,
    entity: str = "",
    version: int = 1,
    missing: Mapping[str, str] | None = None,
    **payload: Any,
) -> RowWrite:
    named = {*payload, *(missing or {})}
    return RowWrite(division, payload, missing or {}, dict.fromkeys(named, version), entity)


async def create_values(
    session: AsyncSession,
    *rows: RowWrite,
    period: str = "2026-10",
    object_class: str = "village",
    area: str = COUNTY,
    reason: str | None = None,
) -> Recorded:
    await set_scope(session, {row.division for row in rows})
    return await recording.record_values(
        session, Writing(area, object_class, period, rows, actor="reporter_east", door="api", reason=reason)
    )


async def read_changes(
    session: AsyncSession,
    scope: ReadScope,
    clocks: Mapping[str, int],
    limit: int,
    versions: Mapping[str, int] = MappingProxyType({}),
) -> ChangeSlice:
    """As a reader does: where the clocks stand first, then what changed, in one snapshot."""
    _generation, now = await service.read_standing(session, scope)
    return await service.select_changes(session, scope, clocks, limit, now=now, versions=versions)
