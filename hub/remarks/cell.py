"""Everything there is to know of one cell: what it asks, who reads it, how it came about, what was said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.calendar.periods import Period
from hub.capture import drafting
from hub.capture import service as capture
from hub.capture.desk import CollectionTask
from hub.capture.models import Collection
from hub.capture.progress import list_row_codes
from hub.delegations import service as delegations
from hub.delegations.service import Origin
from hub.forms import service as forms
from hub.forms.content import FormContent, FormField
from hub.geography import service as geography
from hub.geography.models import Division
from hub.grants import service as grants
from hub.identity import organizations
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit.db import set_scope
from hub.kit.i18n import gettext as _
from hub.registry import service as registry
from hub.registry.models import DataElementVersion
from hub.remarks import repository
from hub.remarks.errors import CellNotFound
from hub.remarks.models import Attachment, Flag, Remark
from hub.remarks.repository import Spot
from hub.remarks.uses import FigureUse, list_uses
from hub.store import service as store
from hub.store.rows import HistoryEntry, ValueQuery, ValueRow
from hub.store.scope import Place

PERIODS_SHOWN = 12


@dataclass(frozen=True)
class Cell:
    """A cell of a task: the form asks this element of this division."""

    task: CollectionTask
    form: FormContent
    field: FormField
    place: Division

    @property
    def collection(self) -> Collection:
        return self.task.collection

    @property
    def spot(self) -> Spot:
        return Spot(self.collection.area, self.collection.id, self.place.code, self.field.identifier)


@dataclass(frozen=True)
class PastValue:
    """What the store holds for one period: a value, why there is none, or nothing."""

    period: Period
    value: Any
    missing: str | None


@dataclass(frozen=True)
class TypedCell:
    """What stands in the township's form at this moment, submitted or not."""

    value: Any
    missing: str
    is_draft: bool


@dataclass(frozen=True)
class CellContents:
    """What only the township itself and the authority see: the values, and what was said of them."""

    past: tuple[PastValue, ...]
    typed: TypedCell | None
    history: Sequence[HistoryEntry]
    remarks: Sequence[Remark]
    attachments: Sequence[Attachment]
    flags: Sequence[Flag]
    origins: Sequence[Origin]


@dataclass(frozen=True)
class CellView:
    """`contents` is None for who may know of the task and not of its values."""

    cell: Cell
    registered: DataElementVersion | None
    organizations: Mapping[str, str]
    uses: Sequence[FigureUse]
    contents: CellContents | None
    is_own: bool
    may_write: bool


async def find_cell(session: AsyncSession, subject: Subject, collection_id: UUID, division: str, element: str) -> Cell:
    """The cell, when the caller may know of its task and the form asks it there."""
    task = await capture.get_collection(session, subject, collection_id)
    form = await forms.get_form(session, task.collection.form, task.collection.form_version)
    field = next((one for one in form.fields if one.identifier == element), None)
    place = await geography.find_division(session, division)
    if field is None or place is None or division not in await list_row_codes(session, task.collection):
        raise CellNotFound(_("这张表里没有这一格。"))
    return Cell(task, form, field, place)


def sees_values(subject: Subject, collection: Collection) -> bool:
    return subject.may(Permission.SUBMISSION_READ) and capture.may_see_values(subject, collection)


async def read_cell(
    session: AsyncSession, subject: Subject, collection_id: UUID, division: str, element: str
) -> CellView:
    cell = await find_cell(session, subject, collection_id, division, element)
    versions = await registry.get_versions(session, [(element, cell.field.spec.version)])
    may_see = sees_values(subject, cell.collection)
    return CellView(
        cell=cell,
        registered=next(iter(versions), None),
        organizations={one.code: one.name for one in await organizations.list_organizations(session)},
        uses=await list_uses(session, element, cell.place),
        contents=await _contents(session, subject, cell) if may_see else None,
        is_own=capture.is_own(subject, cell.collection),
        may_write=may_see and subject.may(Permission.REMARK_WRITE),
    )


async def _contents(session: AsyncSession, subject: Subject, cell: Cell) -> CellContents:
    element = cell.field.identifier
    history = await capture.list_history(
        session, subject, cell.collection.id, division=cell.place.code, element=element
    )
    past = await _past(session, subject, cell)
    typed = await _typed(session, subject, cell) if capture.is_own(subject, cell.collection) else None
    await set_scope(session, [cell.collection.township])
    return CellContents(
        past=past,
        typed=typed,
        history=history,
        remarks=await repository.list_remarks(session, cell.spot),
        attachments=await repository.list_attachments(session, cell.spot),
        flags=await repository.list_flags(session, cell.spot),
        origins=await delegations.list_origins(session, cell.collection, cell.place.code, element),
    )


async def _past(session: AsyncSession, subject: Subject, cell: Cell) -> tuple[PastValue, ...]:
    """The last twelve periods up to the task's own, oldest first. Reading another's leaves an audit event."""
    periods = _periods_up_to(Period.parse(cell.collection.period))
    element = cell.field.identifier
    query = ValueQuery(
        cell.collection.object_class, periods, (element,), Place(cell.place.code, frozenset(cell.place.lineage))
    )
    scope = await grants.read_scope(session, subject, supervising=True)
    found = await store.select_values(session, scope, query, after=None, limit=len(periods))
    held = {row.period: row for row in found.rows if row.division == cell.place.code}
    if not capture.is_own(subject, cell.collection):
        await audit.record(
            session,
            subject.actor,
            AuditAction.DATA_VALUES_READ,
            "collection",
            str(cell.collection.id),
            purpose="supervision",
            details={"township": cell.collection.township, "elements": [element], "periods": len(held)},
        )
    return tuple(_past_value(period, held.get(str(period)), element) for period in periods)


def _periods_up_to(last: Period) -> tuple[Period, ...]:
    periods = [last]
    while len(periods) < PERIODS_SHOWN:
        periods.append(periods[-1].previous())
    return tuple(reversed(periods))


def _past_value(period: Period, row: ValueRow | None, element: str) -> PastValue:
    if row is None:
        return PastValue(period, None, None)
    return PastValue(period, row.values.get(element), row.missing.get(element))


async def _typed(session: AsyncSession, subject: Subject, cell: Cell) -> TypedCell | None:
    view = await drafting.get_draft(session, subject, cell.collection.id)
    row = next((one for one in view.rows if one.division == cell.place.code), None)
    if row is None:
        return None
    element = cell.field.identifier
    by_source = {"derived": row.derived, "supplied": row.supplied}
    value = by_source.get(cell.field.spec.source, row.values).get(element)
    return TypedCell(value, str(row.missing.get(element) or ""), view.is_typed)
