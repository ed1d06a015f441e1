"""What stands around every request: its id, its language, and the headers of a careful site."""

import time
from contextvars import ContextVar
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.kit import i18n
from hub.kit.db import uuid7

request_id: ContextVar[str] = ContextVar("hub_request_id", default="")

REQUESTS = Counter("hub_http_requests_total", "Answered requests", ["method", "route", "status"])
SECONDS = Histogram("hub_http_request_seconds", "Time to the last byte", ["method", "route"])

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
    """Gives a request its id and language, times it, and adds the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # HEAD is GET without its content (RFC 9110 §9.3.2), which the server below us leaves out.
        served = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        headers = Headers(scope=scope)
        token = request_id.set(uuid7().hex)
        started = time.perf_counter()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            with i18n.use_language(_language(scope["path"], headers)):
                await self.app(served, receive, send_with_headers)
        finally:
            request_id.reset(token)
            self._count(served, status, time.perf_counter() - started)

    @staticmethod
    def _add_headers(headers: MutableHeaders, scope: Scope) -> None:
        headers["X-Request-Id"] = request_id.get()
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        if not scope["path"].startswith("/static/"):
            headers.setdefault("Cache-Control", "no-store")
        headers.add_vary_header("Accept-Language, Cookie")

    @staticmethod
    def _count(scope: Scope, status: int, seconds: float) -> None:
        # The route's template, never the path: a path holds codes and numbers without end.
        route: Any = scope.get("route")
        template = getattr(route, "path", "unmatched")
        REQUESTS.labels(scope["method"], template, status).inc()
        SECONDS.labels(scope["method"], template).observe(seconds)
