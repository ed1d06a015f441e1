"""What somebody typed to find an element, and what is kept of an element so that it is found. Pure.

Neither PostgreSQL's trigrams nor its text search find two Chinese characters in the middle of a name, so the grams
are ours: every element version keeps the pieces that its texts and their pinyin are made of, a query is cut into the
same pieces, and one GIN index answers which versions hold all of them. What is found that way is then looked at.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hub.registry.definition import ElementDefinition
from hub.registry.readings import PINYIN, read_aloud, segmentations
from hub.registry.synonyms import other_words

MOST_WORDS = 8
# Raised when entries are made otherwise: every entry of an older scheme is then made anew (search_index.py).
SCHEME = 1

_ASCII = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Wanted:
    """One word: it, or a synonym of it, must occur, or the pinyin of a name must be spelled so.

    `pieces`: whoever holds the word holds all the grams of at least one of these sets.
    """

    text: str
    synonyms: tuple[str, ...]
    spelling: str | None
    pieces: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class SearchTerms:
    """`phrase` decides the order of what is found, `words` what is found: each of them must occur."""

    phrase: str = ""
    words: tuple[Wanted, ...] = ()


def plain(text: str) -> str:
    """Full-width letters and digits are read as plain ones, as Chinese input methods type both."""
    return unicodedata.normalize("NFKC", text).lower()


def read_terms(q: str | None) -> SearchTerms:
    words = plain(q or "").split()[:MOST_WORDS]
    return SearchTerms(" ".join(words), tuple(_wanted(word) for word in words))


def _wanted(word: str) -> Wanted:
    synonyms = other_words(word)
    is_spelled = PINYIN.fullmatch(word) is not None
    spellings = [_grams_of_spelling(parts) for parts in segmentations(word)] if is_spelled else []
    pieces = [_grams_of_word(text) for text in (word, *synonyms)] + spellings
    return Wanted(word, synonyms, spelling(word) if is_spelled else None, _without_special_cases(pieces))


def spelling(letters: str) -> str:
    """A pattern for syllables written in full, by their initials, or mixed.

    Between two letters the syllable goes on, or what is left of it is skipped and the next one begins.
    """
    return "([a-z]* )?".join(letters)


def _grams_of_word(word: str) -> tuple[str, ...]:
    """The longest pieces that every text with the word in it holds: they are the rarest."""
    if len(word) == 1:
        return (word,)
    size = 3 if len(word) > 2 and _ASCII.fullmatch(word) else 2  # noqa: PLR2004 - a piece of three needs three
    return tuple(dict.fromkeys(_cut(word, size)))


def _grams_of_spelling(parts: Sequence[str]) -> tuple[str, ...]:
    """`~wg`: a syllable in w, then one in g; `~w`: any in w."""
    initials = "".join(part[0] for part in parts)
    return tuple(dict.fromkeys(f"~{gram}" for gram in (_cut(initials, 2) if len(initials) > 1 else (initials,))))


def _without_special_cases(pieces: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Whoever holds all of a larger set holds the smaller one: only the smallest need be asked."""
    sets = list(dict.fromkeys(pieces))
    return tuple(one for one in sets if not any(set(other) < set(one) for other in sets))


def _cut(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(len(text) - size + 1))


@dataclass(frozen=True)
class Entry:
    """What is kept of one version. Each text stands on a line of its own, and a line's end before the first: each is
    found whole, or by its beginning.
    """

    names: str
    aliases: str
    definition: str
    name_readings: str
    alias_readings: str
    grams: tuple[str, ...]


def entry_of(element: ElementDefinition) -> Entry:
    names = [plain(text) for text in (element.name_zh, element.name_en or "", element.identifier) if text]
    aliases = [plain(alias) for alias in element.aliases]
    definition = plain(element.definition or "")
    name_readings = read_aloud(names[:1])
    alias_readings = read_aloud(aliases)
    grams = {gram for text in (*names, *aliases) for gram in _grams_of_text(text, 1)}
    grams |= set(_grams_of_text(definition, 2))
    grams |= {gram for line in (*name_readings, *alias_readings) for gram in _grams_of_reading(line)}
    return Entry(
        _lines(names),
        _lines(aliases),
        _lines([definition]),
        _lines(" ".join(line) for line in name_readings),
        _lines(" ".join(line) for line in alias_readings),
        tuple(sorted(grams)),
    )


def _lines(texts: Iterable[str]) -> str:
    return "\n" + "".join(f"{text}\n" for text in texts)


def _grams_of_text(text: str, least: int) -> Iterator[str]:
    for word in text.split():
        for size in range(least, 3):
            yield from _cut(word, size)
        for run in _ASCII.findall(word):
            yield from _cut(run, 3)


def _grams_of_reading(syllables: Sequence[str]) -> Iterator[str]:
    initials = "".join(syllable[0] for syllable in syllables)
    yield from (f"~{initial}" for initial in initials)
    yield from (f"~{gram}" for gram in _cut(initials, 2))
