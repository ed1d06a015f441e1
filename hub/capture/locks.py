"""What may stand against typing or submitting, each with the sentence that says which lock it is.

A first submission is locked by its days; a draft by the leader's signature or the county's review that it waits for;
after a return, every cell that did not come back. A correction is never locked out by days.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from hub.capture.errors import (
    CellsLocked,
    CollectionAwaitsSignOff,
    CollectionClosed,
    CollectionInReview,
    CollectionNotOpen,
)
from hub.capture.lifecycle import is_after_closing, is_before_opening, is_excepted
from hub.capture.models import Collection
from hub.capture.rows import TypedEntry, spelled
from hub.kit.clock import CHINA
from hub.kit.errors import ErrorItem
from hub.kit.i18n import gettext as _

# A cell: its division and its element.
Cell = tuple[str, str]


def find_lock(collection: Collection, now: datetime) -> CollectionNotOpen | CollectionClosed | None:
    """The lock with the sentence that says which one it is and since when; None when the collection is open."""
    if is_excepted(collection.excepted_until, now):
        return None
    if is_before_opening(collection.opens_on, now):
        return CollectionNotOpen(
            _("{period}的填报从 {day} 起接收提交；草稿现在就可以保存。").format(
                period=collection.period, day=collection.opens_on.isoformat()
            )
        )
    if collection.closes_at is not None and is_after_closing(collection.closes_at, now):
        closed = collection.closes_at.astimezone(CHINA)
        return CollectionClosed(
            _("{period}的填报已于 {at}（北京时间）关闭首次提交，草稿仍然保留；确需补报请联系县数据局。").format(
                period=collection.period, at=closed.strftime("%Y-%m-%d %H:%M")
            )
        )
    return None


def find_stage_lock(collection: Collection) -> CollectionAwaitsSignOff | CollectionInReview | None:
    """What waits for somebody's word is not changed meanwhile: it would be another than was looked at."""
    if collection.stage == "awaiting_sign_off":
        return CollectionAwaitsSignOff(_("已送签发人签发，等待期间不能修改；要修改请先撤回。"))
    if collection.stage == "in_review":
        return CollectionInReview(_("已提交县数据局审核，等待期间不能修改；审核前要修改请先撤回。"))
    return None


def check_may_edit(collection: Collection) -> None:
    lock = find_stage_lock(collection)
    if lock is not None:
        raise lock


def changed_cells(entries: Iterable[TypedEntry], *held: Iterable[TypedEntry]) -> list[Cell]:
    """The cells that read otherwise than in any of these states of the form, emptied ones included."""
    now = _contents(entries)
    states = [_contents(state) for state in held]
    named = dict.fromkeys([*now, *(cell for state in states for cell in state)])
    return [cell for cell in named if all(now.get(cell) != state.get(cell) for state in states)]


def _contents(entries: Iterable[TypedEntry]) -> dict[Cell, tuple[str, str]]:
    """What each cell that has anything reads, whichever door it came through."""
    contents: dict[Cell, tuple[str, str]] = {}
    for entry in entries:
        for name in dict.fromkeys([*entry.values, *entry.missing]):
            content = (spelled(entry.values.get(name)), spelled(entry.missing.get(name)))
            if any(content):
                contents.setdefault((entry.division, name), content)
    return contents


def cells_to_lock(open_cells: frozenset[Cell] | None, cells: Iterable[Cell]) -> dict[Cell, str]:
    """Of these cells, those that a return leaves locked, each with the sentence that says why."""
    sentence = _("这一格没有被退回，不能修改。")
    return {} if open_cells is None else {cell: sentence for cell in cells if cell not in open_cells}


def _by_codes(cell: Cell) -> str:
    return f"{cell[0]} {cell[1]}"


def _in_draft(cell: Cell) -> str:
    return f"/rows/{cell[0]}/{cell[1]}"


def check_cells(
    open_cells: frozenset[Cell] | None,
    changed: Sequence[Cell],
    *,
    say: Callable[[Cell], str] = _by_codes,
    pointers: Mapping[Cell, str] | None = None,
) -> None:
    """After a return only the cells that came back may be changed; `open_cells` None: all may.

    Raises `CellsLocked` naming every other one that was touched. `say` names a cell for people.
    """
    locked = list(cells_to_lock(open_cells, changed))
    if not locked:
        return
    message = _("{cell}没有被退回，不能修改。")
    given = pointers or {}
    raise CellsLocked(
        _("只能修改被退回的格子：另有 {count} 格被改动，没有保存任何内容。").format(count=len(locked)),
        errors=[
            ErrorItem(given.get(cell) or _in_draft(cell), "cell_locked", message.format(cell=say(cell)))
            for cell in locked
        ],
        extra={"cells": [{"division": division, "element": element} for division, element in locked]},
    )
