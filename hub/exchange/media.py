"""Which form an answer takes: proactive negotiation by `Accept` (RFC 9110 §12.5.1)."""

from collections.abc import Sequence
from typing import Literal, get_args

from hub.kit.errors import NotAcceptable
from hub.kit.i18n import gettext as _

MediaType = Literal[
    "application/json",
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
]

OFFERED: tuple[MediaType, ...] = get_args(MediaType)
MOST_RANGES = 32


def choose_media_type(accept: str | None) -> MediaType:
    """The offered type the caller likes best; JSON when it likes several alike. Raises `NotAcceptable`."""
    return choose_among(OFFERED, accept)


def choose_among(offered: Sequence[MediaType], accept: str | None) -> MediaType:
    """The same of some of them; the first when the caller likes several alike."""
    ranges = [_read_range(part) for part in (accept or "*/*").split(",")[:MOST_RANGES]]
    best = max(offered, key=lambda one: _quality(one, ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptable(_("可选的格式有：{types}。").format(types="、".join(offered)))
    return best


def _read_range(part: str) -> tuple[str, float]:
    media_range, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        name, _equals, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return media_range, float(value)
            except ValueError:
                return media_range, 0.0
    return media_range, 1.0


def _quality(offered: MediaType, ranges: list[tuple[str, float]]) -> float:
    """By the most specific range that matches."""
    quality = dict(reversed(ranges))
    for candidate in (offered, offered.partition("/")[0] + "/*", "*/*"):
        if candidate in quality:
            return quality[candidate]
    return 0.0
