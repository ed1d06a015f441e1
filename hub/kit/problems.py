"""Every failure becomes one shape: `application/problem+json` (RFC 9457)."""

import errno
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import Counter
from psycopg.errors import DiskFull
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from hub.kit import json
from hub.kit.disk import storage_full
from hub.kit.errors import (
    BadRequest,
    ErrorItem,
    Forbidden,
    HubError,
    MethodNotAllowed,
    NotFound,
    ServiceUnavailable,
    Unprocessable,
)
from hub.kit.i18n import gettext as _
from hub.kit.limits import DESCRIBED_HEADERS, LimitReached

logger = logging.getLogger(__name__)

PROBLEMS = Counter("hub_problems_total", "Failures answered, by their stable code", ["status", "code"])

TYPE_PREFIX = "urn:collect-once-hub:problem:"

Render = Callable[[Request, HubError], Awaitable[Response]]
OnRefusal = Callable[[Request, HubError], Awaitable[None]]


class ProblemItem(BaseModel):
    pointer: str = Field(description="JSON pointer (RFC 6901) to the fault in the request")
    code: str
    message: str


class Problem(BaseModel):
    """RFC 9457 problem document with a stable `code`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemItem] = []


MEDIA_TYPE = "application/problem+json"

RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "model": Problem,
        "description": "RFC 9457 problem document",
        "headers": {
            "Retry-After": {
                "description": "of 429 and 503: seconds until it is worth another try",
                "schema": {"type": "integer"},
            }
        },
    }
}


def describe(document: Mapping[str, Any]) -> None:
    """In an OpenAPI document FastAPI calls a failure what the success would be: JSON, CSV, a workbook.

    And it knows nothing of the headers that every answer to a program carries.
    """
    document["components"]["headers"] = {
        name: {"description": described, "schema": {"type": "string"}} for name, described in DESCRIBED_HEADERS.items()
    }
    for operation in (found for operations in document["paths"].values() for found in operations.values()):
        failure = operation["responses"]["default"]
        (schema,) = failure["content"].values()
        failure["content"] = {MEDIA_TYPE: schema}
        for response in operation["responses"].values():
            known = {name: {"$ref": f"#/components/headers/{name}"} for name in DESCRIBED_HEADERS}
            response["headers"] = response.get("headers", {}) | known


def problem(error: HubError) -> dict[str, Any]:
    """The document of one failure. Extension members (`findings`, RFC 6749's `error`) come from the error."""
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + error.code,
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.errors:
        document["errors"] = [
            {"pointer": item.pointer, "code": item.code, "message": item.message} for item in error.errors
        ]
    return document | error.extra


def problem_response(error: HubError) -> Response:
    return json.JSONResponse(problem(error), status_code=error.status, headers=error.headers, media_type=MEDIA_TYPE)


def from_validation_error(error: RequestValidationError) -> HubError:
    """All faults at once, each with its pointer; the caller's own input is not repeated.

    A number in the path that can be nobody's number names a thing that is not there.
    """
    if any(fault["loc"][0] == "path" for fault in error.errors()):
        return NotFound(_("没有这个地址。"))
    items = []
    for fault in error.errors():
        place, *path = fault["loc"]
        pointer = "".join(f"/{json.escape_pointer(str(token))}" for token in path)
        items.append(ErrorItem(pointer if place == "body" else f"{place}:{pointer}", fault["type"], _sentence(fault)))
    return Unprocessable(_("请求内容有 {count} 处错误。").format(count=len(items)), errors=items)


_SENTENCES: Mapping[str, Callable[[], str]] = {
    "missing": lambda: _("必须填写。"),
    "string_type": lambda: _("必须是文字。"),
    "int_type": lambda: _("必须是整数。"),
    "int_parsing": lambda: _("必须是整数。"),
    "int_from_float": lambda: _("必须是整数。"),
    "decimal_type": lambda: _("必须是数字。"),
    "decimal_parsing": lambda: _("必须是数字。"),
    "bool_type": lambda: _("必须是 true 或 false。"),
    "bool_parsing": lambda: _("必须是 true 或 false。"),
    "list_type": lambda: _("必须是列表。"),
    "dict_type": lambda: _("必须是对象。"),
    "model_attributes_type": lambda: _("必须是对象。"),
    "model_type": lambda: _("必须是对象。"),
    "date_from_datetime_parsing": lambda: _("必须是日期，例如 2026-11-22。"),
    "date_parsing": lambda: _("必须是日期，例如 2026-11-22。"),
    "date_type": lambda: _("必须是日期，例如 2026-11-22。"),
    "enum": lambda: _("不是允许的取值。"),
    "literal_error": lambda: _("不是允许的取值。"),
    "extra_forbidden": lambda: _("没有这个字段，请检查拼写。"),
    "string_too_short": lambda: _("太短。"),
    "string_too_long": lambda: _("太长。"),
    "string_pattern_mismatch": lambda: _("格式不对。"),
    "too_short": lambda: _("项数太少。"),
    "too_long": lambda: _("项数太多。"),
    "uuid_parsing": lambda: _("不是有效的编号。"),
}


_BOUNDS: Mapping[str, tuple[str, Callable[[], str]]] = {
    "greater_than_equal": ("ge", lambda: _("太小：不能小于 {bound}。")),
    "less_than_equal": ("le", lambda: _("太大：不能大于 {bound}。")),
}


def _sentence(fault: Mapping[str, Any]) -> str:
    if fault["type"] in _BOUNDS:
        name, sentence = _BOUNDS[fault["type"]]
        return sentence().format(bound=fault["ctx"][name])
    known = _SENTENCES.get(fault["type"])
    if known is not None:
        return known()
    cause = fault.get("ctx", {}).get("error")
    if str(cause).startswith("Expected UploadFile"):  # FastAPI's own
        return _("请选择要上传的文件。")
    # A sentence of our own validators, written for people; pydantic's English is never shown.
    return str(cause) if isinstance(cause, ValueError) else _("内容不对。")


def from_http_exception(error: HTTPException) -> HubError:
    """Starlette's own refusals (no such path, wrong method) in our shape."""
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return MethodNotAllowed(_("这个地址不支持这种请求方法。"), headers=dict(error.headers or {}))
    if error.status_code == HTTPStatus.NOT_FOUND:
        return NotFound(_("没有这个地址。"))
    if error.status_code == HTTPStatus.FORBIDDEN:
        return Forbidden(_("不允许这样做。"))
    return BadRequest(_("请求无法处理。"))


def from_database_error(error: DBAPIError | PoolTimeoutError) -> HubError:
    """The database is away or busy: say so and when to come back; anything else is our own fault."""
    is_away = isinstance(error, OperationalError | PoolTimeoutError) or getattr(error, "connection_invalidated", False)
    logger.error("database error: %s", type(getattr(error, "orig", None) or error).__name__, exc_info=not is_away)
    if isinstance(getattr(error, "orig", None), DiskFull):
        return storage_full()
    if is_away:
        return ServiceUnavailable(_("数据库暂时不可用，已填内容没有丢失，请稍后重试。"), retry_after=5)
    return HubError(_("服务器内部错误，已记录。请稍后重试或联系管理员。"))


def from_system_error(error: OSError) -> HubError:
    """A file of ours that found no room; whatever else the system refuses is a fault of ours, and raised again."""
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise error
    return storage_full()


def from_unexpected(_error: Exception) -> HubError:
    """Logged where the request is known (hub/kit/middleware.py)."""
    return HubError(_("服务器内部错误，已记录。请稍后重试或联系管理员。"))


_TRANSLATIONS: tuple[tuple[type[Exception], Callable[[Any], HubError]], ...] = (
    (HubError, lambda error: error),
    (RequestValidationError, from_validation_error),
    (HTTPException, from_http_exception),
    (DBAPIError, from_database_error),
    (PoolTimeoutError, from_database_error),
    (OSError, from_system_error),
    (Exception, from_unexpected),
)


def _known_codes(kind: type[HubError]) -> set[tuple[int, str]]:
    return {(kind.status, kind.code)}.union(*(_known_codes(narrower) for narrower in kind.__subclasses__()))


def _leaves_a_trace(error: HubError) -> bool:
    """Every 401 and 403; of a limit that is reached the first refusal, not the hundreds after it."""
    if isinstance(error, LimitReached):
        return error.is_first
    return error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def install(app: FastAPI, *, render: Render, on_refusal: OnRefusal) -> None:
    """Answer every failure through `render`; tell `on_refusal` of those that leave a trace."""

    async def answer(request: Request, error: HubError) -> Response:
        if _leaves_a_trace(error):
            try:
                await on_refusal(request, error)
            except (DBAPIError, PoolTimeoutError) as away:
                error = from_database_error(away)
        PROBLEMS.labels(error.status, error.code).inc()
        return await render(request, error)

    def handler(translate: Callable[[Any], HubError]) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handle(request: Request, error: Exception) -> Response:
            return await answer(request, translate(error))

        return handle

    for status, code in _known_codes(HubError):
        PROBLEMS.labels(status, code)  # a counter that first appears at 1 has not risen, as Prometheus sees it
    for kind, translate in _TRANSLATIONS:
        app.add_exception_handler(kind, handler(translate))

    @app.exception_handler(ClientDisconnect)
    async def on_hang_up(_request: Request, _error: ClientDisconnect) -> Response:
        """Nobody is left to read this; without it every broken line would be an internal error of ours."""
        return problem_response(BadRequest(_("请求无法处理。")))
