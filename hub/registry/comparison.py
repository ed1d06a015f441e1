"""Two versions side by side, what differs marked in words and within each text. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from hub.kit.i18n import gettext as _
from hub.kit.shown import Choice

# Numbers and words of letters whole, everything else character by character, as Chinese has no blanks.
_TOKEN = re.compile(r"[0-9]+|[A-Za-z_]+|.", re.DOTALL)
LEAST_ALIKE = 0.5

Mark = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True)
class Piece:
    text: str
    differs: bool


@dataclass(frozen=True)
class ComparedLine:
    """One thing that is said, in both versions; `mark` is also said in words, so that colour says nothing alone."""

    label: str
    mark: Mark
    old: tuple[Piece, ...]
    new: tuple[Piece, ...]

    @property
    def in_words(self) -> str:
        return {"same": _("相同"), "changed": _("修改"), "added": _("增加"), "removed": _("删去")}[self.mark]


@dataclass(frozen=True)
class ComparisonPage:
    """`trail`: address and label of each step to here. `versions`: what may be compared, newest first."""

    title: str
    trail: tuple[tuple[str, str], ...]
    versions: tuple[Choice, ...]
    old: str
    new: str
    lines: tuple[ComparedLine, ...]

    @property
    def old_label(self) -> str:
        return self._label(self.old)

    @property
    def new_label(self) -> str:
        return self._label(self.new)

    def _label(self, value: str) -> str:
        return next((choice.label for choice in self.versions if choice.value == value), value)

    @property
    def changed(self) -> int:
        return sum(line.mark != "same" for line in self.lines)


def compare(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[ComparedLine, ...]:
    """By label, in the order of the new one; what only the old one says stands where it stood."""
    return tuple(_line(label, old.get(label, ""), new.get(label, "")) for label in _in_order(list(old), list(new)))


def _in_order(old: Sequence[str], new: Sequence[str]) -> list[str]:
    order = list(new)
    for place, label in enumerate(old):
        if label not in order:
            before = next((order.index(one) + 1 for one in reversed(old[:place]) if one in order), 0)
            order.insert(before, label)
    return order


def _line(label: str, old: str, new: str) -> ComparedLine:
    if old == new:
        return ComparedLine(label, "same", (Piece(old, False),), (Piece(new, False),))
    mark: Mark = "added" if not old else "removed" if not new else "changed"
    gone, come = _pieces(old, new)
    return ComparedLine(label, mark, gone, come)


def _pieces(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What both say, and what only one does. Texts with little in common are marked whole: shreds say nothing."""
    one, other = _TOKEN.findall(old), _TOKEN.findall(new)
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if matcher.ratio() < LEAST_ALIKE:
        return _piece(old, differs=True), _piece(new, differs=True)
    gone: tuple[Piece, ...] = ()
    come: tuple[Piece, ...] = ()
    for kind, i, j, k, m in matcher.get_opcodes():
        gone += _piece("".join(one[i:j]), differs=kind != "equal")
        come += _piece("".join(other[k:m]), differs=kind != "equal")
    return gone, come


def _piece(text: str, *, differs: bool) -> tuple[Piece, ...]:
    return (Piece(text, differs),) if text else ()


def chosen_pair(versions: Sequence[int], old: int | None, new: int | None) -> tuple[int, int]:
    """What is compared when nothing, or something that is not there, was asked: the last two."""
    newest = new if new is not None and new in versions else versions[-1]
    before = [version for version in versions if version < newest] or [newest]
    return (old if old is not None and old in versions else before[-1]), newest


def version_choices(versions: Iterable[tuple[int, str]]) -> tuple[Choice, ...]:
    """Newest first; a version's note is shown beside its number."""
    labelled = [
        Choice(str(version), f"{_('第{version}版').format(version=version)} {note}".strip())
        for version, note in versions
    ]
    return tuple(reversed(labelled))
