"""The five levels of the division tree and how long their codes are (GB/T 2260, GB/T 10114, 统计用区划代码)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, get_args

Level = Literal["province", "prefecture", "county", "township", "village"]

LEVELS: tuple[Level, ...] = get_args(Level)
CODE_LENGTHS: Mapping[Level, int] = MappingProxyType(dict(zip(LEVELS, (2, 4, 6, 9, 12), strict=True)))


def level_above(level: Level) -> Level | None:
    index = LEVELS.index(level)
    return LEVELS[index - 1] if index else None


def county_of(code: str) -> str:
    """The county that a township or village lies in: its area (DESIGN.md §4). Codes begin with those above them."""
    return code[: CODE_LENGTHS["county"]]
