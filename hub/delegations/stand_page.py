"""Who fills in which village, as the township's page shows it. The dataclasses are all that the templates see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import segno

from hub.calendar.words import period_words
from hub.capture.cells import CellText
from hub.capture.rows import DraftRow
from hub.capture.words import missing_choices
from hub.delegations.service import MadeLink, Stand, VillageStand, obstacle_words
from hub.delegations.village_cells import held_text
from hub.forms.content import FormContent, FormField
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice
from hub.kit.views import Sent

# By these names a browser calls the machine that it runs on; a telephone would call itself.
OF_THIS_MACHINE = ("localhost", "127.", "[::1]")


@dataclass(frozen=True)
class VillageLine:
    """One village. `is_live`: its link opens something; `when`: the instant that its state is about."""

    division: str
    name: str
    state: str
    tone: str
    when: datetime | None
    filled: int
    cells: int
    label: str
    made_by: str
    made_at: datetime | None
    expires_at: datetime | None
    is_live: bool


@dataclass(frozen=True)
class DisputeLine:
    """A cell of which township and village say different things; `held` and `proposed` are what was compared."""

    division: str
    village: str
    element: str
    label: str
    held: CellText
    proposed: CellText
    held_words: str
    proposed_words: str
    at: datetime


@dataclass(frozen=True)
class StandPage:
    id: str
    form_name: str
    period: str
    township: str
    obstacle: str
    villages: tuple[VillageLine, ...]
    choices: tuple[Choice, ...]
    disputes: tuple[DisputeLine, ...]
    sent: int
    handed_back: int
    typed: Mapping[str, str]
    faults: Mapping[str, Sequence[str]]

    @property
    def fault_count(self) -> int:
        return sum(len(found) for found in self.faults.values())


@dataclass(frozen=True)
class MadeLinkPage:
    """The link, shown once. `square`: its QR code as SVG. `is_for_this_machine`: a telephone cannot follow it."""

    id: str
    form_name: str
    period: str
    township: str
    village: str
    label: str
    url: str
    square: str
    expires_at: datetime
    is_for_this_machine: bool


def stand_page(stand: Stand, sent: Sent) -> StandPage:
    collection = stand.view.task.collection
    lines = tuple(village_line(one) for one in stand.villages)
    choices = [Choice(one.division, _choice_words(one)) for one in lines]
    return StandPage(
        id=str(collection.id),
        form_name=stand.view.form.name,
        period=period_words(collection.period),
        township=stand.view.task.township_name,
        obstacle="" if stand.obstacle is None else obstacle_words(stand.obstacle),
        villages=lines,
        choices=(Choice("", _("请选择")), *choices),
        disputes=tuple(_disputes(stand)),
        sent=sum(one.made_at is not None for one in lines),
        handed_back=sum(
            one.delegation is not None and one.delegation.handed_back_at is not None for one in stand.villages
        ),
        typed=sent.typed,
        faults=sent.faults,
    )


def _choice_words(line: VillageLine) -> str:
    return _("{village}（已有链接，重新生成后旧的作废）").format(village=line.name) if line.is_live else line.name


def village_line(one: VillageStand) -> VillageLine:
    state, tone, when = _state(one)
    held = one.delegation
    return VillageLine(
        division=one.division,
        name=one.name,
        state=state,
        tone=tone,
        when=when,
        filled=one.count.filled,
        cells=one.count.cells,
        label="" if held is None else held.label,
        made_by="" if held is None else held.made_by,
        made_at=None if held is None else held.made_at,
        expires_at=None if held is None else held.expires_at,
        is_live=held is not None and one.ending is None,
    )


def _state(one: VillageStand) -> tuple[str, str, datetime | None]:
    """What was handed back stays that, whatever becomes of the link."""
    held = one.delegation
    if held is None:
        return _("未发"), "plain", None
    if held.handed_back_at is not None:
        return _("已交回"), "good", held.handed_back_at
    match one.ending:
        case "revoked":
            return _("已作废"), "plain", held.revoked_at
        case "expired" | "locked":
            return _("已过期，没有交回"), "warning", held.expires_at
        case "submitted" | "waiting":
            return _("已结束"), "plain", None
    if held.saved_at is not None:
        return _("填写中"), "active", held.saved_at
    if held.opened_at is not None:
        return _("已打开"), "active", held.opened_at
    return _("已发，还没打开"), "warning", held.made_at


def _disputes(stand: Stand) -> list[DisputeLine]:
    rows = {row.division: row for row in stand.view.rows}
    fields = {one.identifier: one for one in stand.view.form.captured}
    return [
        DisputeLine(
            division=village.division,
            village=village.name,
            element=element,
            label=_label(stand.view.form, element),
            held=held_text(rows[village.division], element),
            proposed=one.proposed,
            held_words=cell_words(fields[element], held_text(rows[village.division], element)),
            proposed_words=cell_words(fields[element], one.proposed),
            at=one.at,
        )
        for village in stand.villages
        for element, one in (village.disputes or {}).items()
        if element in fields
    ]


def _label(form: FormContent, element: str) -> str:
    return form.spec.by_identifier[element].label


def dispute_words(form: FormContent, row: DraftRow, element: str, proposed: CellText) -> str:
    """One dispute in a sentence, with both values."""
    field = _field(form, element)
    sentence = _("{place} {label}：表里是“{held}”，村里填的是“{proposed}”")
    return sentence.format(
        place=row.division_name,
        label=field.spec.label,
        held=cell_words(field, held_text(row, element)),
        proposed=cell_words(field, proposed),
    )


def claim_words(form: FormContent, element: str, proposed: CellText) -> str:
    """The village's side of a dispute, as the cell itself says it."""
    return _("村里填的是“{proposed}”，待核定").format(proposed=cell_words(_field(form, element), proposed))


def _field(form: FormContent, element: str) -> FormField:
    return next(one for one in form.captured if one.identifier == element)


def cell_words(field: FormField, text: CellText) -> str:
    """A cell as people read it: a code with its meaning, a reason in words."""
    reasons = {choice.value: choice.label for choice in missing_choices()}
    meanings = field.spec.domain.meanings
    value = f"{text.value} {meanings[text.value]}" if text.value in meanings else text.value
    if field.spec.domain.datatype == "boolean":
        value = {"true": _("是"), "false": _("否")}.get(text.value, text.value)
    return " ".join(part for part in (value, reasons.get(text.missing, text.missing)) if part) or _("空")


def made_link_page(made: MadeLink, form_name: str, origin: str) -> MadeLinkPage:
    url = origin.rstrip("/") + made.address
    square = segno.make(url, error="m", micro=False)
    return MadeLinkPage(
        id=str(made.delegation.collection_id),
        form_name=form_name,
        period=period_words(made.task.collection.period),
        township=made.task.township_name,
        village=made.village,
        label=made.delegation.label,
        url=url,
        # Dark on white with nothing inline that a page's policy would stop; drawn here, since it may be asked for once.
        square=square.svg_inline(scale=5, border=4, light="#ffffff", svgclass=None, lineclass=None),
        expires_at=made.delegation.expires_at,
        is_for_this_machine=origin.partition("://")[2].startswith(OF_THIS_MACHINE),
    )
