"""Threads and the work list as pages show them. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Literal

from hub.calendar.words import period_words
from hub.capture.lifecycle import CollectionState
from hub.capture.models import CollectionStep
from hub.capture.words import action_words, state_words
from hub.identity.roles import Permission
from hub.identity.subject import Subject
from hub.kit import clock
from hub.kit.db import uuid7
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice
from hub.kit.views import Sent
from hub.remarks.attachments import MEGABYTE
from hub.remarks.flags import OpenFlag
from hub.remarks.models import Attachment, Flag, Remark
from hub.remarks.note_page import AttachmentLine, FlagLine, attachment_line, flag_line
from hub.remarks.service import ThreadView
from hub.settings import settings

TONES: Mapping[CollectionState, str] = {
    "open": "active",
    "submitted": "good",
    "closed": "plain",
    "awaiting_sign_off": "warning",
    "in_review": "warning",
    "returned": "error",
}


@dataclass(frozen=True)
class PlaceLink:
    """A cell that is spoken of; without `href` it is the whole submission."""

    label: str
    href: str
    note: str = ""


@dataclass(frozen=True)
class ThreadLine:
    """One entry: a remark, a file, a flag, or a step of the task's way with its reason and cells."""

    kind: Literal["remark", "attachment", "flag", "step"]
    at: datetime
    by: str
    unit: str
    text: str
    place: PlaceLink | None = None
    title: str = ""
    file: AttachmentLine | None = None
    flag: FlagLine | None = None
    cells: tuple[PlaceLink, ...] = ()


@dataclass(frozen=True)
class ThreadPage:
    """`key`: drawn for the next remark, so that a form sent twice makes one."""

    base: str
    collection: str
    form_name: str
    period: str
    township: str
    state: str
    tone: str
    lines: tuple[ThreadLine, ...]
    may_write: bool
    unit_code: str
    key: str
    limit_megabytes: int
    sent: Sent

    @property
    def typed(self) -> Mapping[str, str]:
        return self.sent.typed

    @property
    def faults(self) -> Mapping[str, Sequence[str]]:
        return self.sent.faults


def thread_page(view: ThreadView, subject: Subject, sent: Sent) -> ThreadPage:
    collection = view.task.collection
    lines = [
        *(_remark(view, one) for one in view.remarks),
        *(_attachment(view, one) for one in view.attachments),
        *(_flag(view, one) for one in view.flags),
        *(_step(view, one) for one in view.steps),
    ]
    return ThreadPage(
        base=f"/collections/{collection.id}/thread",
        collection=str(collection.id),
        form_name=view.form.name,
        period=period_words(collection.period),
        township=view.task.township_name,
        state=state_words(view.task.state),
        tone=TONES[view.task.state],
        lines=tuple(sorted(lines, key=attrgetter("at"))),
        may_write=subject.may(Permission.REMARK_WRITE),
        unit_code=subject.organization.code,
        key=str(uuid7()),
        limit_megabytes=settings().maximum_attachment_bytes // MEGABYTE,
        sent=sent,
    )


def _place(view: ThreadView, division: str | None, element: str | None, note: str = "") -> PlaceLink | None:
    if division is None or element is None:
        return None
    spec = view.form.spec.by_identifier.get(element)
    label = f"{view.places.get(division, division)} · {spec.label if spec else element}"
    return PlaceLink(label, f"/collections/{view.task.collection.id}/cells/{division}/{element}", note)


def _remark(view: ThreadView, one: Remark) -> ThreadLine:
    unit = view.units.get(one.organization, one.organization)
    return ThreadLine("remark", one.made_at, one.made_by, unit, one.text, _place(view, one.division, one.element))


def _attachment(view: ThreadView, one: Attachment) -> ThreadLine:
    shown = attachment_line(one, view.units)
    place = _place(view, one.division, one.element)
    return ThreadLine("attachment", shown.at, shown.by, shown.unit, "", place, file=shown)


def _flag(view: ThreadView, one: Flag) -> ThreadLine:
    shown = flag_line(one, view.units)
    place = _place(view, one.division, one.element)
    return ThreadLine("flag", shown.at, shown.by, shown.unit, shown.reason, place, flag=shown)


def _step(view: ThreadView, step: CollectionStep) -> ThreadLine:
    cells = [_place(view, one["division"], one["element"], one["reason"]) for one in step.details.get("cells", ())]
    return ThreadLine(
        "step",
        step.at,
        step.actor,
        view.units.get(step.organization, step.organization),
        step.reason or "",
        title=action_words(step.action),
        cells=tuple(cell for cell in cells if cell is not None),
    )


@dataclass(frozen=True)
class OpenFlagLine:
    """One flag of the work list. `waiting`: since when, in days."""

    flag: FlagLine
    township: str
    place: str
    element: str
    form_name: str
    period: str
    href: str
    waiting: str
    may_clear: bool
    faults: tuple[str, ...]
    typed: str


@dataclass(frozen=True)
class FlagsPage:
    """What waits for somebody to look at it again. `next` leads on when there are more."""

    lines: tuple[OpenFlagLine, ...]
    townships: tuple[Choice, ...]
    township: str
    next: str | None
    faults: Mapping[str, Sequence[str]]


def flags_page(
    subject: Subject,
    found: Sequence[OpenFlag],
    township: str,
    townships: Mapping[str, str],
    following: str | None,
    sent: Sent,
) -> FlagsPage:
    filters = f"&township={township}" if township else ""
    return FlagsPage(
        lines=tuple(_open_flag(subject, one, sent) for one in found),
        townships=tuple(Choice(code, name) for code, name in townships.items()),
        township=township,
        next=None if following is None else f"/flags?after={following}{filters}",
        faults=sent.faults,
    )


def _open_flag(subject: Subject, one: OpenFlag, sent: Sent) -> OpenFlagLine:
    flag, collection = one.flag, one.collection
    spec = one.form.spec.by_identifier.get(flag.element)
    is_sent = sent.typed.get("flag") == str(flag.id)
    is_theirs = subject.organization.kind == "authority" or subject.organization.code == flag.organization
    return OpenFlagLine(
        flag=flag_line(flag, {flag.organization: one.unit}),
        township=one.township,
        place=one.place,
        element=spec.label if spec else flag.element,
        form_name=one.form.name,
        period=period_words(collection.period),
        href=f"/collections/{collection.id}/cells/{flag.division}/{flag.element}",
        waiting=_waiting(flag.flagged_at),
        may_clear=is_theirs and subject.may(Permission.REMARK_WRITE),
        faults=tuple(fault for found in sent.faults.values() for fault in found) if is_sent else (),
        typed=sent.typed.get("note", "") if is_sent else "",
    )


def _waiting(since: datetime) -> str:
    days = (clock.today() - since.astimezone(clock.CHINA).date()).days
    return _("{days} 天").format(days=days) if days else _("今天")
