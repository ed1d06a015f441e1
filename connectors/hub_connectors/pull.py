"""Which calls bring what is held up to date: the period in full, or what changed since the cursor."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from hub_connectors.client import HubClient, PulledValues
from hub_connectors.errors import HubRefused
from hub_connectors.mapping import FormMapping
from hub_connectors.store import Position
from hub_connectors.wire import ChangeItem, ValueItem

logger = logging.getLogger(__name__)

FULL, CHANGES = "full", "changes"
OUT_OF_REACH = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Pulled:
    """`snapshots` replace their periods, `changes` are applied to the others; `cursor` is good for both."""

    mode: str
    snapshots: Mapping[str, tuple[ValueItem, ...]]
    changes: tuple[ChangeItem, ...]
    cursor: str
    grants: tuple[str, ...]
    periods: frozenset[str]
    remarks: tuple[str, ...] = ()

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(self.snapshots) | {item.period for item in self.changes}


def pull(
    hub: HubClient, mapping: FormMapping, period: str, position: Position | None, *, wants_changes: bool
) -> Pulled:
    # A cursor brings no history of an element the mapping did not have when it was made.
    is_usable = position is not None and set(position.elements) == set(mapping.elements)
    if wants_changes and is_usable and position is not None and period in position.periods:
        try:
            changes = hub.pull_changes(position.cursor)
        except HubRefused as refused:
            if not refused.is_cursor_unusable:
                raise
            logger.warning("the cursor is no longer good (%s): pulling in full", refused.code)
            is_usable = False
        else:
            return Pulled(CHANGES, {}, changes.items, changes.cursor, position.grants, position.periods)
    return _pull_in_full(hub, mapping, period, position, is_usable=is_usable)


def _pull_in_full(
    hub: HubClient, mapping: FormMapping, period: str, position: Position | None, *, is_usable: bool
) -> Pulled:
    """The other periods held come along: the new cursor would skip what changed in them before it was made.

    The cursor is that of the first page of the first pull. Everything else is read after it, so what lies between
    is applied twice, never skipped.
    """
    values = hub.pull_values(mapping.elements, period)
    held = position.periods if position else frozenset()
    others = held - {period}
    if others and is_usable and position is not None:
        try:
            changes = hub.pull_changes(position.cursor).items
        except HubRefused as refused:
            if not refused.is_cursor_unusable:
                raise
            logger.warning("the cursor is no longer good (%s): pulling every period held", refused.code)
        else:
            elsewhere = tuple(item for item in changes if item.period != period)
            snapshots = {period: values.items}
            return Pulled(FULL, snapshots, elsewhere, values.cursor, values.grants, held | {period})
    return _with_others(hub, mapping, period, values, others)


def _with_others(
    hub: HubClient, mapping: FormMapping, period: str, values: PulledValues, others: frozenset[str]
) -> Pulled:
    """A period that was granted once and is no longer stays as it was, but is not held any more."""
    snapshots = {period: values.items}
    remarks = []
    for other in sorted(others):
        try:
            snapshots[other] = hub.pull_values(mapping.elements, other).items
        except HubRefused as refused:
            if refused.status not in OUT_OF_REACH:
                raise
            remarks.append(f"{other} 已不在授权范围内，保留原有数据，不再更新：{refused.detail}")
    return Pulled(FULL, snapshots, (), values.cursor, values.grants, frozenset(snapshots), tuple(remarks))
