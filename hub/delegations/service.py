"""The township's side: which village has a link, how far it is, and what to do where two say different things."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.capture import drafting, merging
from hub.capture import service as capture
from hub.capture.cells import CellChange, CellText
from hub.capture.desk import CollectionTask, DraftView
from hub.capture.models import Collection
from hub.capture.progress import list_row_codes
from hub.delegations import repository
from hub.delegations.errors import CellDecided, DelegationNotFound, DelegationRefused, NothingToDelegate
from hub.delegations.links import PREFIX, Ending, Obstacle, address_of, expiry, find_ending, find_obstacle
from hub.delegations.models import Delegation
from hub.delegations.village_cells import Contested, Count, count_cells, disputes
from hub.geography import service as geography
from hub.identity import secrets
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope, uuid7
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

LONGEST_LABEL = 20
_TELEPHONE = re.compile(r"[0-9０-９]{5}")


@dataclass(frozen=True)
class VillageStand:
    """One village of the task, with its newest link if it ever had one. `disputes`: by element."""

    division: str
    name: str
    count: Count
    delegation: Delegation | None = None
    ending: Ending | None = None
    disputes: Mapping[str, Contested] | None = None


@dataclass(frozen=True)
class Stand:
    """The whole task. `obstacle`: why no link can be made now."""

    view: DraftView
    villages: tuple[VillageStand, ...]
    obstacle: Obstacle | None


@dataclass(frozen=True)
class MadeLink:
    """`address`: the path with the token. It is said this once; the hub keeps its hash alone."""

    task: CollectionTask
    delegation: Delegation
    village: str
    address: str


@dataclass(frozen=True)
class Origin:
    """That a cell came by a village's link, and when last."""

    label: str
    made_by: str
    at: datetime


@dataclass(frozen=True)
class SeenCell:
    """A dispute as the page showed it: what the township held, what the village said."""

    division: str
    element: str
    held: CellText
    proposed: CellText


async def read_stand(session: AsyncSession, subject: Subject, collection_id: UUID) -> Stand:
    view = await drafting.get_draft(session, subject, collection_id)
    collection, now = view.task.collection, clock.now()
    newest = {one.division: one for one in await repository.list_newest(session, collection.area, collection.id)}
    villages = []
    for row in view.rows if asks_villages(collection) else ():
        delegation = newest.get(row.division)
        if row.division_name:
            villages.append(
                VillageStand(
                    row.division,
                    row.division_name,
                    count_cells(view.form, row),
                    delegation,
                    None if delegation is None else find_ending(delegation, collection, now),
                    {} if delegation is None else disputes(delegation.contested, row),
                )
            )
    return Stand(view, tuple(villages), find_obstacle(collection, now))


async def list_links(session: AsyncSession, subject: Subject, collection: Collection) -> Sequence[Delegation]:
    """The newest link of each village that has one, for the township alone."""
    capture.own(subject, collection)
    await set_scope(session, [collection.township])
    return await repository.list_newest(session, collection.area, collection.id)


def may_make(collection: Collection) -> bool:
    return asks_villages(collection) and find_obstacle(collection, clock.now()) is None


def asks_villages(collection: Collection) -> bool:
    """A form about the township itself has nothing to hand to a village."""
    return collection.object_class != "township"


async def make_link(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, division: str, label: str
) -> MadeLink:
    """A new link for a village; the one it had is dead from now on."""
    collection = await _own(session, subject, collection_id)
    await _check_can_make(session, collection, division, label)
    await repository.lock_delegations(session, collection.area, collection.id)
    before = await repository.get_newest_for_update(session, collection.area, collection.id, division)
    now, token = clock.now(), secrets.new_secret(PREFIX)
    ended = await repository.revoke(session, collection.area, collection.id, division, by=subject.name, at=now)
    delegation = Delegation(
        area=collection.area,
        id=uuid7(),
        collection_id=collection.id,
        township=collection.township,
        division=division,
        label=label,
        submission=collection.submission,
        token_sha256=secrets.digest(token),
        organization=subject.organization.code,
        made_by=subject.name,
        made_at=now,
        expires_at=expiry(collection, now),
        filled={},
        contested={} if before is None else before.contested,
    )
    await repository.add(session, delegation)
    details = {"replaced": [str(one) for one in ended], "expires_at": delegation.expires_at.isoformat()}
    await record(session, subject, AuditAction.DELEGATION_MAKE, delegation, details)
    village = await geography.get_division(session, division)
    task = await capture.task_of(session, collection)
    return MadeLink(task, delegation, village.name, address_of(collection.township, token))


async def _own(session: AsyncSession, subject: Subject, collection_id: UUID) -> Collection:
    task = await capture.get_collection(session, subject, collection_id)
    collection = capture.own(subject, task.collection)
    await set_scope(session, [collection.township])
    return collection


async def _check_can_make(session: AsyncSession, collection: Collection, division: str, label: str) -> None:
    obstacle = find_obstacle(collection, clock.now())
    if obstacle is not None:
        raise NothingToDelegate(obstacle_words(obstacle))
    faults = []
    if not asks_villages(collection) or division not in await list_row_codes(session, collection):
        faults.append(ErrorItem("/division", "division_not_in_task", _("请选择一个村。")))
    if len(label) > LONGEST_LABEL:
        message = _("最多 {limit} 个字，现在有 {count} 个。").format(limit=LONGEST_LABEL, count=len(label))
        faults.append(ErrorItem("/label", "text_too_long", message))
    if _TELEPHONE.search(label):
        # A telephone number is what people would write here, and the hub wants none.
        faults.append(ErrorItem("/label", "character_not_allowed", _("这里只写称呼，例如村会计；不要写电话号码。")))
    if any(not character.isprintable() for character in label):
        faults.append(ErrorItem("/label", "character_not_allowed", _("文字中含有空字符或不完整的字符。")))
    if faults:
        raise DelegationRefused(_("链接没有生成，有 {count} 处要改。").format(count=len(faults)), errors=faults)


def obstacle_words(obstacle: Obstacle) -> str:
    return {
        "submitted": _("这张表已经提交，不再请村里填报。"),
        "waiting": _("这张表已经送出，等待办理，期间不能请村里填报。"),
        "locked": _("这一期的填报已经关闭，不能再请村里填报。"),
    }[obstacle]


async def revoke_link(session: AsyncSession, subject: Subject, collection_id: UUID, division: str) -> None:
    """The link is dead at once. Pressed twice, it is dead as well."""
    collection = await _own(session, subject, collection_id)
    delegation = await repository.get_newest_for_update(session, collection.area, collection.id, division)
    if delegation is None:
        raise DelegationNotFound(_("这个村没有链接。"))
    if await repository.revoke(session, collection.area, collection.id, division, by=subject.name, at=clock.now()):
        await record(session, subject, AuditAction.DELEGATION_REVOKE, delegation)


async def settle(
    session: AsyncSession, subject: Subject, collection_id: UUID, seen: SeenCell, *, takes_villages: bool
) -> None:
    """Decide between two values. What neither of them showed when the page was loaded is decided by nobody."""
    collection = await _own(session, subject, collection_id)
    delegation = await repository.get_newest_for_update(session, collection.area, collection.id, seen.division)
    stored = {} if delegation is None else delegation.contested
    if delegation is None or seen.element not in stored:
        raise CellDecided(_("这一格已经核定过了。"))
    if Contested.from_stored(stored[seen.element]).proposed != seen.proposed:
        raise CellDecided(_("村里刚刚又改了这一格，请看过再核定。"))
    if takes_villages:
        await _take(session, subject, collection, seen)
        delegation.filled = {**delegation.filled, seen.element: clock.now().isoformat()}
    delegation.contested = {element: one for element, one in stored.items() if element != seen.element}
    details = {"element": seen.element, "taken": takes_villages}
    await record(session, subject, AuditAction.DELEGATION_SETTLE, delegation, details)


async def _take(session: AsyncSession, subject: Subject, collection: Collection, seen: SeenCell) -> None:
    change = CellChange(seen.division, seen.element, now=seen.proposed, was=seen.held)
    batch = merging.CellBatch(base="", submission=collection.submission, key=uuid7().hex, changes=(change,))
    merged = await merging.merge_cells(session, subject, collection.id, batch)
    if merged.conflicts:
        raise CellDecided(_("表里的这一格刚刚又有人改了，请看过再核定。"))
    if merged.refused:
        raise CellDecided(merged.refused[0].message)


async def list_origins(session: AsyncSession, collection: Collection, division: str, element: str) -> Sequence[Origin]:
    """By which links this cell came. The caller has looked whether it may be known."""
    await set_scope(session, [collection.township])
    found = await repository.list_that_filled(session, collection.area, collection.id, division, element)
    return [Origin(one.label, one.made_by, datetime.fromisoformat(one.filled[element])) for one in found]


async def record(
    session: AsyncSession,
    subject: Subject,
    action: AuditAction,
    delegation: Delegation,
    details: Mapping[str, Any] | None = None,
    *,
    is_refused: bool = False,
) -> None:
    """Which link of which village, codes and counts: never a value, never the token."""
    await audit.record(
        session,
        subject.actor,
        action,
        "delegation",
        str(delegation.id),
        outcome="refused" if is_refused else "done",
        details={
            "collection": str(delegation.collection_id),
            "township": delegation.township,
            "division": delegation.division,
            "made_by": delegation.made_by,
            **(details or {}),
        },
    )
