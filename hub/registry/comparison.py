"""Two versions side by side, what differs marked in words and within each text. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from hub.kit.i18n import gettext as _
from hub.kit.views import Choice

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
    gone, come = [], []
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        differs = kind != "equal"
        if old[i:j]:
            gone.append(Piece(old[i:j], differs))
        if new[k:m]:
            come.append(Piece(new[k:m], differs))
    return ComparedLine(label, mark, tuple(gone), tuple(come))


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
