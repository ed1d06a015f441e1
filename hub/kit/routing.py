"""Routers whose every route says who may call it.

A route without a permission in its signature, and not marked `@public`, does not import. Before a
body is read the caller is admitted (401, 403, 429), then the body is read up to its limit (413) and
parsed exactly (400, 422): FastAPI alone would read and parse first and ask afterwards. When more is
asked of the process than it can work on, the request waits for a place or is told to come back (503);
when the disk is full, whatever writes is refused (507).
"""

import functools
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

from fastapi import APIRouter, FastAPI, Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from hub.kit import json, problems
from hub.kit.disk import Disk
from hub.kit.errors import ErrorItem, NotFound, PayloadTooLarge, Unprocessable, UnsupportedMediaType
from hub.kit.i18n import gettext as _
from hub.kit.limits import Limits
from hub.kit.places import Places

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

API_PREFIX = "/api/v1"
_PUBLIC = "hub_public"
_DOOR = "hub_door"
_ALWAYS_ANSWERED = "hub_always_answered"
_EVEN_WHEN_FULL = "hub_even_when_full"
_READS_ITS_BODY = "hub_reads_its_body"
_ADMITS_BY_ITSELF = "hub_admits_by_itself"
_LARGEST_BODY = "hub_largest_body"
_ALWAYS_SAID = "hub_always_said"
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
# They change nothing and carry no body (RFC 9110 §9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# A form of 60 villages and 100 elements has 12,000 fields; Starlette stops at 1,000. The body is limited anyway.
MAXIMUM_FORM_FIELDS = 20_000
_KILOBYTE, _MEGABYTE = 1024, 1024 * 1024


@runtime_checkable
class AccessRule(Protocol):
    """A dependency that decides, from the head of the request alone, whether the caller may go on."""

    permission: str

    async def admit(self, request: Request) -> None:
        """Raise `Unauthenticated` or `Forbidden`; otherwise leave the caller in `request.state`."""

    async def __call__(self, request: Request) -> Any:
        """The caller that was admitted."""


class UnprotectedRouteError(TypeError):
    """A route was declared that does not say who may call it."""


def public(endpoint: Endpoint) -> Endpoint:
    """Say in so many words that anybody may call this endpoint."""
    setattr(endpoint, _PUBLIC, True)
    return endpoint


def door(endpoint: Endpoint) -> Endpoint:
    """A door where callers say who they are: tries are bounded by address."""
    setattr(endpoint, _DOOR, True)
    return endpoint


def always_answered(endpoint: Endpoint) -> Endpoint:
    """What an operator's probes ask, above all when there is too much to do."""
    setattr(endpoint, _ALWAYS_ANSWERED, True)
    return endpoint


def even_when_full(endpoint: Endpoint) -> Endpoint:
    """A small write that must not wait for room on the disk."""
    setattr(endpoint, _EVEN_WHEN_FULL, True)
    return endpoint


def reads_its_body(endpoint: Endpoint) -> Endpoint:
    """It takes in the body by itself, piece by piece, under a limit of its own."""
    setattr(endpoint, _READS_ITS_BODY, True)
    return endpoint


def checks_its_token(endpoint: Endpoint) -> Endpoint:
    """Its form holds a file too large to be read before the token is known: it checks the token by itself.

    The token comes in a field before the file (hub/identity/dependencies.py, `check_token`).
    """
    setattr(endpoint, _ADMITS_BY_ITSELF, True)
    return endpoint


def takes_up_to(limit: Callable[[], int]) -> Callable[[Endpoint], Endpoint]:
    """Its body may be larger than others': `limit` says how many bytes, read when a request comes."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _LARGEST_BODY, limit)
        return endpoint

    return mark


def answers_with(headers: Mapping[str, str]) -> Callable[[Endpoint], Endpoint]:
    """Headers of each of its answers, those included that the endpoint never comes to give (413, 429, 503)."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _ALWAYS_SAID, headers)
        return endpoint

    return mark


def access_rules(dependant: Dependant) -> Iterator[AccessRule]:
    """Every access rule in the signature, at any depth."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, AccessRule):
            yield dependency.call
        yield from access_rules(dependency)


class ExactRequest(Request):
    """A request whose body stops at the limit and whose JSON is exact."""

    largest_body: Callable[[], int] | None = None

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            self.state.is_body_taken = True  # whoever answers a failure cannot read it again
            limit: int = self.largest_body() if self.largest_body else self.app.state.maximum_body_bytes
            declared = self.headers.get("content-length", "0")
            if not declared.isdecimal() or int(declared) > limit:
                raise _too_large(limit)
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > limit:
                    raise _too_large(limit)
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = json.parse(await self.body())
        return self._json


def _too_large(limit: int) -> PayloadTooLarge:
    size = f"{limit // _MEGABYTE} MB" if limit >= _MEGABYTE else f"{limit // _KILOBYTE} KB"
    return PayloadTooLarge(_("上传的内容太大：最多 {size}。").format(size=size))


def _refuse_nul(request: Request) -> None:
    """PostgreSQL has no text with NUL in it: an address that holds one can name nothing."""
    if "\x00" in request.scope["path"]:
        raise NotFound(_("没有这个地址。"))
    for name, value in request.query_params.multi_items():
        if "\x00" in value:
            message = _("文字中含有空字符或不完整的字符。")
            raise Unprocessable(message, errors=[ErrorItem(f"query:/{name}", "character_not_allowed", message)])


def _check_media_type(request: Request, body: bytes, *, wants_form: bool) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json" or media_type.endswith("+json")
    if body and not (media_type in FORM_TYPES if wants_form else is_json):
        wanted = " / ".join(FORM_TYPES) if wants_form else "application/json"
        raise UnsupportedMediaType(_("请用 {wanted} 发送正文。").format(wanted=wanted))


class HubRoute(APIRoute):
    """Admits the caller, then reads the body, then lets FastAPI do its work."""

    async def _admit(self, request: Request, rules: Sequence[AccessRule]) -> None:
        """Everything that is decided from the head of the request."""
        limits: Limits = request.app.state.limits
        is_read = request.method in SAFE_METHODS
        if getattr(self.endpoint, _DOOR, False):
            await limits.admit_address(request)
        try:
            for rule in rules:
                await rule.admit(request)
        finally:
            # Known and refused is a call as well.
            await limits.admit(request, is_read=is_read)
        _refuse_nul(request)
        if rules and not is_read and not getattr(self.endpoint, _EVEN_WHEN_FULL, False):
            disk: Disk = request.app.state.disk
            disk.check()

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        rules = tuple(access_rules(self.dependant))
        wants_form = self.body_field is not None and isinstance(self.body_field.field_info, params.Form)
        is_always_answered = getattr(self.endpoint, _ALWAYS_ANSWERED, False)
        is_streamed = getattr(self.endpoint, _READS_ITS_BODY, False)
        largest_body = getattr(self.endpoint, _LARGEST_BODY, None)
        always_said: Mapping[str, str] | None = getattr(self.endpoint, _ALWAYS_SAID, None)
        checks_its_token = is_streamed and getattr(self.endpoint, _ADMITS_BY_ITSELF, False)

        async def admit_then_handle(exact: ExactRequest) -> Response:
            if is_always_answered:
                return await handle(exact)
            places: Places = exact.app.state.places
            places.check()
            exact.state.token_comes_later = checks_its_token
            await self._admit(exact, rules)
            if exact.method not in SAFE_METHODS and not is_streamed:
                body = await exact.body()
                if self.body_field is not None:
                    _check_media_type(exact, body, wants_form=wants_form)
                    if body and not wants_form:
                        await exact.json()
            is_poll = exact.method in SAFE_METHODS and "wait" in exact.query_params
            async with places.aside() if is_poll or is_streamed else places.one():
                return await handle(exact)

        async def close_afterwards(request: Request) -> Response:
            """The files of a form lie open until they are closed, also when the request is refused."""
            exact = ExactRequest(request.scope, request.receive)
            exact.largest_body = largest_body
            if always_said is not None:
                request.state.answer_headers = always_said
            try:
                return await admit_then_handle(exact)
            finally:
                await exact.close()

        return close_afterwards


def _answer_exactly(endpoint: Callable[..., Any], status_code: int) -> Callable[..., Any]:
    """Write models with our own JSON writer: pydantic's would turn a Decimal into text."""

    @functools.wraps(endpoint)
    async def answer(*arguments: Any, **named: Any) -> Any:
        result = await endpoint(*arguments, **named)
        return json.JSONResponse(result, status_code=status_code) if isinstance(result, BaseModel) else result

    return answer


class HubRouter(APIRouter):
    """An `APIRouter` that refuses routes without a permission.

    Its routes are whole when they are declared, and stand in the application as they are (`take_up`). FastAPI's
    `include_router` would make each of them anew for the first request that passes it by, 0.3 s in the middle of
    serving, and look a request's address up twice.
    """

    def __init__(self, *, prefix: str = "", tags: list[str] | None = None, is_described: bool = False) -> None:
        """`is_described`: in the OpenAPI document."""
        super().__init__(
            prefix=prefix,
            tags=list(tags or []),
            route_class=HubRoute,
            responses=problems.RESPONSES,
            include_in_schema=is_described,
        )

    def add_api_route(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        status_code = options.get("status_code") or 200
        is_public = getattr(endpoint, _PUBLIC, False)
        super().add_api_route(path, _answer_exactly(endpoint, status_code), **options)
        route = self.routes[-1]
        if isinstance(route, APIRoute) and not is_public and not any(access_rules(route.dependant)):
            self.routes.pop()
            msg = f"{endpoint.__module__}.{endpoint.__qualname__} has neither a permission nor @public"
            raise UnprotectedRouteError(msg)


class ApiRouter(HubRouter):
    """What programs call."""

    def __init__(self, *, prefix: str = "", tags: list[str] | None = None) -> None:
        super().__init__(prefix=f"{API_PREFIX}{prefix}", tags=tags, is_described=True)


def take_up(app: FastAPI, routers: Iterable[HubRouter]) -> None:
    """Serve the routers' routes, in their order."""
    for router in routers:
        app.router.routes.extend(router.routes)
