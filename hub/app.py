"""The composition root: the application with everything it is made of."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.types import ASGIApp

from hub import __version__, api, site
from hub.audit import service as audit
from hub.audit.actions import AuditAction
from hub.audit.figures import measure_log
from hub.capture.turns import new_turns
from hub.exchange import token_endpoint, tokens
from hub.exchange.watching import ClockWatch
from hub.identity.dependencies import caller_address
from hub.identity.openid import Provider
from hub.kit import operations, problems
from hub.kit.assets import HashedFiles
from hub.kit.db import Database
from hub.kit.disk import Disk
from hub.kit.errors import HubError
from hub.kit.figures import Figures
from hub.kit.jobs import RecurringJob, running
from hub.kit.limits import Limits
from hub.kit.middleware import RequestContext
from hub.kit.places import Places
from hub.kit.queue import QueuedTask, working
from hub.kit.routing import API_PREFIX, take_up
from hub.settings import Settings, settings


class HubApplication(FastAPI):
    """FastAPI, with the request's context around everything and failures described as they are sent."""

    def build_middleware_stack(self) -> ASGIApp:
        """An added middleware would stand inside of what answers faults of ours: a 500 would have no request id."""
        return RequestContext(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            problems.describe(super().openapi())
        return super().openapi()


def create_app(
    database: Database,
    *,
    jobs: Sequence[RecurringJob] = (),
    tasks: Sequence[QueuedTask] = (),
    on_close: Callable[[], object] = lambda: None,
) -> FastAPI:
    """The application on a database; `jobs` and deferred `tasks` run beside it while it serves, `on_close` after it."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with running(database, jobs), working(database, tasks):
            yield
        await database.close()
        on_close()

    app = HubApplication(
        title="collect-once hub",
        version=__version__,
        description="Defined once, captured once, served to every department that was granted it.",
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.database = database
    app.state.clock_watch = ClockWatch(database)
    _set_bounds(app, settings())
    take_up(app, (operations.router, *api.root_routers, *api.routers, *site.routers))
    app.mount("/static", HashedFiles(), name="static")
    _furnish(app)
    problems.install(app, render=_render, on_refusal=_record_refusal)
    return app


def _set_bounds(app: FastAPI, chosen: Settings) -> None:
    """What the routes keep to (hub/kit/routing.py)."""
    app.state.openid = Provider.of(chosen)
    app.state.maximum_body_bytes = chosen.maximum_body_bytes
    app.state.limits = Limits(
        per_minute=chosen.client_requests_per_minute,
        reads_per_day=chosen.client_reads_per_day,
        sign_ins_per_minute=chosen.sign_ins_per_minute,
    )
    app.state.places = Places(working=chosen.concurrent_requests, waiting=chosen.queued_requests)
    app.state.submitting = new_turns()
    app.state.disk = Disk(chosen.data_dir, reserve=chosen.minimum_free_bytes)
    app.state.figures = Figures((measure_log,))


def _furnish(app: FastAPI) -> None:
    """What pages show of rooms that their own does not know."""
    app.state.navigation = site.NAVIGATION
    app.state.sheet_noticing = site.SHEET_NOTICING


async def _render(request: Request, error: HubError) -> Response:
    if site.is_for_browser(request):
        return await site.answer_failure(request, error)
    if request.url.path == token_endpoint.PATH:
        error = tokens.in_oauth_words(error)
    return problems.problem_response(error)


async def _record_refusal(request: Request, error: HubError) -> None:
    """Every refusal leaves a trace, in a transaction of its own: the request's was rolled back."""
    subject = getattr(request.state, "subject", None)
    route = request.scope.get("route")
    database: Database = request.app.state.database
    async with database.transaction() as session:
        await audit.record(
            session,
            subject.actor if subject else audit.ANONYMOUS,
            AuditAction.ACCESS_REFUSE,
            "route",
            getattr(route, "path", "unmatched"),
            outcome="refused",
            details={
                "method": request.method,
                "status": error.status,
                "code": error.code,
                "address": caller_address(request),
                "errors": [f"{item.code} {item.pointer}" for item in error.errors][:50],
            },
        )
