"""The catalogue as its template sees it."""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.calendar.words import period_words
from hub.catalogue.service import CatalogueEntry
from hub.grants.grant_material import SHARING_TONES
from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice, day
from hub.registry.words import element_label, word

# The bar's own units; the drawing is scaled by the style sheet.
BAR_WIDTH = 100


@dataclass(frozen=True)
class Freshness:
    """How complete the newest period is: drawn, and said."""

    period: str
    words: str
    width: int
    is_complete: bool


@dataclass(frozen=True)
class CatalogueLine:
    identifier: str
    name: str
    definition: str
    about: str
    unit: str
    owner: str
    contact: str
    sharing: str
    sharing_tone: str
    conditions: str
    periods: str
    freshness: Freshness | None
    held: str
    grant: str
    is_askable: bool
    is_picked: bool


@dataclass(frozen=True)
class CataloguePage:
    """`picked_elsewhere`: picked, and not among the lines shown. `next_start`: where the next page begins."""

    lines: tuple[CatalogueLine, ...]
    total: int
    typed: Mapping[str, str]
    owners: tuple[Choice, ...]
    sharing_types: tuple[Choice, ...]
    object_classes: tuple[Choice, ...]
    period_types: tuple[Choice, ...]
    picked_elsewhere: tuple[Choice, ...]
    next_start: int | None
    may_request: bool


def catalogue_line(entry: CatalogueEntry, picked: frozenset[str]) -> CatalogueLine:
    version, owner, newest, oldest = (
        entry.version,
        entry.described.owner,
        entry.holdings.newest,
        entry.holdings.oldest,
    )
    people = () if owner is None else (owner.contact_name, owner.contact_phone)
    held = ""
    if entry.grants:
        held = _("已有，至{day}").format(day=day(entry.grants[0].valid_until))
    elif entry.is_own:
        held = _("本乡镇的可以读")
    periods = ""
    if newest is not None and oldest is not None:
        periods = _("{first}至{last}，{count} 期").format(
            first=period_words(oldest.period), last=period_words(newest.period), count=len(entry.holdings.periods)
        )
    return CatalogueLine(
        identifier=version.identifier,
        name=element_label(version),
        definition=version.definition or "",
        about=f"{word('object_class', version.object_class)} · {word('period_type', version.period_type)}",
        unit=entry.described.domain.unit or "",
        owner=owner.name if owner else "—",
        contact=" ".join(part for part in people if part),
        sharing=word("sharing_type", version.sharing_type),
        sharing_tone=SHARING_TONES.get(version.sharing_type, "plain"),
        conditions=version.sharing_conditions or "",
        periods=periods,
        freshness=_freshness(entry),
        held=held,
        grant=entry.grants[0].number if entry.grants else "",
        is_askable=entry.is_askable,
        is_picked=version.identifier in picked,
    )


def _freshness(entry: CatalogueEntry) -> Freshness | None:
    newest = entry.holdings.newest
    if newest is None:
        return None
    words = _("{reported}/{expected} 个乡镇").format(reported=newest.reported, expected=newest.expected)
    width = BAR_WIDTH * newest.reported // max(newest.expected, 1)
    return Freshness(period_words(newest.period), words, width, newest.reported >= newest.expected)
