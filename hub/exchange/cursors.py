"""Change cursors: opaque ids of stored clock vectors, good for one organisation with one reach."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.exchange import repository
from hub.exchange.errors import CursorExpired
from hub.kit import clock, json
from hub.kit.db import Database, uuid7
from hub.kit.i18n import gettext as _

# A connector that delivers once a year may still go on from where it stood.
KEPT_FOR = timedelta(days=400)
_NAMESPACE = uuid.UUID("0f6f1c9e-5b0f-4d29-9d5e-6a5d7b8c2f10")


@dataclass(frozen=True)
class Standing:
    """Everything a cursor stands for."""

    organization: str
    generation: UUID
    fingerprint: str
    clocks: Mapping[str, int]


def stable_id(standing: Standing) -> UUID:
    """One id for one standing on one day, so that asking again and again stores nothing new."""
    told = (
        clock.today().isoformat(),
        standing.organization,
        str(standing.generation),
        standing.fingerprint,
        json.dumps(dict(sorted(standing.clocks.items()))),
    )
    return uuid.uuid5(_NAMESPACE, "\n".join(told))


def fresh_id() -> UUID:
    """A new id: what `/changes` answers always moves on."""
    return uuid7()


async def keep(session: AsyncSession, cursor_id: UUID, standing: Standing) -> None:
    cursor = {
        "id": cursor_id,
        "organization": standing.organization,
        "generation": standing.generation,
        "grants_fingerprint": standing.fingerprint,
        "clocks": dict(standing.clocks),
        "created_at": clock.now(),
    }
    await repository.put_cursor(session, cursor)


async def find_clocks(session: AsyncSession, after: str, standing: Standing) -> dict[str, int]:
    """The clocks a cursor stands for. Raises `CursorExpired` when it is unknown or was made under another reach."""
    try:
        cursor = await repository.get_cursor(session, UUID(after))
    except ValueError:
        cursor = None
    if (
        cursor is None
        or cursor.organization != standing.organization
        or cursor.generation != standing.generation
        or cursor.grants_fingerprint != standing.fingerprint
    ):
        raise CursorExpired(_("变更游标已失效（授权有变化或数据库已恢复），请全量读取一次后继续。"))
    return dict(cursor.clocks)


async def forget_old(database: Database) -> None:
    async with database.transaction() as session:
        await repository.delete_cursors_before(session, clock.now() - KEPT_FOR)
