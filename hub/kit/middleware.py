"""What stands around every request: its id, its language, its line in the log, and the headers of a careful site."""

import logging
import time
from contextvars import ContextVar
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kit import i18n
from hub.kit.db import uuid7

logger = logging.getLogger("hub.access")
# The attribute of a log record that holds named fields (hub/kit/logs.py).
FIELDS = "hub_fields"

request_id: ContextVar[str] = ContextVar("hub_request_id", default="")

REQUESTS = Counter("hub_http_requests_total", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram("hub_http_request_seconds", "Time to the last byte", ["method", "route"])

# Where the state of a request keeps headers for its answer, whatever the answer turns out to be (hub/kit/limits.py).
ANSWER_HEADERS = "answer_headers"
# In a request's scope: an endpoint whose content is long need not make it.
IS_HEAD = "is_head"

# A machine asks these every few seconds.
STATIC = "/static/"
UNREMARKABLE = frozenset({"/healthz", "/readyz", "/metrics", STATIC})
SERVER_ERROR = 500

# Nothing inline, nothing from outside (UX.md). An embedded page would let others click for the user.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


# Programs negotiate. Pages are Chinese whatever language the browser was installed in, until the person
# says otherwise: township PCs are often set to English.
LANGUAGE_COOKIE = "hub-language"
NEGOTIATED = ("/api/", "/oauth/")


def _language(path: str, headers: Headers) -> i18n.Language:
    chosen = cookie_parser(headers.get("cookie", "")).get(LANGUAGE_COOKIE)
    if path.startswith(NEGOTIATED) or path in {"/healthz", "/readyz"}:
        return i18n.choose_language(headers.get("accept-language"))
    return "en" if chosen == "en" else "zh"


class RequestContext:
    """Gives a request its id and language, times it, adds headers, counts it and logs it.

    It stands outside of everything else, so that an answer to a fault of ours has its id as well.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # HEAD is GET without its content (RFC 9110 §9.3.2), which the server below us leaves out.
        served = {**scope, "method": "GET", IS_HEAD: True} if scope["method"] == "HEAD" else scope
        headers = Headers(scope=scope)
        token = request_id.set(uuid7().hex)
        started = time.perf_counter()
        answer = _Answer(served, send)
        try:
            with i18n.use_language(_language(scope["path"], headers)):
                await self.app(served, receive, answer.send)
        except Exception:
            # Logged once, here, where the request is known; the server below would only say it again.
            logger.exception("unexpected error")
            if not answer.is_complete:
                raise
        finally:
            _note(served, answer.status, time.perf_counter() - started)
            request_id.reset(token)


class _Answer:
    """The answer on its way out."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self.status = 500
        self.is_complete = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(MutableHeaders(scope=message))
        await self._send(message)
        self.is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers["X-Request-Id"] = request_id.get()
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        for name, value in self._scope.get("state", {}).get(ANSWER_HEADERS, {}).items():
            headers[name] = value
        if not self._scope["path"].startswith(STATIC):
            headers.setdefault("Cache-Control", "no-store")
        headers.add_vary_header("Accept-Language, Cookie")


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Into the figures and the log."""
    template, method = _template(scope), scope["method"]
    REQUESTS.labels(method, template, status).inc()
    SECONDS.labels(method, template).observe(seconds)
    level = logging.DEBUG if template in UNREMARKABLE else logging.WARNING if status >= SERVER_ERROR else logging.INFO
    if not logger.isEnabledFor(level):
        return
    kind, caller = _caller(scope)
    fields = {
        "method": method,
        "route": template,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "caller_kind": kind,
        "caller": caller,
    }
    logger.log(level, "request", extra={FIELDS: fields})


def _template(scope: Scope) -> str:
    """The route's template, never the path, which holds codes and numbers without end."""
    if scope["path"].startswith(STATIC):
        return STATIC
    return getattr(scope.get("route"), "path", "unmatched")


def _caller(scope: Scope) -> tuple[str | None, str | None]:
    """Programs by the id they chose; people by their key alone (hub/kit/logs.py)."""
    subject: Any = scope.get("state", {}).get("subject")
    if subject is None:
        return None, None
    return subject.kind, subject.name if subject.kind == "client" else str(subject.id)
