"""What is wrong with a file as a whole. All of it is told at once, and nothing of the file is stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

# A list of places or choices is for reading; its length is told in the sentence.
LISTED = 50


@dataclass(frozen=True)
class FileProblem:
    """`places` are cells, columns, sheets or divisions; `choices` what the caller may say instead."""

    code: str
    message: str
    places: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    def to_stored(self) -> dict[str, Any]:
        return asdict(self)


def listed(places: Sequence[str]) -> tuple[str, ...]:
    return tuple(places[:LISTED])
