"""Which calls bring what is held up to date: the period in full, or what changed since the cursor."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from hub_connectors.client import OUT_OF_REACH, Checkpoint, HubClient, PulledValues
from hub_connectors.connector import Connector
from hub_connectors.errors import HubRefused
from hub_connectors.store import Position
from hub_connectors.wire import ChangeItem, ValueItem

logger = logging.getLogger(__name__)

FULL, CHANGES = "full", "changes"


@dataclass(frozen=True, slots=True)
class Pulled:
    """`snapshots` replace their periods, `changes` are applied to all; `cursor` is good for both.

    `periods` are those held from now on, each with the elements that were granted of it.
    """

    mode: str
    snapshots: Mapping[str, tuple[ValueItem, ...]]
    changes: tuple[ChangeItem, ...]
    cursor: str
    grants: tuple[str, ...]
    periods: Mapping[str, tuple[str, ...]]
    remarks: tuple[str, ...] = ()

    @property
    def touched(self) -> frozenset[str]:
        return frozenset(self.snapshots) | {item.period for item in self.changes}


@dataclass(slots=True)
class _Pull:
    """One pull under way: what to ask, and what there was to remark."""

    hub: HubClient
    connector: Connector
    checkpoint: Checkpoint
    remarks: list[str] = field(default_factory=list)

    def covered(self, period: str) -> tuple[str, ...]:
        """The elements of those forms that the grants cover, of the main form in any case: whatever is missing of
        that one the hub says itself, when it is asked.
        """
        report = self.connector.report_for(period)
        chosen = set(report.elements_of(report.forms[0]))
        for form in report.forms[1:]:
            wanted = chosen | set(report.elements_of(form))
            refused = self.hub.may_read([name for name in report.mapping.elements if name in wanted], period)
            if refused is None:
                chosen = wanted
            else:
                self.remarks.append(f"《{form.title}》没有生成，{period} 的授权不够：{refused.detail}")
        return tuple(name for name in report.mapping.elements if name in chosen)

    def values(self, period: str) -> tuple[tuple[str, ...], PulledValues]:
        """All elements of the period's report, or as many as the grants cover."""
        report = self.connector.report_for(period)
        elements = report.mapping.elements
        try:
            return elements, self.hub.pull_values(elements, period, self.checkpoint)
        except HubRefused as refused:
            if refused.status != HTTPStatus.FORBIDDEN or len(report.forms) == 1:
                raise
        elements = self.covered(period)
        return elements, self.hub.pull_values(elements, period, self.checkpoint)

    def changes_since(self, cursor: str) -> tuple[tuple[ChangeItem, ...], str] | None:
        """None when the cursor is no longer good."""
        try:
            pulled = self.hub.pull_changes(cursor, self.checkpoint)
        except HubRefused as refused:
            if not refused.is_cursor_unusable:
                raise
            logger.warning("the cursor is no longer good (%s): pulling in full", refused.code)
            return None
        return pulled.items, pulled.cursor


def pull(
    hub: HubClient,
    connector: Connector,
    period: str,
    position: Position | None,
    checkpoint: Checkpoint,
    *,
    wants_changes: bool,
) -> Pulled:
    work = _Pull(hub, connector, checkpoint)
    # A cursor brings no history of an element the connector did not have when it was made.
    usable = position if position is not None and set(position.elements) == set(connector.elements) else None
    if wants_changes and usable is not None and period in usable.periods:
        changed = work.changes_since(usable.cursor)
        if changed is not None:
            items, cursor = changed
            return Pulled(CHANGES, {}, items, cursor, usable.grants, usable.periods)
        usable = None
    return _pull_in_full(work, period, position, usable)


def _pull_in_full(work: _Pull, period: str, position: Position | None, usable: Position | None) -> Pulled:
    """The other periods held come along: the new cursor would skip what changed in them before it was made.

    The cursor is that of the first page of the first pull. Everything else is read after it, so what lies between
    is applied twice, never skipped.
    """
    elements, values, late = _fresh(work, period)
    held = dict(position.periods) if position else {}
    others = {other: granted for other, granted in held.items() if other != period}
    if others and usable is not None:
        changed = work.changes_since(usable.cursor)
        if changed is not None:
            elsewhere = tuple(item for item in changed[0] if item.period != period)
            periods = {**held, period: elements}
            snapshots = {period: values.items}
            remarks = tuple(work.remarks)
            return Pulled(FULL, snapshots, (*elsewhere, *late), values.cursor, values.grants, periods, remarks)
    return _with_others(work, period, elements, values, late, tuple(others))


def _fresh(work: _Pull, period: str) -> tuple[tuple[str, ...], PulledValues, tuple[ChangeItem, ...]]:
    """The period's values. When pages of a killed run were gone on from, with what has changed since their cursor;
    pages that the hub no longer goes on from are thrown away.
    """
    elements, values = work.values(period)
    if not values.is_resumed:
        return elements, values, ()
    changed = work.changes_since(values.cursor)
    if changed is not None:
        return elements, values, tuple(item for item in changed[0] if item.period == period)
    work.checkpoint.forget()
    return *work.values(period), ()


def _with_others(
    work: _Pull,
    period: str,
    elements: tuple[str, ...],
    values: PulledValues,
    late: tuple[ChangeItem, ...],
    others: tuple[str, ...],
) -> Pulled:
    """A period that was granted once and is no longer stays as it was, but is not held any more."""
    snapshots = {period: values.items}
    periods = {period: elements}
    for other in sorted(others):
        try:
            granted, again, changes = _fresh(work, other)
        except HubRefused as refused:
            if refused.status not in OUT_OF_REACH:
                raise
            work.remarks.append(f"{other} 已不在授权范围内，保留原有数据，不再更新：{refused.detail}")
        else:
            snapshots[other], periods[other] = again.items, granted
            late += changes
    return Pulled(FULL, snapshots, late, values.cursor, values.grants, periods, tuple(work.remarks))
