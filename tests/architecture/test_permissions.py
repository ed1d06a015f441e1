"""Every route says who may call it. Our own router lists are walked, and the application serves just these."""

import inspect
from collections.abc import Iterable
from typing import Annotated

import httpx
import pytest
from fastapi import Depends
from fastapi.routing import APIRoute

from hub import api, site
from hub.app import create_app
from hub.identity.dependencies import requires
from hub.identity.roles import CLIENT, ROLE_PERMISSIONS, SIGNED_IN, Permission
from hub.identity.subject import Subject
from hub.kit import operations
from hub.kit.db import Database
from hub.kit.routing import HubRouter, UnprotectedRouteError, access_rules, public

ROUTERS: tuple[HubRouter, ...] = (operations.router, *api.root_routers, *api.routers, *site.routers)

# Being public is a statement: a new public route is written here too, and a reviewer sees both.
PUBLIC = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/v1/docs"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/code"),
    ("GET", "/sign-in/ended"),
    ("GET", "/sign-in/openid"),
    ("GET", "/sign-in/openid/return"),
    ("POST", "/oauth/token"),
    ("POST", "/account/session"),
    ("GET", "/worker.js"),
    # Whoever holds a village's link: the address is the key (docs/decisions/a-village-is-delegated-by-link.md).
    ("GET", "/v/{township}/{token}"),
    ("POST", "/v/{township}/{token}"),
}


def each_route(routers: Iterable[HubRouter]) -> list[APIRoute]:
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


ROUTES = each_route(ROUTERS)


class TestRoutes:
    def test_there_are_as_many_as_the_house_has(self) -> None:
        assert len(ROUTES) > 50

    def test_all_are_protected_or_listed_as_public(self) -> None:
        unprotected = {
            (method, route.path)
            for route in ROUTES
            for method in route.methods or ()
            if not list(access_rules(route.dependant))
        }
        assert unprotected == PUBLIC

    def test_whoever_checks_its_token_by_itself_does(self) -> None:
        """A form whose file is too large to be read first; every other page's token is checked before its endpoint."""
        deferred = [route for route in ROUTES if hasattr(inspect.unwrap(route.endpoint), "hub_admits_by_itself")]
        assert [route.path for route in deferred] == ["/imports"]
        assert all("check_token" in inspect.getsource(inspect.unwrap(route.endpoint)) for route in deferred)

    def test_the_application_serves_them_as_they_were_declared(self) -> None:
        """Included, each would be made anew for the first caller who asks for something else."""
        served = create_app(Database("postgresql+psycopg://")).routes
        assert [route for route in served if isinstance(route, APIRoute)] == ROUTES

    def test_every_permission_is_somebodys(self) -> None:
        asked = {rule.permission for route in ROUTES for rule in access_rules(route.dependant)}
        held = SIGNED_IN | CLIENT | frozenset().union(*ROLE_PERMISSIONS.values())
        assert asked <= held
        assert set(Permission) == held


class TestUnprotectedRoute:
    def test_does_not_import(self) -> None:
        router = HubRouter()

        async def endpoint() -> None: ...

        with pytest.raises(UnprotectedRouteError, match="endpoint"):
            router.get("/open")(endpoint)
        assert not router.routes

    def test_a_permission_or_the_word_public_lets_it(self) -> None:
        router = HubRouter()

        async def guarded(subject: Annotated[Subject, Depends(requires(Permission.FORM_READ))]) -> None: ...

        @public
        async def anybody() -> None: ...

        router.get("/guarded")(guarded)
        router.get("/public")(anybody)
        assert len(router.routes) == 2


class TestStrangers:
    """Nobody gets an answer without a name, whatever the route and whatever the body."""

    async def test_are_unknown_everywhere(self, client: httpx.AsyncClient) -> None:
        paths = await client.get("/api/v1/openapi.json")
        for path, operations_ in paths.json()["paths"].items():
            for method in operations_:
                if (method.upper(), path) in PUBLIC:
                    continue
                url = path.replace("{", "").replace("}", "")
                response = await client.request(method, url, content=b"{", headers={"content-type": "application/json"})
                assert response.status_code == 401, (method, path)
                assert response.headers["content-type"] == "application/problem+json"
