"""Words that mean the same to whoever looks for an element: data, in schemas/synonyms.yaml."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import yaml

from hub.registry.readings import read_aloud
from hub.settings import share_folder

FILE = "synonyms.yaml"
MOST_OTHERS = 12


@dataclass(frozen=True)
class Synonyms:
    """`groups`: words of one meaning; `spelled`: a word of a group by its pinyin."""

    groups: tuple[tuple[str, ...], ...]
    spelled: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def shipped() -> Synonyms:
    """Read once in a process: the file is part of the program's data, like the elements beside it."""
    content = yaml.safe_load((share_folder("schemas") / FILE).read_text(encoding="utf-8"))
    return synonyms([group["words"] for group in content["synonyms"]])


def synonyms(groups: Sequence[Sequence[str]]) -> Synonyms:
    spelled: dict[str, tuple[str, ...]] = {}
    for group in groups:
        for reading in read_aloud(group):
            spelled["".join(reading)] = (*spelled.get("".join(reading), ()), *group)
    return Synonyms(tuple(tuple(group) for group in groups), spelled)


def other_words(word: str, known: Synonyms | None = None) -> tuple[str, ...]:
    """What else may be meant: the word with a part of it said otherwise, or what its pinyin spells."""
    known = known or shipped()
    found = dict.fromkeys([*known.spelled.get(word, ()), *_said_otherwise(word, known)])
    return tuple(other for other in found if other != word)[:MOST_OTHERS]


def _said_otherwise(word: str, known: Synonyms) -> Iterator[str]:
    for group in known.groups:
        # The longest first: 农民工 before 工, where a group had both.
        for said in sorted(group, key=len, reverse=True):
            if said in word:
                yield from (word.replace(said, other) for other in group if other != said)
                break
