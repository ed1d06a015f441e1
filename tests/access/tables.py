"""The tables of docs/access-matrix.md, as they stand on the page."""

from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "access-matrix.md"


def read_table(*columns: str) -> Sequence[Mapping[str, str]]:
    """The rows of the one table with these first columns."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    heads = [index for index, line in enumerate(lines) if cells(line)[: len(columns)] == list(columns)]
    (head,) = heads
    rows = []
    for line in lines[head + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(cells(lines[head]), cells(line), strict=True)))
    assert rows
    return rows


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip("|").split("|")] if line.startswith("|") else []


def is_given(cell: str) -> bool:
    return cell != "–"
