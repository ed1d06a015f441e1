"""What somebody typed to find an element. Pure."""

import unicodedata
from dataclasses import dataclass

MOST_WORDS = 8


@dataclass(frozen=True)
class SearchTerms:
    """`phrase` decides the order of what is found, `words` what is found: each of them must occur."""

    phrase: str = ""
    words: tuple[str, ...] = ()


def read_terms(q: str | None) -> SearchTerms:
    """Full-width letters and digits are read as plain ones, as Chinese input methods type both."""
    words = unicodedata.normalize("NFKC", q or "").split()[:MOST_WORDS]
    return SearchTerms(" ".join(words), tuple(words))
