"""Values marked for follow-up, and the work list of those that still wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.actions import AuditAction
from hub.capture.models import Collection
from hub.forms import service as forms
from hub.forms.content import FormContent
from hub.geography import service as geography
from hub.identity import organizations
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope, uuid7
from hub.kit.errors import Forbidden
from hub.kit.i18n import gettext as _
from hub.remarks import repository
from hub.remarks.cell import find_cell
from hub.remarks.errors import FlagCleared, FlagExists, FlagNotFound
from hub.remarks.models import Flag
from hub.remarks.service import checked_text, open_spot, record
from hub.settings import settings


@dataclass(frozen=True)
class OpenFlag:
    """A flag that waits, with the names of what it is at."""

    flag: Flag
    collection: Collection
    form: FormContent
    township: str
    place: str
    unit: str


async def raise_flag(
    session: AsyncSession, subject: Subject, collection_id: UUID, *, division: str, element: str, reason: str
) -> Flag:
    """Mark a cell for follow-up. One open flag for a cell is enough."""
    collection, spot = await open_spot(session, subject, collection_id, division, element)
    said = checked_text(reason, "reason")
    await repository.lock_remarks(session, spot)
    if any(one.cleared_at is None for one in await repository.list_flags(session, spot)):
        raise FlagExists(_("这一格已经标记，核实后先消除再重新标记。"))
    flag = Flag(
        area=spot.area,
        id=uuid7(),
        collection_id=spot.collection_id,
        township=collection.township,
        division=division,
        element=element,
        reason=said,
        flagged_by=subject.name,
        organization=subject.organization.code,
        flagged_at=clock.now(),
    )
    repository.add(session, flag)
    await session.flush()
    await record(session, subject, AuditAction.FLAG_RAISE, flag)
    return flag


async def list_open(
    session: AsyncSession,
    subject: Subject,
    *,
    township: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[OpenFlag]:
    """What waits longest first: a township sees its own, the authority its county's, nobody else any."""
    if subject.organization.kind not in {"township", "authority"}:
        return []
    await set_scope(session, [_reach(subject)])
    found = await repository.list_open_flags(session, township=township, after=after, limit=limit)
    codes = {code for flag, _task in found for code in (flag.division, flag.township)}
    names = await geography.get_divisions(session, sorted(codes)) if codes else {}
    units = {one.code: one.name for one in await organizations.list_organizations(session)}
    return [
        OpenFlag(
            flag=flag,
            collection=collection,
            form=await forms.get_form(session, collection.form, collection.form_version),
            township=names[flag.township].name,
            place=names[flag.division].name,
            unit=units.get(flag.organization, flag.organization),
        )
        for flag, collection in found
    ]


def _reach(subject: Subject) -> str:
    own = subject.organization.division
    if subject.organization.kind == "township" and own is not None:
        return own
    if subject.organization.kind == "authority":
        return settings().county
    raise Forbidden(_("批注和附件只有填报乡镇和县数据局可以查看。"))


async def list_townships(session: AsyncSession, subject: Subject) -> Mapping[str, str]:
    """The townships whose flags this person may look for, by code; a township has nothing to choose."""
    if subject.organization.kind == "township":
        return {}
    codes = await geography.subtree_codes(session, [_reach(subject)], "township", clock.today())
    named = await geography.get_divisions(session, list(codes))
    return {code: named[code].name for code in codes}


async def clear_flag(session: AsyncSession, subject: Subject, flag_id: UUID, *, note: str) -> Flag:
    """Done with, and how: by whoever raised it, or by the authority."""
    await set_scope(session, [_reach(subject)])
    flag = await repository.get_flag_for_update(session, flag_id)
    if flag is None:
        raise FlagNotFound(_("没有这个标记。"))
    await find_cell(session, subject, flag.collection_id, flag.division, flag.element)
    if subject.organization.code != flag.organization and subject.organization.kind != "authority":
        raise Forbidden(_("标记由标记的单位或县数据局消除；请用批注答复。"))
    said = checked_text(note, "note")
    if flag.cleared_at is not None:
        raise FlagCleared(_("这个标记已经消除。"))
    await set_scope(session, [flag.township])
    flag.cleared_by, flag.cleared_at, flag.note = subject.name, clock.now(), said
    await session.flush()
    await record(session, subject, AuditAction.FLAG_CLEAR, flag)
    return flag
