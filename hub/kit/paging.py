"""Lists: `{"items", "next"}` by keyset, so that no row is missed or repeated while data changes."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from hub.kit import json
from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _

Item = TypeVar("Item")
Row = TypeVar("Row")

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 1000
BIGGEST_KEY = 2**63  # PostgreSQL's bigint

Limit = Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT, description="how many items at most")]
After = Annotated[str | None, Query(max_length=2000, description="`next` of the page before")]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None = Field(default=None, description="pass it as `after`; null: this was the last page")


def page_of(
    rows: Sequence[Row], limit: int, *, read: Callable[[Row], Item], key: Callable[[Row], list[Any]]
) -> "Page[Item]":
    """A page from `limit + 1` rows: the one too many only says that there is more."""
    shown = rows[:limit]
    return Page(items=[read(row) for row in shown], next=encode_position(key(shown[-1])) if len(rows) > limit else None)


def page_within(
    rows: Iterable[Row], after: str | None, limit: int, *, read: Callable[[Row], Item], key: Callable[[Row], list[Any]]
) -> "Page[Item]":
    """A page of a list that is small enough to be wholly at hand, in the order of its keys."""
    keyed = sorted(((key(row), row) for row in rows), key=itemgetter(0))
    if after is not None:
        position = decode_position(after, length=len(keyed[0][0])) if keyed else None
        try:
            keyed = [(of_row, row) for of_row, row in keyed if position is None or of_row > position]
        except TypeError as error:
            raise bad_cursor() from error
    return page_of([row for _key, row in keyed[: limit + 1]], limit, read=read, key=key)


def encode_position(position: list[Any]) -> str:
    """An opaque, URL-safe form of the last row's key."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode_position(after: str | None, *, length: int) -> list[Any] | None:
    """The key of the last row seen, or None for the first page; a cursor of our own making only."""
    if after is None:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, binascii.Error) as error:
        raise bad_cursor() from error
    if not isinstance(position, list) or len(position) != length or not all(map(_is_key, position)):
        raise bad_cursor()
    return position


def _is_key(part: object) -> bool:
    """A text or a number that the database can compare with: no NUL, no half of a surrogate pair."""
    if isinstance(part, str):
        return "\x00" not in part and not any("\ud800" <= character <= "\udfff" for character in part)
    return isinstance(part, int) and abs(part) < BIGGEST_KEY


def decode_key(after: str | None) -> str | None:
    """The key of the last row seen, where one text is the whole key."""
    position = decode_position(after, length=1)
    return None if position is None else str(position[0])


def bad_cursor() -> Unprocessable:
    message = _("after 不是上一页返回的 next，请从第一页重新读取。")
    return Unprocessable(message, errors=[ErrorItem("query:/after", "cursor_not_valid", message)])
