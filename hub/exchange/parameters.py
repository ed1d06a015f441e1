"""The parameters of a question that FastAPI would refuse one at a time, before the question itself is looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter, ValidationError, WithJsonSchema

from hub.kit import json
from hub.kit.errors import ErrorItem, Unprocessable
from hub.kit.i18n import gettext as _
from hub.kit.paging import DEFAULT_LIMIT, MAXIMUM_LIMIT, decode_position
from hub.kit.problems import from_validation_error
from hub.store.rows import Position

Read = TypeVar("Read")

_LIMIT: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=1, le=MAXIMUM_LIMIT)])
_FLAG: TypeAdapter[bool] = TypeAdapter(bool)

LimitText = Annotated[
    str | None,
    Query(description="how many items at most"),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAXIMUM_LIMIT, "default": DEFAULT_LIMIT}),
]
FlagText = Annotated[
    str | None,
    Query(description="true: the values in review instead, marked; only under grants that include them"),
    WithJsonSchema({"type": "boolean", "default": False}),
]


@dataclass(frozen=True)
class CounterParameters:
    """`faults` are told together with the question's own."""

    limit: int
    provisional: bool
    after: Position | None
    faults: tuple[ErrorItem, ...]


async def read_parameters(
    request: Request,
    limit: LimitText = None,
    provisional: FlagText = None,
    after: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> CounterParameters:
    """Of a parameter that stands twice one would be dropped unseen, so it is refused."""
    faults = [
        ErrorItem(f"query:/{json.escape_pointer(name)}", "parameter_repeated", _("这个参数只能写一次。"))
        for name in dict.fromkeys(request.query_params)
        if len(request.query_params.getlist(name)) > 1
    ]
    said_limit = _read("limit", limit, _LIMIT.validate_python, faults)
    said_flag = _read("provisional", provisional, _FLAG.validate_python, faults)
    position: list[Any] | None = None
    try:
        position = decode_position(after, length=3)
    except Unprocessable as refused:
        faults += refused.errors
    return CounterParameters(
        limit=DEFAULT_LIMIT if said_limit is None else said_limit,
        provisional=bool(said_flag),
        after=None if position is None else (str(position[0]), str(position[1]), str(position[2])),
        faults=tuple(faults),
    )


def _read(name: str, text: str | None, how: Callable[[Any], Read], faults: list[ErrorItem]) -> Read | None:
    try:
        return None if text is None else how(text)
    except ValidationError as error:
        found = [{**fault, "loc": ("query", name)} for fault in error.errors()]
        faults += from_validation_error(RequestValidationError(found)).errors
        return None
