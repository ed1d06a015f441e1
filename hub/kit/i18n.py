"""Messages for people: Chinese is the source language, English comes through gettext.

The catalogue is kept as text (`locale/en/LC_MESSAGES/hub.po`) and compiled in memory, so that no
binary file has to be built or shipped.
"""

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Literal

from babel import negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["zh", "en"]

_language: ContextVar[Language] = ContextVar("hub_language", default="zh")


@lru_cache(maxsize=1)
def _english() -> _gettext.GNUTranslations:
    path = Path(__file__).parent.parent / "locale" / "en" / "LC_MESSAGES" / "hub.po"
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale="en"))
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


def gettext(message: str) -> str:
    """The message in the caller's language; the msgid is the Chinese sentence."""
    return _english().gettext(message) if _language.get() == "en" else message


def current_language() -> Language:
    return _language.get()


@contextmanager
def use_language(language: Language) -> Iterator[None]:
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def choose_language(accept_language: str | None) -> Language:
    """The best of our languages for an `Accept-Language` header; Chinese unless English is preferred."""
    if not accept_language:
        return "zh"
    weighted: list[tuple[float, str]] = []
    for part in accept_language.split(",")[:20]:
        tag, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=") or "1"
        try:
            weighted.append((-float(quality), tag.strip()))
        except ValueError:
            continue
    preferred = [tag for weight, tag in sorted(weighted, key=lambda item: item[0]) if weight < 0]
    return "en" if negotiate_locale([*preferred, "zh"], ["zh", "en"], sep="-") == "en" else "zh"
