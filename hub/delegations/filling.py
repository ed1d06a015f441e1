"""The village's side: whoever holds the link fills in one row, and nothing else is there for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit.actions import AuditAction
from hub.calendar import service as calendar
from hub.calendar.words import DueWords, due_words
from hub.capture import drafting, merging
from hub.capture import service as capture
from hub.capture.cells import RefusedCell
from hub.capture.desk import DraftView
from hub.capture.errors import CollectionAwaitsSignOff, CollectionInReview, CollectionSubmitted
from hub.capture.ledger import NOTHING_EXPLAINED
from hub.capture.models import Collection
from hub.capture.rows import DraftRow
from hub.delegations import repository
from hub.delegations.links import find_ending, is_well_formed
from hub.delegations.models import Delegation
from hub.delegations.service import record
from hub.delegations.village_cells import (
    Contested,
    Count,
    after_saving,
    count_cells,
    disputes,
    row_of,
)
from hub.delegations.village_form import PostedVillage
from hub.geography import service as geography
from hub.geography.levels import county_of
from hub.identity import organizations, secrets, throttling
from hub.identity.authentication import reference
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import set_scope
from hub.validation import Finding

# What a draft's history calls whoever typed by a link: data, as a person's name is, in the language of the tables.
_NAME = "{village}填报链接（{by}发出）"


@dataclass(frozen=True)
class Link:
    """A link that lives, and the caller it makes of its holder: one who may do nothing but what stands here."""

    delegation: Delegation
    collection: Collection
    subject: Subject
    village: str


@dataclass(frozen=True)
class EndedLink:
    """A link that lived once. It opens nothing; what was typed into its page is given back to whoever typed it."""

    delegation: Delegation
    collection: Collection


@dataclass(frozen=True)
class VillageForm:
    """The village's row alone. `disputes`: by element."""

    link: Link
    view: DraftView
    row: DraftRow
    due: DueWords
    findings: tuple[Finding, ...]
    disputes: Mapping[str, Contested]

    @property
    def count(self) -> Count:
        return count_cells(self.view.form, self.row)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.severity == "error")


async def find_link(session: AsyncSession, township: str, token: str, address: str) -> Link | EndedLink | None:
    """The link. One that is unknown counts as a guess; one that ended is only noted."""
    await throttling.check(session, token, address)
    delegation = await _find(session, township, token)
    if delegation is None:
        await throttling.note_failure(session, AuditAction.DELEGATION_REFUSE, token, address)
        return None
    village = await geography.get_division(session, delegation.division)
    organization = await organizations.get_organization(session, delegation.organization)
    subject = Subject(
        kind="link",
        id=delegation.id,
        name=_NAME.format(village=village.name, by=delegation.made_by),
        display_name=delegation.label or village.name,
        organization=reference(organization),
        roles=frozenset(),
        permissions=frozenset(),
    )
    collection = (await capture.get_collection(session, subject, delegation.collection_id)).collection
    ending = "closed" if organization.closed_at else find_ending(delegation, collection, clock.now())
    if ending is not None:
        details = {"reason": ending, "address": address}
        await record(session, subject, AuditAction.DELEGATION_REFUSE, delegation, details, is_refused=True)
        return EndedLink(delegation, collection)
    return Link(delegation, collection, subject, village.name)


async def _find(session: AsyncSession, township: str, token: str) -> Delegation | None:
    if not is_well_formed(township, token):
        return None
    await set_scope(session, [township])
    return await repository.find_by_token(session, county_of(township), secrets.digest(token))


async def read_form(session: AsyncSession, link: Link) -> VillageForm | None:
    """The village's row; None when the form no longer asks anything of it."""
    whole, report = await drafting.get_judged_draft(session, link.subject, link.collection.id)
    row = row_of(whole, link.delegation.division)
    if row is None:
        return None
    return VillageForm(
        link=link,
        view=replace(whole, rows=(row,), held={}, explanations=NOTHING_EXPLAINED),
        row=row,
        due=due_words(link.collection.due_at, await calendar.work_calendar(session)),
        findings=tuple(one for one in report.findings if one.division == row.division),
        disputes=disputes(link.delegation.contested, row),
    )


async def note_opening(session: AsyncSession, link: Link, address: str) -> None:
    link.delegation.opened_at = link.delegation.opened_at or clock.now()
    await record(session, link.subject, AuditAction.DELEGATION_OPEN, link.delegation, {"address": address})


async def save(session: AsyncSession, link: Link, posted: PostedVillage) -> Sequence[RefusedCell] | None:
    """Merge what was typed into the township's draft; the cells that it does not take. None: the link has just ended.

    What the township changed after the page was loaded stays as it is, and what the village says stands beside it.
    """
    delegation, now = link.delegation, clock.now()
    batch = merging.CellBatch(
        base=posted.etag, submission=delegation.submission, key=posted.key, changes=posted.changes
    )
    try:
        merged = await merging.merge_cells(session, link.subject, link.collection.id, batch)
    except (CollectionSubmitted, CollectionAwaitsSignOff, CollectionInReview) as refusal:
        why = {"reason": refusal.code}
        await record(session, link.subject, AuditAction.DELEGATION_REFUSE, delegation, why, is_refused=True)
        return None
    conflicts = [change for change, _held in merged.conflicts]
    delegation.saved_at = now
    delegation.filled = delegation.filled | {element: now.isoformat() for _division, element in merged.applied}
    delegation.contested = after_saving(delegation.contested, posted.elements, conflicts, now)
    details = {"cells": len(merged.applied), "conflicts": len(conflicts), "refused": len(merged.refused)}
    await record(session, link.subject, AuditAction.DELEGATION_SAVE, delegation, details)
    return merged.refused


async def hand_back(session: AsyncSession, form: VillageForm) -> None:
    """Say that the village is done. The link lives on, so that a mistake can be mended until it ends by itself."""
    delegation = form.link.delegation
    delegation.handed_back_at = clock.now()
    details = {"filled": form.count.filled, "cells": form.count.cells, "errors": len(form.errors)}
    await record(session, form.link.subject, AuditAction.DELEGATION_HAND_BACK, delegation, details)
