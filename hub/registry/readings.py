"""How Chinese is read aloud: pinyin without tones, as people type it to find a name. Pure."""

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from types import ModuleType

from hub.kit.loading import loading

PINYIN = re.compile(r"[a-z]{1,40}")
# A name with three characters of two readings has eight; nobody looks for the ninth.
MOST_READINGS = 8
# A query of forty letters can be cut in many ways, nearly all of them contrived; the longest syllables come first.
MOST_SEGMENTATIONS = 24
LONGEST_SYLLABLE = 6
_INITIALS = "b p m f d t n l g k h j q x zh ch sh r z c s y w"
_FINALS = "a o e ai ei ao ou an en ang eng er i ia ie iao iu ian in iang ing iong u ua uo uai ui uan un uang ong v ve"
_LETTERS = re.compile(r"[a-z]+")


def read_aloud(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """The syllables of each text, once for each way it may be read; words decide (银行 yin hang) where they can."""
    found: dict[tuple[str, ...], None] = {}
    for text in texts:
        spoken = [_syllables(options) for options in _spoken(text)]
        choices = [options for options in spoken if options]
        for reading in itertools.islice(itertools.product(*choices), MOST_READINGS):
            if reading:
                found[reading] = None
    return list(found)


def _spoken(text: str) -> list[list[str]]:
    """Each character's readings."""
    dictionary = load_dictionary()
    spoken: list[list[str]] = dictionary.pinyin(text, style=dictionary.Style.NORMAL, heteronym=True)
    return spoken


@lru_cache(maxsize=1)
def load_dictionary() -> ModuleType:
    """0.1 s and 56 MB, loaded when something is first read aloud: a process in which nobody registers or looks for
    anything does without it.
    """
    with loading():
        return import_module("pypinyin")


def _syllables(options: Sequence[str]) -> list[str]:
    """Only letters: brackets and digits are not read. `v` for ü is how it is typed."""
    plain = [option.lower().replace("ü", "v") for option in options]
    return list(dict.fromkeys(option for option in plain if _LETTERS.fullmatch(option)))


def _beginnings() -> Iterator[str]:
    """Every beginning of every syllable there may be; a few too many only mean a few more looks."""
    for final in _FINALS.split():
        for initial in (*_INITIALS.split(), "" if final[0] in "aoe" else "y"):
            syllable = initial + final
            yield from (syllable[:size] for size in range(1, len(syllable) + 1))


BEGINNINGS = frozenset(_beginnings())


def segmentations(letters: str) -> list[tuple[str, ...]]:
    """The ways to cut what was typed into beginnings of syllables, those with the longest parts first."""
    return list(itertools.islice(_cuts(letters), MOST_SEGMENTATIONS))


def _cuts(letters: str) -> Iterator[tuple[str, ...]]:
    if not letters:
        yield ()
        return
    for size in range(min(LONGEST_SYLLABLE, len(letters)), 0, -1):
        if letters[:size] in BEGINNINGS:
            for rest in _cuts(letters[size:]):
                yield (letters[:size], *rest)
