"""The shape of a department's Excel form, as data: its heading, its lines, its sums, its signatures."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hub_connectors.mapping import DIVISION, NOTE, TOWNSHIP, VILLAGE

NUMBER = "序号"
TOTAL = "合计"
SUBTOTAL = "小计"
WIDTHS = {NUMBER: 6, DIVISION: 15, TOWNSHIP: 16, VILLAGE: 20, NOTE: 30}
NARROWEST, WIDEST = 9, 13  # of a figure's column, in digits; a Chinese character is as wide as two


@dataclass(frozen=True, slots=True)
class Leaf:
    """One column. `text` is what its heading says where the paper is shorter than the table's name of it."""

    column: str
    text: str = ""

    @property
    def heading(self) -> str:
        return self.text or self.column

    @property
    def width(self) -> int:
        return WIDTHS.get(self.column, min(max(NARROWEST, 2 * len(self.heading) + 1), WIDEST))


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading over several columns, or over headings."""

    text: str
    under: tuple["Heading | Leaf", ...]


Node = Heading | Leaf


@dataclass(frozen=True, slots=True)
class HeadingCell:
    text: str
    top: int
    bottom: int
    left: int
    right: int


class TotalPlace(StrEnum):
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class FormLayout:
    """`has_subtotals` groups the lines by township, with the township's cell merged and a 小计 after each group.

    `has_unit_row` puts the units under the headings; without it the reporting line names them, as 计量单位.
    `is_numbered` adds the row of column numbers (栏次) that cross-footing notes refer to.
    """

    title: str
    preparer: str
    header: tuple[Node, ...]
    signatures: str
    has_unit_row: bool = False
    has_subtotals: bool = False
    is_numbered: bool = False
    total: TotalPlace = TotalPlace.LAST
    notes: tuple[str, ...] = ()
    sheet: str = "报表"

    def file_name(self, period: str) -> str:
        return f"{self.title}_{period}.xlsx"

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(leaf for node in self.header for leaf in _leaves(node))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the department's table that the form shows, in its order."""
        return tuple(leaf.column for leaf in self.leaves if leaf.column not in WIDTHS)

    @property
    def depth(self) -> int:
        return max(_depth(node) for node in self.header)

    @property
    def leading(self) -> int:
        """How many columns stand before the first figure."""
        return next(index for index, leaf in enumerate(self.leaves) if leaf.column not in WIDTHS)

    def heading_lines(self) -> list[int]:
        """How many lines of text each heading row must hold: long headings wrap, and nothing may be cut off."""
        lines = [1] * self.depth
        for cell in self.heading_cells(0):
            width = sum(leaf.width for leaf in self.leaves[cell.left : cell.right + 1])
            needed = -(-(2 * len(cell.text)) // max(2, width - 1))
            share = -(-needed // (cell.bottom - cell.top + 1))
            for row in range(cell.top, cell.bottom + 1):
                lines[row] = max(lines[row], share)
        return lines

    def heading_cells(self, top: int) -> Iterator[HeadingCell]:
        """Where each heading stands: a leaf reaches down to the last heading row, as it does on paper."""
        left = 0
        for node in self.header:
            yield from _placed(node, top, top + self.depth - 1, left)
            left += len(list(_leaves(node)))


def _leaves(node: Node) -> Iterator[Leaf]:
    if isinstance(node, Leaf):
        yield node
    else:
        for child in node.under:
            yield from _leaves(child)


def _depth(node: Node) -> int:
    return 1 if isinstance(node, Leaf) else 1 + max(_depth(child) for child in node.under)


def _placed(node: Node, top: int, bottom: int, left: int) -> Iterator[HeadingCell]:
    right = left + len(list(_leaves(node))) - 1
    if isinstance(node, Leaf):
        yield HeadingCell(node.heading, top, bottom, left, right)
        return
    yield HeadingCell(node.text, top, top, left, right)
    for child in node.under:
        yield from _placed(child, top + 1, bottom, left)
        left += len(list(_leaves(child)))
